package e2e

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// database is the path of the machine's database.
func (m *machine) database() string { return filepath.Join(m.dir, "state", "hf.db") }

// spoil is a way to lose a database. Clean says that hfd ended in order, with
// all it knew folded into the one file.
type spoil struct {
	name  string
	clean bool
	do    func(m *machine)
}

func (m *machine) remove(ends ...string) {
	m.t.Helper()
	for _, end := range ends {
		if err := os.Remove(m.database() + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			m.t.Fatal(err)
		}
	}
}

// overwrite puts 0xff where the database had something else.
func (m *machine) overwrite(offset int64, n int) {
	m.t.Helper()
	f, err := os.OpenFile(m.database(), os.O_WRONLY, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	_, err = f.WriteAt(bytes.Repeat([]byte{0xff}, n), offset)
	if err := errors.Join(err, f.Close()); err != nil {
		m.t.Fatal(err)
	}
}

// However the database is lost: it is set aside, what it knew is brought back
// from the newest copy and from what else is on disk, agents at work are taken
// up again, and the user is told until they looked.
func TestLostDatabaseIsRebuilt(t *testing.T) {
	m := newMachine(t)
	idle := m.create("say: hi\nwrite a.txt: text", "--permission", "all")
	busy := m.create("stream: 100000 every 50ms")
	m.untilStatus(idle, api.StatusIdle)
	m.until("the answer begins", 30*time.Second, func() bool { return strings.Contains(m.text(busy), "line 2 of") })
	agents := map[string]int{idle: m.agentPID(idle), busy: m.agentPID(busy)}

	for _, s := range []spoil{
		{"deleted", false, func(m *machine) { m.remove("", "-wal", "-shm") }},
		{"deleted but its log", false, func(m *machine) { m.remove("") }},
		{"log lost", false, func(m *machine) { m.remove("-wal") }},
		{"zeroed", false, func(m *machine) {
			m.remove("-wal", "-shm")
			m.truncate()
		}},
		{"header", true, func(m *machine) { m.overwrite(0, 16) }},
		{"page", true, func(m *machine) { m.overwrite(4096, 8192) }},
		{"old copy", true, func(m *machine) {
			m.remove("", "-wal", "-shm")
			if err := os.Rename(filepath.Join(m.dir, "old.db"), m.database()); err != nil {
				m.t.Fatal(err)
			}
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			there := *m
			there.t = t
			there.lose(s, idle, busy, agents)
		})
	}

	if aside, err := os.ReadDir(filepath.Join(m.dir, "state", "damaged")); err != nil || len(aside) != 7 {
		t.Errorf("%d damaged databases are kept, want 7 (%v)", len(aside), err)
	}
	m.hf("send", idle, "--wait", "say: still here")
	if got := m.text(idle); !strings.Contains(got, "still here") || m.agentPID(idle) != agents[idle] {
		t.Errorf("the idle agent answers %q", got)
	}
	m.hf("kill", "--yes", idle, busy)
	m.git("rev-parse", "--verify", "refs/hf/saved/"+idle)
}

func (m *machine) truncate() {
	m.t.Helper()
	if err := os.Truncate(m.database(), 0); err != nil {
		m.t.Fatal(err)
	}
}

// lose spoils the database and looks whether everything comes back.
func (m *machine) lose(s spoil, idle, busy string, agents map[string]int) {
	m.t.Helper()
	if s.name == "header" { // from here on there is a copy
		m.hf("db", "backup")
		m.hf("db", "backup", filepath.Join(m.dir, "old.db"))
	}
	if s.clean {
		m.hf("send", idle, "--wait", "say: after the copy")
		m.hf("backend", "stop")
	} else {
		m.killDaemon()
	}
	s.do(m)

	r := m.try("list", "--json", "id,status")
	if r.code != 0 || !strings.Contains(r.err, "hf: the database was rebuilt") {
		m.t.Fatalf("list: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if !strings.Contains(r.out, idle) || !strings.Contains(r.out, busy) {
		m.t.Fatalf("a task did not come back: %s", r.out)
	}
	if got := m.task(idle); got.Status != api.StatusIdle || got.Path == "" || got.Branch == "" || !strings.HasPrefix(got.Prompt, "say: hi") {
		m.t.Errorf("the idle task came back as %+v", got)
	}
	if got := m.task(busy); got.Status != api.StatusRunning {
		m.t.Errorf("the busy task is %s (%s)", got.Status, got.Reason)
	}
	for id, pid := range agents {
		if now := m.agentPID(id); now != pid || !running(pid) {
			m.t.Errorf("the agent of %s has pid %d, had %d", id, now, pid)
		}
	}
	if b := m.backend(); len(b.Notices) != 1 || !strings.Contains(b.Notices[0], "rebuilt") {
		m.t.Errorf("notices: %q", b.Notices)
	}
	if check := m.try("db", "check"); check.code != 0 || !strings.Contains(check.out, "the database was rebuilt") || check.err != "" {
		m.t.Errorf("check: exit %d\n%s%s", check.code, check.out, check.err)
	}
	if again := m.try("list"); again.err != "" {
		m.t.Errorf("told again after the check: %s", again.err)
	}
}

// Without any copy: tasks that were archived come back archived and can be
// restored, tasks whose agent never started come back by their worktree, also
// where nothing else speaks of their repository, and a first message that was
// not delivered is delivered.
func TestRebuiltWithoutACopy(t *testing.T) {
	m := newMachine(t)
	parked := m.create("write kept.txt: kept", "--permission", "all", "--branch", "parked")
	m.untilStatus(parked, api.StatusIdle)
	m.hf("archive", parked)
	m.untilStatus(parked, api.StatusArchived)

	m.writeConfig("[agents.missing]\ncommand = [\"/nope/agent\"]\n")
	if r := m.try("create", "--agent", "missing", "--branch", "unheard", "say: heard"); r.code == 0 {
		t.Fatalf("an agent that is missing: %s", r.out)
	}
	unheard := m.task("unheard").ID

	other := *m
	other.repo = m.makeRepo("other")
	if err := os.MkdirAll(filepath.Join(other.repo, ".hf"), 0o755); err != nil {
		t.Fatal(err)
	}
	other.write(".hf/config.toml", "setup = [\"true\"]\n")
	other.git("add", ".")
	other.git("commit", "-q", "-m", "set up")
	if r := other.try("create", "--agent", "demo", "--branch", "early", "say: early"); r.code != 8 {
		t.Fatalf("a set-up that nobody allowed: exit %d\n%s", r.code, r.err)
	}
	early := m.task("early")

	m.hf("backend", "stop")
	m.writeConfig("[agents.missing]\ncommand = [\"hfd\", \"demo-agent\"]\n")
	m.remove("", "-wal", "-shm", "-seq")
	r := m.try("list", "--all", "--json", "id,status,branch,path,title")
	if r.code != 0 || !strings.Contains(r.err, "no copy of it was left, 3 tasks") {
		t.Fatalf("list: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if got := m.task(early.ID); got.Branch != "early" || got.Path != early.Path || got.Status != api.StatusIdle {
		t.Errorf("the task without a session came back as %+v", got.Task)
	}
	if got := m.task(parked); got.Status != api.StatusArchived || got.Branch != "parked" {
		t.Errorf("the archived task came back as %+v", got.Task)
	}
	m.hf("restore", parked)
	d := m.untilStatus(parked, api.StatusIdle)
	if got := read(t, filepath.Join(d.Path, "kept.txt")); !strings.Contains(got, "kept") {
		t.Errorf("the restored file: %q", got)
	}

	m.until("the message is heard", 30*time.Second, func() bool { return m.text(unheard) == "heard" })
	if got := m.untilStatus(unheard, api.StatusIdle); got.Branch != "unheard" {
		t.Errorf("the task whose agent was missing came back as %+v", got.Task)
	}
	m.hf("db", "check")
}
