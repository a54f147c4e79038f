package tmux

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fake puts a tmux into the path that notes its arguments, one a line.
func fake(t *testing.T, ends string) (environ []string, noted func() []string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" > " + filepath.Join(dir, "noted") + "\n" + ends + "\n"
	if err := os.WriteFile(filepath.Join(dir, "tmux"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "TMUX=/tmp/socket,1,0"}, func() []string {
		b, err := os.ReadFile(filepath.Join(dir, "noted"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	}
}

func TestOpen(t *testing.T) {
	environ, noted := fake(t, "")
	environ = append(environ, "HF_STATE_DIR=/s", "HF_TASK=other", "HF_BRANCH=other", "XDG_STATE_HOME=/x", "SECRET_KEY=k")
	title := "Fix\x1b]0;x\x07 the #[bold]login of everybody here"
	if err := Open(t.Context(), environ, title, []string{"/bin/hf", "attach", "k3f9"}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"new-window", "-d", "-n", "Fix the ##[bold]login of every…",
		"-e", "HF_STATE_DIR=/s", "-e", "XDG_STATE_HOME=/x", "--", "/bin/hf", "attach", "k3f9",
	}
	if got := noted(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	environ, _ := fake(t, "echo no server running >&2; exit 1")
	if err := Open(t.Context(), environ, "x", []string{"hf"}); err == nil || !strings.Contains(err.Error(), "no server running") {
		t.Errorf("tmux fails: %v", err)
	}
	if err := Open(t.Context(), []string{"PATH=" + t.TempDir(), "TMUX=x"}, "x", []string{"hf"}); err == nil {
		t.Error("there is no tmux, and that is no error")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Open(ended, environ, "x", []string{"hf"}); err == nil {
		t.Error("nobody wants it any more, and it was opened")
	}
}

func TestInside(t *testing.T) {
	for value, want := range map[string]bool{"TMUX=/tmp/s,1,0": true, "TMUX=": false, "TMUX_PANE=%1": false} {
		if Inside([]string{value}) != want {
			t.Errorf("%s: %v", value, !want)
		}
	}
}
