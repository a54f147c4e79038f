package change_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// world is a repo with a remote, a colleague who has a clone of it, and a
// service with a database of its own.
type world struct {
	*testing.T
	dir   string
	env   []string
	store *store.Store
	git   *git.Runner
	repo  *task.Repo
	svc   *change.Service
}

type changeStore struct{ *store.Store }

func (s changeStore) Update(ctx context.Context, fn func(change.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s changeStore) View(ctx context.Context, fn func(change.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, dir: dir}
	w.write("home/.gitconfig", "[user]\n\tname = A User\n\temail = user@example.com\n[init]\n\tdefaultBranch = main\n")
	w.env = []string{"HOME=" + filepath.Join(dir, "home"), "GIT_CONFIG_NOSYSTEM=1", "PATH=" + os.Getenv("PATH")}
	w.sh(".", "init", "-q", "repo")
	w.commit("repo", "README.md", "hello\n")
	w.sh(".", "clone", "-q", "--bare", "repo", "origin.git")
	w.sh("repo", "remote", "add", "origin", filepath.Join(dir, "origin.git"))
	w.sh(".", "clone", "-q", "origin.git", "colleague")

	w.git = git.New(git.Options{Env: w.env, Views: filepath.Join(dir, "views")})
	w.store, err = store.Open(t.Context(), filepath.Join(dir, "hf.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.store.Close() })
	w.repo = &task.Repo{ID: "r", Workspace: "default", Name: "repo", Path: filepath.Join(dir, "repo"), GitDir: filepath.Join(dir, "repo", ".git"), State: api.RepoReady}
	w.update(func(tx *store.Tx) error {
		if err := tx.EnsureWorkspace("default"); err != nil {
			return err
		}
		return tx.PutRepo(w.repo)
	})
	w.svc = change.NewService(change.Config{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Store: changeStore{w.store}, Git: w.git,
		Login: func(context.Context, string, api.Env) *git.Login { return nil },
	})
	return w
}

func (w *world) update(fn func(tx *store.Tx) error) {
	w.Helper()
	if err := w.store.Update(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) write(rel, text string) {
	w.Helper()
	p := filepath.Join(w.dir, rel)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
}

// sh runs plain git, as a person or an agent does.
func (w *world) sh(rel string, args ...string) string {
	w.Helper()
	out, err := xec.Output(w.Context(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: filepath.Join(w.dir, rel), Env: w.env})
	if err != nil {
		w.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// commit makes a commit of one file and returns it.
func (w *world) commit(tree, file, text string) string {
	w.Helper()
	w.write(filepath.Join(tree, file), text)
	w.sh(tree, "add", file)
	w.sh(tree, "commit", "-qm", "change "+file)
	return w.sh(tree, "rev-parse", "HEAD")
}

// task makes a task with a worktree on a new branch.
func (w *world) task(id, branch, base string) (tree string) {
	w.Helper()
	tree = filepath.Join("trees", id)
	w.sh("repo", "worktree", "add", "-q", "-b", branch, filepath.Join(w.dir, tree), base)
	w.update(func(tx *store.Tx) error {
		return tx.PutTask(&task.Task{
			ID: id, Workspace: "default", RepoID: "r", Title: id, Branch: branch, Base: base,
			Path: filepath.Join(w.dir, tree), Lifecycle: api.LifecycleReady,
		})
	})
	return tree
}

// push pushes a branch by a lease of its own.
func (w *world) push(branch string) error {
	l, err := w.svc.Lease(w.Context(), w.repo, branch, w.sh("repo", "rev-parse", branch), nil)
	if err != nil {
		return err
	}
	return w.svc.Push(w.Context(), w.repo, l, branch, nil)
}

func (w *world) mustPush(branch string) {
	w.Helper()
	if err := w.push(branch); err != nil {
		w.Fatal(err)
	}
}

// refused checks that a push is refused and the remote as it was.
func (w *world) refused(branch, hint string) {
	w.Helper()
	before := w.sh("origin.git", "for-each-ref")
	err := w.push(branch)
	if !api.IsCode(err, api.CodeConflict) {
		w.Errorf("push of %s: %v", branch, err)
	}
	if e, ok := errors.AsType[*api.Error](err); ok && !strings.Contains(e.Hint, hint) {
		w.Errorf("the hint is %q, want %q in it", e.Hint, hint)
	}
	if after := w.sh("origin.git", "for-each-ref"); after != before {
		w.Errorf("the remote had\n%s\nand has\n%s", before, after)
	}
}

func (w *world) onRemote(branch, want string) {
	w.Helper()
	if got := w.sh("origin.git", "for-each-ref", "--format=%(objectname)", "refs/heads/"+branch); got != want {
		w.Errorf("the remote has %s at %q, want %q", branch, got, want)
	}
}

func (w *world) rewrite(tree, words string) string {
	w.sh(tree, "commit", "-q", "--amend", "-m", words)
	return w.sh(tree, "rev-parse", "HEAD")
}

// pushedEvents counts the events of pushes.
func (w *world) pushedEvents() (n int) {
	w.Helper()
	err := w.store.View(w.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, "", 0)
		for _, e := range events {
			if e.Kind == api.EventPushed {
				n++
			}
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func TestPushOfAnOwnBranchThatWasRewritten(t *testing.T) {
	w := newWorld(t)
	tree := w.task("k3f9", "feat", "main")
	w.onRemote("feat", "")
	first := w.commit(tree, "a", "1\n")
	w.mustPush("feat")
	w.onRemote("feat", first)
	w.mustPush("feat") // there is nothing to do
	second := w.rewrite(tree, "better words")
	w.mustPush("feat")
	w.onRemote("feat", second)
	if n := w.pushedEvents(); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
	if got := w.sh(tree, "rev-parse", "--abbrev-ref", "feat@{upstream}"); got != "origin/feat" {
		t.Errorf("the upstream is %q", got)
	}
}

// The usual lease of git would hold here: a fetch in the background has moved
// the branch that it looks at.
func TestSomebodyElsesPushIsNeverOverwritten(t *testing.T) {
	w := newWorld(t)
	tree := w.task("k3f9", "feat", "main")
	w.commit(tree, "a", "1\n")
	w.mustPush("feat")
	w.sh("colleague", "fetch", "-q")
	w.sh("colleague", "switch", "-q", "feat")
	theirs := w.commit("colleague", "b", "theirs\n")
	w.sh("colleague", "push", "-q")
	w.rewrite(tree, "better words")
	w.refused("feat", "hf sync k3f9")
	w.sh("repo", "fetch", "-q")
	w.refused("feat", "hf sync k3f9")
	w.onRemote("feat", theirs)

	// Force-pushed by somebody else: what hf pushed is gone from there.
	w.sh("colleague", "reset", "-q", "--hard", "origin/main")
	forced := w.commit("colleague", "c", "theirs\n")
	w.sh("colleague", "push", "-q", "--force")
	w.refused("feat", "hf sync k3f9")
	w.onRemote("feat", forced)

	// Once their work was taken in, it may be rewritten.
	w.sh(tree, "fetch", "-q")
	w.sh(tree, "rebase", "-q", forced)
	w.mustPush("feat")
	again := w.rewrite(tree, "best words")
	w.mustPush("feat")
	w.onRemote("feat", again)
}

func TestABranchThatHfDoesNotKnow(t *testing.T) {
	w := newWorld(t)
	w.sh("colleague", "switch", "-qc", "feat")
	theirs := w.commit("colleague", "b", "theirs\n")
	w.sh("colleague", "push", "-q", "origin", "feat")
	tree := w.task("k3f9", "feat", "main")
	w.commit(tree, "a", "1\n")
	w.refused("feat", "hf sync k3f9")
	w.sh(tree, "fetch", "-q")
	w.refused("feat", "hf sync k3f9")

	// One that is part of ours is only moved on.
	w.sh(tree, "reset", "-q", "--hard", theirs)
	ours := w.commit(tree, "a", "1\n")
	w.mustPush("feat")
	w.onRemote("feat", ours)
}

func TestABranchThatWasDeletedOnTheRemote(t *testing.T) {
	w := newWorld(t)
	tree := w.task("k3f9", "feat", "main")
	ours := w.commit(tree, "a", "1\n")
	w.mustPush("feat")
	w.sh("origin.git", "branch", "-D", "feat")
	l, err := w.svc.Lease(t.Context(), w.repo, "feat", ours, nil)
	if err != nil || !l.Recreates {
		t.Fatalf("lease %+v, %v", l, err)
	}
	w.mustPush("feat")
	w.onRemote("feat", ours)

	// With commits of somebody else in it that are not here any more.
	w.sh("colleague", "fetch", "-q")
	w.sh("colleague", "switch", "-q", "feat")
	theirs := w.commit("colleague", "b", "theirs\n")
	w.sh("colleague", "push", "-q")
	w.sh(tree, "fetch", "-q")
	if err := w.svc.NoteSeen(t.Context(), w.repo, "origin", "feat", theirs); err != nil {
		t.Fatal(err)
	}
	w.sh("origin.git", "branch", "-D", "feat")
	w.refused("feat", "push origin feat")
}

// An agent may push by itself, and rewrite the branch then.
func TestAPushFromTheSameRepositoryIsOurs(t *testing.T) {
	w := newWorld(t)
	tree := w.task("k3f9", "feat", "main")
	w.commit(tree, "a", "1\n")
	w.sh(tree, "push", "-q", "origin", "feat")
	again := w.rewrite(tree, "better words")
	w.mustPush("feat")
	w.onRemote("feat", again)
}

// What was taken in before a branch is rewritten counts, when it was noted.
func TestNoteIncluded(t *testing.T) {
	w := newWorld(t)
	w.sh("colleague", "switch", "-qc", "feat")
	w.commit("colleague", "b", "theirs\n")
	w.sh("colleague", "push", "-q", "origin", "feat")
	w.sh("repo", "fetch", "-q")
	tree := w.task("k3f9", "feat", "origin/feat")
	w.commit("repo", "m", "main moved\n")
	if err := w.svc.NoteIncluded(t.Context(), w.repo, "feat", "main", "nowhere"); err != nil {
		t.Fatal(err)
	}
	w.sh(tree, "rebase", "-q", "main")
	w.mustPush("feat")
	w.onRemote("feat", w.sh(tree, "rev-parse", "HEAD"))
}

// A daemon that died after the push and before it noted it does both again.
func TestAPushThatWasNotNoted(t *testing.T) {
	w := newWorld(t)
	tree := w.task("k3f9", "feat", "main")
	first := w.commit(tree, "a", "1\n")
	w.mustPush("feat")
	second := w.rewrite(tree, "better words")
	l, err := w.svc.Lease(t.Context(), w.repo, "feat", second, nil)
	if err != nil || l.Expected != first || !l.Rewrites {
		t.Fatalf("lease %+v, %v", l, err)
	}
	if err := w.git.Push(t.Context(), git.Repo{Top: w.repo.Path, GitDir: w.repo.GitDir}, git.Push{
		Via: git.Via{Remote: "origin", Env: w.env}, Branch: "feat", Commit: second, Expected: first,
	}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.svc.Push(t.Context(), w.repo, l, "feat", nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.pushedEvents(); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func TestPushWithoutARemote(t *testing.T) {
	w := newWorld(t)
	tree := w.task("k3f9", "feat", "main")
	w.commit(tree, "a", "1\n")
	w.sh("repo", "remote", "remove", "origin")
	if err := w.push("feat"); !api.IsCode(err, api.CodeNotFound) {
		t.Errorf("err = %v", err)
	}
}
