package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

// ready makes a task with a committed and an uncommitted file, and returns it.
func (m *machine) ready(branch string) api.TaskDetail {
	m.t.Helper()
	m.hf("create", "--agent", "demo", "--branch", branch, "--wait", "write kept: x\ncommit: kept\nwrite loose: y")
	return m.task(branch)
}

// isMissing wants a task to be shown as missing something, and what needs its
// sandbox to be refused for it.
func (m *machine) isMissing(d api.TaskDetail, says string) {
	m.t.Helper()
	if now := m.untilStatus(d.ID, api.StatusError); !strings.Contains(now.Reason, says) {
		m.t.Errorf("reason %q, want %q", now.Reason, says)
	}
	for _, args := range [][]string{{"send", d.ID, "say: hi"}, {"diff", d.ID}} {
		m.refuses(m.try(args...), 11, d.Path)
	}
}

// isWhole wants a task to be idle, and its agent to answer in the sandbox.
func (m *machine) isWhole(d api.TaskDetail) {
	m.t.Helper()
	m.untilStatus(d.ID, api.StatusIdle)
	m.hf("send", d.ID, "--wait", "--", "read kept\nwrite after: z")
	if _, err := os.Stat(filepath.Join(d.Path, "after")); err != nil {
		m.t.Errorf("the agent does not work in %s: %v", d.Path, err)
	}
	m.hf("diff", d.ID)
}

func (m *machine) move(from, to string) {
	m.t.Helper()
	if err := os.Rename(from, to); err != nil {
		m.t.Fatal(err)
	}
}

// A work tree that was moved away, as by a disk that is not there, is missed,
// and as it was once it is back.
func TestWorktreeThatIsAway(t *testing.T) {
	m := newMachine(t)
	d := m.ready("moved")
	m.move(d.Path, d.Path+".away")
	m.isMissing(d, "its worktree is missing: "+d.Path)
	m.git("worktree", "prune") // hf's are locked
	m.move(d.Path+".away", d.Path)
	m.isWhole(d)
	if got := read(t, filepath.Join(d.Path, "loose")); !strings.Contains(got, "y") {
		t.Errorf("the uncommitted file holds %q", got)
	}
	m.move(m.repo, m.repo+".away")
	if now := m.in(m.dir, "show", d.ID, "--jq", ".reason"); !strings.Contains(now.out, "its repository is missing") {
		t.Errorf("reason %q", now.out)
	}
	m.move(m.repo+".away", m.repo)
	m.isWhole(d)
}

// One that was removed is made again: from what git still knows of it, or from
// the branch.
func TestWorktreeThatIsGone(t *testing.T) {
	m := newMachine(t)
	removed, forgotten := m.ready("removed"), m.ready("forgotten")
	if err := os.RemoveAll(removed.Path); err != nil {
		t.Fatal(err)
	}
	m.git("worktree", "unlock", forgotten.Path)
	m.git("worktree", "remove", "--force", forgotten.Path)
	for _, d := range []api.TaskDetail{removed, forgotten} {
		m.isMissing(d, "its worktree is missing: "+d.Path)
		m.hf("retry", d.ID)
		m.isWhole(d)
	}
}

// A work tree that git has forgotten keeps its files, under another name.
func TestWorktreeThatGitForgot(t *testing.T) {
	m := newMachine(t)
	d := m.ready("pruned")
	m.git("worktree", "unlock", d.Path)
	m.move(d.Path, d.Path+".away")
	m.git("worktree", "prune", "--expire", "now")
	m.move(d.Path+".away", d.Path)
	m.isMissing(d, "git has no record of its worktree")
	m.hf("retry", d.ID)
	m.isWhole(d)
	if got := read(t, filepath.Join(d.Path+".kept-1", "loose")); !strings.Contains(got, "y") {
		t.Errorf("the uncommitted file holds %q", got)
	}
	m.hf("kill", "--yes", d.ID)
}
