package held_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/held"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

var errHandover = errors.New("handover")

// TestMain lets the test binary be the holder.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "hold" {
		os.Exit(hold.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func newCommands(t *testing.T) (c held.Commands, work string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "hfh")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c = held.Commands{
		HF: self, Dir: filepath.Join(dir, "c"), Umask: 0o22,
		Socket:  func(name string) string { return filepath.Join(dir, name+".sock") },
		Parking: func(cause error) bool { return errors.Is(cause, errHandover) },
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background(), ""); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return c, dir
}

func shell(dir, script string) api.Command {
	return api.Command{Argv: []string{"/bin/sh", "-c", script}, Dir: dir, Env: []string{"PATH=" + os.Getenv("PATH")}}
}

func TestRunTellsOutputAndExit(t *testing.T) {
	c, dir := newCommands(t)
	var lines []string
	exit, tail, err := c.Run(t.Context(), "a", shell(dir, "echo one; echo two >&2; exit 3"), func(tail string) { lines = append(lines, tail) })
	if err != nil || exit != 3 || !strings.Contains(tail, "one") || !strings.Contains(tail, "two") || len(lines) == 0 || strings.TrimSpace(lines[len(lines)-1]) != tail {
		t.Errorf("exit %d, tail %q, lines %q, error %v", exit, tail, lines, err)
	}
}

// A command that ended well is not run again under its name, one that failed is.
func TestRunOnceUntilItFails(t *testing.T) {
	c, dir := newCommands(t)
	for range 2 {
		if exit, _, err := c.Run(t.Context(), "good", shell(dir, "echo x >> good"), func(string) {}); err != nil || exit != 0 {
			t.Fatalf("exit %d, %v", exit, err)
		}
		if exit, _, err := c.Run(t.Context(), "bad", shell(dir, "echo x >> bad; exit 1"), func(string) {}); err != nil || exit != 1 {
			t.Fatalf("exit %d, %v", exit, err)
		}
	}
	for name, want := range map[string]string{"good": "x\n", "bad": "x\nx\n"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != want {
			t.Errorf("%s ran as %q says, want %q (%v)", name, b, want, err)
		}
	}
}

// A holder that dies between the note of the exit and the end of the journal
// leaves a command that has ended.
func TestRunWhoseJournalLacksItsEnd(t *testing.T) {
	c, dir := newCommands(t)
	if exit, _, err := c.Run(t.Context(), "good", shell(dir, "echo x | tee -a good"), func(string) {}); err != nil || exit != 0 {
		t.Fatalf("exit %d, %v", exit, err)
	}
	path := filepath.Join(c.Dir, "good", hold.JournalFile)
	r, err := journal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for end := r.Offset(); ; end = r.Offset() {
		rec, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if rec.Kind == journal.Exit {
			if err := os.Truncate(path, end); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	exit, tail, err := c.Run(t.Context(), "good", shell(dir, "echo again >> good"), func(string) {})
	if err != nil || exit != 0 || tail != "x" {
		t.Errorf("exit %d, %q, %v", exit, tail, err)
	}

	// Where it was not noted, either, the next try runs it.
	if err := os.Remove(filepath.Join(c.Dir, "good", "exit.json")); err != nil {
		t.Fatal(err)
	}
	if exit, _, err := c.Run(t.Context(), "good", shell(dir, "echo again >> good"), func(string) {}); err != nil || exit != 0 {
		t.Errorf("exit %d, %v", exit, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "good")); err != nil || string(b) != "x\nagain\n" {
		t.Errorf("it ran as %q says (%v)", b, err)
	}
}

// A command in progress is left alone at a handover and taken up by the next
// call; the end of its context for any other reason ends it.
func TestRunIsTakenUp(t *testing.T) {
	c, dir := newCommands(t)
	script := shell(dir, "echo $$ >> began; echo begun; while [ ! -e go ]; do sleep 0.01; done; exit 7")
	for _, cause := range []error{errHandover, errHandover, errors.New("enough")} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if _, _, err := c.Run(ctx, "slow", script, func(string) { cancel(cause) }); !errors.Is(err, cause) {
			t.Fatalf("the end is %v, want %v", err, cause)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "began")); err != nil || strings.Count(string(b), "\n") != 1 {
		t.Errorf("it began as %q says, want once (%v)", b, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if exit, _, err := c.Run(ctx, "slow", script, func(string) {}); err != nil || exit != 7 {
		t.Errorf("run anew: exit %d, %v", exit, err)
	}
}
