package branch_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// serve runs a service that looks at repositories by itself.
func (w *world) serve(every time.Duration, change ...func(*branch.Service)) *branch.Service {
	w.Helper()
	s := branch.New(branch.Config{
		Store: branchStore{w.store}, Git: w.git, Stacks: w.forest, Log: slog.New(slog.DiscardHandler), Now: time.Now, Every: every,
	})
	for _, c := range change {
		c(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	w.Cleanup(func() {
		cancel()
		<-done
	})
	return s
}

// await waits until something is so.
func (w *world) await(what string, so func() bool) {
	w.Helper()
	woken, stop := w.store.Watch()
	defer stop()
	over := time.After(time.Minute)
	for !so() {
		select {
		case <-woken:
		case <-time.After(50 * time.Millisecond): // not everything is an event
		case <-over:
			w.Fatalf("it never came to this: %s", what)
		}
	}
}

func (w *world) end(id string) {
	w.Helper()
	w.update(func(tx *store.Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		t.Lifecycle = api.LifecycleKilled
		return tx.PutTask(t)
	})
}

func TestChildrenNeedARestackAtOnce(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	w.branch("team/b", "a", "b.txt", "b\n")
	w.task("a", "main")
	child := w.task("team/b", "a", func(t *task.Task) { t.Parent = "t1" })
	w.serve(time.Hour) // nothing is seen by looking now and then
	shown := func(restack bool, behind int) func() bool {
		return func() bool {
			t := w.read(child)
			return t.NeedsRestack != nil && *t.NeedsRestack == restack && *t.Behind == behind
		}
	}
	w.await("the first look", shown(false, 0))
	w.commit("a", "a.txt", "more\n")
	w.await("the child of a branch that moved needs a restack", shown(true, 1))
	w.run("checkout", "-q", "team/b")
	w.run("rebase", "-q", "a")
	w.await("rebased", shown(false, 0))
	w.run("pack-refs", "--all")
	w.run("update-ref", "refs/heads/a", "team/b")
	w.await("packed refs", func() bool { t := w.read(child); return *t.Ahead == 0 })
	w.branch("deep/down/c", "a", "c.txt", "c\n")
	w.await("a branch in new directories", func() bool { _, ok := w.rows()["deep/down/c"]; return ok })
	head := w.commit("deep/down/c", "c.txt", "cc\n")
	w.await("it moves", func() bool { return w.rows()["deep/down/c"].Head == head })
}

func TestNothingIsStartedWhileNothingMoves(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	id := w.task("a", "main")
	s := w.serve(10 * time.Millisecond)
	w.await("the first look", func() bool { return w.read(id).Ahead != nil })
	w.run("status") // of a user, whose git writes an index
	w.processes()
	for range 20 {
		s.TasksChanged()
		time.Sleep(20 * time.Millisecond) // that nothing happens has no event
	}
	if got := w.processes(); len(got) > 0 {
		t.Errorf("started %q", got)
	}
}

func TestRepositoriesOfLiveTasksAlone(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	s := w.serve(20 * time.Millisecond)
	id := w.task("a", "main")
	s.TasksChanged()
	w.await("the task's branch is seen", func() bool { return w.rows()["a"].Task == id })
	w.end(id)
	s.TasksChanged()
	w.await("no row names it", func() bool { return w.rows()["a"].Task == "" })
	w.await("nobody looks there any more", func() bool { return !s.Polls("r") })
	w.processes()
	w.commit("a", "a.txt", "more\n")
	s.TasksChanged()
	time.Sleep(100 * time.Millisecond) // that nothing happens has no event
	if got := w.processes(); len(got) > 0 {
		t.Errorf("started %q in a repository without tasks", got)
	}
	if err := s.Look(t.Context(), "r"); err != nil {
		t.Fatal(err)
	}
	w.want(map[string]string{"a": "main ↑2 ↓0 unpushed 2"})
	next := w.task("a", "main")
	s.TasksChanged()
	w.await("another task", func() bool { return w.rows()["a"].Task == next })
}

func TestABrokenRepositoryHoldsUpNoOther(t *testing.T) {
	w := newWorld(t)
	w.update(func(tx *store.Tx) error {
		for _, id := range []string{"gone", "broken"} {
			if err := os.MkdirAll(w.path("..", id, ".git"), 0o755); err != nil {
				return err
			}
			err := tx.PutRepo(&task.Repo{ID: id, Workspace: "w", Name: id, Path: w.path("..", id), GitDir: w.path("..", id, ".git"), State: api.RepoReady})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := os.Remove(w.path("..", "gone", ".git")); err != nil {
		t.Fatal(err)
	}
	w.task("x", "main", func(t *task.Task) { t.RepoID = "gone" })
	w.task("y", "main", func(t *task.Task) { t.RepoID = "broken" })
	w.branch("a", "main", "a.txt", "a\n")
	id := w.task("a", "main")
	s := w.serve(10 * time.Millisecond)
	w.await("the good one is seen", func() bool { return w.read(id).Ahead != nil })
	warnings := func() []string {
		kinds, _ := w.events(0)
		return slices.DeleteFunc(kinds, func(k string) bool { return !strings.HasPrefix(k, string(api.EventWarning)) })
	}
	w.await("a warning", func() bool { return len(warnings()) > 0 })
	for range 5 {
		if err := s.Look(t.Context(), "broken"); err == nil {
			t.Error("a directory without a repository was looked at")
		}
	}
	w.commit("a", "a.txt", "more\n")
	w.await("the good one is seen still", func() bool { return *w.read(id).Ahead == 2 })
	if got := warnings(); len(got) != 1 || !strings.Contains(got[0], "broken") {
		t.Errorf("warnings %q", got)
	}
}

func TestARepositoryThatIsMovedAwayAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	id := w.task("a", "main")
	w.serve(10 * time.Millisecond)
	w.await("the first look", func() bool { return w.read(id).Ahead != nil })
	away := w.path("..", "away")
	if err := os.Rename(w.path(), away); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // some looks at nothing
	if b := w.rows()["a"]; b.Ahead == nil || *b.Ahead != 1 {
		t.Errorf("what was known of it: %+v", b)
	}
	if err := os.Rename(away, w.path()); err != nil {
		t.Fatal(err)
	}
	w.commit("a", "a.txt", "more\n")
	w.await("it is back", func() bool { return *w.read(id).Ahead == 2 })
	if kinds, _ := w.events(0); slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(k, string(api.EventWarning)) }) {
		t.Errorf("events %q", kinds)
	}
}

func TestARepositoryThatIsMovedAwayUnderALook(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	w.track("main", "a main")
	id := w.task("a", "main")
	away := w.path("..", "away")
	moved := make(chan error, 1)
	w.forest.read = func() { moved <- os.Rename(w.path(), away) }
	s := w.serve(10 * time.Millisecond)
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	if err := s.Look(t.Context(), "r"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is away is looked at: %v", err)
	}
	if err := os.Rename(away, w.path()); err != nil {
		t.Fatal(err)
	}
	w.await("it is back", func() bool { return w.read(id).Ahead != nil })
	if kinds, _ := w.events(0); slices.ContainsFunc(kinds, func(k string) bool { return strings.HasPrefix(k, string(api.EventWarning)) }) {
		t.Errorf("events %q", kinds)
	}
}

func TestWithoutGitSpicesRecordTheRestHolds(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	w.branch("b", "a", "b.txt", "b\n")
	w.track("main", "a main", "b a")
	w.task("a", "main")
	w.task("b", "main", func(t *task.Task) { t.Parent = "t1" })
	w.forest.err = errors.New("a layout of the future")
	if err := w.service.Look(t.Context(), "r"); err == nil || !strings.Contains(err.Error(), "future") {
		t.Errorf("err = %v", err)
	}
	w.want(map[string]string{"a": "main ↑1 ↓0 unpushed 1", "b": "a ↑1 ↓0 unpushed 1"})
	w.forest.err = nil
	w.look()
	w.look()
	if w.forest.reads != 2 || !w.rows()["b"].Tracked {
		t.Errorf("%d reads of the record, %+v", w.forest.reads, w.rows()["b"])
	}
}

func TestWhatIsNotWatchedIsLookedAt(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	id := w.task("a", "main")
	w.serve(10*time.Millisecond, (*branch.Service).Blind)
	w.await("the first look", func() bool { return w.read(id).Ahead != nil })
	w.commit("a", "a.txt", "more\n")
	w.await("it moves", func() bool { return *w.read(id).Ahead == 2 })
}

// What git-spice itself writes is read as it is meant.
func TestRealGitSpice(t *testing.T) {
	spice := os.Getenv("HF_TEST_GIT_SPICE")
	if spice == "" {
		t.Skip("no git-spice: scripts/git-spice.sh builds it, HF_TEST_GIT_SPICE names it")
	}
	w := newWorld(t)
	run := func(args ...string) {
		t.Helper()
		argv := append([]string{spice, "--no-prompt"}, args...)
		if err := xec.Run(t.Context(), xec.Cmd{Argv: argv, Dir: w.path(), Env: w.env}); err != nil {
			t.Fatal(err)
		}
	}
	w.branch("a", "main", "a.txt", "a\n")
	w.branch("team/b", "a", "b.txt", "b\n")
	w.branch("c", "team/b", "c.txt", "c\n")
	run("repo", "init", "--trunk", "main")
	run("branch", "track", "a", "--base", "main")
	run("branch", "track", "team/b", "--base", "a")
	run("branch", "track", "c", "--base", "team/b")
	s := branch.New(branch.Config{
		Store: branchStore{w.store}, Git: w.git, Stacks: stack.New(stack.Options{Git: w.git, Scratch: w.path("..", "scratch")}),
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	look := func() {
		t.Helper()
		if err := s.Look(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
	}
	look()
	w.want(map[string]string{"a": "main ↑1 ↓0 unpushed 1", "team/b": "a ↑1 ↓0 unpushed 1", "c": "team/b ↑1 ↓0 unpushed 1"})
	w.commit("a", "a.txt", "more\n")
	look()
	w.want(map[string]string{"team/b": "a ↑1 ↓1 unpushed 1 restack", "c": "team/b ↑1 ↓0 unpushed 1 restack"})
	run("stack", "restack")
	look()
	w.want(map[string]string{"a": "main ↑2 ↓0 unpushed 2", "team/b": "a ↑1 ↓0 unpushed 1", "c": "team/b ↑1 ↓0 unpushed 1"})
	run("upstack", "onto", "main", "--branch", "c")
	look()
	w.want(map[string]string{"c": "main ↑1 ↓0 unpushed 1"})
	run("branch", "untrack", "c")
	look()
	if rows := w.rows(); rows["c"].Tracked || !rows["a"].Tracked {
		t.Errorf("%+v", rows)
	}
}

func TestReftable(t *testing.T) {
	w := newWorld(t)
	if err := os.RemoveAll(w.path(".git")); err != nil {
		t.Fatal(err)
	}
	if !w.can("init", "-q", "-b", "main", "--ref-format=reftable", ".") {
		t.Skip("this git has no reftable")
	}
	w.commit("main", "x", "x\n")
	w.branch("a", "main", "a.txt", "a\n")
	id := w.task("a", "main")
	w.serve(time.Hour)
	w.await("the first look", func() bool { return w.read(id).Ahead != nil })
	w.commit("a", "a.txt", "more\n")
	w.await("it moves", func() bool { return *w.read(id).Ahead == 2 })
}
