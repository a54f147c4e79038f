package worktree_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/internal/sandbox/sandboxtest"
	"github.com/hf-dev/hf/internal/sandbox/worktree"
	"github.com/hf-dev/hf/internal/xec"
)

// fixture is a user's checkout and a provider with a data directory of its own.
type fixture struct {
	*testing.T
	dir      string
	env      []string
	git      *git.Runner
	repo     git.Repo
	provider *worktree.Provider
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, dir: dir, env: []string{"HOME=" + dir, "GIT_CONFIG_GLOBAL=" + dir + "/config", "GIT_CONFIG_NOSYSTEM=1", "PATH=" + os.Getenv("PATH")}}
	f.write("config", "[user]\n\tname = A User\n\temail = user@example.com\n[init]\n\tdefaultBranch = main\n")
	f.plain(".", "init", "-q", "repo")
	f.write("repo/README.md", "hello\n")
	f.write("repo/.gitignore", ".env*\nconfig/local/\nnode_modules/\n*.sock\n")
	f.plain("repo", "add", "-A")
	f.plain("repo", "commit", "-qm", "first")
	f.git = git.New(git.Options{Env: f.env, Views: filepath.Join(dir, "views")})
	if f.repo, err = f.git.Open(t.Context(), filepath.Join(dir, "repo")); err != nil {
		t.Fatal(err)
	}
	// The data directory is behind a link, as a home directory may be.
	if err := os.Mkdir(filepath.Join(dir, "disk"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("disk", filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	f.provider = worktree.New(worktree.Options{Git: f.git, Dir: filepath.Join(dir, "data", "worktrees")})
	return f
}

func (f *fixture) write(rel, text string) {
	f.Helper()
	p := filepath.Join(f.dir, rel)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) plain(rel string, args ...string) string {
	f.Helper()
	out, err := xec.Output(f.Context(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: filepath.Join(f.dir, rel), Env: f.env})
	if err != nil {
		f.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

func (f *fixture) spec(slug string) sandbox.Spec {
	f.Helper()
	id := ids.New()
	if err := f.git.CreateBranch(f.Context(), f.repo, "feat/"+id, "main"); err != nil {
		f.Fatal(err)
	}
	return sandbox.Spec{Task: id, Slug: slug, Repo: f.repo.Top, GitDir: f.repo.GitDir, Branch: "feat/" + id}
}

func (f *fixture) create(spec sandbox.Spec) sandbox.Sandbox {
	f.Helper()
	sb, err := f.provider.Create(f.Context(), spec, nil)
	if err != nil {
		f.Fatal(err)
	}
	return sb
}

func TestContract(t *testing.T) {
	sandboxtest.Run(t, func(t *testing.T) (sandbox.Provider, func(string) sandbox.Spec) {
		f := newFixture(t)
		return f.provider, f.spec
	})
}

func TestPathIsDeterministicAndSaysWhoseItIs(t *testing.T) {
	f := newFixture(t)
	spec := f.spec("fix-the-test")
	sb := f.create(spec)
	if want := filepath.Join(f.dir, "disk/worktrees/repo/fix-the-test-"+spec.Task); sb.Path != want {
		t.Errorf("path = %s, want %s", sb.Path, want)
	}
}

func TestIncludeCopiesListedIgnoredFilesAsTheyAre(t *testing.T) {
	f := newFixture(t)
	f.write("repo/.worktreeinclude", "# secrets\n.env*\n!.env.example\nconfig/local/\nnotes.txt\nREADME.md\n*.sock\n")
	f.write("repo/.env", "SECRET=1\n")
	f.write("repo/.env.example", "no\n")
	f.write("repo/config/local/deep/db.toml", "db\n")
	f.write("repo/config/local/[odd] name", "odd\n")
	f.write("repo/notes.txt", "not ignored, so not copied\n")
	f.write("repo/node_modules/huge", "not listed\n")
	f.write("outside/private", "private\n")
	if err := os.Chmod(filepath.Join(f.dir, "repo/.env"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../outside", filepath.Join(f.dir, "repo/config/local/dir")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../outside/private", filepath.Join(f.dir, "repo/.env.link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(f.dir, "repo/x.sock"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := f.plain("repo", "status", "--porcelain", "--ignored")
	sb := f.create(f.spec("x"))
	if after := f.plain("repo", "status", "--porcelain", "--ignored"); after != before {
		t.Errorf("the user's checkout changed from\n%s\nto\n%s", before, after)
	}
	for name, want := range map[string]string{
		".env": "SECRET=1\n", "config/local/deep/db.toml": "db\n", "config/local/[odd] name": "odd\n", "README.md": "hello\n",
		".env.example": "", "notes.txt": "", "node_modules/huge": "", "x.sock": "",
	} {
		b, err := os.ReadFile(filepath.Join(sb.Path, name))
		if string(b) != want || (err == nil) != (want != "") {
			t.Errorf("%s = %q, %v; want %q", name, b, err, want)
		}
	}
	if st, err := os.Stat(filepath.Join(sb.Path, ".env")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("mode of .env: %v, %v", st.Mode(), err)
	}
	for name, want := range map[string]string{".env.link": "../outside/private", "config/local/dir": "../../outside"} {
		if got, err := os.Readlink(filepath.Join(sb.Path, name)); err != nil || got != want {
			t.Errorf("%s -> %q, %v", name, got, err)
		}
	}
	rel, err := filepath.Rel(f.dir, sb.Path)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.plain(rel, "status", "--porcelain"); got != "" {
		t.Errorf("status = %q", got)
	}
}

// TestCreateFinishesAnInterruptedCopy dies after the checkout and in the middle
// of the files.
func TestCreateFinishesAnInterruptedCopy(t *testing.T) {
	f := newFixture(t)
	f.write("repo/.worktreeinclude", ".env*\n")
	f.write("repo/.env", "whole\n")
	f.write("repo/.env.two", "two\n")
	spec := f.spec("x")
	sb := f.create(spec)
	w, _ := f.git.Worktree(f.repo, sb.Path)
	rel, _ := filepath.Rel(f.dir, sb.Path)
	for _, name := range []string{filepath.Join(w.GitDir, "hf-ready"), filepath.Join(sb.Path, ".env")} {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	f.write(rel+"/.env.hf-copy", "wh")
	f.write(rel+"/.env.two", "changed since\n")
	if _, ok, err := f.provider.Probe(t.Context(), spec); ok || err != nil {
		t.Errorf("probe takes it for complete: %v", err)
	}
	f.create(spec)
	for name, want := range map[string]string{".env": "whole\n", ".env.two": "changed since\n"} {
		if b, err := os.ReadFile(filepath.Join(sb.Path, name)); err != nil || string(b) != want {
			t.Errorf("%s = %q, %v", name, b, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(sb.Path, ".*.hf-copy")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestDestroySavesWhatNobodySaved(t *testing.T) {
	f := newFixture(t)
	f.write("repo/.worktreeinclude", ".env\n")
	sb := f.create(f.spec("x"))
	rel, _ := filepath.Rel(f.dir, sb.Path)
	f.write(rel+"/work", "not to be lost\n")
	f.write(rel+"/.env", "neither\n")
	if err := f.provider.Destroy(t.Context(), sb); err != nil {
		t.Fatal(err)
	}
	ref := git.SavedRef(sb.Task)
	if a, b := f.plain("repo", "show", ref+":work"), f.plain("repo", "show", ref+":.env"); a != "not to be lost" || b != "neither" {
		t.Errorf("saved %q and %q", a, b)
	}
}

func TestDestroyRefusesAnotherDirectory(t *testing.T) {
	f := newFixture(t)
	sb := f.create(f.spec("x"))
	sb.Path = f.repo.Top
	if err := f.provider.Destroy(t.Context(), sb); err == nil {
		t.Error("a path that is not the task's was accepted")
	}
	if _, err := os.Stat(filepath.Join(f.repo.Top, "README.md")); err != nil {
		t.Error(err)
	}
}
