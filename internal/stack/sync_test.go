package stack_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// newRemoteLab is a lab with a remote, and a colleague's clone of that.
func newRemoteLab(t testing.TB) *lab {
	t.Helper()
	m := newBareLab(t, gitSpice(t))
	m.run(".", "clone", "-q", "--bare", "repo", "origin.git")
	m.run("repo", "remote", "add", "origin", m.path("origin.git"))
	m.run("repo", "fetch", "-q")
	m.run(".", "clone", "-q", "origin.git", "colleague")
	if err := m.eng.Init(t.Context(), m.in(), "main", "origin"); err != nil {
		t.Fatal(err)
	}
	return m
}

// upstream commits to main as a colleague does.
func (m *lab) upstream(file, text string) string {
	m.Helper()
	at := m.commit("colleague", file, text)
	m.run("colleague", "push", "-q", "origin", "main")
	return at
}

// mergeUpstream merges a branch as the forge would.
func (m *lab) mergeUpstream(branch string, squash bool) {
	m.Helper()
	m.run("repo", "push", "-q", "origin", branch)
	m.run("colleague", "fetch", "-q")
	if squash {
		m.run("colleague", "merge", "-q", "--squash", "origin/"+branch)
		m.run("colleague", "commit", "-qm", "squash of "+branch)
	} else {
		m.run("colleague", "merge", "-q", "--no-ff", "-m", "merge "+branch, "origin/"+branch)
	}
	m.run("colleague", "push", "-q", "origin", "main")
}

func (m *lab) sync(req stack.SyncRequest) (stack.SyncReport, error) {
	m.Helper()
	if req.OnConflict == "" {
		req.OnConflict = stack.Leave
	}
	return m.eng.Sync(m.Context(), m.in(), req)
}

func (m *lab) syncs(req stack.SyncRequest, want ...string) stack.SyncReport {
	m.Helper()
	rep, err := m.sync(req)
	if err != nil {
		m.Fatal(err)
	}
	m.wants(rep.Report, want...)
	return rep
}

func TestScenario11SyncTrunk(t *testing.T) {
	t.Parallel()
	m := newRemoteLab(t)
	m.stack("a", "b")
	m.write("repo/notes", "dirty\n")
	before := m.tip("main")
	at := m.upstream("trunk", "more\n")
	rep := m.syncs(stack.SyncRequest{}, "a restacked", "b restacked")
	if m.tip("main") != at || rep.Trunk != (stack.Move{Branch: "main", From: before, To: at}) || m.read("repo/trunk") != "more\n" {
		t.Errorf("%+v", rep)
	}
	if m.run("repo", "status", "--porcelain") != " M notes" {
		t.Error("the main worktree is not as it was")
	}
	m.stands("a", "b")
	m.syncs(stack.SyncRequest{}, "a up_to_date", "b up_to_date")
	// Nobody has trunk checked out.
	m.run("repo", "checkout", "-q", "--detach")
	at = m.upstream("trunk", "still more\n")
	m.syncs(stack.SyncRequest{}, "a restacked", "b restacked")
	if m.tip("main") != at {
		t.Error("trunk did not move")
	}
}

// Trunk's worktree has changes in the way, or commits of its own.
func TestScenario11SyncRefused(t *testing.T) {
	t.Parallel()
	m := newRemoteLab(t)
	m.stack("a")
	m.upstream("shared", "theirs\n")
	m.write("repo/shared", "mine\n")
	before := m.places()
	refused := func(why string) {
		t.Helper()
		_, err := m.sync(stack.SyncRequest{})
		if !api.IsCode(err, api.CodeConflict) {
			t.Errorf("%s: %v", why, err)
		}
		if m.tip("main") != before["main"] || m.tip("a") != before["a"] || m.run("repo", "stash", "list") != "" {
			t.Errorf("%s: something has changed", why)
		}
	}
	refused("changes in the way")
	m.run("repo", "checkout", "shared")
	before["main"] = m.commit("repo", "notes", "mine\n")
	refused("commits of its own")
	if m.run("repo", "status", "--porcelain") != "" {
		t.Error("the main worktree is not as it was")
	}
	// Only ahead: nothing to fetch, nothing to lose.
	m.run("repo", "rebase", "-q", "origin/main")
	rep := m.syncs(stack.SyncRequest{}, "a restacked")
	if rep.Ahead != 1 || rep.Trunk != (stack.Move{}) {
		t.Errorf("%+v", rep)
	}
	// Offline.
	if err := os.Rename(m.path("origin.git"), m.path("away.git")); err != nil {
		t.Fatal(err)
	}
	if _, err := m.sync(stack.SyncRequest{}); err == nil {
		t.Error("no error without the remote")
	}
	m.syncs(stack.SyncRequest{NoFetch: true}, "a up_to_date")
}

// Branches that were merged, by a merge and by a squash: what stands on them
// loses their commits.
func TestScenario11SyncMerged(t *testing.T) {
	t.Parallel()
	m := newRemoteLab(t)
	m.stack("a", "b", "c", "d")
	m.branch("empty", "main")
	m.run("wt-empty", "reset", "-q", "--hard", "main")
	m.commit("wt-a", "two", "two\n")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b restacked", "c restacked", "d restacked", "empty up_to_date")
	m.mergeUpstream("a", true)
	m.free("a")
	var asked []string
	fate := func(_ context.Context, b stack.MergedBranch) (stack.Fate, error) {
		asked = append(asked, b.Branch+": "+b.How)
		return stack.Remove, nil
	}
	rep := m.syncs(stack.SyncRequest{Fate: fate}, "b restacked", "c restacked", "d restacked", "empty restacked")
	if !slices.Equal(asked, []string{"a: merged as a squash"}) || len(rep.Merged) != 1 || rep.Merged[0].Fate != stack.Remove {
		t.Errorf("asked %q, %+v", asked, rep.Merged)
	}
	if _, err := m.try("repo", "rev-parse", "-q", "--verify", "refs/heads/a"); err == nil {
		t.Error("a is there still")
	}
	m.stands("b", "c", "d", "empty")
	if n := m.run("repo", "rev-list", "--count", "main..b"); n != "1" || m.state().Branches["b"].Base != "main" {
		t.Errorf("b has %s commits of its own and stands on %s", n, m.state().Branches["b"].Base)
	}
	// Two at once, one of them in a worktree: that one stays as a branch.
	m.mergeUpstream("c", false)
	rep = m.syncs(stack.SyncRequest{Fate: fate}, "d restacked", "empty restacked")
	if len(rep.Merged) != 2 || rep.Merged[0].Branch != "b" || rep.Merged[1].Fate != stack.Untrack {
		t.Errorf("%+v", rep.Merged)
	}
	if m.tip("b") == "" || len(m.state().Branches) != 2 || m.state().Branches["d"].Base != "main" {
		t.Errorf("%+v", m.state())
	}
	m.stands("d")
}

// The forge says what git cannot see; commits that were not part of it stay.
func TestScenario11SyncByPullRequest(t *testing.T) {
	t.Parallel()
	m := newRemoteLab(t)
	m.stack("a", "b")
	m.branch("x", "main")
	heads := map[string]string{"a": m.tip("a"), "x": m.tip("x")}
	// The squash was changed on its way: its content is not that of the branch.
	m.upstream("a.txt", "a, but better\n")
	m.commit("wt-x", "late", "late\n")
	rep := m.syncs(stack.SyncRequest{Merged: heads}, "b restacked", "x restacked")
	if len(rep.Merged) != 2 || rep.Merged[0].Branch != "a" || rep.Merged[0].Fate != stack.Untrack || !rep.Merged[1].Unpushed || rep.Merged[1].Fate != stack.Keep {
		t.Errorf("%+v", rep.Merged)
	}
	m.stands("b", "x")
	if m.read("wt-b/a.txt") != "a, but better\n" {
		t.Error("b still has the commits of a")
	}
	if m.read("wt-x/late") != "late\n" {
		t.Error("x has lost a commit")
	}
}

// What stands on a merged branch conflicts with trunk: it waits for somebody, and
// the merged branch stays until then.
func TestScenario11SyncConflict(t *testing.T) {
	t.Parallel()
	m := newRemoteLab(t)
	m.stack("a", "b", "c")
	m.commit("wt-b", "shared", "b\n")
	m.restack(stack.RestackRequest{}, "a up_to_date", "b up_to_date", "c restacked")
	m.mergeUpstream("a", true)
	m.upstream("shared", "theirs\n")
	var begun stack.Attempt
	hooks := stack.Hooks{Begin: func(_ context.Context, a stack.Attempt) error { begun = a; return nil }}
	rep := m.syncs(stack.SyncRequest{Hooks: hooks}, "b conflict", "c blocked")
	if rep.Merged[0].Fate != stack.Keep {
		t.Errorf("%+v", rep.Merged)
	}
	m.write("wt-b/shared", "both\n")
	m.run("wt-b", "add", "shared")
	res, err := m.eng.Continue(t.Context(), m.in(), begun)
	if err != nil || res.Outcome != stack.Restacked {
		t.Fatalf("%+v, %v", res, err)
	}
	rep = m.syncs(stack.SyncRequest{}, "b up_to_date", "c restacked")
	if len(rep.Merged) != 1 || rep.Merged[0].Fate != stack.Untrack {
		t.Errorf("%+v", rep.Merged)
	}
	m.stands("b", "c")
}
