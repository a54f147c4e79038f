package git_test

import "testing"

func TestWorktreeOfANewBranchIsCleanLockedAndDiffs(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w, ok := f.run.Worktree(f.repo, path)
	if !ok || !w.Locked || !w.Ready || w.Branch != "feat/x" {
		t.Fatalf("worktree = %+v, %v", w, ok)
	}
	if got := f.git("data/worktrees/feat-x", "status", "--porcelain"); got != "" {
		t.Errorf("status of a new worktree = %q", got)
	}
	f.write("data/worktrees/feat-x/new.txt", "1\n2\n")
	f.write("data/worktrees/feat-x/README.md", "hello\nworld\n")
	before := f.git("data/worktrees/feat-x", "status", "--porcelain=v2")
	stat, err := f.run.DiffStat(t.Context(), f.open(path), "main")
	if err != nil {
		t.Fatal(err)
	}
	if stat.Files != 2 || stat.Added != 3 || stat.Removed != 0 || stat.Untracked != 1 {
		t.Errorf("stat = %+v", stat)
	}
	if after := f.git("data/worktrees/feat-x", "status", "--porcelain=v2"); after != before {
		t.Errorf("the diff changed the status from\n%s\nto\n%s", before, after)
	}
}
