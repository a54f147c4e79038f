package git_test

import (
	"testing"
)

func TestMergedSeesEveryWayOfMerging(t *testing.T) {
	f := newFixture(t)
	w := "data/worktrees/feat-x"
	path := f.worktree("feat/x")
	for name, text := range map[string]string{"one": "1\n", "two": "2\n"} {
		f.write(w+"/"+name, text)
		f.git(w, "add", "-A")
		f.git(w, "commit", "-qm", name)
	}
	tip := f.git(w, "rev-parse", "HEAD")
	onMain := func(name string, args ...string) {
		t.Helper()
		f.git("repo", "checkout", "-q", "-B", name, "main")
		f.write("repo/other", "moved on\n")
		f.git("repo", "add", "-A")
		f.git("repo", "commit", "-qm", "other")
		f.git("repo", args...)
	}
	onMain("merge", "merge", "-q", "--no-edit", tip)
	onMain("rebase", "cherry-pick", tip+"~1", tip)
	onMain("squash", "merge", "-q", "--squash", tip)
	f.git("repo", "commit", "-qm", "all in one")
	f.write("repo/later", "later\n")
	f.git("repo", "add", "-A")
	f.git("repo", "commit", "-qm", "later")
	onMain("half", "cherry-pick", tip+"~1")
	f.git("repo", "checkout", "-q", "-B", "same-tree", "main")
	f.git("repo", "merge", "-q", "--squash", tip)
	f.git("repo", "commit", "-qm", "all in one")
	f.git("repo", "checkout", "-q", "--orphan", "unrelated")
	f.git("repo", "commit", "-qm", "unrelated")
	before := f.git("repo", "count-objects", "-v")
	for base, want := range map[string]string{
		"merge": "merged", "rebase": "merged by a rebase", "squash": "merged as a squash", "same-tree": "merged as a squash",
		"half": "", "main": "", "unrelated": "",
	} {
		how, ok, err := f.run.Merged(t.Context(), f.repo, tip, base)
		if err != nil || ok != (want != "") || ok && how != want {
			t.Errorf("%s: %q, %v, %v; want %q", base, how, ok, err, want)
		}
	}
	if after := f.git("repo", "count-objects", "-v"); after != before {
		t.Errorf("objects were %s, are %s", before, after)
	}

	if dirty, err := f.run.Dirty(t.Context(), f.open(path)); err != nil || dirty {
		t.Errorf("a clean tree: %v, %v", dirty, err)
	}
	f.write(w+"/build/ignored", "x")
	if dirty, err := f.run.Dirty(t.Context(), f.open(path)); err != nil || dirty {
		t.Errorf("with an ignored file: %v, %v", dirty, err)
	}
	f.write(w+"/new", "x")
	if dirty, err := f.run.Dirty(t.Context(), f.open(path)); err != nil || !dirty {
		t.Errorf("with an untracked file: %v, %v", dirty, err)
	}
}
