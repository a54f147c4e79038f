package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

// settle runs a command as a person would who looks what became of it all,
// which starts hfd where there is none, and returns when everything has come
// to rest.
func (m *machine) settle() facts {
	// What strikes, strikes once, but a daemon that could not open tells everybody
	// so for a moment.
	var r result
	m.until(func() string { return "hf list: " + r.all() }, func() bool {
		r = m.try("list")
		return r.code == 0
	})
	var f facts
	m.until(func() string { return f.unsettled() + "\n" + m.try("list", "--all").out }, func() bool {
		if m.daemon() == 0 { // it was struck meanwhile
			m.try("list")
		}
		f = m.read()
		return f.unsettled() == ""
	})
	return f
}

// check is the one invariant: the database, the journals, git's worktrees, the
// refs, the processes and the files agree, nothing is orphaned, doubled or
// lost, and what is shown is true. Everything must have come to rest.
func (m *machine) check(f facts) {
	m.checkTasks(f)
	m.checkEnd(f)
	for _, dir := range f.repos {
		r, err := m.command(context.Background(), "git", "--git-dir", dir, "fsck", "--no-dangling", "--no-progress")
		if err != nil || regexp.MustCompile(`(?m)^(error|missing|broken)`).MatchString(r.out+r.err) {
			fail("git fsck of %s: %s", dir, r.all())
		}
	}
	m.checkCheckout()
}

// checkEnd is the part of it that is of interest where everything has ended.
func (m *machine) checkEnd(f facts) {
	m.checkDatabase()
	if f.events > 0 && f.events != f.newest-f.oldest+1 {
		fail("%d events, numbered from %d to %d", f.events, f.oldest, f.newest)
	}
	m.checkMessages(f)
	m.checkWorktrees(f)
	m.checkTrash(f)
	m.checkRefs(f)
	m.checkProcesses(f)
	m.checkFiles(f)
}

// checkTasks compares what is shown with what is stored.
func (m *machine) checkTasks(f facts) {
	shown := decode[[]api.Task](m.hf("list", "--all", "--json"))
	if len(shown) != len(f.tasks) {
		fail("hf list shows %d tasks of %d", len(shown), len(f.tasks))
	}
	for _, s := range shown {
		t := f.task(s.ID)
		if string(s.Lifecycle) != t.lifecycle || s.Branch != t.branch {
			fail("task %s is shown as %s, branch %q, and stored as %s, branch %q", s.ID, s.Lifecycle, s.Branch, t.lifecycle, t.branch)
		}
		if s.Status == api.StatusError && s.Reason == "" {
			fail("task %s is in error and does not say why", s.ID)
		}
	}
}

// transcript counts how often each message stands in its task's journals, as
// those whom the agent was given it.
func (m *machine) transcript(f facts) map[string]int {
	given := map[string]int{}
	for _, t := range f.tasks {
		if t.session == "" || m.retired[t.id] || m.freed[t.id] {
			continue
		}
		for line := range strings.Lines(m.hf("logs", t.id, "--json")) {
			if e := decode[api.Entry](line); e.Kind == api.EntryUser {
				given[e.Turn]++
			}
		}
	}
	return given
}

// checkMessages: each was delivered once, or says that it was not. What it was
// to do stands once in the sandbox, or in what was saved of it.
func (m *machine) checkMessages(f facts) {
	given := m.transcript(f)
	for _, v := range f.messages {
		if m.retired[v.task] || m.freed[v.task] {
			continue
		}
		effect, counted := effectOf(v.text)
		done := 0
		if counted {
			done = m.count(f, f.task(v.task), effect)
		}
		switch v.state {
		case "done", "delivered":
			if given[v.id] != 1 && v.err == "" {
				fail("message %s (%q) is %s and was given to an agent %d times", v.id, v.text, v.state, given[v.id])
			}
			if counted && done != 1 && v.state == "done" {
				fail("message %s (%q) is done, and its effect is there %d times", v.id, v.text, done)
			}
		case "failed":
			if v.err == "" || done > 1 {
				fail("message %s (%q) failed because of %q, and its effect is there %d times", v.id, v.text, v.err, done)
			}
		default:
			if given[v.id] != 0 || done != 0 {
				fail("message %s (%q) is %s, was given to an agent %d times, and its effect is there %d times", v.id, v.text, v.state, given[v.id], done)
			}
		}
	}
}

// count returns how often a line is in the effects of a task.
func (m *machine) count(f facts, t task, line string) int {
	text, err := os.ReadFile(filepath.Join(t.path, effects))
	if t.path == "" || errors.Is(err, fs.ErrNotExist) {
		r, _ := m.command(context.Background(), "git", "--git-dir", f.repos[t.repo], "show", "refs/hf/saved/"+t.id+":"+effects)
		text = []byte(r.out)
	}
	n := 0
	for l := range strings.Lines(string(text)) {
		if strings.TrimSpace(l) == line {
			n++
		}
	}
	return n
}

func (m *machine) exists(path ...string) bool {
	_, err := os.Lstat(filepath.Join(append([]string{m.dir}, path...)...))
	return err == nil
}

// checkWorktrees: git, the database and the disk have the same work trees.
func (m *machine) checkWorktrees(f facts) {
	var want []string
	for _, t := range f.tasks {
		if t.path != "" && (t.lifecycle == "ready" || t.lifecycle == "error") {
			want = append(want, t.path)
		}
	}
	var have []string
	for _, dir := range f.repos {
		for line := range strings.Lines(m.git("--git-dir", dir, "worktree", "list", "--porcelain")) {
			path, ok := strings.CutPrefix(strings.TrimSpace(line), "worktree ")
			if ok && strings.HasPrefix(path, filepath.Join(m.dir, "data", "worktrees")) {
				have = append(have, path)
			}
		}
	}
	onDisk, _ := filepath.Glob(filepath.Join(m.dir, "data", "worktrees", "[^.]*", "*"))
	if m.exists("data", "worktrees", ".removed") {
		// It could not be deleted: the next daemon does it.
		m.hf("backend", "stop")
		m.hf("list")
		m.until(func() string { return "a deletion is to be finished" }, func() bool { return !m.exists("data", "worktrees", ".removed") })
	}
	hidden, _ := filepath.Glob(filepath.Join(m.dir, "data", "worktrees", ".*"))
	hidden = slices.DeleteFunc(hidden, func(path string) bool { return filepath.Base(path) == ".trash" })
	for _, l := range [][]string{want, have, onDisk} {
		slices.Sort(l)
	}
	if !slices.Equal(want, have) {
		fail("tasks have the work trees %q, git has %q", want, have)
	}
	if !slices.Equal(want, onDisk) || len(hidden) > 0 {
		fail("tasks have the work trees %q, on the disk are %q and %q", want, onDisk, hidden)
	}
}

// checkTrash: whatever is in the trash says what it is, and is of a task that is
// put away.
func (m *machine) checkTrash(f facts) {
	for _, dir := range must(filepath.Glob(filepath.Join(m.dir, "data", "worktrees", ".trash", "*"))) {
		var record struct{ Task string }
		b, err := os.ReadFile(filepath.Join(dir, "record.json"))
		if err == nil {
			record = decode[struct{ Task string }](string(b))
		}
		stray := record.Task == "" // it was of no task
		if t := f.task(record.Task); err != nil || !stray && t.lifecycle != "killed" && t.lifecycle != "archived" {
			fail("in the trash is %s of task %q, which is %s: %v", dir, record.Task, t.lifecycle, err)
		}
	}
}

// checkRefs: the branches of tasks are there, and no others; what was saved can
// be read; no object is missing.
func (m *machine) checkRefs(f facts) {
	for id, dir := range f.repos {
		want := []string{"refs/heads/main"}
		known := []string{"refs/heads/main"}
		for _, t := range f.tasks {
			if t.repo != id {
				continue
			}
			known = append(known, "refs/heads/"+t.branch)
			if t.branch != "" && t.branchStep == "done" && !m.deleted[t.id] {
				want = append(want, "refs/heads/"+t.branch)
			}
			if (t.lifecycle == "killed" || t.lifecycle == "archived") && t.session != "" && !m.freed[t.id] {
				want = append(want, "refs/hf/saved/"+t.id)
			}
		}
		have := strings.Fields(m.git("--git-dir", dir, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/hf/saved"))
		for _, ref := range want {
			if !slices.Contains(have, ref) {
				fail("%s is missing in %s, which has %q", ref, dir, have)
			}
		}
		for _, ref := range have {
			if strings.HasPrefix(ref, "refs/heads/") && !slices.Contains(known, ref) {
				fail("%s belongs to no task", ref)
			}
		}
		locks := must(filepath.Glob(filepath.Join(dir, "*.lock")))
		locks = slices.DeleteFunc(locks, func(path string) bool { return filepath.Base(path) == "hf-stack.lock" }) // it is locked, not there or not
		below := must(filepath.Glob(filepath.Join(dir, "worktrees", "*", "*.lock")))
		if len(locks)+len(below) > 0 {
			fail("locks of git are left: %q %q", locks, below)
		}
	}
}

// checkProcesses: one hfd, one holder for each live session, one agent below
// each of them, and nothing else. What was just told to end may take a moment.
func (m *machine) checkProcesses(f facts) {
	wrong := ""
	m.until(func() string { return wrong }, func() bool {
		wrong = m.processProblem(f)
		return wrong == ""
	})
}

func (m *machine) processProblem(f facts) string {
	holders := map[int]string{}
	for _, s := range f.sessions {
		if info, alive := hold.Alive(s.dir); alive {
			holders[info.PID] = s.id
			if s.ended {
				return "the holder of the ended session " + s.id + " lives"
			}
		} else if !s.ended {
			return "session " + s.id + " is said to live and has no holder"
		}
	}
	daemon := m.daemon()
	var odd []string
	agents := map[int]int{}
	for _, p := range m.processes() {
		switch {
		case p.pid == daemon:
			daemon = 0
		case holders[p.pid] != "":
		case holders[p.parent] != "":
			agents[p.parent]++
		default:
			odd = append(odd, p.String())
		}
	}
	switch {
	case daemon != 0 || m.daemon() == 0:
		return "hfd is not there"
	case len(odd) > 0:
		return fmt.Sprintf("processes that belong to nobody: %v", odd)
	case len(agents) != len(holders):
		return fmt.Sprintf("%d holders hold %d agents", len(holders), len(agents))
	}
	return ""
}

// temporary is what files are called that have no right to outlive the work
// that made them.
var temporary = regexp.MustCompile(`\.(part|partial|new|tmp|hf-copy|lock|kept-\d+|sock\.\d+)$|^selfcheck|^index\.hf$`)

// checkFiles: nothing half-made is left, and each journal is whole and belongs
// to a session.
func (m *machine) checkFiles(f facts) {
	keep := map[string]bool{"hfd.lock": true, "hold.lock": true}
	if left := must(filepath.Glob(filepath.Join(m.dir, "tmp", "*"))); len(left) > 0 {
		fail("left in the temporary directory: %q", left)
	}
	for _, top := range []string{m.state(), filepath.Join(m.dir, "data")} {
		_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil // it went away meanwhile
			}
			if path == filepath.Join(m.state(), "git") {
				return filepath.SkipDir // made anew by each daemon
			}
			if temporary.MatchString(d.Name()) && !keep[d.Name()] {
				fail("%s is left", path)
			}
			return nil
		})
	}
	if left := must(filepath.Glob(filepath.Join(m.state(), "commands", "*"))); len(left) > 0 {
		fail("left of commands: %q", left)
	}
	for _, dir := range must(filepath.Glob(filepath.Join(m.state(), "files", "*", "*"))) {
		_, pending := os.Stat(filepath.Join(dir, "pending")) // the next daemon removes it
		if pending != nil && !slices.ContainsFunc(f.messages, func(v message) bool { return v.id == filepath.Base(dir) }) {
			fail("the attachments in %s belong to no message", dir)
		}
	}
	var sockets []string
	for _, s := range f.sessions {
		if !s.ended {
			sockets = append(sockets, s.id+".sock")
		}
	}
	have := must(filepath.Glob(filepath.Join(m.state(), "h", "*")))
	for _, path := range have {
		if !slices.Contains(sockets, filepath.Base(path)) {
			fail("the socket %s belongs to no live session", path)
		}
	}
	for _, dir := range must(filepath.Glob(filepath.Join(m.state(), "sessions", "*"))) {
		known := slices.ContainsFunc(f.sessions, func(s sessionRow) bool { return s.dir == dir })
		if !known {
			fail("%s belongs to no session", dir)
		}
		checkJournal(filepath.Join(dir, hold.JournalFile))
	}
}

func checkJournal(path string) {
	r, err := journal.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return // its holder never began
	}
	if err != nil {
		fail("journal: %v", err)
	}
	defer r.Close()
	for {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			fail("journal %s: %v", path, err)
		}
	}
}

// checkCheckout: the user's own checkout is as it was.
func (m *machine) checkCheckout() {
	if got := m.git("status", "--porcelain"); got != "" {
		fail("the checkout has changed:\n%s", got)
	}
	if got := m.git("rev-parse", "HEAD", "main"); got != m.head+"\n"+m.head {
		fail("the checkout is at %s, not at %s", got, m.head)
	}
	if got := m.git("symbolic-ref", "HEAD"); got != "refs/heads/main" {
		fail("the checkout is on %s", got)
	}
	if got := m.git("stash", "list"); got != "" {
		fail("a stash appeared: %s", got)
	}
}
