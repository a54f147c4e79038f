package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// soakVar asks for the long forms of tests.
const soakVar = "HF_TEST_SOAK"

// floods are what an agent writes without end, once the file "flood" is there:
// a line that never ends, what a terminal would obey, bytes that are no text.
var floods = map[string]string{
	"line":    `cat /dev/zero`,
	"escapes": `yes "$(printf '\033]0;title\007\033[2J\302\2331m\r%0400d' 0)"`,
	"bytes":   `cat /dev/urandom`,
}

// An agent that floods harms nobody but itself: hfd and its holder stay small,
// other tasks go on, a reader that was stopped in the middle holds nothing up,
// and in the end the agent is ended, for a reason that is shown.
func TestFloodIsBounded(t *testing.T) {
	m := newMachine(t)
	size := 1 << 20
	if os.Getenv(soakVar) != "" {
		size = 1 << 30
	}
	var config strings.Builder
	fmt.Fprintf(&config, "[backend]\njournal_max = %d\n", size)
	for name, command := range floods {
		fmt.Fprintf(&config, "[agents.%s]\ncommand = [\"sh\", \"-c\", %s]\n", name,
			strconv.Quote(`(while ! test -e flood; do sleep 0.05; done; `+strings.ReplaceAll(command, `\`, `\\`)+`) & exec hfd demo-agent`))
	}
	m.writeConfig(strings.ReplaceAll(config.String(), `\\\\`, `\\`))
	other := m.create("say: hi", "--branch", "other")
	m.idle(other)

	var wg sync.WaitGroup
	for name := range floods {
		wg.Go(func() {
			m.hf("create", "--agent", name, "--branch", name, "say: before")
			m.idle(name)
			reader := m.command(filepath.Join(m.dir, "bin", "hf"), "logs", "-f", name)
			if err := reader.Start(); err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = reader.Process.Kill(); _ = reader.Wait() }()
			if err := reader.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Error(err)
			}
			m.hf("send", name, "write flood: x\nsleep: 1h")
			m.until(name+" was ended", 4*time.Minute, func() bool {
				d := m.task(name)
				return d.Status == api.StatusError && strings.Contains(d.Reason, "journal_max")
			})
		})
	}
	wg.Wait()
	m.hf("send", other, "--wait", "say: still here")
	for _, pid := range m.processes() {
		limit := 0
		switch line := cmdline(pid); {
		case strings.Contains(line, "hfd\x00serve"):
			limit = 768 << 10 // in KiB: a line of 64 MB for each flood and each of its readers
		case strings.Contains(line, "hf\x00hold"):
			limit = 32 << 10
		case strings.Contains(line, "hf\x00logs"):
			limit = 256 << 10
		}
		if peak := peakKiB(t, pid); limit > 0 && peak > limit {
			t.Errorf("%q took %d MiB", cmdline(pid), peak>>10)
		}
	}
	for name := range floods {
		m.answersAgain(name)
	}
}

// answersAgain wants a task whose agent was ended to go on with the next.
func (m *machine) answersAgain(name string) {
	m.t.Helper()
	d := m.task(name)
	r := m.try("logs", name)
	if found := obeyed(r.out, false); r.code != 0 || found != "" || !strings.Contains(r.out, "before") {
		m.t.Errorf("logs of %s: exit %d, %s in it, %d bytes", name, r.code, found, len(r.out))
	}
	if err := os.Remove(filepath.Join(d.Path, "flood")); err != nil {
		m.t.Error(err)
	}
	m.hf("send", name, "--wait", "say: and after")
	if got := m.text(name); !strings.Contains(got, "and after") {
		m.t.Errorf("%s said %.200q", name, got)
	}
}

// peakKiB is the most memory that a process ever had.
func peakKiB(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it ended
	}
	_, rest, there := bytes.Cut(b, []byte("VmHWM:"))
	if !there {
		return 0 // it is about to be reaped
	}
	n, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	kib, err := strconv.Atoi(string(n))
	if err != nil {
		t.Errorf("VmHWM of %d: %v", pid, err)
	}
	return kib
}

// A stopped holder holds up only its own task, also a daemon that starts; what
// cannot be done because of it is said, and is done once it goes on.
func TestStoppedHolder(t *testing.T) {
	m := newMachine(t)
	id, other := m.create("say: hi", "--branch", "one"), m.create("say: hi", "--branch", "other")
	m.idle(id)
	m.idle(other)
	holder := m.holderPID(id)
	if err := syscall.Kill(holder, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	m.hf("send", id, "say: late")
	m.hf("send", other, "--wait", "say: still here")
	said := func() bool {
		d := m.task(id)
		return d.Status == api.StatusError && strings.Contains(d.Reason, fmt.Sprintf("process %d, is stopped", holder))
	}
	m.until("it says that the holder is stopped", 30*time.Second, said)
	m.killDaemon()
	m.hf("send", other, "--wait", "say: still here")
	m.until("it says so again", 30*time.Second, said)
	if err := syscall.Kill(holder, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	m.until("the message arrives", 30*time.Second, func() bool { return strings.Contains(m.text(id), "late") })
	if got := strings.Count(m.text(id), "late"); got != 1 {
		t.Errorf("the message arrived %d times", got)
	}
	m.untilStatus(id, api.StatusIdle)

	if err := syscall.Kill(holder, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	m.refuses(m.try("kill", "--yes", id), 11, "is stopped")
	if err := syscall.Kill(holder, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	m.hf("retry", id)
	m.untilStatus(id, api.StatusKilled)
	m.nothingUnseen()
}

// holderPID is the pid of the holder of a task's agent.
func (m *machine) holderPID(id string) int {
	m.t.Helper()
	for _, s := range decode[api.Inspect](m, m.hf("backend", "inspect")).Sessions {
		if s.Task == id {
			return s.HolderPID
		}
	}
	m.t.Fatalf("task %s has no holder", id)
	return 0
}

// Clients that are killed, or stopped, in the middle of a stream leave nothing
// behind in the daemon.
func TestReadersThatGoAway(t *testing.T) {
	m := newMachine(t)
	id := m.create("stream: 1000000 every 1ms")
	m.untilStatus(id, api.StatusRunning)
	var readers []*os.Process
	for range 20 {
		cmd := m.command(filepath.Join(m.dir, "bin", "hf"), "logs", "-f", id)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		readers = append(readers, cmd.Process)
	}
	m.until("all are connected", 60*time.Second, func() bool { return sockets(m.backend().PID) >= len(readers) })
	for n, p := range readers {
		if n%2 == 0 {
			_ = p.Signal(syscall.SIGSTOP)
		}
	}
	m.hf("list")
	for _, p := range readers {
		_ = p.Kill()
	}
	m.until("the daemon has let go of them", 60*time.Second, func() bool { return sockets(m.backend().PID) < 10 })
	m.hf("kill", "--yes", id)
}

// sockets counts the sockets that a process has open.
func sockets(pid int) int {
	n := 0
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if to, _ := os.Readlink(link); strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
