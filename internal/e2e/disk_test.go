package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/disktest"
	"github.com/hf-dev/hf/pkg/api"
)

// on puts one of the machine's directories on another disk.
func (m *machine) on(variable, dir string) {
	m.t.Helper()
	for i, v := range m.env {
		if strings.HasPrefix(v, variable+"=") {
			m.env[i] = variable + "=" + dir
		}
	}
}

// The disk of the state directory is full in the middle of a turn: nothing
// crashes, everybody is told, no new task is taken, the agent waits. When there
// is space again all goes on by itself, and not a line is missing or doubled.
func TestFullDisk(t *testing.T) {
	m := newMachine(t)
	dir := disktest.Tmpfs(t, 48<<20)
	m.on("HF_STATE_DIR", filepath.Join(dir, "state"))
	const lines = 600
	id := m.create(fmt.Sprintf("stream: %d every 10ms", lines))
	m.until("the answer begins", 60*time.Second, func() bool { return strings.Contains(m.text(id), "line 5 of") })
	before := m.backend()

	filler := disktest.Fill(t, dir)
	m.until("hfd finds the disk full", 60*time.Second, func() bool {
		m.try("send", id, "say: later")
		return len(m.backend().Notices) > 0
	})
	disktest.Fill(t, dir) // what the reserve had
	for _, args := range [][]string{{"list"}, {"status"}, {"show", id}} {
		if r := m.try(args...); r.code != 0 || !strings.Contains(r.err, "is full") {
			t.Errorf("hf %s: exit %d, want 0 and a notice\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
		}
	}
	m.refuses(m.try("create", "--agent", "demo", "--no-wait", "say: no"), 1, "no new task is taken")
	m.text(id) // can be read all the same

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	m.until("hfd finds the space", 60*time.Second, func() bool { return len(m.backend().Notices) == 0 })
	if after := m.backend(); after.PID != before.PID {
		t.Errorf("hfd %d was followed by %d", before.PID, after.PID)
	}
	m.hf("wait", id, "--for", "done", "--timeout", "60s")
	var want strings.Builder
	for n := range lines {
		fmt.Fprintf(&want, "line %d of %d\n", n+1, lines)
	}
	if got := m.text(id); !strings.HasPrefix(got, want.String()) {
		t.Errorf("the answer is not whole:\n%s", got)
	}
	m.hf("create", "--agent", "demo", "--wait", "say: yes")
	if r := m.try("db", "check"); r.code != 0 {
		t.Errorf("check: %s", r.out)
	}
}

// A state directory that cannot be written: what hf knows can be read, nothing
// can be changed and that is said, and when it can be written again hf goes on.
func TestReadOnlyStateDirectory(t *testing.T) {
	m := newMachine(t)
	dir := disktest.Tmpfs(t, 48<<20)
	m.on("HF_STATE_DIR", filepath.Join(dir, "state"))
	m.env = append(m.env, "TMPDIR="+filepath.Join(m.dir, "home"))
	id := m.create("say: hello there")
	m.untilStatus(id, api.StatusIdle)
	m.hf("kill", "--yes", id) // or its holder keeps the disk from being read-only
	m.hf("list", "--all")
	m.killDaemon() // the end of what it stored is in the log of the database
	m.until("nothing of hf runs", 30*time.Second, func() bool { return len(m.processes()) == 0 })
	disktest.SetReadOnly(t, dir, true)

	for _, args := range [][]string{{"list", "--all"}, {"show", id}, {"logs", id}, {"status"}, {"repo", "list"}} {
		r := m.try(args...)
		if r.code != 0 || r.out == "" || !strings.Contains(r.err, "cannot be written") {
			t.Errorf("hf %s: exit %d, want 0, an answer and a notice\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
		}
	}
	if got := m.text(id); got != "hello there" {
		t.Errorf("the transcript: %q", got)
	}
	before := m.backend()
	m.refuses(m.try("create", "--agent", "demo", "--no-wait", "say: no"), 1, "cannot be written")
	m.refuses(m.try("workspace", "use", "other"), 1, "cannot be written")
	if r := m.try("db", "check"); r.code != 1 || !strings.Contains(r.out, "cannot be written") {
		t.Errorf("check: exit %d\n%s", r.code, r.out)
	}
	if after := m.backend(); after.PID != before.PID || len(after.Notices) != 1 {
		t.Errorf("hfd %d was followed by %d, notices %q", before.PID, after.PID, after.Notices)
	}

	disktest.SetReadOnly(t, dir, false)
	m.until("hf goes on", 60*time.Second, func() bool {
		return m.try("create", "--agent", "demo", "--no-wait", "say: yes").code == 0
	})
	if r := m.try("list", "--all", "--json", "id"); r.err != "" || !strings.Contains(r.out, id) {
		t.Errorf("list afterwards: %s%s", r.out, r.err)
	}
	if left, err := filepath.Glob(filepath.Join(m.dir, "home", "hf-read-only-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The disk of the state directory turns read-only under hfd, as the kernel makes
// one that fails: the same hfd goes on answering, and says what is wrong.
func TestDiskTurnsReadOnly(t *testing.T) {
	m := newMachine(t)
	disk := disktest.NewDisk(t, 64<<20)
	m.on("HF_STATE_DIR", filepath.Join(disk.Dir, "state"))
	id := m.create("say: hello there")
	m.untilStatus(id, api.StatusIdle)
	m.hf("list")
	before := m.backend()
	unix.Sync()
	disk.ReadOnly()

	m.refuses(m.try("workspace", "use", "other"), 1, "cannot be written")
	for _, args := range [][]string{{"list"}, {"show", id}, {"logs", id}, {"status"}} {
		for range 3 {
			r := m.try(args...)
			if r.code != 0 || r.out == "" || !strings.Contains(r.err, "cannot be written") {
				t.Errorf("hf %s: exit %d, want 0, an answer and a notice\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
			}
		}
	}
	m.refuses(m.try("create", "--agent", "demo", "--no-wait", "say: no"), 1, "cannot be written")
	if after := m.backend(); after.PID != before.PID || len(after.Notices) != 1 {
		t.Errorf("hfd %d was followed by %d, notices %q", before.PID, after.PID, after.Notices)
	}
}
