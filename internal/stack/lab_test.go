package stack_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/xec"
)

// lab is a repository on main, with real git and git-spice at work in it.
type lab struct {
	testing.TB
	dir  string
	env  []string
	git  *git.Runner
	eng  *stack.Engine
	repo git.Repo
}

// gitSpice is the git-spice that tests drive.
func gitSpice(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("HF_TEST_GIT_SPICE"); path != "" {
		return path
	}
	cache, err := os.UserCacheDir()
	if err == nil {
		found, _ := filepath.Glob(filepath.Join(cache, "hf", "git-spice", "*", "git-spice"))
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	t.Skip("no git-spice: scripts/git-spice.sh builds it, HF_TEST_GIT_SPICE names it")
	return ""
}

func newLab(t testing.TB) *lab {
	t.Helper()
	m := newBareLab(t, gitSpice(t))
	if err := m.eng.Init(t.Context(), m.in(), "main", ""); err != nil {
		t.Fatal(err)
	}
	return m
}

// newBareLab is a lab in which nobody has used git-spice yet.
func newBareLab(t testing.TB, spice string) *lab {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := &lab{TB: t, dir: dir}
	home := filepath.Join(dir, "home")
	m.write("home/.gitconfig", "[user]\n\tname = A User\n\temail = user@example.com\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n[core]\n\tfsync = none\n")
	m.env = []string{
		"HOME=" + home, "GIT_CONFIG_GLOBAL=" + home + "/.gitconfig", "GIT_CONFIG_NOSYSTEM=1",
		"PATH=" + os.Getenv("PATH"), stack.Variable + "=" + spice,
	}
	m.git = git.New(git.Options{Env: m.env, Views: filepath.Join(dir, "views")})
	m.eng = stack.New(stack.Options{Git: m.git, Scratch: filepath.Join(dir, "scratch")})
	m.run(".", "init", "-q", "repo")
	m.write("repo/shared", "one\ntwo\nthree\n")
	m.write("repo/notes", "n\n")
	m.run("repo", "add", "-A")
	m.run("repo", "commit", "-qm", "first")
	if m.repo, err = m.git.Open(t.Context(), m.path("repo")); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *lab) in() stack.In { return stack.In{Repo: m.repo, Env: m.env} }

func (m *lab) path(rel string) string { return filepath.Join(m.dir, rel) }

func (m *lab) write(rel, text string) {
	m.Helper()
	p := m.path(rel)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		m.Fatal(err)
	}
}

func (m *lab) read(rel string) string {
	m.Helper()
	b, err := os.ReadFile(m.path(rel))
	if err != nil {
		m.Fatal(err)
	}
	return string(b)
}

// run runs plain git, as the user or an agent does.
func (m *lab) run(rel string, args ...string) string {
	m.Helper()
	out, err := m.try(rel, args...)
	if err != nil {
		m.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSuffix(out, "\n")
}

func (m *lab) try(rel string, args ...string) (string, error) {
	out, err := xec.Output(m.Context(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: m.path(rel), Env: m.env})
	return string(out), err
}

// branch makes a tracked branch with one commit of its own in a worktree of its
// own.
func (m *lab) branch(name, base string) {
	m.Helper()
	m.run("repo", "worktree", "add", "-q", "-b", name, m.path(tree(name)), base)
	m.commit(tree(name), name+".txt", name+"\n")
	m.track(name, base)
}

func (m *lab) track(name, base string) {
	m.Helper()
	if err := m.eng.Track(m.Context(), m.in(), name, base); err != nil {
		m.Fatal(err)
	}
}

// tree is where the worktree of a branch is.
func tree(branch string) string { return "wt-" + strings.ReplaceAll(branch, "/", "-") }

// stack makes branches that stand on one another, the first on main.
func (m *lab) stack(names ...string) {
	m.Helper()
	base := "main"
	for _, name := range names {
		m.branch(name, base)
		base = name
	}
}

// commit commits one file in a worktree.
func (m *lab) commit(rel, file, text string) string {
	m.Helper()
	m.write(rel+"/"+file, text)
	m.run(rel, "add", file)
	m.run(rel, "commit", "-qm", "change "+file, "--", file)
	return m.run(rel, "rev-parse", "HEAD")
}

// free takes the worktree of a branch away.
func (m *lab) free(branch string) {
	m.run("repo", "worktree", "remove", "--force", m.path(tree(branch)))
}

func (m *lab) tip(rev string) string { return m.run("repo", "rev-parse", rev) }

// restack restacks and wants outcomes, as "branch outcome" each.
func (m *lab) restack(req stack.RestackRequest, want ...string) stack.Report {
	m.Helper()
	if req.Scope == "" {
		req.Scope = stack.All
	}
	if req.OnConflict == "" {
		req.OnConflict = stack.Leave
	}
	rep, err := m.eng.Restack(m.Context(), m.in(), req)
	if err != nil {
		m.Fatal(err)
	}
	m.wants(rep, want...)
	return rep
}

func (m *lab) wants(rep stack.Report, want ...string) {
	m.Helper()
	var got []string
	for _, r := range rep.Results {
		got = append(got, r.Branch+" "+string(r.Outcome))
	}
	if !slices.Equal(got, want) {
		m.Errorf("outcomes:\n got %q\nwant %q", got, want)
		for _, r := range rep.Results {
			if r.Error != nil {
				m.Logf("%s: %s (%s)", r.Branch, r.Error.Message, r.Error.Hint)
			}
		}
	}
}

// stands wants that each branch has its base in its history, is checked out
// where it was, and that git-spice thinks the same.
func (m *lab) stands(names ...string) {
	m.Helper()
	f := m.state()
	for _, name := range names {
		b := f.Branches[name]
		if _, err := m.try("repo", "merge-base", "--is-ancestor", b.Base, name); err != nil {
			m.Errorf("%s does not stand on %s", name, b.Base)
		}
		if at := m.tip(b.Base); b.BaseHash != at {
			m.Errorf("git-spice has %s on %s at %.8s, want %.8s", name, b.Base, b.BaseHash, at)
		}
		if _, err := os.Stat(m.path(tree(name))); err != nil {
			continue
		}
		if at := m.run(tree(name), "symbolic-ref", "--short", "HEAD"); at != name {
			m.Errorf("%s has %s checked out", tree(name), at)
		}
	}
}

func (m *lab) state() stack.Forest {
	m.Helper()
	f, err := m.eng.State(m.Context(), m.repo)
	if err != nil {
		m.Fatal(err)
	}
	return f
}

// clean wants a worktree without changes.
func (m *lab) clean(rels ...string) {
	m.Helper()
	for _, rel := range rels {
		if s := m.run(rel, "status", "--porcelain"); s != "" {
			m.Errorf("%s is not clean:\n%s", rel, s)
		}
	}
}

// tidy wants that nothing of hf's is left.
func (m *lab) tidy() {
	m.Helper()
	if entries, err := os.ReadDir(m.path("scratch")); err == nil && len(entries) > 0 {
		m.Errorf("%s is left", entries[0])
	}
	if list := m.run("repo", "worktree", "list", "--porcelain"); strings.Contains(list, "/scratch/") {
		m.Errorf("the scratch worktree is recorded still:\n%s", list)
	}
	if views, _ := filepath.Glob(m.path("views/for-*")); len(views) > 0 {
		m.Errorf("%s is left", views)
	}
}

// spice runs git-spice by hand, as a user does, and returns what it said.
func (m *lab) spice(rel string, args ...string) string {
	m.Helper()
	var out, log strings.Builder
	err := xec.Run(m.Context(), xec.Cmd{
		Argv: append([]string{gitSpice(m), "--no-prompt"}, args...), Dir: m.path(rel), Env: append(m.env, "EDITOR=true", "GIT_EDITOR=true"), Stdout: &out, Stderr: &log,
	})
	if err != nil {
		m.Logf("git-spice %s: %v", strings.Join(args, " "), err)
	}
	return out.String() + log.String()
}

func (m *lab) tryRead(rel string) (string, error) {
	b, err := os.ReadFile(m.path(rel))
	return string(b), err
}
