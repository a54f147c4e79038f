package demo

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct {
		prompt string
		want   []directive // nil: no script
	}{
		{"say: hello", []directive{{verb: "say", text: "hello"}}},
		{"  say: hello  \n\n think: hm ", []directive{{verb: "say", text: "hello"}, {verb: "think", text: "hm"}}},
		{`write a/b.txt: one\ntwo: x`, []directive{{verb: "write", path: "a/b.txt", text: "one\ntwo: x"}}},
		{"append a: b", []directive{{verb: "append", path: "a", text: "b"}}},
		{"read a.txt", []directive{{verb: "read", path: "a.txt"}}},
		{"run: echo a: b", []directive{{verb: "run", text: "echo a: b"}}},
		{"stream: 3 every 10ms", []directive{{verb: "stream", text: "3 every 10ms"}}},
		{"crash", []directive{{verb: "crash"}}},
		{"exit: 3", []directive{{verb: "exit", text: "3"}}},
		{"limit: 2h", []directive{{verb: "limit", text: "2h"}}},
		{"say: a\nand this too", []directive{{verb: "say", text: "a"}, {verb: "say", text: "and this too"}}},
		{"", nil},
		{"fix the bug", nil},
		{"fix the bug\nsay: no", nil},
		{"write tests for: everything", nil},
		{"read the file and say: hi", nil},
		{"sleep: well", nil},
		{"exit: now", nil},
		{"hang on", nil},
		{"stream: many", nil},
		{"Say: hello", nil},
	}
	for _, tt := range tests {
		got, ok := parse(tt.prompt)
		if ok != (tt.want != nil) || !slices.Equal(got, tt.want) {
			t.Errorf("parse(%q) = %+v, %v, want %+v", tt.prompt, got, ok, tt.want)
		}
	}
}

func TestSlug(t *testing.T) {
	for prompt, want := range map[string]string{
		"Fix the Login bug!":        "fix-the-login-bug",
		"../../etc/passwd":          "etc-passwd",
		"…":                         "prompt",
		strings.Repeat("word ", 20): "word-word-word-word-word-word-word-word",
	} {
		if got := slug(prompt); got != want {
			t.Errorf("slug(%q) = %q, want %q", prompt, got, want)
		}
	}
}
