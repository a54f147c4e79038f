package git_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/picture"
	"github.com/hf-dev/hf/pkg/api"
)

// picture is all there is to see of a work tree.
func (f *fixture) picture(rel string, repos ...string) string {
	f.Helper()
	git := func(dir string, args ...string) (string, error) {
		rel, err := filepath.Rel(f.dir, dir)
		if err != nil {
			return "", err
		}
		return f.try(rel, args...)
	}
	text, err := picture.Of(f.path(rel), git, repos...)
	if err != nil {
		f.Fatal(err)
	}
	return text
}

func (f *fixture) takeAndFree(path, ref string) {
	f.Helper()
	trash := f.path("data/.trash")
	if err := f.run.TakeWorktree(f.Context(), f.repo, git.WorktreeTake{Path: path, Under: f.path("data"), Saved: ref, Trash: trash}); err != nil {
		f.Fatal(err)
	}
	if err := git.FreeTree(f.path("data"), trash); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) restore(path, ref string) git.Restored {
	f.Helper()
	back, err := f.run.RestoreWorktree(f.Context(), f.repo, git.Restore{Path: path, Under: f.path("data"), Rev: ref})
	if err != nil {
		f.Fatal(err)
	}
	return back
}

// work is one kind of work that a work tree may hold.
type work struct {
	name  string
	make  func(f *fixture, w string)
	repos []string // repositories inside the tree
}

func (f *fixture) chmod(rel string, mode os.FileMode) {
	f.Helper()
	if err := os.Chmod(f.path(rel), mode); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) symlink(target, rel string) {
	f.Helper()
	if err := os.Symlink(target, f.path(rel)); err != nil {
		f.Fatal(err)
	}
}

func works() []work {
	return []work{
		{name: "nothing", make: func(*fixture, string) {}},
		{name: "tracked modified", make: func(f *fixture, w string) {
			f.write(w+"/README.md", "changed\r\nwith \xff\x00 bytes")
			f.git(w, "rm", "-q", "--cached", "src/a.go")
		}},
		{name: "staged, and changed again", make: func(f *fixture, w string) {
			f.write(w+"/README.md", "staged\n")
			f.write(w+"/src/new.go", "package a // staged\n")
			f.git(w, "add", "-A")
			f.write(w+"/README.md", "staged, then changed\n")
			f.write(w+"/intended", "x\n")
			f.git(w, "add", "-N", "intended")
		}},
		{name: "deleted and moved", make: func(f *fixture, w string) {
			f.git(w, "mv", "README.md", "MOVED.md")
			f.remove(w + "/src/a.go")
		}},
		{name: "a directory where a file was, a link where a directory was", make: func(f *fixture, w string) {
			f.remove(w + "/README.md")
			f.write(w+"/README.md/inside", "x\n")
			f.remove(w + "/src/a.go")
			f.remove(w + "/src")
			f.write("outside/a.go", "precious\n")
			f.symlink(f.path("outside"), w+"/src")
		}},
		{name: "untracked", make: func(f *fixture, w string) {
			f.write(w+"/deep/down/new", "new\n")
			f.write(w+"/empty", "")
			f.write(w+"/.gitattributes", "* text eol=crlf\n")
		}},
		{name: "ignored and listed", make: func(f *fixture, w string) {
			f.write("repo/.worktreeinclude", ".env\nbuild/keep/\n")
			f.write(w+"/.env", "SECRET=1\n")
			f.chmod(w+"/.env", 0o600)
			f.write(w+"/build/keep/db", "rows\n")
		}},
		{name: "modes", make: func(f *fixture, w string) {
			f.write(w+"/run.sh", "#!/bin/sh\n")
			f.chmod(w+"/run.sh", 0o755)
			f.write(w+"/private/key", "k\n")
			f.chmod(w+"/private/key", 0o400)
			f.chmod(w+"/private", 0o700)
			f.chmod(w+"/README.md", 0o640)
			f.chmod(w+"/src/a.go", 0o755)
		}},
		{name: "odd names", make: func(f *fixture, w string) {
			f.write(w+"/new\nline \"quoted\" \\back\ttab", "1\n")
			f.write(w+"/latin1-\xe9\xff", "2\n")
			f.write(w+"/-dash", "3\n")
			f.write(w+"/dir-\xfe/sub", "4\n")
			f.git(w, "add", "--", "latin1-\xe9\xff")
			f.write(w+"/latin1-\xe9\xff", "2 changed\n")
		}},
		{name: "links", make: func(f *fixture, w string) {
			f.write("outside/precious", "untouched\n")
			f.symlink(f.path("outside/precious"), w+"/absolute")
			f.symlink("../../../outside", w+"/relative")
			f.symlink("nowhere", w+"/dangling")
		}},
		{name: "detached HEAD with commits of its own", make: func(f *fixture, w string) {
			f.git(w, "checkout", "-q", "--detach")
			f.write(w+"/README.md", "detached\n")
			f.git(w, "commit", "-qam", "on no branch")
			f.write(w+"/README.md", "and more\n")
		}},
		{name: "stash", make: func(f *fixture, w string) {
			f.write(w+"/README.md", "stashed\n")
			f.git(w, "stash", "-q")
			f.write(w+"/README.md", "after it\n")
		}},
		{name: "unfinished rebase", make: func(f *fixture, w string) {
			for _, text := range []string{"one", "two"} {
				f.write(w+"/README.md", text+"\n")
				f.git(w, "commit", "-qam", text)
			}
			f.write(w+"/untracked", "x\n")
			if _, err := f.try(w, "-c", "sequence.editor=sed -i 1d", "rebase", "-i", "main"); err == nil {
				f.Fatal("the rebase did not stop")
			}
		}},
		{name: "unfinished merge", make: func(f *fixture, w string) {
			f.git("repo", "branch", "other", "main")
			f.write(w+"/README.md", "ours\n")
			f.git(w, "commit", "-qam", "ours")
			f.git(w, "checkout", "-q", "--detach", "other")
			f.write(w+"/README.md", "theirs\n")
			f.git(w, "commit", "-qam", "theirs")
			theirs := f.git(w, "rev-parse", "HEAD")
			f.git(w, "checkout", "-q", "feat/x")
			if _, err := f.try(w, "merge", theirs); err == nil {
				f.Fatal("the merge did not stop")
			}
		}},
		{name: "nested repository", repos: []string{"nested", "bare/in"}, make: func(f *fixture, w string) {
			f.git(w, "init", "-q", "nested")
			f.write(w+"/nested/file", "committed\n")
			f.git(w+"/nested", "add", "-A")
			f.git(w+"/nested", "commit", "-qm", "inside")
			f.git(w+"/nested", "gc", "-q")
			f.write(w+"/nested/file", "changed\n")
			f.git(w, "init", "-q", "bare/in") // without a commit
			f.write(w+"/bare/in/file", "staged\n")
			f.git(w+"/bare/in", "add", "file")
		}},
		{name: "submodule", repos: []string{"sub"}, make: func(f *fixture, w string) {
			f.write("lib/l", "library\n")
			f.git("lib", "init", "-q")
			f.git("lib", "add", "-A")
			f.git("lib", "commit", "-qm", "lib")
			f.git(w, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", f.path("lib"), "sub")
			f.git(w, "commit", "-qm", "submodule")
			f.git(w+"/sub", "checkout", "-q", "--detach")
			f.write(w+"/sub/l", "of its own\n")
			f.git(w+"/sub", "commit", "-qam", "only here")
			f.write(w+"/sub/l", "changed\n")
			f.write(w+"/sub/new", "untracked\n")
		}},
		{name: "hidden from git", make: func(f *fixture, w string) {
			f.git(w, "update-index", "--assume-unchanged", "README.md")
			f.git(w, "update-index", "--skip-worktree", "src/a.go")
			f.write(w+"/README.md", "hidden\n")
			f.remove(w + "/src/a.go")
		}},
		{name: "unborn branch", make: func(f *fixture, w string) {
			f.git(w, "switch", "-q", "--orphan", "empty")
			f.write(w+"/staged", "s\n")
			f.git(w, "add", "staged")
			f.write(w+"/untracked", "u\n")
		}},
	}
}

func TestEveryKindOfWorkComesBackFromItsRef(t *testing.T) {
	for _, c := range works() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			path := f.worktree("feat/x")
			w := "data/worktrees/feat-x"
			c.make(f, w)
			before := f.picture(w, c.repos...)
			outside := f.outside()
			ref := git.SavedRef("t1")
			if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
				t.Fatal(err)
			}
			f.takeAndFree(path, ref)
			if c.name != "stash" { // which is nothing but a reflog
				f.git("repo", "reflog", "expire", "--expire=now", "--all")
			}
			f.git("repo", "gc", "-q", "--prune=now")
			f.restore(path, ref)
			if after := f.picture(w, c.repos...); after != before {
				t.Errorf("it came back changed:\n%s", picture.Difference(before, after))
			}
			f.restore(path, ref) // again, as after a crash at the very end
			if after := f.picture(w, c.repos...); after != before {
				t.Errorf("a second restore changed it:\n%s", picture.Difference(before, after))
			}
			if now := f.outside(); now != outside {
				t.Errorf("what is outside of the tree changed from %q to %q", outside, now)
			}
			if list := f.git("repo", "worktree", "list", "--porcelain"); !strings.Contains(list, path+"\n") || !strings.Contains(list, "locked in use by hf") {
				t.Errorf("worktrees:\n%s", list)
			}
		})
	}
}

// outside is what links in the tree may lead to.
func (f *fixture) outside() string {
	var b strings.Builder
	_ = filepath.WalkDir(f.path("outside"), func(p string, _ fs.DirEntry, _ error) error {
		text, _ := os.ReadFile(p)
		fmt.Fprintf(&b, "%s=%s;", p, text)
		return nil
	})
	return b.String()
}

func TestRestoreGoesOnAfterACrashAnywhere(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.write(w+"/README.md", "changed\n")
	f.write(w+"/new", "new\n")
	before := f.picture(w)
	ref := git.SavedRef("t1")
	if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
		t.Fatal(err)
	}
	f.takeAndFree(path, ref)
	f.restore(path, ref)
	wt, _ := f.run.Worktree(f.repo, path)
	// As it is before the last rename: files are missing, and one is half.
	if err := os.Rename(filepath.Join(wt.GitDir, "index"), filepath.Join(wt.GitDir, "index.hf")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(wt.GitDir, "hf-restoring"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.remove(w + "/new")
	f.write(w+"/README.md", "cha")
	f.restore(path, ref)
	if after := f.picture(w); after != before {
		t.Errorf("it came back changed:\n%s", picture.Difference(before, after))
	}
	entries, _ := os.ReadDir(f.path("data/worktrees"))
	if len(entries) != 1 {
		t.Errorf("left %v", entries)
	}
}

func TestRestoreMindsTheBranch(t *testing.T) {
	for name, c := range map[string]struct {
		dirty   bool
		meddle  func(f *fixture, head string)
		refused bool
		moved   bool
	}{
		"it is as it was":                        {dirty: true, meddle: func(*fixture, string) {}},
		"it is gone":                             {dirty: true, meddle: func(f *fixture, _ string) { f.git("repo", "branch", "-q", "-D", "feat/x") }},
		"it has moved on, and all was clean":     {meddle: (*fixture).advance, moved: true},
		"it has moved on, and there are changes": {dirty: true, meddle: (*fixture).advance, refused: true},
		"it was moved back":                      {meddle: func(f *fixture, _ string) { f.git("repo", "branch", "-f", "feat/x", "main") }, refused: true},
		"it is checked out elsewhere":            {meddle: func(f *fixture, _ string) { f.git("repo", "checkout", "-q", "feat/x") }, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			path := f.worktree("feat/x")
			w := "data/worktrees/feat-x"
			f.write(w+"/src/b.go", "package a\n")
			f.git(w, "add", "-A")
			f.git(w, "commit", "-qm", "work")
			f.write(w+"/untracked", "u\n")
			if c.dirty {
				f.write(w+"/README.md", "changed\n")
			}
			head := f.git(w, "rev-parse", "HEAD")
			ref := git.SavedRef("t1")
			if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
				t.Fatal(err)
			}
			f.takeAndFree(path, ref)
			c.meddle(f, head)
			tip, _ := f.try("repo", "rev-parse", "--verify", "--quiet", "feat/x")
			back, err := f.run.RestoreWorktree(t.Context(), f.repo, git.Restore{Path: path, Under: f.path("data"), Rev: ref})
			if now, _ := f.try("repo", "rev-parse", "--verify", "--quiet", "feat/x"); tip != "" && now != tip {
				t.Errorf("the branch went from %s to %s", tip, now)
			}
			if c.refused {
				wantCode(t, err, api.CodeConflict)
				if _, ok := f.run.Worktree(f.repo, path); ok || exists(path) {
					t.Error("a refused restore left something")
				}
				back, err = f.run.RestoreWorktree(t.Context(), f.repo, git.Restore{Path: path, Under: f.path("data"), Rev: ref, Detach: true})
			}
			if err != nil {
				t.Fatal(err)
			}
			branch, want := f.git(w, "rev-parse", "--abbrev-ref", "HEAD"), "feat/x"
			if c.refused {
				want = "HEAD"
			}
			if branch != want || (back.Moved != "") != c.moved {
				t.Errorf("it is on %q, want %q: %s", branch, want, back)
			}
			status := f.git(w, "status", "--porcelain")
			wantStatus := "?? untracked"
			if c.dirty {
				wantStatus = " M README.md\n?? untracked"
			}
			if status != wantStatus {
				t.Errorf("status = %q, want %q", status, wantStatus)
			}
		})
	}
}

// advance adds a commit to the branch from another worktree.
func (f *fixture) advance(string) {
	f.git("repo", "worktree", "add", "-q", f.path("other"), "feat/x")
	f.write("other/more", "more\n")
	f.git("other", "add", "-A")
	f.git("other", "commit", "-qm", "more")
	f.git("repo", "worktree", "remove", f.path("other"))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestSaveLateSeesWhatAProcessWroteLater(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.write(w+"/new", "new\n")
	f.git(w, "init", "-q", "nested")
	f.write(w+"/nested/file", "x\n")
	ref := git.SavedRef("t1")
	saved, err := f.run.Salvage(t.Context(), f.open(path), ref)
	if err != nil {
		t.Fatal(err)
	}
	trash, late := f.path("data/.trash"), git.LateRef("t1", saved.Commit)
	if err := f.run.TakeWorktree(t.Context(), f.repo, git.WorktreeTake{Path: path, Under: f.path("data"), Saved: ref, Trash: trash}); err != nil {
		t.Fatal(err)
	}
	f.advance("") // what happens to the branch is no change of the tree
	f.write("data/.trash/build/out.o", "ignored\n")
	if _, changed, err := f.run.SaveLate(t.Context(), f.repo, trash, ref, late); err != nil || changed {
		t.Errorf("changed = %v, %v", changed, err)
	}
	if out, err := f.try("repo", "rev-parse", "--verify", late); err == nil {
		t.Errorf("a ref for no change: %s", out)
	}
	f.write("data/.trash/new", "written later\n")
	got, changed, err := f.run.SaveLate(t.Context(), f.repo, trash, ref, late)
	if err != nil || !changed || f.read(late, "new") != "written later\n" || got.Branch != "feat/x" {
		t.Errorf("changed = %v, %v: %+v", changed, err, got)
	}
	again, changed, err := f.run.SaveLate(t.Context(), f.repo, trash, ref, late)
	if err != nil || !changed || again.Commit != got.Commit || f.git("repo", "rev-parse", late) != got.Commit {
		t.Errorf("saved again = %v, %v: %+v, before it was %+v", changed, err, again, got)
	}
	f.restore(path, late)
	f.write("data/.trash/new", "and later still\n")
	if _, _, err := f.run.SaveLate(t.Context(), f.repo, trash, ref, late); err != nil {
		t.Fatal(err)
	}
	f.restore(path, late) // it was finished; that more was saved since changes nothing
	if b, err := os.ReadFile(filepath.Join(path, "new")); err != nil || string(b) != "written later\n" {
		t.Errorf("new = %q, %v", b, err)
	}
}
