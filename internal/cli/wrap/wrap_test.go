package wrap

import "testing"

func TestStream(t *testing.T) {
	for _, tt := range []struct{ in, whole, rest string }{
		{"short", "", "short"},
		{"one\ntwo", "one\n", "two"},
		{"aaaa bbbb cccc", "aaaa bbbb\n", "cccc"},
		{"aaaaaaaaaaaaaaa", "aaaaaaaaa\n", "aaaaaa"},
		{"日本語日本語", "日本語日\n", "本語"},
		{"\x1b[31maaaa bbbb\x1b[0m\n", "\x1b[31maaaa bbbb\x1b[0m\n", ""},
		{"aaaa bbbb\n", "aaaa bbbb\n", ""},
	} {
		if whole, rest := Stream(tt.in, 9); whole != tt.whole || rest != tt.rest {
			t.Errorf("Stream(%q) = %q, %q; want %q, %q", tt.in, whole, rest, tt.whole, tt.rest)
		}
	}
}

func TestHang(t *testing.T) {
	const text = "one two three four five"
	for _, tt := range []struct {
		width, column int
		want          string
	}{
		{0, 4, text},
		{80, 4, text},
		{24, 4, "one two three four\n    five"},
		{20, 10, text}, // too little room
	} {
		if got := Hang(text, tt.width, tt.column); got != tt.want {
			t.Errorf("Hang(%d, %d) = %q, want %q", tt.width, tt.column, got, tt.want)
		}
	}
}

func TestCut(t *testing.T) {
	for in, want := range map[string]string{
		"short": "short", "日本語です": "日本…", "123456": "123456", "\x1b[1m1234567\x1b[0m": "\x1b[1m12345…\x1b[0m",
		"\x1b[1m123456\x1b[0m": "\x1b[1m123456\x1b[0m",
	} {
		if got := Cut(in, 6); got != want {
			t.Errorf("Cut(%q) = %q, want %q", in, got, want)
		}
	}
}
