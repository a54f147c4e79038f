package git_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// branch makes a branch with a commit that do makes the files of.
func (f *fixture) branch(name, from string, do func()) string {
	f.Helper()
	f.git("repo", "checkout", "-q", "-b", name, from)
	do()
	f.git("repo", "add", "-A")
	f.git("repo", "commit", "-q", "--allow-empty", "-m", name)
	f.git("repo", "checkout", "-q", "main")
	return f.git("repo", "rev-parse", name)
}

func (f *fixture) unlink(rel string) {
	f.Helper()
	if err := os.Remove(f.path(rel)); err != nil {
		f.Fatal(err)
	}
}

func TestChangesCountsAsDiffDoes(t *testing.T) {
	f := newFixture(t)
	text := strings.Repeat("a line\n", 30)
	f.write("repo/src/old.txt", text)
	f.git("repo", "add", "-A")
	f.git("repo", "commit", "-qm", "second")
	main := f.git("repo", "rev-parse", "main")
	f.git("repo", "config", "core.quotePath", "true")
	pair := func(name string, do func()) git.Pair { return git.Pair{Ours: f.branch(name, "main", do), Theirs: main} }
	empty := pair("empty", func() {})
	rename := pair("rename", func() { f.git("repo", "mv", "src/old.txt", "src/with\ttab.txt") })
	mixed := pair("mixed", func() {
		f.write("repo/ünicode\n", "1\n2\n")
		f.write("repo/blob", "a\x00b")
		f.unlink("repo/src/a.go")
		f.write("repo/README.md", "hello\nmore\n")
	})
	lost := git.Pair{Ours: strings.Repeat("ab", 20), Theirs: main}
	same := git.Pair{Ours: main, Theirs: main}
	got, err := f.run.Changes(t.Context(), f.repo, []git.Pair{lost, empty, rename, same, mixed})
	if err != nil {
		t.Fatal(err)
	}
	for p, want := range map[git.Pair]api.DiffStat{
		empty: {}, same: {}, rename: {Files: 1},
		mixed: {Files: 4, Added: 3, Removed: 3},
	} {
		if got[p].Stat != want {
			t.Errorf("%+v, want %+v", got[p].Stat, want)
		}
	}
	if _, ok := got[lost]; ok || len(got) != 4 {
		t.Errorf("%d answers: %v", len(got), got)
	}
	for path, in := range map[string]bool{"src/old.txt": true, "src/with\ttab.txt": true, "src": false, "README.md": false} {
		if got[rename].Paths.Has(path) != in {
			t.Errorf("the rename has %q: %v", path, !in)
		}
	}
	if !got[mixed].Paths.Has("ünicode\n") {
		t.Error("a name that git quotes was not found")
	}
}

func TestChangesTouch(t *testing.T) {
	f := newFixture(t)
	f.write("repo/lib/a", strings.Repeat("a\n", 30))
	f.git("repo", "add", "-A")
	f.git("repo", "commit", "-qm", "second")
	main := f.git("repo", "rev-parse", "main")
	pairs := map[string]git.Pair{}
	add := func(name string, do func()) { pairs[name] = git.Pair{Ours: f.branch(name, "main", do), Theirs: main} }
	add("readme", func() { f.write("repo/README.md", "one\n") })
	add("readme-too", func() { f.write("repo/README.md", "two\n") })
	add("source", func() { f.write("repo/src/a.go", "package b\n") })
	add("prefix", func() { f.write("repo/README.md2", "x\n"); f.write("repo/src2/a.go", "x\n") })
	add("file", func() { f.write("repo/tools", "a file\n") })
	add("dir", func() { f.write("repo/tools/x/y", "below\n") })
	add("moved", func() { f.git("repo", "mv", "lib", "pkg") })
	add("into", func() { f.write("repo/lib/b", "new\n") })
	got, err := f.run.Changes(t.Context(), f.repo, slices.Collect(maps.Values(pairs)))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"readme readme-too": true, "dir file": true, "into moved": true}
	for a := range pairs {
		for b := range pairs {
			touch := got[pairs[a]].Paths.Touches(got[pairs[b]].Paths)
			if a < b && (touch != want[a+" "+b] || touch != got[pairs[b]].Paths.Touches(got[pairs[a]].Paths)) {
				t.Errorf("%s and %s touch: %v", a, b, touch)
			}
		}
	}
}

func TestMergeFiles(t *testing.T) {
	for _, many := range []bool{true, false} {
		f := newFixture(t)
		one := f.branch("one", "main", func() { f.write("repo/README.md", "one\n"); f.write("repo/b\tc", "one\n") })
		two := f.branch("two", "main", func() { f.write("repo/README.md", "two\n"); f.write("repo/b\tc", "two\n") })
		src := f.branch("src", "main", func() { f.write("repo/src/a.go", "package b\n") })
		gone := f.branch("gone", "main", func() { f.unlink("repo/README.md") })
		f.git("repo", "checkout", "-q", "--orphan", "other")
		f.git("repo", "commit", "-qm", "unrelated")
		other := f.git("repo", "rev-parse", "other")
		if !many {
			if err := f.run.MergeOneByOne(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		before := f.git("repo", "count-objects", "-v")
		both, apart, clean, removed := git.Pair{Ours: one, Theirs: two}, git.Pair{Ours: other, Theirs: one}, git.Pair{Ours: one, Theirs: src}, git.Pair{Ours: gone, Theirs: one}
		got, err := f.run.MergeFiles(t.Context(), f.repo, []git.Pair{clean, both, apart, removed, clean})
		if err != nil {
			t.Fatal(err)
		}
		want := map[git.Pair][]string{clean: nil, both: {"README.md", "b\tc"}, removed: {"README.md"}}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("many %v: got %q, want %q", many, got, want)
		}
		if after := f.git("repo", "count-objects", "-v"); after != before {
			t.Errorf("the repository has more objects now: %s\nbefore: %s", after, before)
		}
	}
}
