package complete

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestBranches(t *testing.T) {
	dir := t.TempDir()
	repo, tree := filepath.Join(dir, "repo"), filepath.Join(dir, "tree")
	for _, args := range [][]string{
		{"init", "-q", "-b", "main", repo},
		{"-C", repo, "commit", "-q", "--allow-empty", "-m", "start"},
		{"-C", repo, "branch", "feat/packed"},
		{"-C", repo, "pack-refs", "--all"},
		{"-C", repo, "branch", "feat/loose"},
		{"-C", repo, "worktree", "add", "-q", tree, "feat/loose"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Env = []string{
			"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.invalid", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.invalid",
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	below := filepath.Join(repo, "a", "b")
	if err := os.MkdirAll(below, 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{"feat/loose", "feat/packed", "main"}
	for _, at := range []string{repo, below, tree} {
		if got := branches(gitDir(at)); !slices.Equal(got, want) {
			t.Errorf("in %s: %q, want %q", at, got, want)
		}
	}
	if got := branches(gitDir(dir)); got != nil {
		t.Errorf("outside of a repository: %q", got)
	}
	if err := os.WriteFile(filepath.Join(below, ".git"), []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := branches(gitDir(below)); got != nil {
		t.Errorf("in a broken one: %q", got)
	}
}

func TestNamed(t *testing.T) {
	for _, tt := range []struct {
		key, prefix string
		want        []string
	}{
		{"backend.idle_exit", "", []string{"backend.idle_exit"}},
		{"agents.NAME.mode", "", []string{"agents.claude.mode", "agents.codex.mode", "agents.opencode.mode", "agents.gemini.mode"}},
		{"agents.NAME.mode", "agents.mine.", []string{"agents.mine.mode"}},
		{"agents.NAME.env.NAME", "agents.mine.", nil},
		{"repos.NAME.base", "", nil},
		{"repos.NAME.base", "repos.web.b", []string{"repos.web.base"}},
	} {
		if got := named(tt.key, tt.prefix); !slices.Equal(got, tt.want) {
			t.Errorf("%s for %q: %q, want %q", tt.key, tt.prefix, got, tt.want)
		}
	}
}
