package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/disktest"
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
