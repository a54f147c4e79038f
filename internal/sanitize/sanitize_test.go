package sanitize

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "hello\tworld\n", "hello\tworld\n"},
		{"letters of the world", "日本語 ü 👩‍👩‍👧 ✔️", "日本語 ü 👩‍👩‍👧 ✔️"},
		{"colour", "a\x1b[31mred\x1b[0m", "ared"},
		{"cursor", "a\x1b[2Jb\x1b[1;1Hc", "abc"},
		{"private mode", "a\x1b[?1049hb", "ab"},
		{"title", "a\x1b]0;pwned\x07b", "ab"},
		{"clipboard, ST", "a\x1b]52;c;aGk=\x1b\\b", "ab"},
		{"unterminated OSC ends with the line", "a\x1b]0;pwned\nb", "a\nb"},
		{"unterminated OSC at the end", "a\x1b]0;pwned", "a"},
		{"DCS", "a\x1bP$qm\x1b\\b", "ab"},
		{"APC, PM, SOS", "a\x1b_x\x1b\\b\x1b^y\x1b\\c\x1bXz\x1b\\d", "abcd"},
		{"charset", "a\x1b(0b", "ab"},
		{"reset", "a\x1bcb", "ab"},
		{"lone ESC", "a\x1b", "a"},
		{"C1 CSI as UTF-8", "a\u009b31mb", "ab"},
		{"C1 OSC as UTF-8", "a\u009d0;x\u009cb", "ab"},
		{"C1 raw", "a\x9bb", "ab"},
		{"carriage return", "good\revil\r\nend", "good\nevil\nend"},
		{"backspace, SO, DEL, NUL", "a\bb\x0ec\x7fd\x00e", "abcde"},
		{"bidi", "a\u202eb\u2066c\u2069", "abc"},
		{"tags", "a\U000e0041b", "ab"},
		{"invalid UTF-8", "a\xffb", "a\ufffdb"},
		{"cut CSI", "a\x1b[12", "a"},
		{"CSI with a letter outside", "a\x1b[1\u00e9b", "a\u00e9b"},
		{"nested", "\x1b\x1b[31m[31mx", "[31mx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Text(tt.in); got != tt.want {
				t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestStyled(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a\x1b[1;38:2::1:2:3mb", "a\x1b[1;38:2::1:2:3mb\x1b[0m"},
		{"a\u009b31mb\x1b[0m", "a\x1b[31mb\x1b[0m"},
		{"a\x1b[31;?mb", "ab"},
		{"a\x1b[>4;2mb", "ab"},
		{"a\x1b[2Jb", "ab"},
	}
	for _, tt := range tests {
		if got := Styled(tt.in); got != tt.want {
			t.Errorf("Styled(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestExactHidesNothing(t *testing.T) {
	if got := Exact("go test ./..."); got != "go test ./..." {
		t.Errorf("a plain command became %q", got)
	}
	got := Exact("ls\x1b[8m; rm -rf ~\x1b[0m")
	if !strings.Contains(got, `\x1b[8m; rm -rf ~`) || !strings.Contains(got, "8 hidden bytes") {
		t.Errorf("Exact = %q", got)
	}
	if got := Exact("a\nb"); got != `"a\nb"` {
		t.Errorf("two lines = %q", got)
	}
}

func TestJSONKeepsItsValue(t *testing.T) {
	in := "a\u009b31m\u202e\x7f\U000e0041é\n"
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	b = JSON(b)
	var out string
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("%s decodes to %q, %v", b, out, err)
	}
	for _, r := range string(b) {
		if hostile(r) {
			t.Errorf("%q is left in %s", r, b)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"\x1b[31m", "\x1b]0;x\x07", "\u009b1m", "\x90\x1b\\", "a\r\n", "\x1b\x1b]\x1b["} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := Text(s)
		if !utf8.ValidString(out) {
			t.Fatalf("Text(%q) = %q is not UTF-8", s, out)
		}
		for _, r := range out {
			if hostile(r) {
				t.Fatalf("Text(%q) = %q keeps %q", s, out, r)
			}
		}
		if Text(out) != out {
			t.Fatalf("Text(%q) = %q is not stable: %q", s, out, Text(out))
		}
		styled := Styled(s)
		if Styled(styled) != styled {
			t.Fatalf("Styled(%q) = %q is not stable: %q", s, styled, Styled(styled))
		}
		if got := Text(styled); got != out {
			t.Fatalf("Styled(%q) says %q, Text %q", s, got, out)
		}
		if line := Line(s); strings.ContainsAny(line, "\n\t\x1b") {
			t.Fatalf("Line(%q) = %q", s, line)
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add("a\u009bb\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := json.Marshal(s)
		if err != nil {
			t.Skip()
		}
		var before, after string
		if json.Unmarshal(b, &before) != nil {
			t.Skip()
		}
		if err := json.Unmarshal(JSON(b), &after); err != nil || before != after {
			t.Fatalf("%s became %q, %v", JSON(b), after, err)
		}
	})
}
