package vt

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func after(output string) *State {
	s := &State{}
	s.Feed([]byte(output))
	return s
}

// same reports whether two terminals are in the same modes.
func same(a, b *State) bool { return describe(a) == describe(b) }

func describe(s *State) string {
	return fmt.Sprintln(s.modes, s.alt, s.keys, s.others, s.region, s.cursor, s.letter, s.keypad, s.lasts)
}

// What a program switched on is known, and switched off.
func TestUndo(t *testing.T) {
	for output, want := range map[string]string{
		"plain text\r\n\x1b[31mred\x1b[0m": "",
		"\x1b[?25l":                        "\x1b[?25h",
		"\x1b[?25l\x1b[?25h":               "",
		"\x1b[?1000;1006h\x1b[?2004h":      "\x1b[?2004l\x1b[?1006l\x1b[?1000l",
		"\x1b[?7l":                         "\x1b[?7h",
		"\x1b=":                            "\x1b>",
		"\x1b(0":                           "\x1b(B",
		"\x1b[>4;2m":                       "\x1b[>4m",
		"\x1b[4 q":                         "\x1b[0 q",
		"\x1b[2;10r":                       "\x1b7\x1b[r\x1b8",
		"\x1b[?1049h\x1b[?25l\x1bc":        "",          // a full reset
		"\x1b[?3h\x1b[?1048h":              "",          // act once
		"\x1b]0;\x1b[?25l\x07":             "\x1b[?25h", // the ESC ended the title
		"\x1b]52;c;" + strings.Repeat("QQ", 10000) + "\x07":       "",
		"\x1b]4;1;#111\x07\x1b]4;2;#222\x07\x1b]11;#000\x1b\\":    "\x1b]104\x07\x1b]111\x07",
		"\x1b]12;red\x07\x1b]112\x07\x1b]10;?\x07\x1b]9;told\x07": "",
		"\x1b]8;id=1;http://x\x07a link":                          "\x1b]8;;\x07",
		"\x1b]8;;http://x\x07link\x1b]8;;\x07":                    "",
		"\x1b]9;4;1;50\x07\x1b]9;4;3\x07":                         "\x1b]9;4;0\x07",
		"\x1b]9;4;1;50\x07\x1b]9;4;0\x07":                         "",
	} {
		if got, want := string(after(output).Undo()), want+"\x1b[m"; got != want {
			t.Errorf("%.40q: undone by %q, want %q", output, got, want)
		}
	}
	for output, want := range map[string]string{
		"\x1b[>1u\x1b[?1049h\x1b[>3u\x1b[>5u": "\x1b[m\x1b[<2u\x1b[?1049l\x1b[<1u",
		"\x1b]0;a title that has no e":        "\x1b\\\x1b[m",
		"\x1b]11;#fff":                        "\x1b\\\x1b]111\a\x1b[m",
		"\x1b]0;a title\x1b":                  "\x1b\\\x1b[m",
		"\x1b[38;5":                           "\x18\x1b[m",
		"\x1b":                                "\x18\x1b[m",
	} {
		if got := string(after(output).Undo()); got != want {
			t.Errorf("%q: undone by %q, want %q", output, got, want)
		}
	}
}

// What is shown a second time asks nothing of the terminal.
func TestReplay(t *testing.T) {
	for output, want := range map[string]string{
		"text\r\n\x1b[1;31mred\x1b[H\x1b[2J":            "text\r\n\x1b[1;31mred\x1b[H\x1b[2J",
		"a\x1b[6nb\x1b[cc\x1b[>qd\x1b[?ue\x1b[?2026$pf": "abcdef",
		"ring\a\x05!": "ring!",
		"\x1b]52;c;aGk=\x07copied\x1b]9;told\x1b\\":    "copied",
		"\x1b]0;title\x07\x1b]8;;http://x\x1b\\link":   "\x1b]0;title\x07\x1b]8;;http://x\x1b\\link",
		"\x1b]11;?\x07\x1b]10;#fff\x07":                "\x1b]10;#fff\x07",
		"\x1b]12;red\x07\x1b]112\x07\x1b]9;4;1;5\x07":  "\x1b]12;red\x07\x1b]112\x07\x1b]9;4;1;5\x07",
		"\x1bP+q544e\x1b\\\x1b_Gi=1;AAAA\x1b\\picture": "picture",
		"\x1b[?1049h\x1b[?2004h\x1b[>1u":               "\x1b[?1049h\x1b[?2004h\x1b[>1u",
		"end\x1b[38;5":                                 "end\x1b[38;5", // its end comes live
		"wide 字 emoji 🙂 and \xff\xfe":                  "wide 字 emoji 🙂 and \xff\xfe",
	} {
		if got := string((&State{}).Replay([]byte(output))); got != want {
			t.Errorf("%q: shown again as %q, want %q", output, got, want)
		}
	}
	// The output may begin in the middle of a sequence.
	if got := string(after("\x1b]52;c;aG").Replay([]byte("k=\x07on"))); got != "on" {
		t.Errorf("behind half a sequence: %q", got)
	}
}

// Whatever a program writes, in whatever pieces: its modes are known, can be
// made again elsewhere and be undone.
func FuzzState(f *testing.F) {
	for _, s := range []string{
		"\x1b[?1049h\x1b[?1003;1006h\x1b[>1u\x1b[?25l\x1b=\x1b[2;5r\x1b[6 q\x1b(0", "\x1b]0;t\x07\x1bP1\x1b\\\x1b[!p", "\x1b[=5;2u\x1b[<9u\x1b[?1049l\x18\x1a",
		"\x1b]4;1;#111\x07\x1b]104;1\x1b\\\x1b]11;#000\x07\x1b]8;;http://x\x07\x1b]9;4;1;5\x07",
	} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, output []byte, cut int) {
		whole, parts := &State{}, &State{}
		whole.Feed(output)
		cut = max(0, min(cut, len(output)))
		parts.Feed(output[:cut])
		parts.Feed(output[cut:])
		if !same(whole, parts) {
			t.Errorf("in two pieces it is %+v, not %+v", parts, whole)
		}
		again := &State{}
		again.Feed(whole.Redo())
		if !same(again, whole) {
			t.Errorf("made again: %+v, not %+v", again, whole)
		}
		undone := whole.Clone()
		undone.Feed(whole.Undo())
		if !same(&undone, &State{}) || undone.p.state != ground {
			t.Errorf("undone: %+v", undone)
		}
		var shown parser
		shown.feed((&State{}).Replay(output),
			func(text []byte) {
				if bytes.ContainsAny(text, "\a\x05") {
					t.Errorf("%q rings", text)
				}
			},
			func(seq []byte) {
				if !quiet(seq) {
					t.Errorf("%q is shown again", seq)
				}
			})
	})
}
