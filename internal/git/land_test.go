package git_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

func TestMergeTreeAndCommit(t *testing.T) {
	f := newFixture(t)
	tree := f.worktree("task")
	f.commit(tree, "a")
	head := f.commit(tree, "b")
	f.write("repo/c", "c\n")
	f.git("repo", "add", "c")
	f.git("repo", "commit", "-qm", "c")
	base := f.git("repo", "rev-parse", "main")
	merged, err := f.run.MergeTree(t.Context(), f.repo, base, head)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := f.run.CommitTree(t.Context(), f.repo, merged, "all of it\n\nwith words\n", base)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.git("repo", "show", "-s", "--format=%an %ae %P %s", commit); got != "A User user@example.com "+base+" all of it" {
		t.Errorf("commit: %s", got)
	}
	if got := f.git("repo", "diff", "--name-only", base, commit); got != "a\nb" {
		t.Errorf("files:\n%s", got)
	}
	if got, err := f.run.TreeOf(t.Context(), f.repo, commit); err != nil || got != merged {
		t.Errorf("TreeOf = %s, %v, want %s", got, err, merged)
	}
	said, err := f.run.Messages(t.Context(), f.repo, base, head, 10)
	if err != nil || len(said) != 2 || said[0].Subject != "a" || said[1].Commit != head {
		t.Errorf("messages %+v, %v", said, err)
	}
}

func TestMergeTreeConflict(t *testing.T) {
	f := newFixture(t)
	tree := f.worktree("task")
	f.write("data/worktrees/task/README.md", "ours\n")
	f.git("data/worktrees/task", "commit", "-qam", "ours")
	f.write("repo/README.md", "theirs\n")
	f.git("repo", "commit", "-qam", "theirs")
	_, err := f.run.MergeTree(t.Context(), f.repo, "main", "task")
	conflict, ok := errors.AsType[*git.ConflictError](err)
	if !ok || !slices.Equal(conflict.Files, []string{"README.md"}) {
		t.Errorf("err = %v", err)
	}
	if got := f.git("data/worktrees/task", "status", "--porcelain"); got != "" {
		t.Errorf("%s has changes:\n%s", tree, got)
	}
}

// later is a commit with a new file, and a changed README, on top of main.
func (f *fixture) later() string {
	tree := f.worktree("later")
	f.write("data/worktrees/later/README.md", "later\n")
	f.write("data/worktrees/later/new", "later\n")
	f.git("data/worktrees/later", "add", "-A")
	f.git("data/worktrees/later", "commit", "-qm", "later")
	_ = tree
	return f.git("repo", "rev-parse", "later")
}

func TestAdvance(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(f *fixture)
		code   api.Code // "" = it moves
		says   string
		file   string // how new is afterwards
	}{
		"checked out and clean": {before: func(*fixture) {}, file: "later\n"},
		"checked out with other changes": {before: func(f *fixture) {
			f.write("repo/src/a.go", "package b\n")
			f.write("repo/loose", "x\n")
		}, file: "later\n"},
		"a changed file in the way": {before: func(f *fixture) { f.write("repo/README.md", "mine\n") }, code: api.CodeConflict, says: "README.md"},
		"a staged file in the way": {before: func(f *fixture) {
			f.write("repo/README.md", "mine\n")
			f.git("repo", "add", "README.md")
		}, code: api.CodeConflict, says: "README.md"},
		"an untracked file in the way": {before: func(f *fixture) { f.write("repo/new", "mine\n") }, code: api.CodeConflict, says: "new", file: "mine\n"},
		"in the middle of a rebase": {before: func(f *fixture) {
			f.write("repo/README.md", "mine\n")
			f.git("repo", "commit", "-qam", "mine")
			f.git("repo", "reset", "-q", "--hard", "HEAD~")
			f.write("repo/README.md", "other\n")
			f.git("repo", "commit", "-qam", "other")
			_, _ = f.try("repo", "rebase", "--onto", "HEAD~", "HEAD~", "main")
			_, _ = f.try("repo", "rebase", "-q", "main@{3}")
		}, code: api.CodeConflict, says: ""},
		"elsewhere": {before: func(f *fixture) { f.git("repo", "switch", "-q", "--detach") }},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			from, to := f.git("repo", "rev-parse", "main"), f.later()
			tt.before(f)
			status := f.git("repo", "status", "--porcelain")
			at := f.git("repo", "rev-parse", "main")
			err := f.run.Advance(t.Context(), f.repo, "main", from, to)
			got := f.git("repo", "rev-parse", "main")
			if tt.code != "" {
				wantCode(t, err, tt.code)
				if !strings.Contains(err.Error(), tt.says) {
					t.Errorf("err = %v, want %q in it", err, tt.says)
				}
				if got != at {
					t.Errorf("main moved to %s", got)
				}
			} else if err != nil || got != to {
				t.Errorf("main is at %s, want %s: %v", got, to, err)
			}
			if after := f.git("repo", "status", "--porcelain"); after != status {
				t.Errorf("the status was\n%s\nand is\n%s", status, after)
			}
			if text, _ := os.ReadFile(f.path("repo/new")); string(text) != tt.file {
				t.Errorf("new has %q, want %q", text, tt.file)
			}
		})
	}
}

func TestAdvanceOfABranchThatMoved(t *testing.T) {
	f := newFixture(t)
	from, to := f.git("repo", "rev-parse", "main"), f.later()
	f.git("repo", "commit", "-q", "--allow-empty", "-m", "meanwhile")
	at := f.git("repo", "rev-parse", "main")
	wantCode(t, f.run.Advance(t.Context(), f.repo, "main", from, to), api.CodeConflict)
	f.git("repo", "switch", "-q", "--detach")
	wantCode(t, f.run.Advance(t.Context(), f.repo, "main", from, to), api.CodeConflict)
	if got := f.git("repo", "rev-parse", "main"); got != at {
		t.Errorf("main moved to %s", got)
	}
}

func TestFullScratch(t *testing.T) {
	f := newFixture(t)
	path := f.path("data/scratch")
	for range 2 {
		if _, err := f.run.FullScratch(t.Context(), f.repo, path, "main"); err != nil {
			t.Fatal(err)
		}
		if got := f.git("data/scratch", "status", "--porcelain"); got != "" {
			t.Errorf("status:\n%s", got)
		}
		if text, err := os.ReadFile(path + "/src/a.go"); err != nil || len(text) == 0 {
			t.Error(err)
		}
	}
	if err := f.run.RemoveScratch(t.Context(), f.repo, path); err != nil {
		t.Fatal(err)
	}
	if got := f.git("repo", "worktree", "list"); strings.Contains(got, "scratch") {
		t.Errorf("worktrees:\n%s", got)
	}
}

func TestDeleteRemoteBranch(t *testing.T) {
	f, via, tree := shared(t)
	first := f.git("repo", "rev-parse", "task")
	if err := f.pushes(via, "task", first, ""); err != nil {
		t.Fatal(err)
	}
	second := f.commit(tree, "more")
	if err := f.run.DeleteRemoteBranch(t.Context(), f.repo, via, "task", second); !errors.Is(err, git.ErrMoved) {
		t.Errorf("err = %v", err)
	}
	if f.onRemote("task") != first {
		t.Error("the branch is gone")
	}
	for range 2 {
		if err := f.run.DeleteRemoteBranch(t.Context(), f.repo, via, "task", first); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.onRemote("task"); got != "" {
		t.Errorf("the branch is at %s", got)
	}
}
