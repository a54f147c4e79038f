package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/xec"
)

// fixture is a repository with one commit on main, and a runner of its own.
type fixture struct {
	testing.TB
	dir  string
	env  []string
	run  *git.Runner
	repo git.Repo
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{TB: t, dir: dir}
	home := filepath.Join(dir, "home")
	f.write("home/.gitconfig", "[user]\n\tname = A User\n\temail = user@example.com\n[init]\n\tdefaultBranch = main\n")
	f.env = []string{"HOME=" + home, "GIT_CONFIG_GLOBAL=" + home + "/.gitconfig", "GIT_CONFIG_NOSYSTEM=1", "PATH=" + os.Getenv("PATH")}
	f.run = git.New(git.Options{Env: f.env, Views: filepath.Join(dir, "views")})
	f.git(".", "init", "-q", "repo")
	f.write("repo/README.md", "hello\n")
	f.write("repo/src/a.go", "package a\n\nfunc A() int { return 1 }\n")
	f.write("repo/.gitignore", "*.log\n.env\nbuild/\n")
	f.git("repo", "add", "-A")
	f.git("repo", "commit", "-qm", "first")
	f.repo, err = f.run.Open(t.Context(), f.path("repo"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) path(rel string) string { return filepath.Join(f.dir, rel) }

// write makes a file and its directories.
func (f *fixture) write(rel, text string) {
	f.Helper()
	p := f.path(rel)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
}

// git runs plain git, as the user or an agent does.
func (f *fixture) git(rel string, args ...string) string {
	f.Helper()
	out, err := f.try(rel, args...)
	if err != nil {
		f.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSuffix(out, "\n")
}

func (f *fixture) try(rel string, args ...string) (string, error) {
	out, err := xec.Output(f.Context(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: f.path(rel), Env: f.env})
	return string(out), err
}

// worktree makes a task's worktree on a new branch.
func (f *fixture) worktree(branch string) string {
	f.Helper()
	if err := f.run.CreateBranch(f.Context(), f.repo, branch, "main"); err != nil {
		f.Fatal(err)
	}
	path := f.path("data/worktrees/" + strings.ReplaceAll(branch, "/", "-"))
	if _, err := f.run.WorktreeAdd(f.Context(), f.repo, path, branch); err != nil {
		f.Fatal(err)
	}
	return path
}

// open finds a worktree of the fixture's repository.
func (f *fixture) open(path string) git.Worktree {
	f.Helper()
	w, err := f.run.OpenWorktree(f.Context(), f.repo.GitDir, path)
	if err != nil {
		f.Fatal(err)
	}
	return w
}
