package git_test

import (
	"slices"
	"testing"
)

func TestCommitsAndFiles(t *testing.T) {
	f := newFixture(t)
	f.write("repo/.github/PULL_REQUEST_TEMPLATE/b.md", "b")
	f.write("repo/.github/PULL_REQUEST_TEMPLATE/a.md", "a")
	f.write("repo/.github/PULL_REQUEST_TEMPLATE/deep/c.md", "c")
	f.git("repo", "checkout", "-qb", "feat")
	f.git("repo", "add", ".")
	f.git("repo", "commit", "-qm", "first\n\nwith a body\n\nof two parts")
	f.git("repo", "commit", "-q", "--allow-empty", "-m", "second")
	repo := f.repo
	got, err := f.run.Commits(t.Context(), repo, "main", "feat", 10)
	if err != nil || len(got) != 2 || got[0].Subject != "first" || got[0].Body != "with a body\n\nof two parts" || got[1].Subject != "second" || got[1].Body != "" {
		t.Errorf("commits %+v, %v", got, err)
	}
	if got, err := f.run.Commits(t.Context(), repo, "main", "feat", 1); err != nil || len(got) != 1 || got[0].Subject != "second" {
		t.Errorf("the newest: %+v, %v", got, err)
	}
	if got, err := f.run.Commits(t.Context(), repo, "feat", "main", 10); err != nil || len(got) != 0 {
		t.Errorf("none: %+v, %v", got, err)
	}
	tree := f.run.Tree(repo)
	for dir, want := range map[string][]string{".github/PULL_REQUEST_TEMPLATE": {"a.md", "b.md"}, ".github": nil, "nowhere": nil} {
		if got, err := tree.Files(t.Context(), "feat", dir); err != nil || !slices.Equal(got, want) {
			t.Errorf("files of %s: %q, %v", dir, got, err)
		}
	}
}
