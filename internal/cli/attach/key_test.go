package attach

import "testing"

func TestKey(t *testing.T) {
	for _, c := range []struct {
		key, typed, before string
		found              bool
	}{
		{"ctrl+q", "abc", "abc", false},
		{"ctrl+q", "ab\x11c", "ab", true},
		{"Ctrl+]", "\x1d", "", true},
		{"ctrl+q", "\x1b[113;5u", "", true},
		{"ctrl+q", "x\x1b[113;5:1u", "x", true},
		{"ctrl+q", "\x1b[113:81;69;17u", "", true},          // with caps lock, another letter, text
		{"ctrl+q", "\x1b[113;5:3u", "\x1b[113;5:3u", false}, // released
		{"ctrl+q", "\x1b[113;7u", "\x1b[113;7u", false},     // with alt, too
		{"ctrl+]", "\x1b[113;5u", "\x1b[113;5u", false},     // another
		{"ctrl+]", "\x1b[27;5;93~", "", true},               // as xterm has it
		{"ctrl+q", "\x1b[A\x1b[1;5C\x1b[", "\x1b[A\x1b[1;5C\x1b[", false},
		{"ctrl+[", "", "", false},
	} {
		k, err := parseKey(c.key)
		if (err != nil) != (c.key == "ctrl+[") {
			t.Errorf("%s: %v", c.key, err)
		}
		if err != nil {
			continue
		}
		if before, found := k.cut([]byte(c.typed)); string(before) != c.before || found != c.found {
			t.Errorf("%s in %q: %q, %t", c.key, c.typed, before, found)
		}
	}
	for _, bad := range []string{"", "q", "ctrl+", "ctrl+qq", "alt+q", "ctrl+ü", "ctrl+[", "ctrl+m", "ctrl+I"} {
		if k, err := parseKey(bad); err == nil {
			t.Errorf("%q is %+v", bad, k)
		}
	}
}
