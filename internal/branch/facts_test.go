package branch_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func TestFactsOfAStack(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	w.branch("b", "a", "b.txt", "b\n")
	w.commit("b", "b.txt", "b\nbb\n")
	w.branch("c", "b", "c.txt", "c\n")
	w.branch("loose", "main", "loose.txt", "x\n")
	w.track("main", "a main", "b a", "c b")
	a, b := w.task("a", "main"), w.task("b", "a", func(t *task.Task) { t.Parent = "t1"; t.On = "a" })
	w.look()
	w.want(map[string]string{
		"main": " ↑? ↓? unpushed ?", "a": "main ↑1 ↓0 unpushed 1", "b": "a ↑2 ↓0 unpushed 2", "c": "b ↑1 ↓0 unpushed 1",
		"loose": "main ↑1 ↓0 unpushed 1",
	})
	rows := w.rows()
	if d := rows["b"].Diff; d == nil || *d != (api.DiffStat{Files: 1, Added: 2}) {
		t.Errorf("b changed %+v", d)
	}
	if rows["a"].Task != a || rows["b"].Task != b || rows["c"].Task != "" || !rows["c"].Tracked || rows["loose"].Tracked {
		t.Errorf("tasks and stacks: %+v", rows)
	}
	if rows["loose"].NeedsRestack != nil || rows["c"].NeedsRestack == nil {
		t.Error("only what can be restacked says whether it needs to be")
	}
	if at := rows["c"].CommittedAt; at == nil || time.Since(*at) > time.Hour {
		t.Errorf("c was committed at %v", at)
	}

	// The agent of a commits: b needs a restack, and so does what stands on b.
	w.commit("a", "a2.txt", "more\n")
	w.look()
	w.want(map[string]string{
		"a": "main ↑2 ↓0 unpushed 2", "b": "a ↑2 ↓1 unpushed 2 restack", "c": "b ↑1 ↓0 unpushed 1 restack", "loose": "main ↑1 ↓0 unpushed 1",
	})
	if got := w.read(b); *got.Ahead != 2 || *got.Behind != 1 || !*got.NeedsRestack || *got.Unpushed != 2 || got.Conflicts == nil {
		t.Errorf("task b shows %+v", got)
	}

	// git-spice moves c onto a: its base, and with it everything, is another one.
	w.track("main", "c a")
	w.look()
	w.want(map[string]string{"c": "a ↑3 ↓1 unpushed 3 restack"})
}

func TestTasksStandWhereGitSpiceHasThem(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	w.branch("b", "a", "b.txt", "b\n")
	w.branch("c", "b", "c.txt", "c\n")
	w.track("main", "a main", "b a", "c b")
	w.task("a", "main")
	b := w.task("b", "a", func(t *task.Task) { t.Parent = "t1"; t.NamedBase = true })
	c := w.task("c", "b", func(t *task.Task) { t.Parent = b; t.NamedBase = true })
	w.look()
	stands := func(id, base, parent string, named bool) {
		t.Helper()
		if got := w.read(id); got.Base != base || got.Parent != parent || got.NamedBase != named {
			t.Errorf("%s stands on %q of task %q, named %v", id, got.Base, got.Parent, got.NamedBase)
		}
	}
	stands(c, "b", b, true)

	// Somebody moves them with git-spice alone.
	w.run("checkout", "-q", "c")
	w.run("rebase", "-q", "--onto", "a", "b", "c")
	w.run("rebase", "-q", "--onto", "main", "a", "b")
	w.track("main", "c a", "b main")
	w.look()
	stands(c, "a", "t1", true)
	stands(b, "main", "", false)
	w.want(map[string]string{"c": "a ↑1 ↓0 unpushed 1", "b": "main ↑1 ↓0 unpushed 1"})

	// Another part of hf says something of a task that is not so.
	w.update(func(tx *store.Tx) error {
		t, err := tx.Task(c)
		if err == nil {
			t.NeedsRestack = new(true)
			err = tx.PutTask(t)
		}
		return err
	})
	w.look()
	if got := w.read(c); *got.NeedsRestack {
		t.Error("it is shown as in need of a restack")
	}

	// A branch of a new task has the name of one that git-spice still knows.
	w.run("checkout", "-q", "main")
	w.run("branch", "-qD", "c")
	w.end(c)
	w.branch("c", "main", "new.txt", "new\n")
	next := w.task("c", "main")
	w.look()
	stands(next, "main", "", false)
	w.want(map[string]string{"c": "main ↑1 ↓0 unpushed 1"})
	if w.rows()["c"].Tracked {
		t.Error("the new branch counts as tracked")
	}
}

func TestRestackIsOntoTheBranchThatIsHere(t *testing.T) {
	w := newWorld(t)
	first := w.run("rev-parse", "main")
	second := w.commit("main", "second", "x\n")
	w.branch("feat", "main", "f", "f\n")
	w.run("update-ref", "refs/remotes/origin/main", second)
	w.run("update-ref", "refs/heads/main", first) // the user's own checkout is behind
	w.task("feat", "main")
	w.look()
	w.want(map[string]string{"feat": "main ↑1 ↓0 unpushed 1", "main": " ↑? ↓? to origin/main unpushed 0"})

	// Somebody merges something; hf fetched it.
	w.run("checkout", "-q", "--detach", second)
	if err := os.WriteFile(w.path("third"), []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.run("add", "-A")
	w.run("commit", "-qm", "third")
	w.run("update-ref", "refs/remotes/origin/main", "HEAD")
	w.look()
	w.want(map[string]string{"feat": "main ↑1 ↓1 unpushed 1"})
	w.run("update-ref", "refs/heads/main", "refs/remotes/origin/main")
	w.look()
	w.want(map[string]string{"feat": "main ↑1 ↓1 unpushed 1 restack"})
}

func TestUnpushed(t *testing.T) {
	w := newWorld(t)
	w.run("remote", "add", "origin", "https://example.invalid/x.git")
	w.run("update-ref", "refs/remotes/origin/main", "main")
	one := w.branch("a", "main", "a", "1\n")
	w.commit("a", "a", "2\n")
	w.branch("follows", "main", "b", "1\n")
	w.run("update-ref", "refs/remotes/origin/other-name", "follows")
	w.run("branch", "--set-upstream-to=origin/other-name", "follows")
	w.commit("follows", "b", "2\n")
	w.branch("began-there", "main", "c", "1\n")
	w.run("branch", "--set-upstream-to=origin/main", "began-there")
	w.run("update-ref", "refs/remotes/origin/a", one)
	w.look()
	w.want(map[string]string{
		"a": "main ↑2 ↓0 to origin/a unpushed 1", "follows": "main ↑2 ↓0 to origin/other-name unpushed 1",
		"began-there": "main ↑1 ↓0 unpushed 1",
	})
	// Somebody pushed over it by force, and then deleted it.
	w.run("update-ref", "refs/remotes/origin/a", "follows")
	w.look()
	w.want(map[string]string{"a": "main ↑2 ↓0 to origin/a unpushed 2"})
	w.run("update-ref", "-d", "refs/remotes/origin/a")
	w.look()
	w.want(map[string]string{"a": "main ↑2 ↓0 unpushed 2"})
}

func TestConflicts(t *testing.T) {
	w := newWorld(t)
	w.commit("main", "lib.go", "one\ntwo\nthree\n")
	for _, name := range []string{"x", "y"} {
		w.branch(name, "main", "lib.go", "one\n"+name+"\nthree\n")
	}
	w.branch("apart", "main", "apart.go", "alone\n")
	w.branch("idle", "main", "lib.go", "one\nidle\nthree\n")
	x, y := w.task("x", "main"), w.task("y", "main")
	w.task("apart", "main")
	w.look()
	w.want(map[string]string{
		"x": "main ↑1 ↓0 unpushed 1 !y[lib.go]", "y": "main ↑1 ↓0 unpushed 1 !x[lib.go]",
		"apart": "main ↑1 ↓0 unpushed 1", "idle": "main ↑1 ↓0 unpushed 1",
	})
	if c := w.read(x).Conflicts; len(c) != 1 || c[0].Task != y {
		t.Errorf("x conflicts with %+v", c)
	}

	// The trunk gets a change of the same line. No side of x and y moves.
	w.processes()
	w.commit("main", "lib.go", "one\nmain\nthree\n")
	w.look()
	w.want(map[string]string{
		"x": "main ↑1 ↓1 unpushed 1 restack !main[lib.go] !y[lib.go]", "y": "main ↑1 ↓1 unpushed 1 restack !main[lib.go] !x[lib.go]",
		"apart": "main ↑1 ↓1 unpushed 1 restack",
	})
	if got := w.processes(); strings.Join(got, " ") != "for-each-ref merge-tree rev-list" {
		t.Errorf("started %q", got)
	}

	// The task y ends: x conflicts with nobody who is at work, and git is not asked.
	w.update(func(tx *store.Tx) error {
		task, err := tx.Task(y)
		if err != nil {
			return err
		}
		task.Lifecycle = api.LifecycleArchived
		return tx.PutTask(task)
	})
	w.look()
	w.want(map[string]string{"x": "main ↑1 ↓1 unpushed 1 restack !main[lib.go]"})
	w.commit("x", "lib.go", "one\nmain\nthree\n")
	w.look()
	w.want(map[string]string{"x": "main ↑2 ↓1 unpushed 2 restack"})

	// The next daemon sees nothing new.
	_, last := w.events(0)
	w.service.Hold("r")
	w.look()
	if kinds, _ := w.events(last); len(kinds) > 0 {
		t.Errorf("events %q", kinds)
	}
}

func TestWhoIsRebasedIsTold(t *testing.T) {
	w := newWorld(t)
	w.branch("a", "main", "a.txt", "a\n")
	w.branch("b", "a", "b.txt", "b\n")
	w.task("a", "main")
	w.task("b", "a", func(t *task.Task) { t.Parent = "t1" })
	var told []string
	s := branch.New(branch.Config{
		Store: branchStore{w.store}, Git: w.git, Stacks: w.forest, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Rebased: func(_ context.Context, id string) { told = append(told, id) },
	})
	s.Hold("r")
	after := func(what, want string, do func()) {
		t.Helper()
		do()
		if err := s.Look(t.Context(), "r"); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(told, " "); got != want {
			t.Errorf("%s: told of %q, want %q", what, got, want)
		}
		told = nil
	}
	after("the first look", "", func() {})
	after("a commits", "", func() { w.commit("a", "a.txt", "more\n") })
	after("b is put onto a", "t2", func() { w.run("checkout", "-q", "b"); w.run("rebase", "-q", "a") })
	after("b commits", "", func() { w.commit("b", "b.txt", "more\n") })
}

func TestConflictsOfAStackBelongToTheLayerThatHasThem(t *testing.T) {
	w := newWorld(t)
	w.commit("main", "lib.go", "one\n")
	w.branch("a", "main", "lib.go", "a\n")
	w.branch("b", "a", "b.go", "b\n")
	w.branch("c", "a", "b.go", "c\n")
	w.task("a", "main")
	w.task("b", "a", func(t *task.Task) { t.Parent = "t1" })
	w.task("c", "a", func(t *task.Task) { t.Parent = "t1" })
	w.commit("main", "lib.go", "main\n")
	w.look()
	w.want(map[string]string{
		"a": "main ↑1 ↓1 unpushed 1 restack !main[lib.go]",
		"b": "a ↑1 ↓0 unpushed 1 restack !c[b.go]", "c": "a ↑1 ↓0 unpushed 1 restack !b[b.go]",
	})
	// An amended a is no conflict with what stands on it, which has the commit
	// that a had before.
	w.run("checkout", "-q", "a")
	w.run("commit", "-q", "--amend", "-m", "again")
	w.look()
	w.want(map[string]string{"b": "a ↑2 ↓1 unpushed 2 restack !main[lib.go] !c[b.go]"})
}

func TestBasesThatAreNoBranchOfThisRepository(t *testing.T) {
	w := newWorld(t)
	start := w.run("rev-parse", "main")
	w.run("tag", "v1")
	w.branch("on-tag", "v1", "x", "x\n")
	w.branch("parent", "main", "p", "p\n")
	w.branch("child", "parent", "c", "c\n")
	tip := w.run("rev-parse", "parent")
	w.task("on-tag", "v1", func(t *task.Task) { t.NamedBase = true; t.BaseCommit = start })
	w.task("child", "parent", func(t *task.Task) { t.BaseCommit = tip })
	w.task("not-yet", "main")
	w.run("checkout", "-q", "main")
	w.run("branch", "-qD", "parent")
	w.look()
	w.want(map[string]string{"on-tag": "v1 ↑1 ↓0 unpushed 1", "child": "parent ↑1 ↓0 unpushed 1"})
	if rows := w.rows(); rows["child"].NeedsRestack != nil || len(rows) != 3 {
		t.Errorf("%+v", rows)
	}
	if got := w.read("t3"); got.Ahead != nil || got.Conflicts != nil {
		t.Errorf("a task without a branch shows %+v", got)
	}
}

func TestWhatRepositoriesAreLike(t *testing.T) {
	t.Run("trunk by another name", func(t *testing.T) {
		w := newWorld(t)
		w.run("branch", "-m", "main", "develop")
		w.branch("x", "develop", "x", "x\n")
		w.look() // the repo still says main
		w.want(map[string]string{"x": "main ↑? ↓? unpushed ?"})
		w.run("update-ref", "refs/remotes/origin/develop", "develop")
		w.run("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/develop")
		w.look()
		w.want(map[string]string{"x": "develop ↑1 ↓0 unpushed 1", "develop": " ↑? ↓? to origin/develop unpushed 0"})
		w.track("develop")
		w.look()
		w.want(map[string]string{"x": "develop ↑1 ↓0 unpushed 1"})
	})
	t.Run("unborn", func(t *testing.T) {
		w := newWorld(t)
		w.run("checkout", "-q", "--orphan", "new")
		w.run("branch", "-qD", "main")
		w.task("x", "main")
		w.look()
		if rows := w.rows(); len(rows) != 0 {
			t.Errorf("%+v", rows)
		}
	})
	t.Run("names that begin alike", func(t *testing.T) {
		w := newWorld(t)
		w.branch("fix/a", "main", "1", "1\n")
		w.branch("fix/ab", "fix/a", "2", "2\n")
		w.branch("fix/a-b/c", "fix/ab", "3", "3\n")
		w.run("update-ref", "refs/remotes/origin/fix/ab", "fix/ab")
		w.track("main", "fix/a main", "fix/ab fix/a", "fix/a-b/c fix/ab")
		w.look()
		w.want(map[string]string{
			"fix/a": "main ↑1 ↓0 unpushed 1", "fix/ab": "fix/a ↑1 ↓0 to origin/fix/ab unpushed 0", "fix/a-b/c": "fix/ab ↑1 ↓0 unpushed 1",
		})
	})
	t.Run("packed refs", func(t *testing.T) {
		w := newWorld(t)
		w.branch("a/b", "main", "1", "1\n")
		w.look()
		before, last := w.rows(), int64(0)
		_, last = w.events(0)
		w.run("pack-refs", "--all")
		w.look()
		if kinds, _ := w.events(last); len(kinds) > 0 || len(before) != 2 {
			t.Errorf("events %q", kinds)
		}
		w.run("checkout", "-q", "main")
		w.run("branch", "-qD", "a/b")
		w.look()
		if kinds, _ := w.events(last); len(w.rows()) != 1 || len(kinds) != 1 || !strings.Contains(kinds[0], `["a/b"]`) {
			t.Errorf("%+v, events %q", w.rows(), kinds)
		}
	})
	t.Run("a detached worktree", func(t *testing.T) {
		w := newWorld(t)
		w.branch("a", "main", "1", "1\n")
		id := w.task("a", "main")
		w.run("checkout", "-q", "--detach")
		w.run("commit", "-q", "--allow-empty", "-m", "on no branch")
		w.look()
		if got := w.read(id); got.Ahead == nil || *got.Ahead != 1 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("broken refs", func(t *testing.T) {
		w := newWorld(t)
		w.branch("good", "main", "1", "1\n")
		for name, text := range map[string]string{"lost": strings.Repeat("ab", 20), "nonsense": "x"} {
			if err := os.WriteFile(w.path(".git/refs/heads", name), []byte(text+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		w.task("lost", "main")
		w.look()
		w.want(map[string]string{"good": "main ↑1 ↓0 unpushed 1", "lost": "main ↑? ↓? unpushed ?"})
		w.processes()
		w.commit("good", "2", "2\n")
		w.look()
		if got := w.processes(); slices.Contains(got, "merge-tree") {
			t.Errorf("started %q", got)
		}
	})
	t.Run("unrelated histories", func(t *testing.T) {
		w := newWorld(t)
		w.run("checkout", "-q", "--orphan", "pages")
		w.commit("pages", "index.html", "x\n")
		w.branch("x", "main", "index.html", "y\n")
		w.task("pages", "main")
		w.task("x", "main")
		w.look()
		w.want(map[string]string{"pages": "main ↑1 ↓1 unpushed 1 restack", "x": "main ↑1 ↓0 unpushed 1"})
	})
}

func TestTwoHundredBranches(t *testing.T) {
	w := newWorld(t)
	w.fleet(200)
	for i := range 5 {
		w.task(fmt.Sprintf("team/b%d", i), "main")
	}
	w.look()
	if n := len(w.rows()); n != 201 {
		t.Fatalf("%d branches", n)
	}
	_, last := w.events(0)
	w.processes()
	w.commit("team/b3", "README.md", "mine\n")
	w.look()
	if got := w.processes(); len(got) > 5 {
		t.Errorf("one branch moved: %d processes, %q", len(got), got)
	}
	w.want(map[string]string{"team/b3": "main ↑2 ↓0 unpushed 2", "team/b4": "main ↑1 ↓0 unpushed 1"})
	w.look()
	if got := w.processes(); len(got) != 1 {
		t.Errorf("nothing moved: %q", got)
	}
	kinds, last := w.events(last)
	if len(kinds) != 1 || !strings.Contains(kinds[0], `["team/b3"]`) {
		t.Errorf("events %q", kinds)
	}
	// All move at once: one event, and not one process a branch.
	w.commit("main", "main.txt", "x\n")
	w.look()
	if got := w.processes(); len(got) > 5 {
		t.Errorf("the trunk moved: %d processes, %q", len(got), got)
	}
	if kinds, _ := w.events(last); len(kinds) != 1 || strings.Count(kinds[0], "team/") != 200 {
		t.Errorf("%d events", len(kinds))
	}
}

// fleet makes so many branches of one commit each, by one process.
func (w *world) fleet(n int) {
	w.Helper()
	var in strings.Builder
	for i := range n {
		fmt.Fprintf(&in, "commit refs/heads/team/b%d\ncommitter c <c@example.com> %d +0000\ndata 1\nx\nfrom refs/heads/main^0\nM 100644 inline f%d\ndata 2\nx\n\n", i, 1_700_000_000+i, i)
	}
	w.pipe(in.String(), "fast-import", "--quiet")
}
