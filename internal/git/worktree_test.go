package git_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

func TestWorktreeOfANewBranchIsCleanAndLocked(t *testing.T) {
	f := newFixture(t)
	user := f.state("repo")
	path := f.worktree("feat/x")
	w, ok := f.run.Worktree(f.repo, path)
	if !ok || !w.Locked || !w.Ready || w.Branch != "feat/x" {
		t.Fatalf("worktree = %+v, %v", w, ok)
	}
	rel := "data/worktrees/feat-x"
	if got := f.git(rel, "status", "--porcelain", "--ignored"); got != "" {
		t.Errorf("status of a new worktree = %q", got)
	}
	if got := f.git(rel, "rev-parse", "--git-common-dir"); got != f.repo.GitDir {
		t.Errorf("common directory = %q", got)
	}
	if after := f.state("repo"); strings.ReplaceAll(after, "refs/heads/feat/x", "") == "" || f.git("repo", "status", "--porcelain") != "" {
		t.Errorf("the user's checkout changed from\n%s\nto\n%s", user, after)
	}
	// The user's own git works with it.
	f.write(rel+"/new", "x")
	f.git(rel, "add", "new")
	f.git(rel, "commit", "-qm", "work")
	f.git("repo", "worktree", "prune")
	f.git("repo", "fsck")
	list, err := f.run.Worktrees(f.repo)
	if err != nil || len(list) != 1 || list[0] != w {
		t.Errorf("worktrees = %+v, %v", list, err)
	}
}

// TestWorktreeAddFinishesWhatACrashLeft puts every state in the way that a dying
// git or hfd can leave.
// What is in the worktree must not lead through hf's view of the repository: an
// agent's git would read that instead, and fail when the daemon makes it anew.
func TestWorktreePointsToTheRepositoryItself(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	want := "gitdir: " + f.path("repo/.git/worktrees/feat-x") + "\n"
	check := func() {
		t.Helper()
		if b, err := os.ReadFile(filepath.Join(path, ".git")); err != nil || string(b) != want {
			t.Errorf(".git = %q, %v; want %q", b, err, want)
		}
		if err := os.RemoveAll(f.path("views")); err != nil {
			t.Fatal(err)
		}
		f.git(w, "status")
		f.git("repo", "config", "alias.mine", "rev-parse HEAD") // a key that hf's git never sees
		f.git(w, "mine")
	}
	check()
	ref := git.SavedRef("t1")
	if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
		t.Fatal(err)
	}
	f.takeAndFree(path, ref)
	f.restore(path, ref)
	check()
}

func TestWorktreeAddFinishesWhatACrashLeft(t *testing.T) {
	const rel = "data/worktrees/feat-x"
	for name, crash := range map[string]func(f *fixture){
		"complete": func(*fixture) {},
		"no index": func(f *fixture) { f.remove(admin + "/index"); f.remove(rel + "/README.md") },
		"checkout interrupted": func(f *fixture) {
			f.remove(admin + "/index")
			f.write(admin+"/index.hf.lock", "torn")
			f.remove(rel + "/src")
			f.write(rel+"/README.md", "he")
		},
		"directory without pointer": func(f *fixture) { f.remove(admin + "/index"); f.remove(rel); f.write(rel+"/README.md", "hello\n") },
		"no directory":              func(f *fixture) { f.remove(admin + "/index"); f.remove(rel) },
		"record without HEAD":       func(f *fixture) { f.remove(admin + "/index"); f.remove(admin + "/HEAD"); f.remove(rel) },
		"empty directory":           func(f *fixture) { f.remove(admin); f.remove(rel); _ = os.Mkdir(f.path(rel), 0o755) },
		"no record":                 func(f *fixture) { f.remove(admin) },
		"removed by the user":       func(f *fixture) { f.remove(rel) },
		"files removed by the user": func(f *fixture) { f.remove(rel + "/.git") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			path := f.worktree("feat/x")
			crash(f)
			for range 2 {
				w, err := f.run.WorktreeAdd(t.Context(), f.repo, path, "feat/x")
				if err != nil || !w.Ready || !w.Locked || w.Branch != "feat/x" {
					t.Fatalf("worktree = %+v, %v", w, err)
				}
			}
			if got := f.git(rel, "status", "--porcelain"); got != "" {
				t.Errorf("status = %q", got)
			}
			if left, _ := filepath.Glob(f.path(admin + "/*.lock")); len(left) != 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

func (f *fixture) remove(rel string) {
	f.Helper()
	if err := os.RemoveAll(f.path(rel)); err != nil {
		f.Fatal(err)
	}
}

func TestWorktreeAddKeepsADirectoryItDoesNotKnow(t *testing.T) {
	f := newFixture(t)
	f.write("data/worktrees/feat-x/precious", "somebody's")
	f.worktree("feat/x")
	if b, err := os.ReadFile(f.path("data/worktrees/feat-x.kept-1/precious")); err != nil || string(b) != "somebody's" {
		t.Errorf("kept %q, %v", b, err)
	}
}

func TestWorktreeThatVanishedComesBackWithItsStagedWork(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	f.write("data/worktrees/feat-x/staged", "s\n")
	f.git("data/worktrees/feat-x", "add", "staged")
	f.remove("data/worktrees/feat-x")
	f.git("repo", "worktree", "prune") // locked: it stays
	if _, err := f.run.WorktreeAdd(t.Context(), f.repo, path, "feat/x"); err != nil {
		t.Fatal(err)
	}
	if got := f.git("data/worktrees/feat-x", "status", "--porcelain"); got != "A  staged" {
		t.Errorf("status = %q", got)
	}
}

func TestWorktreesAtOnce(t *testing.T) {
	f := newFixture(t)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			branch := fmt.Sprintf("feat/%d", i)
			if err := f.run.CreateBranch(t.Context(), f.repo, branch, "main"); err != nil {
				t.Error(err)
				return
			}
			if _, err := f.run.WorktreeAdd(t.Context(), f.repo, f.path("data/"+branch), branch); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := f.run.Worktrees(f.repo); err != nil || len(list) != 6 {
		t.Errorf("%d worktrees, %v", len(list), err)
	}
	f.git("repo", "fsck")
}

func TestWorktreeOfABranchThatIsCheckedOutIsRefused(t *testing.T) {
	f := newFixture(t)
	_, err := f.run.WorktreeAdd(t.Context(), f.repo, f.path("data/main"), "main")
	if err == nil || !strings.Contains(err.Error(), "main") {
		t.Errorf("err = %v", err)
	}
	if _, err := os.Stat(f.path("data/main")); err == nil {
		t.Error("a refused worktree left its directory")
	}
	if list, err := f.run.Worktrees(f.repo); err != nil || len(list) != 0 {
		t.Errorf("a refused worktree left its record: %v, %v", list, err)
	}
}

func TestTakeWorktreeRefusesWhatItMustNotTake(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	f.write("data/worktrees/feat-x/work", "x")
	outside := f.path("outside")
	f.write("outside/precious", "x")
	if err := os.Symlink(outside, f.path("data/worktrees/link")); err != nil {
		t.Fatal(err)
	}
	ref := git.SavedRef("t1")
	for name, take := range map[string]git.WorktreeTake{
		"not saved":       {Path: path, Under: f.path("data"), Saved: ref},
		"no ref":          {Path: path, Under: f.path("data")},
		"another ref":     {Path: path, Under: f.path("data"), Saved: "refs/heads/main"},
		"user's checkout": {Path: f.path("repo"), Under: f.path("data"), Saved: ref},
		"above":           {Path: f.path("data/worktrees/../.."), Under: f.path("data"), Saved: ref},
		"the directory":   {Path: f.path("data"), Under: f.path("data"), Saved: ref},
		"anywhere":        {Path: path, Saved: ref},
		"a link":          {Path: f.path("data/worktrees/link"), Under: f.path("data"), Saved: ref},
		"through a link":  {Path: f.path("data/worktrees/link/precious"), Under: f.path("data"), Saved: ref},
	} {
		take.Trash = f.path("data/.trash/" + strings.ReplaceAll(name, " ", "-"))
		if err := f.run.TakeWorktree(t.Context(), f.repo, take); err == nil {
			t.Errorf("%s: taken away", name)
		}
	}
	for _, kept := range []string{"data/worktrees/feat-x/work", "outside/precious", "repo/README.md"} {
		if _, err := os.Stat(f.path(kept)); err != nil {
			t.Error(err)
		}
	}
}

func TestTakenWorktreeIsFreedWholeAndFollowsNoLink(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	other := f.worktree("feat/y")
	f.write("outside/precious", "x")
	w := "data/worktrees/feat-x"
	f.write(w+"/deep/down/file", "x")
	for _, link := range []string{"/link", "/deep/link"} {
		if err := os.Symlink(f.path("outside"), f.path(w+link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(f.path(w+"/deep/down"), 0o500); err != nil {
		t.Fatal(err)
	}
	ref := git.SavedRef("t1")
	if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and once more after a crash
		trash := f.path("data/.trash")
		if err := f.run.TakeWorktree(t.Context(), f.repo, git.WorktreeTake{Path: path, Under: f.path("data"), Saved: ref, Trash: trash}); err != nil {
			t.Fatal(err)
		}
		if err := git.FreeTree(f.path("data"), trash); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(f.path("outside/precious")); err != nil {
		t.Errorf("a link was followed: %v", err)
	}
	list, err := f.run.Worktrees(f.repo)
	if err != nil || len(list) != 1 || list[0].Path != other {
		t.Errorf("worktrees = %v, %v", list, err)
	}
	entries, err := os.ReadDir(f.path("data/worktrees"))
	if err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
	if _, ok, err := f.run.Branch(t.Context(), f.repo, "feat/x"); err != nil || !ok {
		t.Errorf("the branch went with its worktree: %v", err)
	}
}

func TestDiffShowsEveryKindOfChangeAndTouchesNothing(t *testing.T) {
	f := newFixture(t)
	f.write("repo/old.txt", strings.Repeat("line\n", 20))
	f.git("repo", "add", "-A")
	f.git("repo", "commit", "-qm", "second")
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.write(w+"/committed", "c\n")
	f.git(w, "add", "committed")
	f.git(w, "commit", "-qm", "work")
	f.git(w, "mv", "old.txt", "new.txt")
	f.write(w+"/README.md", "hello\nthere\n")
	f.write(w+"/staged", "s\n")
	f.git(w, "add", "staged")
	f.remove(w + "/src/a.go")
	f.write(w+"/bin", "\x00\x01\x02")
	f.write(w+"/un tracked\n\"file", "u\nu\n")
	f.write(w+"/.env", "ignored\n")
	f.git("repo", "commit", "-q", "--allow-empty", "-m", "main moves on")
	before := f.state(w)
	d, err := f.run.Diff(t.Context(), f.open(path), "main", api.PatchText)
	if err != nil {
		t.Fatal(err)
	}
	if after := f.state(w); after != before {
		t.Errorf("the diff changed\n%s\nto\n%s", before, after)
	}
	slices.SortFunc(d.Files, func(a, b api.FileDiff) int { return strings.Compare(a.Path, b.Path) })
	want := []api.FileDiff{
		{Path: "README.md", Status: "modified", Added: 1},
		{Path: "bin", Status: "untracked", Binary: true},
		{Path: "committed", Status: "added", Added: 1},
		{Path: "new.txt", OldPath: "old.txt", Status: "renamed"},
		{Path: "src/a.go", Status: "deleted", Removed: 3},
		{Path: "staged", Status: "added", Added: 1},
		{Path: "un tracked\n\"file", Status: "untracked", Added: 2},
	}
	if !slices.Equal(d.Files, want) {
		t.Errorf("files:\n%+v\nwant:\n%+v", d.Files, want)
	}
	if want := (api.DiffStat{Files: 7, Added: 5, Removed: 3, Untracked: 2}); d.Stat != want {
		t.Errorf("stat = %+v, want %+v", d.Stat, want)
	}
	if d.Base != f.git("repo", "rev-parse", "main~1") || d.Head != f.git(w, "rev-parse", "HEAD") {
		t.Errorf("compared %s with %s", d.Base, d.Head)
	}
	// The patch is one git takes.
	f.git("repo", "worktree", "add", "-q", "--detach", f.path("applied"), d.Base)
	f.write("patch", strings.ReplaceAll(d.Patch, "Binary files /dev/null and b/bin differ\n", ""))
	f.git("applied", "apply", "--exclude=bin", f.path("patch"))
	if b, err := os.ReadFile(f.path("applied/un tracked\n\"file")); err != nil || string(b) != "u\nu\n" {
		t.Errorf("applied %q, %v", b, err)
	}
	stat, err := f.run.DiffStat(t.Context(), f.open(path), "main")
	if err != nil || stat != d.Stat {
		t.Errorf("stat = %+v, %v", stat, err)
	}
}

// TestDiffSeesAChangeOfTheSameSizeInTheSameInstant is git's racy index problem:
// a copy of the index must not look newer than the index.
func TestDiffSeesAChangeOfTheSameSizeInTheSameInstant(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.write(w+"/untracked", "x")
	f.git(w, "update-index", "--refresh")
	index, err := os.Stat(f.path(admin + "/index"))
	if err != nil {
		t.Fatal(err)
	}
	f.write(w+"/README.md", "HELLO\n")
	if err := os.Chtimes(f.path(w+"/README.md"), index.ModTime(), index.ModTime()); err != nil {
		t.Fatal(err)
	}
	stat, err := f.run.DiffStat(t.Context(), f.open(path), "main")
	if err != nil || stat.Files != 2 {
		t.Errorf("stat = %+v, %v", stat, err)
	}
}

func TestDiffOfAHugeChangeIsCutAndSaysSo(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	f.write("data/worktrees/feat-x/huge", strings.Repeat("a line that is forty characters long ...\n", git.PatchLimit/40+1000))
	d, err := f.run.Diff(t.Context(), f.open(path), "main", api.PatchText)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Patch) > git.PatchLimit+200 || !strings.HasSuffix(d.Patch, "was cut here\n") {
		t.Errorf("patch of %d bytes ends in %q", len(d.Patch), d.Patch[len(d.Patch)-80:])
	}
	if d.Stat.Added != git.PatchLimit/40+1000 {
		t.Errorf("stat = %+v", d.Stat)
	}
}

func TestDiffAgainstNothingKnown(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	_, err := f.run.Diff(t.Context(), f.open(path), "nothing", api.PatchNone)
	wantCode(t, err, api.CodeNotFound)
	// An unrelated history is compared as it is.
	f.git("repo", "branch", "unrelated", f.git("repo", "commit-tree", "-m", "x", f.git("repo", "rev-parse", "main^{tree}")))
	stat, err := f.run.DiffStat(t.Context(), f.open(path), "unrelated")
	if err != nil || stat != (api.DiffStat{}) {
		t.Errorf("stat = %+v, %v", stat, err)
	}
}

// BenchmarkWorktreeAdd compares a new worktree of 10,000 files to what plain
// git takes for it.
func BenchmarkWorktreeAdd(b *testing.B) {
	f := newFixture(b)
	for i := range 10_000 {
		f.write(fmt.Sprintf("repo/many/%d/%d.txt", i/100, i), strings.Repeat(fmt.Sprintln(i), 40))
	}
	f.git("repo", "add", "-A")
	f.git("repo", "commit", "-qm", "many")
	n := 0
	name := func() string { n++; return fmt.Sprintf("b%d", n) }
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			branch := name()
			f.git("repo", "worktree", "add", "-q", "-b", branch, f.path("plain/"+branch))
		}
	})
	b.Run("hf", func(b *testing.B) {
		for b.Loop() {
			f.worktree(name())
		}
	})
}
