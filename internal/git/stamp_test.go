package git_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestStampChangesWithRefsAndWithNothingElse(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/a")
	stamp := func() uint64 {
		t.Helper()
		s, _, err := f.run.Stamp(f.repo)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	now := stamp()
	changes := func(what string, want bool, do func()) {
		t.Helper()
		do()
		if got := stamp(); (got != now) != want {
			t.Errorf("%s: changed %v, want %v", what, got != now, want)
		}
		now = stamp()
	}
	in := "data/worktrees/" + filepath.Base(path)
	changes("nothing", false, func() {})
	changes("a status", false, func() { f.git(in, "status") })
	changes("a file", false, func() { f.write(in+"/new", "x\n") })
	changes("an index", false, func() { f.git(in, "add", "-A") })
	changes("a commit in a worktree", true, func() { f.git(in, "commit", "-qm", "more") })
	changes("a detached HEAD", true, func() { f.git(in, "checkout", "-q", "--detach") })
	changes("a tag", false, func() { f.git("repo", "tag", "v1") })
	changes("work that hf saved", false, func() { f.git("repo", "update-ref", "refs/hf/saved/x", "main") })
	changes("a branch", true, func() { f.git("repo", "branch", "feat/b/c") })
	changes("packed refs", true, func() { f.git("repo", "pack-refs", "--all") })
	changes("a packed branch deleted", true, func() { f.git("repo", "branch", "-qD", "feat/b/c") })
	changes("a branch of a remote", true, func() { f.git("repo", "update-ref", "refs/remotes/origin/main", "main") })
	changes("git-spice's record", true, func() { f.git("repo", "update-ref", "refs/spice/data", "main") })
	changes("what a branch follows", true, func() { f.git("repo", "config", "branch.main.merge", "refs/heads/x") })
	changes("a lock", false, func() { f.write("repo/.git/refs/heads/main.lock", "") })
}

func TestStampNamesWhatToWatch(t *testing.T) {
	f := newFixture(t)
	f.git("repo", "branch", "feat/a/b")
	f.git("repo", "update-ref", "refs/remotes/origin/fix/c", "main")
	_, dirs, err := f.run.Stamp(f.repo)
	if err != nil || len(dirs) == 0 || dirs[0] != f.repo.GitDir {
		t.Fatalf("watch %q, %v", dirs, err)
	}
	for _, want := range []string{"refs", "refs/heads", "refs/heads/feat/a", "refs/remotes/origin/fix"} {
		if !slices.Contains(dirs, filepath.Join(f.repo.GitDir, want)) {
			t.Errorf("%s is not watched: %q", want, dirs)
		}
	}
}

func TestStampOfARepositoryThatWentAway(t *testing.T) {
	f := newFixture(t)
	if err := os.Rename(f.path("repo"), f.path("moved")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.run.Stamp(f.repo); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v", err)
	}
}

func BenchmarkStamp(b *testing.B) {
	f := newFixture(b)
	for i := range 200 {
		f.git("repo", "update-ref", "refs/heads/b"+string(rune('a'+i%26))+"/"+string(rune('a'+i/26)), "main")
	}
	for b.Loop() {
		if _, _, err := f.run.Stamp(f.repo); err != nil {
			b.Fatal(err)
		}
	}
}
