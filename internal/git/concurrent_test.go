package git_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// TestReadingNeverBreaksTheAgentsGit polls a worktree while its agent commits,
// switches and rebases in it.
func TestReadingNeverBreaksTheAgentsGit(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	wt := f.open(path)
	var stop atomic.Bool
	var reads atomic.Int64
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				if _, err := f.run.DiffStat(t.Context(), wt, "main"); err == nil {
					reads.Add(1)
				} // a rebase may take the files away under it: the next poll sees them
				_, _ = f.run.Salvage(t.Context(), wt, git.SavedRef("t1"))
			}
		})
	}
	for i := range 15 {
		f.write(w+"/file", fmt.Sprintln(i))
		f.write(fmt.Sprintf("%s/new-%d", w, i), "x")
		for _, args := range [][]string{
			{"add", "-A"},
			{"commit", "-qm", "work"},
			{"switch", "-q", "-c", fmt.Sprintf("side-%d", i), "HEAD~1"},
			{"switch", "-q", "feat/x"},
			{"rebase", "-q", "--force-rebase", "HEAD~1"},
		} {
			if _, err := f.try(w, args...); err != nil {
				t.Errorf("git %s: %v", args[0], err)
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	if reads.Load() == 0 {
		t.Error("nothing was read meanwhile")
	}
	if left, _ := filepath.Glob(f.path(admin + "/*.lock")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	f.git("repo", "fsck")
}

// TestRunnerLeavesNothingInTheRepository compares the common directory before
// and after everything that only reads.
func TestRunnerLeavesNothingInTheRepository(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	f.write("data/worktrees/feat-x/untracked", "x")
	list := func() string {
		var names []string
		_ = filepath.WalkDir(f.path("repo/.git"), func(p string, d os.DirEntry, _ error) error {
			if st, err := d.Info(); err == nil && !d.IsDir() {
				names = append(names, fmt.Sprint(p, st.Size(), st.ModTime().UnixNano()))
			}
			return nil
		})
		return strings.Join(names, "\n")
	}
	before := list()
	if _, err := f.run.Diff(t.Context(), f.open(path), "main", api.PatchText); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run.FreeBranch(t.Context(), f.repo, "x", nil); err != nil {
		t.Fatal(err)
	}
	if found, err := f.run.Audit(t.Context(), f.repo); err != nil || len(found) != 0 {
		t.Errorf("audit of a clean repository = %q, %v", found, err)
	}
	if after := list(); after != before {
		t.Errorf("reading changed the repository from\n%s\nto\n%s", before, after)
	}
}

func TestAuditNamesWhatPlainGitWouldRun(t *testing.T) {
	f := newFixture(t)
	f.git("repo", "config", "core.sshCommand", "evil")
	f.git("repo", "config", "url.ext::evil.insteadOf", "https://example.com/")
	f.git("repo", "config", "user.name", "Harmless")
	f.write("repo/.git/hooks/post-checkout", "#!/bin/sh\n")
	found, err := f.run.Audit(t.Context(), f.repo)
	want := "core.sshcommand=evil, hooks/post-checkout, url.ext::evil.insteadof=https://example.com/"
	if got := strings.Join(found, ", "); err != nil || got != want {
		t.Errorf("audit = %q, %v; want %q", got, err, want)
	}
}
