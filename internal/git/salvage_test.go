package git_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hf-dev/hf/internal/git"
)

// state is what a salvage must not change.
func (f *fixture) state(rel string) string {
	f.Helper()
	return f.git(rel, "status", "--porcelain=v2", "--branch", "--ignored") + "\n" +
		f.git(rel, "ls-files", "-s", "-v") + "\n" + f.git(rel, "for-each-ref", "refs/heads", "refs/remotes", "refs/stash") + "\n" + f.git(rel, "rev-parse", "HEAD")
}

// read returns a file of a commit's tree.
func (f *fixture) read(rev, name string) string {
	f.Helper()
	out, err := f.try("repo", "cat-file", "blob", rev+":"+name)
	if err != nil {
		f.Errorf("read %s of %s: %v", name, rev, err)
	}
	return out
}

// manifest reads what a saved commit says of itself. HEAD was not unborn.
func (f *fixture) manifest(ref string) git.Manifest {
	f.Helper()
	var m git.Manifest
	if err := json.Unmarshal([]byte(f.read(ref+"^3", "manifest.json")), &m); err != nil {
		f.Fatal(err)
	}
	return m
}

func TestSalvageKeepsEveryKindOfWorkAndChangesNothing(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.write(w+"/README.md", "staged\n")
	f.git(w, "add", "README.md")
	f.write(w+"/README.md", "staged\r\nand then not \xff\x00binary\n")
	f.write(w+"/src/new.go", "package a\n")
	f.write(w+"/src/staged.go", "package staged\n")
	f.git(w, "add", "src/staged.go")
	f.git(w, "rm", "-q", "--cached", "src/a.go")
	f.write(w+"/name with \"quotes\"\nand a line", "odd\n")
	f.write(w+"/.env", "SECRET=1\n")
	f.write(w+"/build/huge.o", "rebuilt anyway\n")
	f.write(w+"/run.sh", "#!/bin/sh\n")
	if err := os.Chmod(f.path(w+"/run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(f.path(w+"/.env"), 0o600); err != nil {
		t.Fatal(err)
	}
	outside := f.path("outside")
	f.write("outside", "not to be read\n")
	if err := os.Symlink(outside, f.path(w+"/link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(f.path(w+"/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.write("repo/.worktreeinclude", "# a comment\n.env\n")
	before := f.state(w)

	ref := git.SavedRef("t1234567")
	saved, err := f.run.Salvage(t.Context(), f.open(path), ref)
	if err != nil {
		t.Fatal(err)
	}
	if after := f.state(w); after != before {
		t.Errorf("salvage changed\n%s\nto\n%s", before, after)
	}
	for name, want := range map[string]string{
		"README.md":                        "staged\r\nand then not \xff\x00binary\n",
		"src/new.go":                       "package a\n",
		"src/a.go":                         "package a\n\nfunc A() int { return 1 }\n",
		"src/staged.go":                    "package staged\n",
		"name with \"quotes\"\nand a line": "odd\n",
		".env":                             "SECRET=1\n",
		"run.sh":                           "#!/bin/sh\n",
		"link":                             outside,
	} {
		if got := f.read(ref, name); got != want {
			t.Errorf("saved %q = %q, want %q", name, got, want)
		}
	}
	modes := f.git("repo", "ls-tree", "-r", ref)
	if !strings.Contains(modes, "120000 blob") || !strings.Contains(modes, "100755 blob") || strings.Contains(modes, "huge.o") {
		t.Errorf("tree of the saved work:\n%s", modes)
	}
	if got := f.read(ref+"^2", "README.md"); got != "staged\n" {
		t.Errorf("saved index has %q", got)
	}
	if out, err := f.try("repo", "cat-file", "blob", ref+"^2:src/a.go"); err == nil {
		t.Errorf("saved index has a file that was removed from it: %q", out)
	}
	if len(saved.Ignored) != 1 || saved.Ignored[0] != ".env" || saved.Branch != "feat/x" || saved.Head != f.git(w, "rev-parse", "HEAD") {
		t.Errorf("saved = %+v", saved)
	}
	if m := f.manifest(ref); !slices.ContainsFunc(m.Files, func(x git.ManifestFile) bool { return x.Path == ".env" && x.Mode.Perm() == 0o600 }) {
		t.Errorf("manifest = %+v", m)
	}
	f.git("repo", "fsck", "--strict")
}

func TestSalvageOfACleanTreeSavesItsHead(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	ref := git.SavedRef("t1")
	if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
		t.Fatal(err)
	}
	if got, want := f.git("repo", "rev-parse", ref+"^{tree}"), f.git("repo", "rev-parse", "feat/x^{tree}"); got != want {
		t.Errorf("tree of the saved work is %s, want %s", got, want)
	}
}

func TestSalvageTwiceKeepsWhatWasSavedFirst(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	ref := git.SavedRef("t1")
	for i, text := range []string{"one", "two"} {
		f.write("data/worktrees/feat-x/work", text)
		saved, err := f.run.Salvage(t.Context(), f.open(path), ref)
		if err != nil {
			t.Fatal(i, err)
		}
		if saved.Commit != f.git("repo", "rev-parse", ref) {
			t.Errorf("saved %s, but the ref is elsewhere", saved.Commit)
		}
	}
	if one, two := f.read(ref+"^4", "work"), f.read(ref, "work"); one != "one" || two != "two" {
		t.Errorf("saved %q and then %q", one, two)
	}
}

func TestSalvageKeepsCommitsThatOnlyTheWorktreeNames(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.git(w, "checkout", "-q", "--detach")
	f.write(w+"/README.md", "detached\n")
	f.git(w, "commit", "-qam", "detached work")
	lost := f.git(w, "rev-parse", "HEAD")
	f.git(w, "checkout", "-q", "feat/x")
	f.git(w, "checkout", "-q", "--detach")
	f.git(w, "commit", "-q", "--allow-empty", "-m", "the head")
	head := f.git(w, "rev-parse", "HEAD")
	ref := git.SavedRef("t1")
	saved, err := f.run.Salvage(t.Context(), f.open(path), ref)
	if err != nil {
		t.Fatal(err)
	}
	if saved.Branch != "" || saved.Head != head {
		t.Errorf("saved = %+v", saved)
	}
	f.takeAndFree(path, ref)
	f.git("repo", "branch", "-q", "-D", "feat/x")
	f.git("repo", "reflog", "expire", "--expire=now", "--all")
	f.git("repo", "gc", "-q", "--prune=now")
	for _, commit := range []string{lost, head} {
		f.git("repo", "cat-file", "-e", commit)
	}
}

func TestSalvageKeepsAnUnfinishedMerge(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.write(w+"/README.md", "ours\n")
	f.git(w, "commit", "-qam", "ours")
	f.write("repo/README.md", "theirs\n")
	f.git("repo", "commit", "-qam", "theirs")
	if _, err := f.try(w, "merge", "-q", "main"); err == nil {
		t.Fatal("the merge did not stop")
	}
	before := f.state(w)
	ref := git.SavedRef("t1")
	if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
		t.Fatal(err)
	}
	if after := f.state(w); after != before {
		t.Errorf("salvage changed\n%s\nto\n%s", before, after)
	}
	extra := ref + "^3"
	if got := f.read(extra, "git/MERGE_HEAD"); strings.TrimSpace(got) != f.git("repo", "rev-parse", "main") {
		t.Errorf("saved MERGE_HEAD = %q", got)
	}
	if ours, theirs := f.read(extra, "stages/2/README.md"), f.read(extra, "stages/3/README.md"); ours != "ours\n" || theirs != "theirs\n" {
		t.Errorf("saved sides %q and %q", ours, theirs)
	}
	if got := f.read(ref, "README.md"); !strings.Contains(got, "<<<<<<<") {
		t.Errorf("saved file of the conflict = %q", got)
	}
}

func TestSalvageKeepsNestedRepositoriesWithTheirHistory(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.git(w, "init", "-q", "nested")
	f.write(w+"/nested/file", "committed\n")
	f.git(w+"/nested", "add", "-A")
	f.git(w+"/nested", "commit", "-qm", "inside")
	f.write(w+"/nested/file", "changed\n")
	f.write("lib/l", "library\n")
	f.git("lib", "init", "-q")
	f.git("lib", "add", "-A")
	f.git("lib", "commit", "-qm", "lib")
	f.git(w, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", f.path("lib"), "sub")
	f.git(w, "commit", "-qm", "submodule")
	f.write(w+"/sub/l", "dirty in the submodule\n")
	f.git(w+"/sub", "checkout", "-q", "--detach")
	f.git(w+"/sub", "commit", "-qam", "only here")
	only := f.git(w+"/sub", "rev-parse", "HEAD")

	ref := git.SavedRef("t1")
	saved, err := f.run.Salvage(t.Context(), f.open(path), ref)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(saved.Nested)
	if !slices.Equal(saved.Nested, []string{"nested", "sub"}) {
		t.Errorf("nested = %q", saved.Nested)
	}
	if got := f.read(ref, "nested/file"); got != "changed\n" {
		t.Errorf("saved file of the nested repository = %q", got)
	}
	// The repositories come back from the ref alone, with their history.
	extra := ref + "^3"
	for _, n := range f.manifest(ref).Nested {
		dir := filepath.Join(f.dir, "back", string(n.Path))
		for _, file := range n.Files {
			rev, in := extra, string(file.In)
			if in == "" {
				rev, in = ref, string(file.Path)
			}
			rel, _ := filepath.Rel(string(n.Path), string(file.Path))
			out, _ := filepath.Rel(f.dir, filepath.Join(dir, rel))
			f.write(out, f.read(rev, in))
		}
		if n.Submodule {
			if got := f.read(extra, n.Tree+"/files/sub/l"); got != "dirty in the submodule\n" {
				t.Errorf("saved file of the submodule = %q", got)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Join(dir, ".git/refs/heads"), 0o755); err != nil {
			t.Fatal(err)
		}
		if got := f.git("back/"+string(n.Path), "log", "-1", "--format=%s"); got != "inside" {
			t.Errorf("history of the nested repository = %q", got)
		}
	}
	if ls := f.git("repo", "ls-tree", "-r", "--name-only", extra); !strings.Contains(ls, "modules/sub/objects/"+only[:2]+"/"+only[2:]) {
		t.Errorf("the submodule's own commit was not saved:\n%s", ls)
	}
}

func TestSalvageSeesFilesThatGitWasToldNotToLookAt(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.git(w, "update-index", "--assume-unchanged", "README.md")
	f.git(w, "update-index", "--skip-worktree", "src/a.go")
	f.write(w+"/README.md", "hidden 1\n")
	f.write(w+"/src/a.go", "hidden 2\n")
	ref := git.SavedRef("t1")
	if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
		t.Fatal(err)
	}
	if a, b := f.read(ref, "README.md"), f.read(ref, "src/a.go"); a != "hidden 1\n" || b != "hidden 2\n" {
		t.Errorf("saved %q and %q", a, b)
	}
}

func TestSalvageOfAnUnbornBranch(t *testing.T) {
	f := newFixture(t)
	path := f.worktree("feat/x")
	w := "data/worktrees/feat-x"
	f.git(w, "switch", "-q", "--orphan", "empty")
	f.write(w+"/staged", "s\n")
	f.git(w, "add", "staged")
	f.write(w+"/untracked", "u\n")
	ref := git.SavedRef("t1")
	if _, err := f.run.Salvage(t.Context(), f.open(path), ref); err != nil {
		t.Fatal(err)
	}
	if a, b := f.read(ref, "staged"), f.read(ref, "untracked"); a != "s\n" || b != "u\n" {
		t.Errorf("saved %q and %q", a, b)
	}
	if ls := f.git("repo", "ls-tree", "-r", "--name-only", ref); ls != "staged\nuntracked" {
		t.Errorf("tree:\n%s", ls)
	}
}

func TestSalvageFailsRatherThanSkipAFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads every file")
	}
	f := newFixture(t)
	path := f.worktree("feat/x")
	f.write("data/worktrees/feat-x/secret", "x")
	if err := os.Chmod(f.path("data/worktrees/feat-x/secret"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := f.run.Salvage(t.Context(), f.open(path), git.SavedRef("t1")); err == nil {
		t.Error("an unreadable file was skipped")
	}
	if out, err := f.try("repo", "rev-parse", "--verify", git.SavedRef("t1")); err == nil {
		t.Errorf("a torn salvage made the ref: %s", out)
	}
}
