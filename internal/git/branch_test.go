package git_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

func wantCode(t *testing.T, err error, code api.Code) {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != code {
		t.Errorf("err = %v, want code %s", err, code)
	}
	if ok && e.Hint == "" && code != api.CodeTimeout {
		t.Errorf("%q has no hint", e.Message)
	}
}

func TestFreeBranchAvoidsEveryKindOfCollision(t *testing.T) {
	f := newFixture(t)
	f.git("repo", "branch", "fix/a")
	f.git("repo", "branch", "fix/a-2")
	f.git("repo", "branch", "solo")
	f.git("repo", "update-ref", "refs/remotes/origin/fix/remote", "main")
	f.git("repo", "update-ref", "refs/remotes/upstream/other", "main")
	f.git("repo", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	reserved := func(name string) bool { return name == "mine" || name == "mine-2" }
	for want, free := range map[string]string{
		"new":        "new",
		"fix/a":      "fix/a-3",
		"FIX/A":      "FIX/A-3",
		"fix/remote": "fix/remote-2",
		"other":      "other-2",
		"mine":       "mine-3",
		"fix":        "fix-2",    // a directory
		"solo/x":     "solo-x",   // below a branch
		"solo/x/y":   "solo-x-y", //
		"fix/a/b":    "fix-a-b",  //
		"mine/x":     "mine-x",   // below a reserved one
		"origin":     "origin",   // the remote itself is no branch
		"main":       "main-2",   //
	} {
		got, err := f.run.FreeBranch(t.Context(), f.repo, want, reserved)
		if err != nil || got != free {
			t.Errorf("FreeBranch(%q) = %q, %v; want %q", want, got, err, free)
			continue
		}
		if err := f.run.CreateBranch(t.Context(), f.repo, got, "main"); err != nil {
			t.Errorf("create %q: %v", got, err)
		}
		f.git("repo", "update-ref", "-d", "refs/heads/"+got)
	}
	long := strings.Repeat("a", 200)
	f.git("repo", "update-ref", "refs/heads/"+long, "main")
	if got, err := f.run.FreeBranch(t.Context(), f.repo, long, nil); err != nil || git.CheckBranchName(got) != nil {
		t.Errorf("FreeBranch of a long name = %q, %v", got, err)
	}
}

func TestCreateBranchMakesItOnce(t *testing.T) {
	f := newFixture(t)
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	for range 8 {
		wg.Go(func() { errs <- f.run.CreateBranch(t.Context(), f.repo, "feat/x", "main") })
	}
	wg.Wait()
	close(errs)
	made := 0
	for err := range errs {
		if err == nil {
			made++
			continue
		}
		wantCode(t, err, api.CodeExists)
	}
	if made != 1 {
		t.Errorf("the branch was made %d times", made)
	}
	if out, err := f.try("repo", "config", "--get-regexp", "^branch"); err == nil {
		t.Errorf("configuration of the branch: %s", out)
	}
	commit, ok, err := f.run.Branch(t.Context(), f.repo, "feat/x")
	if err != nil || !ok || commit != f.git("repo", "rev-parse", "main") {
		t.Errorf("branch = %s, %v, %v", commit, ok, err)
	}
	wantCode(t, f.run.CreateBranch(t.Context(), f.repo, "other", "nothing"), api.CodeNotFound)
	wantCode(t, f.run.CreateBranch(t.Context(), f.repo, "-bad", "main"), api.CodeInvalid)
}

func TestOpenFindsTheRepositoryFromAnywhereInIt(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	f.write("repo/deep/er/file", "x")
	if err := os.Symlink(f.path("repo"), f.path("link")); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"repo", "repo/deep/er", "repo/deep/er/file", "repo/.git", "repo/.git/refs", "link/src", path + "/src"} {
		if !strings.HasPrefix(from, "/") {
			from = f.path(from)
		}
		got, err := f.run.Open(t.Context(), from)
		if err != nil || got != f.repo {
			t.Errorf("Open(%s) = %+v, %v", from, got, err)
		}
		if quick, err := git.Discover(from); err != nil || quick != f.repo {
			t.Errorf("Discover(%s) = %+v, %v", from, quick, err)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	f := newFixture(t)
	f.write("plain/file", "x")
	f.git(".", "init", "-q", "--bare", "bare.git")
	f.git(".", "init", "-q", "empty")
	f.git(".", "clone", "-q", "repo", "bared")
	f.git("bared", "config", "core.bare", "true")
	f.write("pointer/.git", "gitdir: /nowhere\n")
	for path, code := range map[string]api.Code{
		"plain": api.CodeInvalid, "missing": api.CodeInvalid, "bare.git": api.CodeInvalid, "bare.git/refs": api.CodeInvalid,
		"bared": api.CodeInvalid, "empty": api.CodeConflict, "pointer": api.CodeInvalid,
	} {
		_, err := f.run.Open(t.Context(), f.path(path))
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Code != code {
			t.Errorf("Open(%s): %v, want code %s", path, err, code)
		}
	}
}

func TestOpenTakesAWorktreeOfABareRepository(t *testing.T) {
	f := newFixture(t)
	f.git(".", "clone", "-q", "--bare", "repo", "proj/.bare")
	f.git("proj/.bare", "worktree", "add", "-q", "../main", "main")
	got, err := f.run.Open(t.Context(), f.path("proj/main/src"))
	if err != nil || got.Top != f.path("proj/main") || got.GitDir != f.path("proj/.bare") {
		t.Fatalf("Open = %+v, %v", got, err)
	}
	if err := f.run.CreateBranch(t.Context(), got, "feat/x", "main"); err != nil {
		t.Fatal(err)
	}
	w, err := f.run.WorktreeAdd(t.Context(), got, f.path("data/x"), "feat/x")
	if err != nil || !w.Ready {
		t.Errorf("worktree = %+v, %v", w, err)
	}
}

func TestDefaultBranchAndStartPoint(t *testing.T) {
	f := newFixture(t)
	want := func(branch string) {
		t.Helper()
		if got, err := f.run.DefaultBranch(t.Context(), f.repo); err != nil || got != branch {
			t.Errorf("DefaultBranch = %q, %v; want %q", got, err, branch)
		}
	}
	want("main")
	f.git("repo", "checkout", "-q", "-b", "topic")
	want("main")
	f.git("repo", "branch", "-q", "-m", "main", "trunk")
	want("topic")
	f.git("repo", "branch", "-q", "develop")
	f.git("repo", "update-ref", "refs/remotes/origin/develop", f.git("repo", "commit-tree", "-m", "remote", "HEAD^{tree}"))
	f.git("repo", "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")
	want("develop")
	for _, c := range []struct {
		name   string
		remote bool
		ref    string
	}{
		{"develop", true, "refs/remotes/origin/develop"},
		{"develop", false, "refs/heads/develop"},
		{"trunk", true, "refs/heads/trunk"},
		{"HEAD", false, "HEAD"},
	} {
		got, err := f.run.StartPoint(t.Context(), f.repo, c.name, c.remote)
		if err != nil || got != f.git("repo", "rev-parse", c.ref) {
			t.Errorf("StartPoint(%q, %v) = %s, %v", c.name, c.remote, got, err)
		}
	}
	for _, name := range []string{"nothing", "-x", "--all", "a\nb", ""} {
		_, err := f.run.StartPoint(t.Context(), f.repo, name, false)
		wantCode(t, err, api.CodeNotFound)
	}
}

func TestDetachedHeadWithoutADefaultBranch(t *testing.T) {
	f := newFixture(t)
	f.git("repo", "checkout", "-q", "--detach")
	f.git("repo", "branch", "-q", "-m", "main", "only")
	if got, err := f.run.DefaultBranch(t.Context(), f.repo); err != nil || got != "only" {
		t.Errorf("DefaultBranch = %q, %v; want the only one", got, err)
	}
	f.git("repo", "branch", "-q", "another")
	_, err := f.run.DefaultBranch(t.Context(), f.repo)
	wantCode(t, err, api.CodeNotFound)
	if _, err := f.run.Open(t.Context(), f.path("repo")); err != nil {
		t.Errorf("a detached HEAD is refused: %v", err)
	}
}

func TestBranchClash(t *testing.T) {
	f := newFixture(t)
	f.git("repo", "branch", "a/b")
	for name, want := range map[string]string{
		"main": "main", "MAIN": "main", "main/x": "main", "Main/x": "main", "a": "a/b", "A": "a/b", "a/b/c": "a/b", "a/B": "a/b",
		"ab": "", "a/bc": "", "a-b": "", "mai": "",
	} {
		if got, err := f.run.BranchClash(t.Context(), f.repo, name); err != nil || got != want {
			t.Errorf("BranchClash(%q) = %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestProgramsThatAreNotAGoodGit(t *testing.T) {
	f := newFixture(t)
	f.write("old", "#!/bin/sh\necho git version 2.37.9\n")
	f.write("new", "#!/bin/sh\necho 'git version 3.0.0 (Apple)'\n")
	for _, name := range []string{"old", "new"} {
		if err := os.Chmod(f.path(name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_, err := git.New(git.Options{Path: f.path("old"), Env: f.env}).ResolveCommit(t.Context(), f.repo, "HEAD")
	wantCode(t, err, api.CodeGit)
	_, err = git.New(git.Options{Env: []string{"PATH=/nowhere"}}).ResolveCommit(t.Context(), f.repo, "HEAD")
	wantCode(t, err, api.CodeGit)
	r := git.New(git.Options{Path: f.path("new"), Env: f.env})
	defer r.Close()
	_, err = r.ResolveCommit(t.Context(), f.repo, "HEAD")
	if err != nil {
		t.Errorf("git 3 is refused: %v", err)
	}
}

func TestCheckIdentity(t *testing.T) {
	f := newFixture(t)
	if err := f.run.CheckIdentity(t.Context(), f.repo); err != nil {
		t.Error(err)
	}
	f.write("home/.gitconfig", "[user]\n\tuseConfigOnly = true\n")
	wantCode(t, f.run.CheckIdentity(t.Context(), f.repo), api.CodeGit)
	f.git("repo", "config", "user.name", "Local")
	f.git("repo", "config", "user.email", "local@example.com")
	if err := f.run.CheckIdentity(t.Context(), f.repo); err != nil {
		t.Errorf("an identity of the repository itself does not count: %v", err)
	}
}

func TestLocksOneAtATimeAndGiveUpWithTheContext(t *testing.T) {
	locks := git.NewLocks()
	unlock, err := locks.Lock(t.Context(), "/a")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := locks.Lock(t.Context(), "/b"); err != nil {
		t.Error(err)
	} else {
		other()
	}
	ctx, cancel := contextWithTimeout(t, 10*time.Millisecond)
	defer cancel()
	if _, err := locks.Lock(ctx, "/a/"); err == nil {
		t.Error("two hold one lock")
	}
	unlock()
	again, err := locks.Lock(t.Context(), "/a/.")
	if err != nil {
		t.Fatal(err)
	}
	again()
}
