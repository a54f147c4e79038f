package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// desk is a home with a daemon of its own and a repository.
type desk struct {
	t    *testing.T
	repo string
	env  []string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hfs")
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, repo: filepath.Join(dir, "repo"), env: []string{
		"HOME=" + dir, "PATH=" + binaries + ":" + os.Getenv("PATH"), "HF_STATE_DIR=" + filepath.Join(dir, "state"),
		"HF_DATA_DIR=" + filepath.Join(dir, "data"), "TERM=xterm", "LANG=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.invalid", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.invalid",
	}}
	t.Cleanup(func() { tearDown(t, dir, d.env) })
	for _, args := range [][]string{{"init", "-q", "-b", "main", d.repo}, {"-C", d.repo, "commit", "-q", "--allow-empty", "-m", "start"}} {
		cmd := exec.Command("git", args...)
		cmd.Env = d.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	return d
}

func (d *desk) cmd(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(d.t.Context(), filepath.Join(binaries, "hf"), args...)
	cmd.Dir, cmd.Env = d.repo, d.env
	return cmd
}

func (d *desk) hf(args ...string) string {
	d.t.Helper()
	out, err := d.cmd(args...).Output()
	if err != nil {
		d.t.Fatalf("hf %q: %v", args, err)
	}
	return string(out)
}

func (d *desk) create(prompt string) string {
	d.t.Helper()
	var task struct{ ID string }
	if err := json.Unmarshal([]byte(d.hf("create", "--no-wait", "--json", prompt)), &task); err != nil {
		d.t.Fatal(err)
	}
	return task.ID
}

// terminal is a command on a terminal of 80 by 24.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	wake chan struct{}

	mu     sync.Mutex
	screen bytes.Buffer
}

func (d *desk) terminal(args ...string) *terminal {
	d.t.Helper()
	return d.terminalOf(filepath.Join(binaries, "hf"), args...)
}

// terminalOf runs any program on a terminal.
func (d *desk) terminalOf(program string, args ...string) *terminal {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), program, args...)
	cmd.Dir, cmd.Env = d.repo, d.env
	v := &terminal{t: d.t, cmd: cmd, wake: make(chan struct{}, 1)}
	f, err := pty.StartWithSize(v.cmd, &pty.Winsize{Rows: 24, Cols: 80})
	if err != nil {
		d.t.Fatal(err)
	}
	v.pty = f
	d.t.Cleanup(func() { _ = f.Close() })
	go func() {
		_, _ = io.Copy(v, f) // ends with the command
		close(v.wake)
	}()
	return v
}

func (v *terminal) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.screen.Write(p)
	select {
	case v.wake <- struct{}{}:
	default:
	}
	return len(p), nil
}

var sequences = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]|\r`)

func (v *terminal) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return sequences.ReplaceAllString(v.screen.String(), "")
}

// sees waits until something was shown.
func (v *terminal) sees(want string) {
	v.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		text := v.text()
		if strings.Contains(text, want) {
			return
		}
		select {
		case _, ok := <-v.wake:
			if !ok && !strings.Contains(v.text(), want) {
				v.t.Fatalf("the command ended; %q is not in:\n%s", want, v.text())
			}
		case <-limit:
			v.t.Fatalf("%q is not in:\n%s", want, text)
		}
	}
}

func (v *terminal) types(keys string) {
	v.t.Helper()
	if _, err := io.WriteString(v.pty, keys); err != nil {
		v.t.Fatal(err)
	}
}

func (v *terminal) ends() {
	v.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- v.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			v.t.Errorf("%q: %v\n%s", v.cmd.Args, err, v.text())
		}
	case <-time.After(30 * time.Second):
		v.t.Errorf("%q does not end:\n%s", v.cmd.Args, v.text())
		_ = v.cmd.Process.Kill()
	}
}

// A person talks to an agent: reads, allows, says something, interrupts after
// being asked, and leaves.
func TestAttachOnATerminal(t *testing.T) {
	d := newDesk(t)
	id := d.create("ask: may I?\nsay: thank you")
	v := d.terminal("attach", id)
	v.sees("permission")
	v.sees("a allow, A always, d deny")
	v.types("a\r")
	v.sees("✓ allowed")
	v.sees("thank you")
	v.types("stream: 1000 every 20ms\r")
	v.sees("line 3 of 1000")
	v.types("\x03")
	v.sees("interrupt the turn? [y/N]")
	v.types("y\r")
	v.sees("turn ended: cancelled")
	v.types("\x1b[200~say: pasted\rsay: twice\x1b[201~\r")
	v.sees("twice")
	v.types("\x04")
	v.sees("detached")
	v.ends()
	if got := d.hf("wait", id); !strings.Contains(got, "idle") {
		t.Errorf("after detaching: %s", got)
	}
	if got := d.hf("logs", id); !strings.Contains(got, "› say: pasted\n  say: twice\n") {
		t.Errorf("what was pasted is not one message:\n%s", got)
	}
}

// Attached people see the agent go on when the daemon comes back.
func TestAttachOutlivesTheDaemon(t *testing.T) {
	d := newDesk(t)
	id := d.create("stream: 100 every 20ms\nsay: the end")
	v := d.terminal("attach", id)
	v.sees("line 5 of 100")
	d.hf("backend", "restart")
	v.sees("line 100 of 100")
	v.sees("the end")
	v.types("\x04")
	v.ends()
	for n := 1; n <= 100; n++ {
		if line := fmt.Sprintf("line %d of 100\n", n); strings.Count(v.text(), line) != 1 {
			t.Fatalf("%q is there %d times in:\n%s", line, strings.Count(v.text(), line), v.text())
		}
	}
}

// The steps of a new task are drawn on one line, and each stays when it ends.
func TestCreateOnATerminal(t *testing.T) {
	d := newDesk(t)
	v := d.terminal("create", "say: hello")
	v.sees("✓ sandbox")
	v.sees("✓ prompt")
	v.ends()
	v = d.terminal("kill", "-")
	v.sees("End task")
	v.types("n\r")
	v.sees("goes on")
	_ = v.cmd.Wait()
	v = d.terminal("kill", "-")
	v.sees("[y/N]")
	v.types("y\r")
	v.sees("killed")
	v.ends()
}

// Ctrl-C leaves the task alone and says so.
func TestCreateIsInterrupted(t *testing.T) {
	d := newDesk(t)
	v := d.terminal("create", "--wait", "stream: 50 every 20ms")
	v.sees("✓ prompt")
	v.types("\x03")
	v.sees("goes on")
	if err := v.cmd.Wait(); v.cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("hf create ended with %v, want 130", err)
	}
	d.hf("wait", "-")
}
