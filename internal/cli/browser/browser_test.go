package browser

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "see")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nprintf %s \"$*\" >"+dir+"/seen\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Open([]string{"PATH=/bin:/usr/bin", "BROWSER=" + program + " --new"}, "https://github.com/a/b/pull/1"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "seen")); err != nil || string(got) != "--new https://github.com/a/b/pull/1" {
		t.Errorf("it saw %q, %v", got, err)
	}
	if err := Open([]string{"PATH=" + dir, "BROWSER=nobody"}, "https://github.com"); !errors.Is(err, ErrNone) {
		t.Errorf("a browser that is not there: %v", err)
	}
	for _, page := range []string{"", "--help", "file:///etc/passwd", "javascript:alert(1)", "https://"} {
		if err := Open([]string{"BROWSER=" + program}, page); err == nil || !strings.Contains(err.Error(), "not the address") {
			t.Errorf("Open(%q): %v", page, err)
		}
	}
}
