package branch_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a repository with one commit on main, a database that knows it, and
// what looks at its branches. Each git that hf starts writes a line into a file.
type world struct {
	testing.TB
	dir     string
	env     []string
	git     *git.Runner
	repo    git.Repo
	store   *store.Store
	forest  *forests
	service *branch.Service
	started string
	tasks   int
}

type branchStore struct{ *store.Store }

func (s branchStore) Update(ctx context.Context, fn func(branch.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s branchStore) View(ctx context.Context, fn func(branch.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// forests stands for git-spice's record.
type forests struct {
	mu    sync.Mutex
	now   stack.Forest
	err   error
	reads int
	read  func() // is called by a look, once
}

func (f *forests) State(context.Context, git.Repo) (stack.Forest, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if read := f.read; read != nil {
		f.read = nil
		read()
	}
	return f.now, f.err
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, dir: dir, forest: &forests{}, started: filepath.Join(dir, "started")}
	w.env = []string{
		"HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "PATH=" + os.Getenv("PATH"),
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
	}
	program, err := xec.LookPath("git", w.env)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" >>'%s'\nexec '%s' \"$@\"\n", w.started, program)
	counting := filepath.Join(dir, "git")
	if err := os.WriteFile(counting, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	w.git = git.New(git.Options{Path: counting, Env: w.env, Views: filepath.Join(dir, "views")})
	w.run("init", "-q", "-b", "main", ".")
	w.commit("main", "README.md", "hello\n")
	w.repo = git.Repo{Top: w.path(), GitDir: w.path(".git")}
	w.store, err = store.Open(t.Context(), filepath.Join(dir, "hf.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	w.update(func(tx *store.Tx) error {
		if err := tx.EnsureWorkspace("w"); err != nil {
			return err
		}
		return tx.PutRepo(&task.Repo{ID: "r", Workspace: "w", Name: "repo", Path: w.repo.Top, GitDir: w.repo.GitDir, DefaultBranch: "main", State: api.RepoReady})
	})
	w.service = branch.New(branch.Config{
		Store: branchStore{w.store}, Git: w.git, Stacks: w.forest, Log: slog.New(slog.DiscardHandler), Now: time.Now, Every: time.Hour,
	})
	w.service.Hold("r")
	return w
}

// path is below the repository's work tree.
func (w *world) path(names ...string) string {
	return filepath.Join(append([]string{w.dir, "repo"}, names...)...)
}

// run runs git as a user or an agent does.
func (w *world) run(args ...string) string {
	w.Helper()
	if err := os.MkdirAll(w.path(), 0o755); err != nil {
		w.Fatal(err)
	}
	out, err := xec.Output(context.Background(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: w.path(), Env: w.env})
	if err != nil {
		w.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// can reports whether this git knows how to do something.
func (w *world) can(args ...string) bool {
	return xec.Run(context.Background(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: w.path(), Env: w.env}) == nil
}

// pipe is run with something to read.
func (w *world) pipe(in string, args ...string) string {
	w.Helper()
	out, err := xec.Output(context.Background(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: w.path(), Env: w.env, Stdin: strings.NewReader(in)})
	if err != nil {
		w.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

// commit puts a file into a commit on a branch, and makes the branch where HEAD
// is if there is none.
func (w *world) commit(name, file, text string) string {
	w.Helper()
	switch current := w.run("symbolic-ref", "--short", "HEAD"); {
	case current == name:
	case w.run("branch", "--list", name) == "":
		w.run("checkout", "-q", "-b", name)
	default:
		w.run("checkout", "-q", name)
	}
	if err := os.MkdirAll(filepath.Dir(w.path(file)), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(w.path(file), []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
	w.run("add", "-A")
	w.run("commit", "-qm", name+" "+file)
	return w.run("rev-parse", "HEAD")
}

// branch makes a branch with a commit.
func (w *world) branch(name, from, file, text string) string {
	w.Helper()
	w.run("checkout", "-q", "-b", name, from)
	return w.commit(name, file, text)
}

func (w *world) update(fn func(*store.Tx) error) {
	w.Helper()
	if err := w.store.Update(context.Background(), fn); err != nil {
		w.Fatal(err)
	}
}

// task makes a live task with a branch.
func (w *world) task(name, base string, change ...func(*task.Task)) string {
	w.Helper()
	w.tasks++
	t := &task.Task{
		ID: fmt.Sprintf("t%d", w.tasks), Workspace: "w", RepoID: "r", Title: name, Branch: name, Base: base,
		Lifecycle: api.LifecycleReady, CreatedAt: time.Unix(int64(w.tasks), 0),
	}
	for _, c := range change {
		c(t)
	}
	w.update(func(tx *store.Tx) error { return tx.PutTask(t) })
	return t.ID
}

func (w *world) read(id string) task.Task {
	w.Helper()
	var t *task.Task
	w.view(func(tx *store.Tx) (err error) { t, err = tx.Task(id); return err })
	return *t
}

func (w *world) view(fn func(*store.Tx) error) {
	w.Helper()
	if err := w.store.View(context.Background(), fn); err != nil {
		w.Fatal(err)
	}
}

// track makes git-spice's record say that branches stand on others: "on base".
func (w *world) track(trunk string, on ...string) {
	w.Helper()
	w.forest.mu.Lock()
	defer w.forest.mu.Unlock()
	if w.forest.now.Branches == nil {
		w.forest.now.Branches = map[string]stack.Branch{}
	}
	w.forest.now.Trunk = trunk
	for _, pair := range on {
		name, base, _ := strings.Cut(pair, " ")
		w.forest.now.Branches[name] = stack.Branch{Name: name, Base: base, BaseHash: w.run("rev-parse", base)}
	}
	tree := w.pipe("", "mktree")
	w.forest.now.Commit = w.run("commit-tree", tree, "-m", strings.Join(on, ","))
	w.run("update-ref", "refs/spice/data", w.forest.now.Commit)
}

func (w *world) look() {
	w.Helper()
	if err := w.service.Look(context.Background(), "r"); err != nil {
		w.Fatal(err)
	}
}

// rows are the branches as they are kept, by name.
func (w *world) rows() map[string]branch.Branch {
	w.Helper()
	out := map[string]branch.Branch{}
	w.view(func(tx *store.Tx) error {
		list, err := tx.Branches("r")
		for _, b := range list {
			out[b.Name] = b
		}
		return err
	})
	return out
}

// says is a branch in a line.
func says(b branch.Branch) string {
	num := func(n *int) string {
		if n == nil {
			return "?"
		}
		return fmt.Sprint(*n)
	}
	s := fmt.Sprintf("%s ↑%s ↓%s", b.Base, num(b.Ahead), num(b.Behind))
	if b.Upstream != "" {
		s += " to " + b.Upstream
	}
	s += " unpushed " + num(b.Unpushed)
	if b.NeedsRestack != nil && *b.NeedsRestack {
		s += " restack"
	}
	for _, c := range b.Conflicts {
		s += fmt.Sprintf(" !%s%s", c.With, c.Files)
	}
	return s
}

func (w *world) want(want map[string]string) {
	w.Helper()
	rows := w.rows()
	for name, line := range want {
		b, ok := rows[name]
		if got := says(b); !ok || got != line {
			w.Errorf("%s: %q, want %q", name, got, line)
		}
	}
}

// events are those of branches since an event.
func (w *world) events(after int64) (kinds []string, last int64) {
	w.Helper()
	last = after
	w.view(func(tx *store.Tx) error {
		list, err := tx.Events(after, "", 0)
		for _, e := range list {
			last = e.Seq
			if e.Kind == api.EventBranchesChanged || e.Kind == api.EventWarning {
				kinds = append(kinds, string(e.Kind)+" "+string(e.Data))
			}
		}
		return err
	})
	return kinds, last
}

// processes are the commands of git that hf started since it was asked last.
func (w *world) processes() []string {
	w.Helper()
	b, err := os.ReadFile(w.started)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		w.Fatal(err)
	}
	if err := os.Remove(w.started); err != nil {
		w.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		for len(fields) > 2 && fields[0] == "-c" {
			fields = fields[2:]
		}
		out = append(out, fields[0])
	}
	slices.Sort(out)
	return out
}
