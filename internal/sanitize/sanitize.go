// Package sanitize makes text that hf did not write safe to show on a terminal:
// the words of agents, names of branches and files, messages of git and of
// servers. It is applied where text is rendered, never where it is stored.
//
// What is left holds no control character but new line and tab, no escape
// sequence (Styled leaves colours), nothing that reorders text, and is valid
// UTF-8. Applying a function twice changes nothing more.
package sanitize

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text cleans text of any number of lines.
func Text(s string) string { return clean(s, false) }

// Styled is Text that keeps colours and weights (SGR sequences) and ends with
// them reset.
func Styled(s string) string {
	out := clean(s, true)
	if strings.Contains(out, "\x1b[") && !strings.HasSuffix(out, reset) {
		out += reset
	}
	return out
}

// Line cleans text that must stay on one line: new lines and tabs become spaces.
func Line(s string) string {
	s = Text(s)
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\t') < 0 {
		return s
	}
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(s)
}

// Exact shows a single value of which every byte matters, such as a command a
// person is asked to allow. A value that cleaning would change is quoted in
// full, so that what it hides is seen.
func Exact(s string) string {
	if Line(s) == s {
		return s
	}
	shown := strconv.Quote(s)
	if removed := len(s) - len(Text(s)); removed > 0 {
		shown += fmt.Sprintf(" (%d hidden bytes)", removed)
	}
	return shown
}

// JSON escapes what JSON allows in strings and a terminal would obey. The value
// of the document stays the same.
func JSON(b []byte) []byte {
	if !needsEscape(b) {
		return b
	}
	var out bytes.Buffer
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			out.WriteString(`\ufffd`)
		case r >= 0x10000 && hostile(r):
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		case hostile(r) && r != '\n' && r != '\t' && r != '\r':
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.Write(b[:n])
		}
		b = b[n:]
	}
	return out.Bytes()
}

func needsEscape(b []byte) bool {
	for _, c := range b {
		if c >= 0x7f || c < ' ' && c != '\n' {
			return true
		}
	}
	return false
}

const (
	esc   = 0x1b
	reset = "\x1b[0m"
)

func clean(s string, styled bool) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == esc || r >= 0x80 && r <= 0x9f:
			var sgr string
			sgr, n = sequence(s[i:])
			if styled {
				b.WriteString(sgr)
			}
		case r == utf8.RuneError && n == 1:
			if c := s[i]; c < 0x80 || c > 0x9f { // a raw C1 control is one, not a damaged letter
				b.WriteRune(utf8.RuneError)
			}
		case r == '\r' && strings.HasPrefix(s[i+n:], "\n"):
		case r == '\r':
			b.WriteByte('\n') // a line that would be drawn over the last one
		case !hostile(r):
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// hostile reports whether a terminal obeys a rune or is misled by it.
func hostile(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < ' ', r >= 0x7f && r <= 0x9f: // C0, DEL, C1
		return true
	case r == 0x061c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // bidi
		return true
	case r == 0x2028, r == 0x2029, r == 0xfeff, r >= 0xfff9 && r <= 0xfffb:
		return true
	case r >= 0xe0000 && r <= 0xe0fff && (r < 0xe0100 || r > 0xe01ef): // tags
		return true
	}
	return false
}

// sequence measures the escape sequence or C1 control that s begins with, in
// bytes. It returns it as well when it is an SGR sequence, in its 7-bit form.
func sequence(s string) (sgr string, n int) {
	r, n := utf8.DecodeRuneInString(s)
	if r == esc {
		if n == len(s) {
			return "", n
		}
		next := s[n]
		switch {
		case next >= 0x40 && next <= 0x5f: // the 7-bit form of a C1 control
			r = rune(next) + 0x40
			n++
		case next >= 0x20 && next <= 0x2f: // intermediates and a final byte
			for n < len(s) && s[n] >= 0x20 && s[n] <= 0x2f {
				n++
			}
			if n < len(s) && s[n] >= 0x30 && s[n] <= 0x7e {
				n++
			}
			return "", n
		case next >= 0x30 && next <= 0x7e:
			return "", n + 1
		default:
			return "", n
		}
	}
	switch r {
	case 0x9b: // CSI
		return csi(s, n)
	case 0x90, 0x98, 0x9d, 0x9e, 0x9f: // DCS, SOS, OSC, PM, APC
		return "", n + text(s[n:])
	}
	return "", n
}

// csi measures a control sequence whose parameters begin at n.
func csi(s string, n int) (sgr string, end int) {
	from := n
	for n < len(s) && s[n] >= 0x30 && s[n] <= 0x3f {
		n++
	}
	params := s[from:n]
	for n < len(s) && s[n] >= 0x20 && s[n] <= 0x2f {
		n++
	}
	if n == len(s) || s[n] < 0x40 || s[n] > 0x7e { // cut off: what follows is text again
		return "", n
	}
	if s[n] == 'm' && n == from+len(params) && len(params) <= 64 && strings.Trim(params, "0123456789;:") == "" {
		return "\x1b[" + params + "m", n + 1
	}
	return "", n + 1
}

// text measures the text of a control string with its terminator. One that has
// none goes to the end of the line.
func text(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n', r == 0x18, r == 0x1a:
			return i
		case r == 0x07, r == 0x9c, r == utf8.RuneError && n == 1 && s[i] == 0x9c:
			return i + n
		case r == esc:
			if strings.HasPrefix(s[i+n:], `\`) {
				return i + n + 1
			}
			return i
		}
		i += n
	}
	return len(s)
}
