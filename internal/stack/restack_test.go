package stack_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// A stack of three, each in a worktree of its own.
func TestScenario03RestackAcrossWorktrees(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c up_to_date")
	m.commit("wt-a", "more", "more\n")
	m.commit("repo", "trunk", "more\n")
	before := m.tip("b")
	m.restack(stack.RestackRequest{DryRun: true}, "a pending", "b pending", "c pending")
	if m.tip("b") != before {
		t.Error("a dry run moved a branch")
	}
	rep := m.restack(stack.RestackRequest{}, "a restacked", "b restacked", "c restacked")
	m.stands("a", "b", "c")
	m.clean("repo", "wt-a", "wt-b", "wt-c")
	m.tidy()
	if moves := rep.Moves(); len(moves) != 3 || moves[1] != (stack.Move{Branch: "b", From: before, To: m.tip("b")}) {
		t.Errorf("moves: %+v", moves)
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c up_to_date")
}

// Two branches on one, one of them checked out nowhere, one in the user's main
// worktree.
func TestScenario03Fork(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.branch("c", "a")
	m.branch("d", "c")
	m.free("c")
	m.free("b")
	m.run("repo", "checkout", "-q", "b")
	m.commit("wt-a", "more", "more\n")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked", "d restacked")
	m.stands("a", "b", "c", "d")
	if at := m.run("repo", "symbolic-ref", "--short", "HEAD"); at != "b" {
		t.Errorf("the main worktree has %s checked out", at)
	}
	m.read("repo/more")
	m.clean("repo", "wt-a", "wt-d")
	m.tidy()
}

func TestScenario03Scopes(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.branch("x", "main")
	m.run("repo", "checkout", "-q", "--detach")
	m.commit("repo", "trunk", "more\n")
	m.run("repo", "branch", "-f", "main", "HEAD")
	m.restack(stack.RestackRequest{Branch: "b", Scope: stack.Only}, "b up_to_date")
	m.restack(stack.RestackRequest{Branch: "b", Scope: stack.Upstack}, "b up_to_date", "c up_to_date")
	m.restack(stack.RestackRequest{Branch: "b", Scope: stack.Whole}, "a restacked", "b restacked", "c restacked")
	m.restack(stack.RestackRequest{Branch: "x", Scope: stack.Only}, "x restacked")
	m.stands("a", "b", "c", "x")
	if _, err := m.eng.Restack(t.Context(), m.in(), stack.RestackRequest{Branch: "none", Scope: stack.Only}); !api.IsCode(err, api.CodeNotFound) {
		t.Errorf("restacking an unknown branch: %v", err)
	}
}

// Whatever is uncommitted in a worktree survives.
func TestScenario04DirtyWork(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.write("wt-b/notes", "unstaged\n")
	m.write("wt-b/new", "staged\n")
	m.run("wt-b", "add", "new")
	m.write("wt-b/untracked", "untracked\n")
	m.commit("wt-a", "more", "more\n")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked")
	m.stands("a", "b")
	got := m.run("wt-b", "status", "--porcelain")
	if want := "A  new\n M notes\n?? untracked"; got != want && !strings.Contains(got, " M notes") {
		t.Errorf("status:\n%s\nwant:\n%s", got, want)
	}
	if m.read("wt-b/notes") != "unstaged\n" || m.read("wt-b/new") != "staged\n" || m.read("wt-b/untracked") != "untracked\n" {
		t.Error("uncommitted work has changed")
	}
}

// An untracked file that a commit of the base brings, too.
func TestScenario04Collision(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.write("wt-b/more", "mine\n")
	before := m.tip("b")
	m.commit("wt-a", "more", "theirs\n")
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b dirty", "c blocked")
	if m.tip("b") != before || m.read("wt-b/more") != "mine\n" {
		t.Error("something has changed all the same")
	}
	if e := rep.Results[1].Error; e == nil || e.Hint == "" || !strings.Contains(e.Message, "in the way (more)") || api.IsCode(rep.Err(), api.CodeMergeStopped) {
		t.Errorf("error: %+v", rep.Err())
	}
	if err := os.Remove(m.path("wt-b/more")); err != nil {
		t.Fatal(err)
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked")
}

// Uncommitted changes that do not fit the new base are kept, and said.
func TestScenario04ChangesDoNotFit(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.write("wt-b/shared", "mine\n")
	m.commit("wt-a", "shared", "theirs\n")
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b autostash_conflict", "c restacked")
	m.stands("a", "b", "c")
	if r := rep.Results[1]; !slices.Equal(r.Files, []string{"shared"}) || r.Error == nil {
		t.Errorf("%+v", r)
	}
	if list := m.run("wt-b", "stash", "list"); !strings.Contains(list, "autostash") {
		t.Errorf("the changes are not in the stash: %q", list)
	}
}

// The user's main worktree has a change where the branch would change, too.
func TestScenario04MainWorktree(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.free("b")
	m.run("repo", "checkout", "-q", "b")
	m.write("repo/notes", "mine\n")
	m.write("repo/shared", "mine\n")
	before := m.tip("b")
	m.commit("wt-a", "shared", "theirs\n")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b dirty", "c blocked")
	if m.tip("b") != before || m.read("repo/shared") != "mine\n" {
		t.Error("something has changed all the same")
	}
	m.run("repo", "checkout", "shared")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked")
	m.stands("a", "b", "c")
	if m.read("repo/notes") != "mine\n" {
		t.Error("an uncommitted change is gone")
	}
}

// conflict makes a commit below a branch that conflicts with it.
func (m *lab) conflict(below, branch string) {
	m.Helper()
	m.commit(tree(branch), "shared", branch+"\n")
	m.commit(tree(below), "shared", below+"\n")
}

func TestScenario05ConflictIsLeft(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c", "d")
	m.write("wt-b/notes", "dirty\n")
	m.conflict("a", "b")
	before := map[string]string{"b": m.tip("b"), "c": m.tip("c"), "d": m.tip("d")}
	var begun []stack.Attempt
	hooks := stack.Hooks{Begin: func(_ context.Context, a stack.Attempt) error { begun = append(begun, a); return nil }}
	rep := m.restack(stack.RestackRequest{Hooks: hooks}, "a up_to_date", "b conflict", "c blocked", "d blocked")
	r := rep.Results[1]
	if !api.IsCode(rep.Err(), api.CodeMergeStopped) || !r.Left || !slices.Equal(r.Files, []string{"shared"}) || rep.Results[3].BlockedBy != "c" {
		t.Errorf("%+v, %v", r, rep.Err())
	}
	for name, at := range before {
		if m.tip(name) != at {
			t.Errorf("%s has moved", name)
		}
	}
	waits, err := m.eng.InProgress(t.Context(), m.repo)
	if err != nil || len(waits) != 1 || waits[0].Branch != "b" || waits[0].Commit != before["b"] || !waits[0].Stopped {
		t.Errorf("in progress: %+v, %v", waits, err)
	}
	// Nothing of it is left in git-spice's data, which any worktree might act on.
	if files := m.run("repo", "ls-tree", "-r", "--name-only", "refs/spice/data"); strings.Contains(files, "continue") {
		t.Error(files)
	}
	// A second run changes nothing.
	m.restack(stack.RestackRequest{}, "a up_to_date", "b conflict", "c blocked", "d blocked")

	res, err := m.eng.Continue(t.Context(), m.in(), begun[0])
	if err != nil || res.Outcome != stack.Conflict || !res.Left {
		t.Errorf("continuing with unmerged files: %+v, %v", res, err)
	}
	m.write("wt-b/shared", "both\n")
	m.run("wt-b", "add", "shared")
	res, err = m.eng.Continue(t.Context(), m.in(), begun[0])
	if err != nil || res.Outcome != stack.Restacked || res.From != before["b"] || res.To != m.tip("b") {
		t.Fatalf("continuing: %+v, %v", res, err)
	}
	m.stands("a", "b")
	if m.read("wt-b/notes") != "dirty\n" {
		t.Error("an uncommitted change is gone")
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c restacked", "d restacked")
	m.stands("a", "b", "c", "d")
}

// Somebody ends the rebase with plain git, and nobody tells hf.
func TestScenario05ContinuedByHand(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.conflict("a", "b")
	var begun stack.Attempt
	hooks := stack.Hooks{Begin: func(_ context.Context, a stack.Attempt) error { begun = a; return nil }}
	m.restack(stack.RestackRequest{Hooks: hooks}, "a up_to_date", "b conflict", "c blocked")
	m.write("wt-b/shared", "both\n")
	m.run("wt-b", "add", "shared")
	m.run("wt-b", "-c", "core.editor=true", "rebase", "--continue")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c restacked")
	m.stands("a", "b", "c")
	res, err := m.eng.Continue(t.Context(), m.in(), begun)
	if err != nil || res.Outcome != stack.Restacked {
		t.Errorf("continuing what is done: %+v, %v", res, err)
	}
	m.clean("wt-b", "wt-c")
}

func TestScenario05Abort(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.write("wt-c/notes", "dirty\n")
	m.conflict("b", "c")
	before, state := m.tip("c"), m.tip("refs/spice/data")
	rep := m.restack(stack.RestackRequest{OnConflict: stack.Abort}, "a up_to_date", "b up_to_date", "c conflict")
	if r := rep.Results[2]; r.Left || !slices.Equal(r.Files, []string{"shared"}) {
		t.Errorf("%+v", r)
	}
	asBefore := func() {
		t.Helper()
		if m.tip("c") != before || m.read("wt-c/notes") != "dirty\n" || m.run("wt-c", "status", "--porcelain") != " M notes" || m.tip("refs/spice/data") != state {
			t.Errorf("not as it was before:\n%s", m.run("wt-c", "status"))
		}
	}
	asBefore()
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c conflict")
	for range 2 {
		if err := m.eng.Abort(t.Context(), m.in(), m.path("wt-c")); err != nil {
			t.Fatal(err)
		}
		asBefore()
	}
}

// A conflict of a branch that has no linked worktree is put back: there is
// nowhere to leave it.
func TestScenario05ConflictAside(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.conflict("a", "b")
	m.free("b")
	m.run("repo", "checkout", "-q", "b")
	before := m.tip("b")
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b conflict", "c blocked")
	if r := rep.Results[1]; r.Left || !slices.Equal(r.Files, []string{"shared"}) || r.Worktree != m.path("repo") {
		t.Errorf("%+v", r)
	}
	if m.tip("b") != before {
		t.Error("b has moved")
	}
	m.clean("repo")
	m.tidy()
	m.run("repo", "checkout", "-q", "main")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b conflict", "c blocked")
	m.tidy()
}

// Two stacks stop on conflicts at once. Whoever runs `git-spice rebase continue`
// in one worktree gets nothing of the other's.
func TestScenario06TwoConflicts(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.branch("x", "main")
	m.branch("y", "x")
	m.conflict("a", "b")
	m.commit("wt-y", "notes", "y\n")
	m.commit("wt-x", "notes", "x\n")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b conflict", "x up_to_date", "y conflict")
	m.write("wt-b/shared", "both\n")
	m.run("wt-b", "add", "shared")
	m.spice("wt-b", "rebase", "continue", "--no-edit")
	if at := m.run("wt-b", "symbolic-ref", "--short", "HEAD"); at != "b" {
		t.Errorf("wt-b has %s checked out", at)
	}
	m.write("wt-y/notes", "both\n")
	m.run("wt-y", "add", "notes")
	m.run("wt-y", "-c", "core.editor=true", "rebase", "--continue")
	m.spice("wt-a", "rebase", "continue", "--no-edit")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "x up_to_date", "y up_to_date")
	m.stands("a", "b", "x", "y")
}

// A branch whose agent is at work is asked about, and stays when its agent does.
func TestBusyBranch(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.commit("wt-a", "more", "more\n")
	var asked []string
	hooks := stack.Hooks{Busy: func(_ context.Context, branch, worktree string) error {
		asked = append(asked, branch+" "+worktree)
		return errors.New("its agent is at work")
	}}
	rep := m.restack(stack.RestackRequest{Hooks: hooks}, "a up_to_date", "b busy", "c blocked")
	if want := []string{"b " + m.path("wt-b")}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if e := rep.Results[1].Error; e == nil || e.Message != "its agent is at work" {
		t.Errorf("%+v", e)
	}
	// While it waits, other work on the stacks goes on; and the agent may commit.
	var done []string
	hooks.Busy = func(ctx context.Context, branch, _ string) error {
		if branch == "b" {
			m.commit("wt-b", "late", "late\n")
		}
		return m.eng.Track(ctx, m.in(), "c", "b")
	}
	hooks.Done = func(_ context.Context, r stack.Result) error { done = append(done, r.Branch); return nil }
	m.restack(stack.RestackRequest{Hooks: hooks}, "a up_to_date", "b restacked", "c restacked")
	m.stands("a", "b", "c")
	m.read("wt-c/late")
	if !slices.Equal(done, []string{"a", "b", "c"}) {
		t.Errorf("done: %q", done)
	}
}
