package login

import "testing"

func TestParseHosts(t *testing.T) {
	t.Parallel()
	got := parseHosts("GitHub.com:\n    oauth_token: a\nghe.corp:\n    user: x\n    users:\n        x:\n            oauth_token: b\n")
	if len(got) != 2 || got["github.com"].token != "a" || got["ghe.corp"].token != "" {
		t.Errorf("hosts = %v", got)
	}
	for _, odd := range []string{"", "\n", "- a\n- b\n", "x", "a: b", "a: [1, 2]", "a: &x\n  b: *x", "{", "a:\n\tb: c", "? [a]\n: b", "a: !!binary aGk=", "null", "a: null", "---\n---\n"} {
		parseHosts(odd)
	}
}

func FuzzParseHosts(f *testing.F) {
	f.Add("github.com:\n    oauth_token: a\n")
	f.Add("- a")
	f.Fuzz(func(_ *testing.T, content string) { parseHosts(content) })
}
