package task

import (
	"strings"
	"testing"
)

func TestLastBytes(t *testing.T) {
	for _, tt := range []struct {
		in   string
		most int
		want string
	}{
		{"all of it", 20, "all of it"},
		{"first line\nsecond line\n", 14, "second line\n"},
		{"\xe4\xb8\x96 is half gone\nline\n", 20, "line\n"},
		{strings.Repeat("x", 50), 8, "xxxxxxxx"},
	} {
		if got := lastBytes(tt.in, tt.most); got != tt.want {
			t.Errorf("%q cut to %d is %q, want %q", tt.in, tt.most, got, tt.want)
		}
	}
	for in, want := range map[string]string{"": "", "\n": "", "a\nb\r\n": "b", "a": "a"} {
		if got := lastLine(in); got != want {
			t.Errorf("the last line of %q is %q", in, got)
		}
	}
}
