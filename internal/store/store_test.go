package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modernc.org/sqlite"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// wantCode fails the test unless err is an *api.Error with a code, and returns
// it.
func wantCode(t *testing.T, err error, code api.Code) *api.Error {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != code {
		t.Fatalf("got %v (%T), want %s", err, err, code)
	}
	return e
}

// Who gives up while a read begins leaves a connection on which others can read.
func TestReadsThatAreGivenUp(t *testing.T) {
	s := openTest(t, Options{})
	for i := range 3000 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%100)*time.Microsecond)
		_ = s.View(ctx, func(*Tx) error { return nil }) // it may do or not
		cancel()
		if err := s.View(t.Context(), func(*Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFailingUpdateUndoesOnlyItself(t *testing.T) {
	s := openTest(t, Options{})
	boom := errors.New("boom")
	held, gate := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // holds the writer, so that the others share commits
		update(t, s, func(*Tx) error { close(held); <-gate; return nil })
	})
	<-held
	fates := map[string]func(){
		"fine": func() {}, "fails": nil, "panics": func() { panic(boom) }, "exits": runtime.Goexit,
	}
	errs := make(map[string]error)
	var mu sync.Mutex
	for i := range 40 {
		for name, fate := range fates {
			key := fmt.Sprint(name, i)
			wg.Go(func() {
				err := s.Update(t.Context(), func(tx *Tx) error {
					if err := tx.PutSetting(key, "stored"); err != nil {
						return err
					}
					if fate == nil {
						return boom
					}
					fate()
					return nil
				})
				mu.Lock()
				defer mu.Unlock()
				errs[key] = err
			})
		}
	}
	close(gate)
	wg.Wait()
	view(t, s, func(tx *Tx) error {
		for key, err := range errs {
			_, found, readErr := tx.Setting(key)
			if readErr != nil {
				return readErr
			}
			if fine := strings.HasPrefix(key, "fine"); found != fine || (err == nil) != fine {
				t.Errorf("%s: stored %v, error %v", key, found, err)
			}
			if strings.HasPrefix(key, "fails") && !errors.Is(err, boom) {
				t.Errorf("%s: the error %v is not the function's own", key, err)
			}
			if strings.HasPrefix(key, "panics") && !strings.Contains(err.Error(), "store_test.go") {
				t.Errorf("%s: no stack in %v", key, err)
			}
		}
		return nil
	})
}

func TestAnUpdateCancelledBeforeItBeganIsNotRun(t *testing.T) {
	s := openTest(t, Options{})
	held, gate := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		update(t, s, func(*Tx) error { close(held); <-gate; return nil })
	})
	<-held
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		err := s.Update(ctx, func(*Tx) error { t.Error("it ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	cancel()
	close(gate)
	wg.Wait()

	ctx, cancel = context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx *Tx) error { // one that began is carried out
		cancel()
		return tx.PutSetting("k", "v")
	})
	if err != nil {
		t.Errorf("cancelled while it ran: %v", err)
	}
}

func TestViewSeesOneSnapshotAndCannotWrite(t *testing.T) {
	s := openTest(t, Options{})
	update(t, s, func(tx *Tx) error { return tx.PutSetting("k", "old") })
	view(t, s, func(tx *Tx) error {
		for _, change := range []string{"old", "new"} {
			if v, _, err := tx.Setting("k"); v != "old" || err != nil {
				t.Errorf("in the snapshot: %q, %v", v, err)
			}
			update(t, s, func(tx *Tx) error { return tx.PutSetting("k", change+"er") })
		}
		if err := tx.PutSetting("k", "mine"); err == nil {
			t.Error("a view wrote")
		}
		return nil
	})
	if err := s.View(t.Context(), func(*Tx) error { panic("boom") }); err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("panic in a view: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for range 2 * cap(s.readers) { // an interrupted reader is as good as new
		err := s.View(ctx, func(tx *Tx) error {
			cancel()
			_, _, err := tx.Setting("k")
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled view: %v", err)
		}
		view(t, s, func(tx *Tx) error { _, _, err := tx.Setting("k"); return err })
		ctx, cancel = context.WithCancel(t.Context())
	}
	cancel()
}

func TestWatchWakesAfterEvents(t *testing.T) {
	s := openTest(t, Options{})
	woken, stop := s.Watch()
	other, stopOther := s.Watch()
	defer stopOther()
	event := func(tx *Tx) error { _, err := tx.Event(api.EventWarning, "", "", nil); return err }
	update(t, s, func(tx *Tx) error { return tx.PutSetting("k", "v") })
	_ = s.Update(t.Context(), func(tx *Tx) error { return errors.Join(event(tx), errors.New("undo")) })
	select {
	case <-woken:
		t.Error("woken without an event")
	default:
	}
	update(t, s, event)
	update(t, s, event)
	for _, ch := range []<-chan struct{}{woken, other} {
		<-ch
		select {
		case <-ch:
			t.Error("two wake-ups for one look")
		default:
		}
	}
	stop()
	update(t, s, event)
	<-other
	select {
	case <-woken:
		t.Error("woken after the end")
	default:
	}
}

func TestClose(t *testing.T) {
	s := openTest(t, Options{})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	e := wantCode(t, s.Update(t.Context(), func(*Tx) error { return nil }), api.CodeUnavailable)
	if !e.Retryable {
		t.Error("not retryable")
	}
	wantCode(t, s.View(t.Context(), func(*Tx) error { return nil }), api.CodeUnavailable)
	if _, err := os.Stat(s.Path() + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the write-ahead log is still there: %v", err)
	}
	info, err := os.Stat(s.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a dir with ? and # and %41", "hf.db")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// 8 writers that read, change and write, and 4 readers, at once: every change
// is there at the end, and nobody was turned away.
func TestManyWritersAndReaders(t *testing.T) {
	s := openTest(t, Options{})
	const writers, rounds = 8, 100
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		reading.Go(func() {
			last := 0
			for {
				select {
				case <-stop:
					return
				default:
				}
				err := s.View(t.Context(), func(tx *Tx) error {
					n, err := count(tx)
					events, readErr := tx.Events(0, "", 0)
					if n < last || len(events) != n {
						t.Errorf("counter %d after %d, with %d events", n, last, len(events))
					}
					last = n
					return errors.Join(err, readErr)
				})
				if err != nil {
					t.Errorf("read: %v", err)
					return
				}
			}
		})
	}
	for range writers {
		writing.Go(func() {
			for range rounds {
				err := s.Update(t.Context(), func(tx *Tx) error {
					n, err := count(tx)
					if err != nil {
						return err
					}
					if err := tx.PutSetting("n", fmt.Sprint(n+1)); err != nil {
						return err
					}
					_, err = tx.Event(api.EventWarning, "", "", nil)
					return err
				})
				if err != nil {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	view(t, s, func(tx *Tx) error {
		n, err := count(tx)
		if n != writers*rounds {
			t.Errorf("counted to %d, want %d", n, writers*rounds)
		}
		return err
	})
}

func count(tx *Tx) (n int, err error) {
	v, found, err := tx.Setting("n")
	if found {
		_, err = fmt.Sscan(v, &n)
	}
	return n, err
}

func TestNotFound(t *testing.T) {
	s := openTest(t, Options{})
	view(t, s, func(tx *Tx) error {
		for what, get := range map[string]func() error{
			`no task "x"`:               func() error { _, err := tx.Task("x"); return err },
			`no repo "x"`:               func() error { _, err := tx.Repo("x"); return err },
			`no repo "/x"`:              func() error { _, err := tx.RepoByPath("w", "/x"); return err },
			`no session "x"`:            func() error { _, err := tx.Session("x"); return err },
			`no message "x"`:            func() error { _, err := tx.Message("x"); return err },
			`no permission request "x"`: func() error { _, err := tx.Permission("x"); return err },
			`no operation "x"`:          func() error { _, err := tx.Operation("x"); return err },
		} {
			if e := wantCode(t, get(), api.CodeNotFound); e.Message != what {
				t.Errorf("message %q, want %q", e.Message, what)
			}
		}
		next, err1 := tx.NextMessage("x")
		live, err2 := tx.LiveOperation("x")
		last, err3 := tx.LastOperation("x")
		if next != nil || live != nil || last != nil {
			t.Error("something was found for a task that is not there")
		}
		return errors.Join(err1, err2, err3)
	})
}

func TestPutTaskRefusesWhatWasReadTooEarly(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "t")
	var first, second *task.Task
	view(t, s, func(tx *Tx) (err error) {
		first, err = tx.Task("t")
		if err == nil {
			second, err = tx.Task("t")
		}
		return err
	})
	first.Title, second.Title = "first", "second"
	update(t, s, func(tx *Tx) error { return tx.PutTask(first) })
	version := second.Version
	wantCode(t, s.Update(t.Context(), func(tx *Tx) error { return tx.PutTask(second) }), api.CodeConflict)
	if second.Version != version {
		t.Error("the version was counted up all the same")
	}
	wantCode(t, s.Update(t.Context(), func(tx *Tx) error { return tx.PutTask(newTask("t", time.Now())) }), api.CodeConflict)
	view(t, s, func(tx *Tx) error {
		got, err := tx.Task("t")
		if err == nil && (got.Title != "first" || got.Version != 2) {
			t.Errorf("stored: %q, version %d", got.Title, got.Version)
		}
		return err
	})
}

func TestALiveBranchIsUniqueInItsRepo(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "a", "b", "c", "none")
	put := func(id, repo, branch string, l api.Lifecycle) error {
		return s.Update(t.Context(), func(tx *Tx) error {
			tk, err := tx.Task(id)
			if err != nil {
				return err
			}
			tk.RepoID, tk.Branch, tk.Lifecycle = repo, branch, l
			return tx.PutTask(tk)
		})
	}
	update(t, s, func(tx *Tx) error { return tx.PutRepo(&task.Repo{ID: "r2", Workspace: "w", Name: "other"}) })
	for _, c := range []struct {
		id, repo, branch string
		l                api.Lifecycle
		taken            bool
	}{
		{"a", "r", "fix/It", api.LifecycleReady, false},
		{"b", "r", "fix/it", api.LifecycleQueued, true},
		{"b", "r", "fix/it", api.LifecycleKilled, false},
		{"b", "r2", "fix/it", api.LifecycleReady, false},
		{"a", "r", "fix/It", api.LifecycleKilled, false},
		{"c", "r", "FIX/it", api.LifecycleError, false},
		{"a", "r", "fix/It", api.LifecycleReady, true},
	} {
		err := put(c.id, c.repo, c.branch, c.l)
		if (err != nil) != c.taken {
			t.Fatalf("%+v: %v", c, err)
		}
		if c.taken {
			wantCode(t, err, api.CodeExists)
		}
	}
}

func TestOneLiveOperationOfATask(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "t", "u")
	put := func(id, task string, state api.OperationState) error {
		return s.Update(t.Context(), func(tx *Tx) error {
			return tx.PutOperation(&operation.Operation{ID: id, Task: task, Kind: "create", State: state, Steps: []operation.Step{{Name: "one"}, {Name: "two"}}})
		})
	}
	for _, c := range []struct {
		id, task string
		state    api.OperationState
		taken    bool
	}{
		{"1", "t", api.OperationPending, false},
		{"2", "t", api.OperationPending, true},
		{"1", "t", api.OperationRunning, false},
		{"2", "t", api.OperationRunning, true},
		{"2", "u", api.OperationRunning, false},
		{"1", "t", api.OperationHalted, false},
		{"3", "t", api.OperationPending, false},
		{"1", "t", api.OperationPending, true},
	} {
		err := put(c.id, c.task, c.state)
		if (err != nil) != c.taken {
			t.Fatalf("%+v: %v", c, err)
		}
		if c.taken {
			wantCode(t, err, api.CodeConflict)
		}
	}
	view(t, s, func(tx *Tx) error {
		live, err := tx.LiveOperations()
		if err != nil {
			return err
		}
		if len(live) != 2 || live[0].ID != "2" || live[1].ID != "3" || len(live[1].Steps) != 2 || live[1].Steps[1].Name != "two" {
			t.Errorf("live: %+v", live)
		}
		of, err := tx.OperationsOf("t")
		if err != nil {
			return err
		}
		if len(of) != 2 || of[0].ID != "1" || of[1].ID != "3" {
			t.Errorf("of the task: %+v", of)
		}
		last, err := tx.LastOperation("t")
		if err == nil && (last == nil || last.ID != "3" || len(last.Steps) != 2) {
			t.Errorf("last: %+v", last)
		}
		return err
	})
}

func TestTasksAndFindTasks(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s)
	for i, tk := range []task.Task{
		{ID: "aa1", Branch: "fix/x", Lifecycle: api.LifecycleKilled},
		{ID: "aa2", Branch: "fix/x", Lifecycle: api.LifecycleReady, Activity: api.ActivityWorking},
		{ID: "ab1", Branch: "aa", Lifecycle: api.LifecycleArchived},
		{ID: "b%1", Branch: "x", Lifecycle: api.LifecycleError},
		{ID: "c_1", Workspace: "v", RepoID: "r2", Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle},
	} {
		update(t, s, func(tx *Tx) error {
			if tk.Workspace == "" {
				tk.Workspace, tk.RepoID = "w", "r"
			}
			tk.CreatedAt = time.Unix(int64(i), 0)
			return errors.Join(tx.EnsureWorkspace("v"),
				tx.PutRepo(&task.Repo{ID: "r2", Workspace: "v", Name: "two"}), tx.PutTask(&tk))
		})
	}
	view(t, s, func(tx *Tx) error {
		for _, c := range []struct {
			f    task.Filter
			want string
		}{
			{task.Filter{}, "c_1 b%1 aa2"},
			{task.Filter{All: true}, "c_1 b%1 ab1 aa2 aa1"},
			{task.Filter{Workspace: "w"}, "b%1 aa2"},
			{task.Filter{RepoID: "r2"}, "c_1"},
			{task.Filter{Lifecycles: []api.Lifecycle{api.LifecycleKilled, api.LifecycleReady}}, "c_1 aa2 aa1"},
			{task.Filter{Statuses: []api.Status{api.StatusKilled, api.StatusRunning}}, "aa2 aa1"},
			{task.Filter{Workspace: "v", Statuses: []api.Status{api.StatusRunning}}, ""},
		} {
			got, err := tx.Tasks(c.f)
			if err != nil {
				return err
			}
			if ids(got) != c.want {
				t.Errorf("%+v: %q, want %q", c.f, ids(got), c.want)
			}
		}
		for _, c := range []struct{ workspace, ref, want string }{
			{"w", "aa", "aa2 ab1 aa1"},
			{"w", "fix/x", "aa2 aa1"},
			{"w", "c", ""},
			{"", "c", "c_1"},
			{"w", "b%", "b%1"},
			{"w", "%", ""},
			{"w", "a_", ""},
			{"w", "FIX/x", ""},
			{"w", "", ""},
		} {
			got, err := tx.FindTasks(c.workspace, c.ref)
			if err != nil {
				return err
			}
			if ids(got) != c.want {
				t.Errorf("%q in %q: %q, want %q", c.ref, c.workspace, ids(got), c.want)
			}
		}
		return nil
	})
}

// A list is never older than the transaction it is read in, whoever wrote, and
// what one caller does to its list is not seen by another.
func TestListsAreNeverStale(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "a", "b")
	outside, err := openDB(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer outside.Close()
	titles := func(tx *Tx) string {
		tasks, err := tx.Tasks(task.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for i := range tasks {
			out = append(out, tasks[i].Title)
			tasks[i].Title = "spoilt"
		}
		return strings.Join(out, ", ")
	}
	for i := range 5 * cap(s.readers) {
		title := fmt.Sprintf("title %d", i)
		if i%3 == 0 {
			if _, err := outside.ExecContext(t.Context(), `UPDATE tasks SET title = ? WHERE id = 'a'`, title); err != nil {
				t.Fatal(err)
			}
		} else {
			update(t, s, func(tx *Tx) error {
				tk, err := tx.Task("a")
				if err != nil {
					return err
				}
				tk.Title = title
				if err := tx.PutTask(tk); err != nil {
					return err
				}
				if got := titles(tx); got != "Title of b, "+title {
					t.Errorf("in the update %d: %q", i, got)
				}
				return nil
			})
		}
		for range 2 * cap(s.readers) {
			view(t, s, func(tx *Tx) error {
				for range 2 {
					if got := titles(tx); got != "Title of b, "+title {
						t.Fatalf("after the update %d: %q", i, got)
					}
				}
				if killed, err := tx.Tasks(task.Filter{Lifecycles: []api.Lifecycle{api.LifecycleKilled}}); len(killed) > 0 || err != nil {
					t.Errorf("another filter: %v, %v", killed, err)
				}
				return nil
			})
		}
	}
	var during sync.WaitGroup
	view(t, s, func(tx *Tx) error { // the snapshot of a view holds while others commit
		before := titles(tx)
		during.Go(func() {
			update(t, s, func(tx *Tx) error {
				tk, err := tx.Task("b")
				if err != nil {
					return err
				}
				tk.Title = "newer"
				return tx.PutTask(tk)
			})
		})
		during.Wait()
		if after := titles(tx); after != before {
			t.Errorf("%q became %q", before, after)
		}
		return nil
	})
}

func ids(tasks []task.Task) string {
	var out []string
	for _, t := range tasks {
		out = append(out, t.ID)
	}
	return strings.Join(out, " ")
}

func TestReposAndWorkspaces(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "live", "dead")
	update(t, s, func(tx *Tx) error {
		dead, err := tx.Task("dead")
		if err != nil {
			return err
		}
		dead.Lifecycle = api.LifecycleKilled
		return errors.Join(tx.PutTask(dead),
			tx.PutRepo(&task.Repo{ID: "r", Workspace: "w", Name: "repo", Path: "/p", Remote: "host/a"}),
			tx.PutRepo(&task.Repo{ID: "clone", Workspace: "w", Name: "clone", Managed: true, Remote: "host/a"}))
	})
	for _, other := range []task.Repo{{ID: "z", Workspace: "w", Name: "repo"}, {ID: "z", Workspace: "w", Name: "z", Path: "/p"}} {
		wantCode(t, s.Update(t.Context(), func(tx *Tx) error { return tx.PutRepo(&other) }), api.CodeExists)
	}
	look := func(want string) {
		t.Helper()
		view(t, s, func(tx *Tx) error {
			repos, err := tx.Repos("w")
			if err != nil {
				return err
			}
			var got []string
			for _, r := range repos {
				got = append(got, fmt.Sprintf("%s:%d", r.Name, r.Tasks))
			}
			list, err := tx.Workspaces()
			if err != nil {
				return err
			}
			for _, w := range list {
				got = append(got, fmt.Sprintf("%s:%d:%d", w.Name, w.Repos, w.Tasks))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %q, want %q", got, want)
			}
			return nil
		})
	}
	look("clone:0 repo:1 w:2:1")
	view(t, s, func(tx *Tx) error {
		byPath, err1 := tx.RepoByPath("w", "/p")
		byRemote, err2 := tx.RepoByRemote("w", "host/a")
		byName, err3 := tx.RepoByName("w", "repo")
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		if byPath.ID != "r" || byRemote.ID != "clone" || byName.ID != "r" {
			t.Errorf("by path %s, by remote %s, by name %s", byPath.ID, byRemote.ID, byName.ID)
		}
		return nil
	})
	update(t, s, func(tx *Tx) error { return tx.DeleteRepo("r") })
	wantCode(t, s.Update(t.Context(), func(tx *Tx) error { return tx.DeleteRepo("r") }), api.CodeNotFound)
	look("clone:0 w:1:1")
	update(t, s, func(tx *Tx) error {
		tk, err := tx.Task("live")
		if err == nil && tk.RepoName != "repo" {
			t.Errorf("a task of a removed repo shows %q", tk.RepoName)
		}
		return errors.Join(err, tx.PutRepo(&task.Repo{ID: "again", Workspace: "w", Name: "repo", Path: "/p"}))
	})
	look("clone:0 repo:0 w:2:1")
}

func TestOutboxAndPermissionsKeepTheirOrder(t *testing.T) {
	s := openTest(t, Options{})
	seed(t, s, "t", "u")
	message := func(id string, state api.MessageState) *session.Message {
		return &session.Message{ID: id, Task: "t", State: state, CreatedAt: time.Unix(100-int64(id[0]), 0)} // the clock runs backwards
	}
	update(t, s, func(tx *Tx) error {
		return errors.Join(tx.PutMessage(message("c", api.MessageAccepted)), tx.PutMessage(message("b", api.MessageQueued)),
			tx.PutMessage(message("a", api.MessageQueued)), tx.PutMessage(message("c", api.MessageDone)))
	})
	view(t, s, func(tx *Tx) error {
		next, err := tx.NextMessage("t")
		if err != nil {
			return err
		}
		all, err := tx.MessagesOf("t")
		if len(all) != 3 || all[0].ID != "c" || all[2].ID != "a" || next.ID != "b" {
			t.Errorf("next %+v of %+v", next, all)
		}
		return err
	})

	permission := func(session_, task, id string, state api.PermissionState) *session.Permission {
		return &session.Permission{Session: session_, PermissionRequest: api.PermissionRequest{ID: id, Task: task, State: state, Title: task + id}}
	}
	ended := time.Unix(5, 0)
	update(t, s, func(tx *Tx) error {
		return errors.Join(
			tx.PutSession(&session.Session{ID: "s1", Task: "t", EndedAt: &ended}), tx.PutSession(&session.Session{ID: "s2", Task: "u"}),
			tx.PutSession(&session.Session{ID: "s3", Task: "t"}),
			tx.PutPermission(permission("s1", "t", "p", api.PermissionOpen)), tx.PutPermission(permission("s2", "u", "p", api.PermissionAllowed)),
			tx.PutPermission(permission("s1", "t", "o", api.PermissionOpen)), tx.PutPermission(permission("s3", "t", "q", api.PermissionDenied)))
	})
	view(t, s, func(tx *Tx) error {
		one, err1 := tx.Permission("p")
		open, err2 := tx.OpenPermissions("t")
		of, err3 := tx.PermissionsOf("t")
		in, err4 := tx.PermissionsOfSession("s1")
		live, err5 := tx.LiveSessions()
		sessions, err6 := tx.SessionsOf("t")
		if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
			return err
		}
		if one.Task != "t" {
			t.Errorf("of two with one id, the open one is meant: %+v", one)
		}
		if len(open) != 2 || open[0].ID != "p" || len(of) != 3 || len(in) != 2 {
			t.Errorf("open %+v; of the task %+v; in the session %+v", open, of, in)
		}
		if len(live) != 2 || live[0].ID != "s2" || len(sessions) != 2 || sessions[1].ID != "s3" {
			t.Errorf("live %+v; of the task %+v", live, sessions)
		}
		return nil
	})
}

func TestARememberedRequestHasItsEffectOnce(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1e9, 0)
	opts := Options{Now: func() time.Time { return now }}
	path := filepath.Join(dir, "hf.db")
	s, err := Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	effect := func(tx *Tx) (replayed bool, err error) {
		if answer, found, err := tx.Replay("id"); found || err != nil {
			if string(answer) != "answer" {
				t.Errorf("replayed %q", answer)
			}
			return found, err
		}
		if _, err := tx.Event(api.EventTaskCreated, "", "", nil); err != nil {
			return false, err
		}
		return false, tx.Remember("id", []byte("answer"))
	}
	var mu sync.Mutex
	var outcomes []bool
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			var replayed bool
			update(t, s, func(tx *Tx) (err error) { replayed, err = effect(tx); return err })
			mu.Lock()
			defer mu.Unlock()
			outcomes = append(outcomes, replayed)
		})
	}
	wg.Wait()
	if first := slices.Index(outcomes, false); first < 0 || slices.Contains(outcomes[first+1:], false) {
		t.Errorf("carried out not exactly once: %v", outcomes)
	}
	wantCode(t, s.Update(t.Context(), func(tx *Tx) error { return tx.Remember("id", nil) }), api.CodeConflict)

	reopen := func(after time.Duration) (found bool) {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		now = now.Add(after)
		if s, err = Open(t.Context(), path, opts); err != nil {
			t.Fatal(err)
		}
		view(t, s, func(tx *Tx) error { _, found, err = tx.Replay("id"); return err })
		return found
	}
	if !reopen(6 * 24 * time.Hour) {
		t.Error("forgotten after 6 days")
	}
	if reopen(2 * 24 * time.Hour) {
		t.Error("remembered after 8 days")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// A full disk is an error that says so; what was there stays, reading goes on,
// and so does writing as soon as there is space.
func TestAFullDiskPasses(t *testing.T) {
	s := openTest(t, Options{})
	update(t, s, func(tx *Tx) error { return tx.PutSetting("before", "v") })
	limit := func(pages int) {
		t.Helper()
		update(t, s, func(tx *Tx) error {
			var n int
			return tx.scan(fmt.Sprintf("PRAGMA max_page_count = %d", pages), nil, &n)
		})
	}
	limit(1) // at its present size
	big := strings.Repeat("x", 1<<20)
	err := s.Update(t.Context(), func(tx *Tx) error { return tx.PutSetting("big", big) })
	if e := wantCode(t, err, api.CodeDiskFull); !e.Retryable || !strings.Contains(e.Message, "full") {
		t.Errorf("error %+v", e)
	}
	view(t, s, func(tx *Tx) error {
		_, found, err := tx.Setting("before")
		_, half, err2 := tx.Setting("big")
		if !found || half {
			t.Errorf("before: %v, half: %v", found, half)
		}
		return errors.Join(err, err2)
	})
	update(t, s, func(tx *Tx) error { return tx.PutSetting("small", "v") })
	limit(1 << 30)
	update(t, s, func(tx *Tx) error { return tx.PutSetting("big", big) })
}

func TestForeignKeysHold(t *testing.T) {
	s := openTest(t, Options{})
	err := s.Update(t.Context(), func(tx *Tx) error { return tx.PutTask(newTask("t", time.Now())) })
	if _, ok := errors.AsType[*sqlite.Error](err); !ok {
		t.Errorf("a task without a repo: %v", err)
	}
}
