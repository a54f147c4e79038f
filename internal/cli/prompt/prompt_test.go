package prompt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/iostreams"
)

func TestSources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.md")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		s     Source
		stdin string
		want  string
	}{
		{"arguments", Source{Args: []string{"fix", "it"}}, "unused", "fix it"},
		{"a dash", Source{Args: []string{"-"}}, "piped\n", "piped"},
		{"a file", Source{File: file}, "unused", "from a file"},
		{"a dash for a file", Source{File: "-"}, "piped", "piped"},
		{"nothing", Source{}, "piped\ntwice\n", "piped\ntwice"},
	}
	for _, tt := range tests {
		io, in, _, _ := iostreams.Test()
		in.WriteString(tt.stdin)
		tt.s.IO = io
		got, err := tt.s.Read(t.Context())
		if err != nil || got != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		s     Source
		stdin string
		says  string
	}{
		{Source{}, " \n", "empty"},
		{Source{Args: []string{""}}, "", "empty"},
		{Source{Args: []string{"a\x00b"}}, "", "NUL"},
		{Source{Args: []string{"a\xff"}}, "", "UTF-8"},
		{Source{}, strings.Repeat("x", Max+1), "1 MiB"},
		{Source{Args: []string{strings.Repeat("x", Max+1)}}, "", "1 MiB"},
		{Source{Args: []string{"a"}, File: "b"}, "", "twice"},
		{Source{File: "/nowhere/at/all"}, "", "nowhere"},
	}
	for _, tt := range tests {
		io, in, _, _ := iostreams.Test()
		in.WriteString(tt.stdin)
		tt.s.IO = io
		_, err := tt.s.Read(t.Context())
		if exitcode.For(err) != exitcode.Usage || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.40q: %v, want %s", tt.s.Args, err, tt.says)
		}
	}
}

func TestNobodyIsGivenAnEditor(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	io.SetTTY(true, true, true)
	io.NoInput = true
	if _, err := (Source{IO: io, Environ: []string{"EDITOR=false"}}).Read(t.Context()); exitcode.For(err) != exitcode.Usage {
		t.Errorf("err = %v", err)
	}
}

func TestEditor(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	io.SetTTY(true, true, true)
	script := filepath.Join(t.TempDir(), "edit or")
	body := "#!/bin/sh\n[ \"$1\" = --wait ] || exit 9\nstat -c %a \"$2\" >&2\nprintf '# a heading\\nfix it\\n' | cat - \"$2\" > \"$2.new\" && mv \"$2.new\" \"$2\"\n"
	if err := os.WriteFile(script, []byte(body), 0o755); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "EDITOR=false", "VISUAL='" + script + "' --wait"}
	got, err := Source{IO: io, Environ: env}.Read(t.Context())
	if err != nil || got != "# a heading\nfix it" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := (Source{IO: io, Environ: []string{"PATH=" + os.Getenv("PATH"), "EDITOR=true"}}).Read(t.Context()); exitcode.For(err) != exitcode.Usage {
		t.Errorf("nothing written: %v", err)
	}
	if _, err := (Source{IO: io, Environ: []string{"PATH=" + os.Getenv("PATH"), "EDITOR=false"}}).Read(t.Context()); err == nil || !strings.Contains(err.Error(), "false") {
		t.Errorf("an editor that fails: %v", err)
	}
}
