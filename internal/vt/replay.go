package vt

import (
	"bytes"
	"strings"
)

// Replay is what of a program's output can be shown a second time: it draws the
// same, and asks the terminal nothing, rings no bell and touches no clipboard.
// The output goes on from s, which is left as it is.
func (s *State) Replay(output []byte) []byte {
	out := make([]byte, 0, len(output))
	from := s.Clone()
	from.p.feed(output,
		func(text []byte) {
			if bytes.IndexByte(text, bel) < 0 && bytes.IndexByte(text, enq) < 0 {
				out = append(out, text...)
				return
			}
			for _, c := range text {
				if c != bel && c != enq {
					out = append(out, c)
				}
			}
		},
		func(seq []byte) {
			if quiet(seq) {
				out = append(out, seq...)
			}
		})
	return append(out, from.rest()...)
}

// rest is the beginning of a sequence whose end is to come.
func (s *State) rest() []byte {
	switch s.p.state {
	case ground:
		return nil
	case textEnded:
		return append(bytes.Clone(s.p.seq), esc)
	case escape, charset, control, text:
	}
	return s.p.seq
}

// quiet reports whether a sequence only draws or sets a mode.
func quiet(seq []byte) bool {
	switch seq[1] {
	case '[':
		return quietControl(readCSI(seq))
	case ']':
		return quietCommand(bodyOf(seq))
	case 'P', 'X', '^', '_', 'Z':
		return false
	}
	return true
}

func quietControl(c csi) bool {
	switch c.final {
	case 'c', 'n', 't', 'i', 'x', 'y':
		return false
	case 'u':
		return c.private != '?'
	case 'q':
		return c.private != '>'
	case 'm', 'S':
		return c.private != '?'
	case 'p':
		return !strings.Contains(c.inter, "$")
	}
	return true
}

// quietCommand reports whether an OSC sequence is a title, a link, a progress, or
// a colour that is set or taken back.
func quietCommand(body string) bool {
	number, rest, _ := strings.Cut(body, ";")
	switch number {
	case "0", "1", "2", "8", "104", "110", "111", "112":
		return true
	case "9":
		return progress(rest)
	case "4", "10", "11", "12":
		return !strings.Contains(rest, "?")
	}
	return false
}
