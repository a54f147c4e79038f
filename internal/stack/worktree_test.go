package stack_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// What git is in the middle of in a worktree is left alone, and said; once it is
// over, the branch is restacked as any other.
func TestScenario07MiddleOfSomething(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.run("repo", "branch", "other")
	m.run("repo", "worktree", "add", "-q", m.path("wt-other"), "other")
	m.commit("wt-other", "shared", "other\n")
	bisect := func(rel string) {
		m.run(rel, "bisect", "start")
		m.run(rel, "bisect", "bad")
	}
	for _, in := range []struct {
		name  string
		want  stack.Outcome
		begin func(rel string)
		end   []string
	}{
		{"merge", stack.Dirty, func(rel string) { _, _ = m.try(rel, "merge", "other") }, []string{"merge", "--abort"}},
		{"pick", stack.Dirty, func(rel string) { _, _ = m.try(rel, "cherry-pick", "other") }, []string{"cherry-pick", "--abort"}},
		{"bisect", stack.Dirty, bisect, []string{"bisect", "reset"}},
		{"rebase", stack.Conflict, func(rel string) { _, _ = m.try(rel, "rebase", "other") }, []string{"rebase", "--abort"}},
	} {
		m.branch(in.name, "main")
		rel := tree(in.name)
		m.commit(rel, "shared", in.name+"\n")
		in.begin(rel)
		m.commit("repo", "trunk", in.name+"\n")
		before := m.tip(in.name)
		rep := m.restack(stack.RestackRequest{Branch: in.name, Scope: stack.Only}, in.name+" "+string(in.want))
		if m.tip(in.name) != before || rep.Err() == nil {
			t.Errorf("%s: moved, or no error", in.name)
		}
		m.run(rel, in.end...)
		m.restack(stack.RestackRequest{Branch: in.name, Scope: stack.Only}, in.name+" restacked")
		m.stands(in.name)
	}
}

// Somebody else's git has the index locked.
func TestScenario07IndexLock(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.commit("wt-a", "more", "more\n")
	lock := m.run("wt-b", "rev-parse", "--git-path", "index.lock")
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b dirty")
	if e := rep.Results[1].Error; e == nil || !e.Retryable {
		t.Errorf("%+v", e)
	}
	if _, err := os.Stat(lock); err != nil {
		t.Error("the lock of somebody else is gone")
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked")
}

// The directory of a worktree is gone, and git knows nothing of it yet.
func TestScenario07MissingWorktree(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.commit("wt-a", "more", "more\n")
	if err := os.RemoveAll(m.path("wt-b")); err != nil {
		t.Fatal(err)
	}
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b dirty", "c blocked")
	if e := rep.Results[1].Error; e == nil || e.Hint == "" {
		t.Errorf("%+v", e)
	}
	m.run("repo", "worktree", "prune")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked")
}

// Names and paths that need quoting, and a worktree that is reached by a link.
func TestScenario07Names(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	if err := os.MkdirAll(m.path("real place"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(m.path("real place"), m.path("link")); err != nil {
		t.Fatal(err)
	}
	base := "main"
	for branch, path := range map[string]string{"feat/x": "link/grüße und mehr"} {
		m.run("repo", "worktree", "add", "-q", "-b", branch, m.path(path), base)
		m.commit(path, "own", "own\n")
		m.track(branch, base)
	}
	m.run("repo", "worktree", "add", "-q", "-b", "fix(#12)-é", m.path("wt '2'"), "feat/x")
	m.commit("wt '2'", "two", "two\n")
	m.track("fix(#12)-é", "feat/x")
	m.commit("repo", "trunk", "more\n")
	m.restack(stack.RestackRequest{}, "feat/x restacked", "fix(#12)-é restacked")
	m.stands("feat/x", "fix(#12)-é")
	m.clean("real place/grüße und mehr", "wt '2'")
}

// reparent wants outcomes of a move.
func (m *lab) reparent(req stack.ReparentRequest, want ...string) stack.Report {
	m.Helper()
	rep, err := m.eng.Reparent(m.Context(), m.in(), req)
	if err != nil {
		m.Fatal(err)
	}
	m.wants(rep, want...)
	return rep
}

func TestScenario08Reparent(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c", "d")
	m.free("d")
	m.branch("x", "main")
	m.reparent(stack.ReparentRequest{Branch: "b", Onto: "x"}, "b restacked", "c restacked", "d restacked")
	m.stands("a", "b", "c", "d", "x")
	if f := m.state(); f.Branches["b"].Base != "x" || !slices.Equal(f.Path("d"), []string{"x", "b", "c", "d"}) {
		t.Errorf("%+v", f)
	}
	if _, err := os.Stat(m.path("wt-b/a.txt")); err == nil {
		t.Error("b still has the commits of a")
	}
	m.clean("wt-b", "wt-c")
	m.tidy()
	// Back again, from a branch that nobody has checked out.
	m.reparent(stack.ReparentRequest{Branch: "d", Onto: "a"}, "d restacked")
	m.stands("d")
	if n := m.run("repo", "rev-list", "--count", "a..d"); n != "1" {
		t.Errorf("d has %s commits of its own", n)
	}
	// To where it is: that is a restack.
	m.reparent(stack.ReparentRequest{Branch: "d", Onto: "a"}, "d up_to_date")
}

func TestScenario08Refused(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.run("repo", "branch", "loose")
	before := m.tip("refs/spice/data")
	for _, c := range []struct {
		branch, onto string
		code         api.Code
	}{
		{"a", "c", api.CodeInvalid},
		{"a", "a", api.CodeInvalid},
		{"main", "a", api.CodeInvalid},
		{"b", "loose", api.CodeNotFound},
		{"loose", "a", api.CodeNotFound},
	} {
		_, err := m.eng.Reparent(t.Context(), m.in(), stack.ReparentRequest{Branch: c.branch, Onto: c.onto})
		if !api.IsCode(err, c.code) {
			t.Errorf("%s onto %s: %v", c.branch, c.onto, err)
		}
	}
	if m.tip("refs/spice/data") != before {
		t.Error("git-spice's data has changed")
	}
}

// A conflict puts everything back.
func TestScenario08Conflict(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.branch("x", "main")
	m.conflict("x", "b")
	m.write("wt-b/notes", "dirty\n")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c restacked", "x up_to_date")
	before := [3]string{m.tip("b"), m.tip("c"), m.tip("refs/spice/data")}
	asBefore := func() {
		t.Helper()
		if now := [3]string{m.tip("b"), m.tip("c"), m.tip("refs/spice/data")}; now != before || m.read("wt-b/notes") != "dirty\n" {
			t.Errorf("now %v, before %v", now, before)
		}
	}
	rep := m.reparent(stack.ReparentRequest{Branch: "b", Onto: "x"}, "b conflict")
	if !api.IsCode(rep.Err(), api.CodeMergeStopped) || rep.Results[0].Left {
		t.Errorf("%+v", rep)
	}
	asBefore()
	// Left for somebody to resolve, it is completed when that is done.
	var begun stack.Attempt
	hooks := stack.Hooks{Begin: func(_ context.Context, a stack.Attempt) error { begun = a; return nil }}
	m.reparent(stack.ReparentRequest{Branch: "b", Onto: "x", OnConflict: stack.Leave, Hooks: hooks}, "b conflict", "c blocked")
	asBefore2 := m.state()
	if asBefore2.Branches["b"].Base != "a" {
		t.Error("git-spice has the new base already")
	}
	m.write("wt-b/shared", "both\n")
	m.run("wt-b", "add", "shared")
	m.run("wt-b", "-c", "core.editor=true", "rebase", "--continue")
	res, err := m.eng.Continue(t.Context(), m.in(), begun)
	if err != nil || res.Outcome != stack.Restacked {
		t.Fatalf("%+v, %v", res, err)
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "x up_to_date", "b up_to_date", "c restacked")
	m.stands("b", "c")
	if f := m.state(); f.Branches["b"].Base != "x" {
		t.Errorf("b stands on %s", f.Branches["b"].Base)
	}
}

func TestScenario09Delete(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c", "d")
	if _, err := m.eng.Delete(t.Context(), m.in(), stack.DeleteRequest{Branch: "b"}); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("deleting a branch that is checked out: %v", err)
	}
	m.free("b")
	before, tip := m.tip("refs/spice/data"), m.tip("b")
	if _, err := m.eng.Delete(t.Context(), m.in(), stack.DeleteRequest{Branch: "b"}); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("deleting what is nowhere else: %v", err)
	}
	if m.tip("refs/spice/data") != before || m.tip("b") != tip {
		t.Error("something has changed all the same")
	}
	rep, err := m.eng.Delete(t.Context(), m.in(), stack.DeleteRequest{Branch: "b", Force: true})
	if err != nil {
		t.Fatal(err)
	}
	m.wants(rep, "c restacked", "d restacked", "b deleted")
	m.stands("a", "c", "d")
	f := m.state()
	if _, ok := f.Branches["b"]; ok || f.Branches["c"].Base != "a" {
		t.Errorf("%+v", f)
	}
	if _, err := m.try("repo", "rev-parse", "-q", "--verify", "refs/heads/b"); err == nil {
		t.Error("b is there still")
	}
	if m.run("repo", "for-each-ref", "--points-at="+tip, "refs/hf") == "" {
		t.Error("the commits of b are not kept")
	}
	if _, err := os.Stat(m.path("wt-c/b.txt")); err == nil {
		t.Error("c still has the commits of b")
	}
	if _, err := m.eng.Delete(t.Context(), m.in(), stack.DeleteRequest{Branch: "b", Force: true}); !api.IsCode(err, api.CodeNotFound) {
		t.Errorf("deleting what is gone: %v", err)
	}
}

func TestScenario10Fold(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	main := m.tip("main")
	_, err := m.eng.Fold(t.Context(), m.in(), stack.FoldRequest{Branch: "a"})
	if !api.IsCode(err, api.CodeInvalid) || m.tip("main") != main {
		t.Errorf("folding into trunk: %v", err)
	}
	m.commit("wt-b", "more", "more\n")
	if _, err := m.eng.Fold(t.Context(), m.in(), stack.FoldRequest{Branch: "b"}); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("folding below what must be restacked: %v", err)
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c restacked")
	m.write("wt-a/notes", "dirty\n")
	tip := m.tip("b")
	rep, err := m.eng.Fold(t.Context(), m.in(), stack.FoldRequest{Branch: "b", Delete: true})
	if err != nil {
		t.Fatal(err)
	}
	m.wants(rep, "a restacked") // b is checked out: it stays as a branch
	f := m.state()
	if _, ok := f.Branches["b"]; ok || f.Branches["c"].Base != "a" || m.tip("a") != tip || m.tip("main") != main {
		t.Errorf("%+v", f)
	}
	if m.read("wt-a/more") != "more\n" || m.read("wt-a/notes") != "dirty\n" {
		t.Error("the worktree of a did not follow")
	}
	m.stands("a", "c")
	m.restack(stack.RestackRequest{}, "a up_to_date", "c up_to_date")
	m.free("c")
	rep, err = m.eng.Fold(t.Context(), m.in(), stack.FoldRequest{Branch: "c", Delete: true})
	if err != nil {
		t.Fatal(err)
	}
	m.wants(rep, "a restacked", "c deleted")
}

func TestRename(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.free("c")
	m.run("repo", "checkout", "-q", "c")
	for _, name := range []string{"a", "b", "c"} {
		for range 2 { // the second time it is done
			if err := m.eng.Rename(t.Context(), m.in(), name, "new/"+name); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := m.state()
	if !slices.Equal(f.Path("new/c"), []string{"new/a", "new/b", "new/c"}) || len(f.Branches) != 3 {
		t.Errorf("%+v", f)
	}
	for rel, want := range map[string]string{"wt-a": "new/a", "wt-b": "new/b", "repo": "new/c"} {
		if at := m.run(rel, "symbolic-ref", "--short", "HEAD"); at != want {
			t.Errorf("%s has %s checked out", rel, at)
		}
		m.clean(rel)
	}
	if err := m.eng.Rename(t.Context(), m.in(), "new/a", "new/b"); !api.IsCode(err, api.CodeExists) {
		t.Errorf("renaming to a name that is taken: %v", err)
	}
}

func TestUntrack(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	for range 2 {
		if err := m.eng.Untrack(t.Context(), m.in(), "b"); err != nil {
			t.Fatal(err)
		}
	}
	f := m.state()
	if _, ok := f.Branches["b"]; ok || f.Branches["c"].Base != "a" {
		t.Errorf("%+v", f)
	}
	if n := m.run("repo", "rev-list", "--count", "a..c"); n != "2" {
		t.Errorf("c has %s commits of its own, want those of b, too", n)
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "c up_to_date")
	if _, err := os.Stat(filepath.Join(m.path("repo/.git"), "hf-stack.lock")); err != nil {
		t.Error(err)
	}
}
