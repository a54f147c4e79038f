package ttytest

import (
	"slices"
	"testing"
	"unicode/utf8"
)

func TestScreen(t *testing.T) {
	for name, tt := range map[string]struct {
		in, want string
		strange  []string
	}{
		"letters":            {in: "ab\r\ncd", want: "ab\ncd\n"},
		"places":             {in: "\x1b[2;3Hx\x1b[Hy", want: "y\n  x\n"},
		"columns":            {in: "abc\x1b[2Gx", want: "axc\n\n"},
		"wide letters":       {in: "日x\x1b[1;3Hz", want: "日z\n\n"},
		"letters of several": {in: "e\u0301x👩‍💻y ", want: "e\u0301x👩‍💻y\n\n"},
		"lines wrap":         {in: "abcdefgh", want: "abcdef\ngh\n"},
		"lines are cut":      {in: "\x1b[?7labcdefgh", want: "abcdeh\n\n"},
		"erasing":            {in: "abc\x1b[1;2H\x1b[K", want: "a\n\n"},
		"another screen":     {in: "sh\x1b[?1049h\x1b[Hhf\x1b[?1049lell", want: "shell\n\n"},
		"scrolling":          {in: "1\r\n2\r\n3\r\n4", want: "2\n3\n4"},
		"bidi":               {in: "a\u202eb ", want: "ab\n\n", strange: []string{`"\u202e"`}},
		"an eight-bit CSI":   {in: "a\u009b2Jb", want: "a2Jb\n\n", strange: []string{`"\u009b"`}},
		"bad letters":        {in: "a\xffb", want: "ab\n\n", strange: []string{`"\xff"`}},
		"other modes":        {in: "\x1b[?1000h\x1b[4h\x1b[6n\x1bc", want: "\n\n", strange: []string{`"\x1b[?1000h"`, `"\x1b[4h"`, `"\x1b[6n"`, `"\x1bc"`}},
		"other commands":     {in: "\x1b]52;c;aGk=\a\x1b]2;hf\a\x1b]8;;x\x1b\\\x1bPq\x1b\\", want: "\n\n", strange: []string{`"\x1b]52;c;aGk=\a"`, `"\x1b]8;;x\x1b\\"`, `"\x1bPq\x1b\\"`}},
	} {
		// However it is cut into pieces.
		for _, size := range []int{1, 3, 100} {
			s := NewScreen(6, 3)
			for part := range slices.Chunk([]byte(tt.in), size) {
				_, _ = s.Write(part)
			}
			_, _ = s.Write([]byte("\x1b[?25h")) // a letter may go on until something else comes
			if got := s.Text(); got != tt.want || !slices.Equal(s.Strange(), tt.strange) {
				t.Errorf("%s in pieces of %d: %q, strange %q", name, size, got, s.Strange())
			}
		}
	}
}

func TestStyles(t *testing.T) {
	s := NewScreen(10, 1)
	_, _ = s.Write([]byte("\x1b[1;38;2;1;2;255;48;5;17ma\x1b[0;7;92mb\x1b[mc"))
	want := []Cell{
		{"a", Style{FG: "#0102ff", BG: "17", Bold: true}}, {"b", Style{FG: "10", Reverse: true}}, {"c", Style{}},
	}
	if got := s.Cells()[0][:3]; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

// Whatever comes, the screen stands it, and shows nothing that is no letter.
func FuzzScreen(f *testing.F) {
	f.Add([]byte("a\x1b[5;5H\x1b]2;x\a日\x1b[?1049h"), 3)
	f.Fuzz(func(t *testing.T, in []byte, at int) {
		s := NewScreen(8, 4)
		at = min(max(at, 0), len(in))
		_, _ = s.Write(in[:at])
		s.Resize(3, 2)
		_, _ = s.Write(in[at:])
		if !utf8.ValidString(s.Text()) {
			t.Errorf("%q", s.Text())
		}
	})
}
