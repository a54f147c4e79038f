// Package widget holds what panes are drawn from. Lines are strings that may
// hold styles; widths are columns of a terminal, wide letters counting two.
package widget

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/hf-dev/hf/internal/sanitize"
)

// tab is how many columns a tab goes on to, at most.
const tab = 4

// Width is the columns of a line.
func Width(s string) int {
	if w, ok := Simple(s); ok {
		return w
	}
	return ansi.StringWidth(s)
}

// Simple is the width of a line of letters that are all one column wide and
// stand for themselves, on every terminal, which most lines are, and of colours.
// It is a tenth of the work of the general case.
func Simple(s string) (width int, ok bool) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c >= ' ' && c < 0x7f:
			width++
			i++
		case c == 0x1b:
			n := color(s[i:])
			if n == 0 {
				return 0, false
			}
			i += n
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			if !narrow(r) {
				return 0, false
			}
			width++
			i += n
		}
	}
	return width, true
}

// narrow reports whether a letter is Latin, or one of the signs and lines that
// screens are drawn with.
func narrow(r rune) bool {
	switch {
	case r < 0x300:
		return r > 0xa0 && r != 0xad // a hyphen that may not be seen
	case r < 0x2500:
		return r >= 0x2018 && r <= 0x2026 || r == '›' || r >= 0x2190 && r <= 0x2193
	}
	return r <= 0x25fc || r == '✓' || r == '✗'
}

// color is the length of an SGR sequence at the beginning of s, 0 for none.
func color(s string) int {
	if len(s) < 3 || s[1] != '[' {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// Cut shortens a line to a width.
func Cut(s string, width int, tail string) string {
	if width <= 0 {
		return ""
	}
	if len(s) <= width || Width(s) <= width { // no letter is wider than it is long
		return s
	}
	return ansi.Truncate(s, width, tail)
}

// Fit makes a line exactly as wide as width.
func Fit(s string, width int, tail string) string {
	w := Width(s)
	if w > width {
		s = Cut(s, width, tail)
		w = Width(s)
	}
	if w < width {
		s += Spaces(width - w)
	}
	return s
}

const blanks = "                                                                                                                                "

// Spaces is n spaces.
func Spaces(n int) string {
	if n <= 0 {
		return ""
	}
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}

// Wrap breaks a line into lines of at most width, at words where it can. The
// styles of the line go on in each of them.
func Wrap(s string, width int) []string {
	if width <= 0 {
		return nil
	}
	if len(s) <= width {
		return []string{s}
	}
	lines := strings.Split(ansi.Wrap(s, width, ""), "\n")
	for i := 0; i < len(lines); i++ {
		if Width(lines[i]) > width { // it keeps a dash on the line that it fills
			parts := strings.Split(ansi.Hardwrap(lines[i], width, true), "\n")
			lines = slices.Replace(lines, i, i+1, parts...)
			i += len(parts) - 1
		}
	}
	return lines
}

// Clean makes text that is not ours fit to be drawn: no sequence, no control
// letter but new lines, tabs as spaces.
func Clean(s string) string {
	s = sanitize.Text(s)
	if strings.IndexByte(s, '\t') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	at := 0
	for _, r := range s {
		switch r {
		case '\n':
			at = 0
			b.WriteByte('\n')
		case '\t':
			n := tab - at%tab
			b.WriteString(Spaces(n))
			at += n
		default:
			at++
			b.WriteRune(r)
		}
	}
	return b.String()
}

// CleanLine is Clean for what must stay on one line.
func CleanLine(s string) string { return sanitize.Line(s) }

// maxName is how much is shown of what somebody called something, in bytes.
const maxName = 1 << 10

// Name is CleanLine for what somebody called something, of which no screen shows
// more than the beginning when it is very long.
func Name(s string) string {
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return CleanLine(s)
}

// Block makes lines exactly height lines of width: cut, or filled with blanks.
func Block(lines []string, width, height int) []string {
	if height <= 0 {
		return nil
	}
	out := make([]string, height)
	for i := range out {
		if i < len(lines) {
			out[i] = Fit(lines[i], width, "")
		} else {
			out[i] = Spaces(width)
		}
	}
	return out
}
