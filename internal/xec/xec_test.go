package xec_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/xec"
)

func sh(script string, env ...string) xec.Cmd {
	return xec.Cmd{Argv: []string{"sh", "-c", script}, Env: append(env, "PATH="+os.Getenv("PATH"))}
}

func TestEnvironmentIsExactlyWhatIsGiven(t *testing.T) {
	t.Setenv("HF_TEST_SECRET", "leaks")
	out, err := xec.Output(t.Context(), xec.Cmd{Argv: []string{"/usr/bin/env"}, Env: []string{"A=1", "A=2"}})
	if err != nil || string(out) != "A=2\n" {
		t.Errorf("env printed %q, %v", out, err)
	}
	out, err = xec.Output(t.Context(), xec.Cmd{Argv: []string{"/usr/bin/env"}})
	if err != nil || len(out) != 0 {
		t.Errorf("no environment: env printed %q, %v", out, err)
	}
}

func TestErrorSaysHowItEndedAndWhatItSaid(t *testing.T) {
	err := xec.Run(t.Context(), sh("echo first >&2; echo why >&2; exit 3"))
	e, ok := errors.AsType[*xec.Error](err)
	if !ok || e.Code != 3 || e.Name != "sh" || !strings.HasSuffix(e.Stderr, "why") {
		t.Errorf("err = %#v", err)
	}
	err = xec.Run(t.Context(), sh("kill -9 $$"))
	if e, ok := errors.AsType[*xec.Error](err); !ok || e.Code != -1 || e.Signal != "killed" {
		t.Errorf("err = %#v", err)
	}
	if strings.Contains(err.Error(), "kill -9") {
		t.Errorf("%q shows arguments, which may be private", err)
	}
}

func TestErrorKeepsOnlyTheEndOfStandardError(t *testing.T) {
	err := xec.Run(t.Context(), sh("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo end >&2; exit 1"))
	e, ok := errors.AsType[*xec.Error](err)
	if !ok || len(e.Stderr) > 8<<10 || !strings.HasSuffix(e.Stderr, "end") {
		t.Errorf("kept %d bytes of %T", len(e.Stderr), err)
	}
}

// TestCancelEndsTheWholeGroup has a child that ignores SIGTERM and a grandchild.
func TestCancelEndsTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w := io.Pipe()
	c := sh("trap '' TERM; sleep 600 & echo $!; echo $$; while :; do sleep 600; done")
	c.Stdout, c.Grace = w, 50*time.Millisecond
	done := make(chan error, 1)
	go func() { done <- xec.Run(ctx, c) }()
	var pids []int
	for lines := bufio.NewScanner(r); len(pids) < 2 && lines.Scan(); {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	why := errors.New("no longer wanted")
	cancel(why)
	err := <-done
	if e, ok := errors.AsType[*xec.Error](err); !ok || !errors.Is(err, why) || e.Code != -1 {
		t.Errorf("err = %v", err)
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d survived", pid)
		}
	}
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(b, []byte(") "))
	return len(rest) > 0 && rest[0] != 'Z'
}

func TestRunDoesNotStartAfterTheContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mark := filepath.Join(t.TempDir(), "ran")
	if err := xec.Run(ctx, sh("touch "+mark)); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command ran")
	}
}

// TestGrandchildWithOurPipesDoesNotHoldUs waits for the command, not for what it
// left behind.
func TestGrandchildWithOurPipesDoesNotHoldUs(t *testing.T) {
	out, err := xec.Output(t.Context(), sh("sleep 600 & echo $!"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the grandchild was touched: %v", err)
	}
}

func TestStandardInputAndFiles(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := sh("cat; echo three >&3")
	c.Stdin, c.Files = strings.NewReader("in\n"), []*os.File{w}
	out, err := xec.Output(t.Context(), c)
	_ = w.Close()
	if err != nil || string(out) != "in\n" {
		t.Errorf("out = %q, %v", out, err)
	}
	if b, err := io.ReadAll(r); err != nil || string(b) != "three\n" {
		t.Errorf("fd 3 = %q, %v", b, err)
	}
}

func TestLookPathSearchesTheGivenPath(t *testing.T) {
	dir := t.TempDir()
	prog := filepath.Join(dir, "prog")
	if err := os.WriteFile(prog, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, c := range []struct {
		name, path, want string
	}{
		{"prog", "/nowhere:" + dir, prog},
		{prog, "", prog},
		{"prog", "", ""},
		{"prog", ".", ""}, // never the current directory
		{"prog", "::", ""},
		{"data", dir, ""},
		{dir, dir, ""},
	} {
		got, err := xec.LookPath(c.name, []string{"PATH=/wrong", "PATH=" + c.path})
		if got != c.want && err == nil || (err == nil) != (c.want != "") {
			t.Errorf("LookPath(%q, %q) = %q, %v", c.name, c.path, got, err)
		}
	}
	if _, err := xec.LookPath("prog", nil); !xec.IsNotFound(err) {
		t.Errorf("err = %v", err)
	}
}

func TestStartSessionIsItsOwnSession(t *testing.T) {
	var out bytes.Buffer
	c := sh("echo $$; cut -d' ' -f6 /proc/$$/stat; exit 4")
	c.Stdout = &out
	p, err := xec.StartSession(c)
	if err != nil {
		t.Fatal(err)
	}
	state, err := p.Wait()
	if err != nil || state.ExitCode() != 4 {
		t.Errorf("state = %v, %v", state, err)
	}
	pid := strconv.Itoa(p.PID())
	if want := pid + "\n" + pid + "\n"; out.String() != want {
		t.Errorf("pid and session = %q, want %q", out.String(), want)
	}
}

// The mask is the command's alone: neither this process nor its other commands
// get it.
func TestUmask(t *testing.T) {
	t.Parallel()
	mask := 0o027
	var out bytes.Buffer
	for _, c := range []struct {
		umask *int
		want  string
	}{{&mask, "0027\n"}, {nil, ""}} {
		out.Reset()
		err := xec.Run(t.Context(), xec.Cmd{Argv: []string{"/bin/sh", "-c", "umask"}, Stdout: &out, Umask: c.umask})
		if err != nil {
			t.Fatal(err)
		}
		if got := out.String(); c.want != "" && got != c.want || c.want == "" && got == "0027\n" {
			t.Errorf("umask %v: the command has %q", c.umask, got)
		}
	}
}
