package stack_test

import (
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// places is where all branches are, and git-spice's data.
func (m *lab) places() map[string]string {
	m.Helper()
	tips, err := m.git.Tips(m.Context(), m.repo)
	if err != nil {
		m.Fatal(err)
	}
	tips["refs/spice/data"] = m.tip("refs/spice/data")
	return tips
}

func (m *lab) snapshot(keep string) stack.Snapshot {
	m.Helper()
	s, err := m.eng.Snapshot(m.Context(), m.repo, keep)
	if err != nil {
		m.Fatal(err)
	}
	return s
}

// Everything is back where it was, dirty files too, and nothing is lost.
func TestScenario15Undo(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c", "d")
	m.free("c")
	m.free("d")
	m.run("repo", "checkout", "-q", "d")
	m.commit("wt-a", "more", "more\n")
	m.write("wt-b/notes", "dirty\n")
	m.write("repo/notes", "dirty\n")
	before := m.places()
	snap := m.snapshot("refs/hf/stack/1")
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked", "d restacked")
	after := m.places()
	undo := stack.UndoRequest{Before: snap, Moves: rep.Moves(), After: rep.After, Keep: "refs/hf/stack/1-undone"}
	for range 2 { // the second time there is nothing left to do
		if _, err := m.eng.Undo(t.Context(), m.in(), undo); err != nil {
			t.Fatal(err)
		}
		if now := m.places(); !maps.Equal(now, before) {
			t.Errorf("now    %v\nbefore %v", now, before)
		}
	}
	for _, rel := range []string{"wt-b", "repo"} {
		if m.read(rel+"/notes") != "dirty\n" || m.run(rel, "status", "--porcelain") != " M notes" {
			t.Errorf("%s is not as it was:\n%s", rel, m.run(rel, "status"))
		}
	}
	if at := m.run("wt-b", "symbolic-ref", "--short", "HEAD"); at != "b" {
		t.Errorf("wt-b has %s checked out", at)
	}
	for _, name := range []string{"b", "c", "d"} {
		if _, err := m.try("repo", "merge-base", "--is-ancestor", after[name], "refs/hf/stack/1-undone"); err != nil {
			t.Errorf("%s is not kept as it was after the action", name)
		}
		if _, err := m.try("repo", "merge-base", "--is-ancestor", before[name], snap.Kept); err != nil {
			t.Errorf("%s is not kept as it was before the action", name)
		}
	}
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked", "d restacked")
	m.stands("a", "b", "c", "d")
}

// Nothing is put back when somebody has gone on with a branch, or has changes in
// the way.
func TestScenario15UndoRefused(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	m.commit("wt-a", "shared", "a\n")
	snap := m.snapshot("")
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked")
	undo := stack.UndoRequest{Before: snap, Moves: rep.Moves(), After: rep.After, Keep: "refs/hf/stack/1"}
	refused := func(why string) {
		t.Helper()
		before := m.places()
		if _, err := m.eng.Undo(t.Context(), m.in(), undo); !api.IsCode(err, api.CodeConflict) {
			t.Errorf("%s: %v", why, err)
		}
		if now := m.places(); !maps.Equal(now, before) {
			t.Errorf("%s: something has moved", why)
		}
	}
	m.write("wt-c/shared", "mine\n")
	refused("changes in the way")
	m.run("wt-c", "checkout", "shared")
	m.commit("wt-c", "late", "late\n")
	refused("a branch that has moved on")
	m.run("wt-c", "reset", "-q", "--hard", "HEAD^")
	if _, err := m.eng.Undo(t.Context(), m.in(), undo); err != nil {
		t.Error(err)
	}
}

// An action that stopped on a conflict is undone, too; what others changed in
// git-spice's data since stays.
func TestScenario15UndoConflict(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c", "d")
	m.conflict("b", "c")
	m.commit("repo", "trunk", "trunk\n")
	m.write("wt-c/notes", "dirty\n")
	before := m.places()
	snap := m.snapshot("refs/hf/stack/1")
	rep := m.restack(stack.RestackRequest{}, "a restacked", "b restacked", "c conflict", "d blocked")
	m.branch("x", "main")
	undo := stack.UndoRequest{Before: snap, Moves: rep.Moves(), Left: []string{"c"}, After: rep.After, Keep: "refs/hf/stack/2"}
	out, err := m.eng.Undo(t.Context(), m.in(), undo)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out.Aborted, []string{m.path("wt-c")}) || out.State || len(out.Moved) != 2 {
		t.Errorf("%+v", out)
	}
	now := m.places()
	for _, name := range []string{"a", "b", "c", "d", "main"} {
		if now[name] != before[name] {
			t.Errorf("%s is not where it was", name)
		}
	}
	if m.read("wt-c/notes") != "dirty\n" {
		t.Error("an uncommitted change is gone")
	}
	f := m.state()
	if _, ok := f.Branches["x"]; !ok || f.Branches["b"].BaseHash != before["a"] {
		t.Errorf("%+v", f)
	}
}

// A move to another base, and a deleted branch, come back.
func TestScenario15UndoReparent(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b", "c")
	before := m.places()
	snap := m.snapshot("refs/hf/stack/1")
	rep := m.reparent(stack.ReparentRequest{Branch: "b", Onto: "main"}, "b restacked", "c restacked")
	if _, err := os.Stat(m.path("wt-c/a.txt")); err == nil {
		t.Error("c still has the commits of a")
	}
	_, err := m.eng.Undo(t.Context(), m.in(), stack.UndoRequest{Before: snap, Moves: rep.Moves(), After: rep.After})
	if err != nil || !maps.Equal(m.places(), before) {
		t.Errorf("%v\nnow    %v\nbefore %v", err, m.places(), before)
	}
	m.free("b")
	rep, err = m.eng.Delete(t.Context(), m.in(), stack.DeleteRequest{Branch: "b", Force: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.eng.Undo(t.Context(), m.in(), stack.UndoRequest{Before: snap, Moves: rep.Moves(), After: rep.After})
	if err != nil || !maps.Equal(m.places(), before) {
		t.Errorf("%v\nnow    %v\nbefore %v", err, m.places(), before)
	}
	m.stands("a", "b", "c")
}
