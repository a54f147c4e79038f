package e2e

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/rundir"
)

// clients is how many commands start at once.
const clients = 100

// A hundred commands at once, with no daemon running and whatever an earlier
// one left behind: one daemon, a hundred right answers.
func TestManyClientsStartOneDaemon(t *testing.T) {
	for name, prepare := range map[string]func(*machine){
		"nothing there": func(*machine) {},
		"stale socket":  leaveStaleSocket,
		"recycled pid":  leaveRecycledPID,
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			id := m.create("say: hello")
			m.hf("wait", id, "--for", "idle", "--timeout", "30s")
			m.hf("backend", "stop")
			prepare(m)
			began := m.begun()
			m.listAtOnce(id)
			if n := m.begun() - began; n != 1 {
				t.Errorf("%d daemons began, want 1", n)
			}
			m.hasOneDaemon()
		})
	}
}

// The same while the daemon is killed again and again.
func TestManyClientsOutliveKills(t *testing.T) {
	m := newMachine(t)
	id := m.create("say: hello")
	m.hf("wait", id, "--for", "idle", "--timeout", "30s")
	stop := make(chan struct{})
	var killer sync.WaitGroup
	kills := 0
	killer.Go(func() {
		tick := time.NewTicker(150 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			for _, pid := range m.daemons() {
				if syscall.Kill(pid, syscall.SIGKILL) == nil {
					kills++
				}
			}
		}
	})
	for range 3 {
		m.listAtOnce(id)
	}
	close(stop)
	killer.Wait()
	if kills == 0 {
		t.Error("no daemon was killed: the test shows nothing")
	}
	m.hf("list")
	m.hasOneDaemon()
}

// listAtOnce runs hf list a hundred times at once and wants the task in every
// answer.
func (m *machine) listAtOnce(id string) {
	m.t.Helper()
	gate, open, err := os.Pipe()
	if err != nil {
		m.t.Fatal(err)
	}
	defer gate.Close()
	var all sync.WaitGroup
	var mu sync.Mutex
	for range clients {
		// The shell waits until the pipe closes, so that all start together.
		cmd := exec.Command("/bin/sh", "-c", `read -r _ <&3; exec hf list --json`)
		cmd.Dir, cmd.Env, cmd.ExtraFiles = m.repo, m.env, []*os.File{gate}
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Start(); err != nil {
			m.t.Fatal(err)
		}
		all.Go(func() {
			err := cmd.Wait()
			mu.Lock()
			defer mu.Unlock()
			var tasks []struct{ ID string }
			if err != nil || json.Unmarshal(out.Bytes(), &tasks) != nil || len(tasks) != 1 || tasks[0].ID != id {
				m.t.Errorf("hf list: %v: %s%s", err, out.String(), errOut.String())
			}
		})
	}
	open.Close()
	all.Wait()
}

// begun counts the daemons that ever began here, by their log.
func (m *machine) begun() int {
	b, _ := os.ReadFile(filepath.Join(m.dir, "state", "hfd.log"))
	return strings.Count(string(b), `"msg":"hfd begins"`)
}

// daemons lists the daemons that run on this machine.
func (m *machine) daemons() []int {
	var out []int
	for _, pid := range m.processes() {
		if args := strings.Split(cmdline(pid), "\x00"); filepath.Base(args[0]) == "hfd" && len(args) > 1 && args[1] == "serve" {
			out = append(out, pid)
		}
	}
	return out
}

// hasOneDaemon waits for those that came too late to be gone, and for what a
// daemon starts to have a name of its own.
func (m *machine) hasOneDaemon() {
	m.t.Helper()
	m.until("one daemon", 10*time.Second, func() bool { return len(m.daemons()) == 1 })
}

// leaveStaleSocket leaves a socket that nobody listens on.
func leaveStaleSocket(m *machine) {
	path := filepath.Join(m.dir, "state", "hfd.sock")
	_ = os.Remove(path)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		m.t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		m.t.Fatal(err)
	}
}

// leaveRecycledPID leaves the record of a daemon whose number another process
// has now.
func leaveRecycledPID(m *machine) {
	leaveStaleSocket(m)
	path := filepath.Join(m.dir, "state", "hfd.lock")
	record, ok := rundir.ReadRecord(path)
	if !ok {
		m.t.Fatal("the last daemon left no record")
	}
	record.PID = os.Getpid()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	defer f.Close()
	if err := record.Write(f); err != nil {
		m.t.Fatal(err)
	}
}
