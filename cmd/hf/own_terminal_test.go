package main

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// The agent's own terminal outlives who looks at it and the daemon, takes one
// person at a time, and gives the conversation back when it ends.
func TestTheAgentsOwnTerminal(t *testing.T) {
	d := newDesk(t)
	id := d.create("say: hi")
	d.hf("wait", id)
	v := d.terminal("attach", "--terminal", id)
	v.sees("ctrl+q leaves it running")
	v.sees("conversation demo-") // the one that was begun
	v.sees("demo> ")
	v.types("say: remember me\r")
	v.sees("\nremember me\n")
	if got := d.hf("list"); !strings.Contains(got, "running (in its own terminal)") {
		t.Errorf("hf list:\n%s", got)
	}
	if got := d.hf("send", id, "say: from the outbox"); !strings.HasPrefix(got, "queued") {
		t.Errorf("hf send: %s", got)
	}
	v.types("\x11")
	v.sees("the agent's terminal goes on")
	v.ends()

	d.killDaemon()
	v = d.terminal("attach", "--terminal", "--detach-key", "ctrl+]", id)
	v.sees("ctrl+] leaves")
	v.sees("\nremember me\n")
	if err := pty.Setsize(v.pty, &pty.Winsize{Rows: 30, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	v.asks("size\r", "100 columns, 30 rows")
	other := d.terminal("attach", "--terminal", id)
	v.sees("somebody attached from elsewhere")
	v.ends()
	other.sees("100 columns, 30 rows")
	if err := other.cmd.Process.Signal(syscall.SIGHUP); err != nil { // its window is closed
		t.Fatal(err)
	}
	other.ends()

	v = d.terminal("attach", "--terminal", id)
	v.asks("size\r", "80 columns, 24 rows")
	v.types("write made: there\rexit\r")
	v.sees("the agent's terminal has ended")
	v.ends()
	d.until("from the outbox", "logs", id)
	d.hf("wait", id)
	if got := d.hf("list"); !strings.Contains(got, "idle") || !strings.Contains(got, "+1") {
		t.Errorf("hf list:\n%s", got)
	}

	v = d.terminal("attach", "--terminal", id)
	v.sees("demo> ")
	d.hf("kill", "--yes", id)
	v.sees("ended by SIG")
	_ = v.cmd.Wait()
	if code := v.cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("hf attach ended with %d", code)
	}
}

func TestTheAgentsOwnTerminalIsRefused(t *testing.T) {
	d := newDesk(t)
	id := d.create("stream: 1000 every 20ms")
	d.until("running", "list")
	d.until("line 1 of", "logs", id)
	v := d.terminal("attach", "--terminal", id)
	v.sees("in the middle of a turn")
	_ = v.cmd.Wait()
	if code := v.cmd.ProcessState.ExitCode(); code != 11 {
		t.Errorf("in a turn: exit %d", code)
	}
	out, err := d.cmd("attach", "--terminal", id).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is for a person at a terminal") {
		t.Errorf("away from a terminal: %v\n%s", err, out)
	}
	d.hf("archive", id)
	v = d.terminal("attach", "--terminal", id)
	v.sees("`hf restore " + id + "` brings it back")
	_ = v.cmd.Wait()
}

// asks types until it is answered: what is typed before a terminal has its size
// is answered, too.
func (v *terminal) asks(keys, want string) {
	v.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(v.text(), want); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			v.t.Fatalf("%q is not in:\n%s", want, v.text())
		}
		v.types(keys)
	}
}

// until runs hf until it prints something.
func (d *desk) until(want string, args ...string) {
	d.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(d.hf(args...), want); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			d.t.Fatalf("hf %q does not print %q but:\n%s", args, want, d.hf(args...))
		}
	}
}

// killDaemon ends hfd as a crash would.
func (d *desk) killDaemon() {
	d.t.Helper()
	var backend struct{ PID int }
	if err := json.Unmarshal([]byte(d.hf("backend", "status", "--json")), &backend); err != nil {
		d.t.Fatal(err)
	}
	if err := syscall.Kill(backend.PID, syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
}
