package session_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/agent/demo"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// TestMain lets the test binary be the holder and the agent too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "hold":
			os.Exit(hold.Main(context.Background(), os.Stdin, os.Stdout, os.Stderr))
		case "script-agent":
			scriptAgent(os.Stdin, os.Stdout)
			os.Exit(0)
		case "leaky-agent":
			leakyAgent(os.Stdin, os.Stdout)
			os.Exit(0)
		case "demo-agent":
			os.Exit(demo.Main(context.Background(), os.Args[2:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
		}
	}
	goleak.VerifyTestMain(m)
}

const taskID = "task0001"

// bench is a manager over a real store, with one task.
type bench struct {
	t     *testing.T
	dir   string
	store *store.Store
	self  string
	m     *session.Manager
	quiet time.Duration // how long an agent may say nothing; 0 = for ever
}

func newBench(t *testing.T) *bench {
	t.Helper()
	dir, err := os.MkdirTemp("", "hfs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, dir: dir, self: self}
	b.store, err = store.Open(t.Context(), filepath.Join(dir, "hf.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	if err := os.MkdirAll(filepath.Join(dir, "work"), 0o700); err != nil {
		t.Fatal(err)
	}
	b.update(func(tx *store.Tx) error {
		if err := tx.EnsureWorkspace("default"); err != nil {
			return err
		}
		if err := tx.PutRepo(&task.Repo{ID: "repo0001", Workspace: "default", Name: "r", State: api.RepoReady, CreatedAt: time.Now()}); err != nil {
			return err
		}
		return tx.PutTask(&task.Task{ID: taskID, Workspace: "default", RepoID: "repo0001", Lifecycle: api.LifecycleReady, CreatedAt: time.Now()})
	})
	b.m = b.manager()
	t.Cleanup(func() {
		_ = b.m.Stop(context.Background(), taskID)
		b.m.Close()
	})
	return b
}

func (b *bench) manager() *session.Manager {
	return session.New(context.Background(), session.Config{
		Store: sessionStore{b.store}, HF: b.self, Dir: filepath.Join(b.dir, "s"),
		Socket: func(id string) string { return filepath.Join(b.dir, id+".sock") },
		Umask:  0o22, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		QuietAfter: func(string) time.Duration { return b.quiet },
	})
}

func (b *bench) update(fn func(*store.Tx) error) {
	b.t.Helper()
	if err := b.store.Update(b.t.Context(), fn); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) start() string {
	b.t.Helper()
	return b.startAgent("demo-agent")
}

// startAgent starts this test binary as an agent.
func (b *bench) startAgent(mode string) string {
	b.t.Helper()
	id, err := b.m.Start(b.t.Context(), session.StartRequest{
		Task: taskID, Agent: "demo", Argv: []string{b.self, mode}, Dir: filepath.Join(b.dir, "work"),
		Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir}, ACP: acp.Config{Cwd: filepath.Join(b.dir, "work"), Permission: api.PermissionAsk, Mode: "ask"},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.m.WaitReady(b.t.Context(), id, func(string) {}); err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) send(id, text string) {
	b.t.Helper()
	b.update(func(tx *store.Tx) error {
		return tx.PutMessage(&session.Message{ID: id, Task: taskID, Text: text, State: api.MessageAccepted, CreatedAt: time.Now()})
	})
	b.m.Wake(taskID)
}

// await returns when done says so of the store.
func (b *bench) await(what string, done func(tx *store.Tx) bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	woken, stop := b.store.Watch()
	defer stop()
	for {
		ok := false
		err := b.store.View(ctx, func(tx *store.Tx) error { ok = done(tx); return nil })
		if err != nil {
			b.t.Fatalf("%s: %v", what, err)
		}
		if ok {
			return
		}
		select {
		case <-woken:
		case <-ctx.Done():
			b.t.Fatalf("%s: not in time", what)
		}
	}
}

// eventually asks until ok holds, of what no event tells.
func (b *bench) eventually(what string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: not in time", what)
		}
	}
}

func (b *bench) awaitMessage(id string, state api.MessageState) {
	b.t.Helper()
	b.await(fmt.Sprintf("message %s is %s", id, state), func(tx *store.Tx) bool {
		m, err := tx.Message(id)
		return err == nil && m.State == state
	})
}

func (b *bench) awaitActivity(want api.Activity) {
	b.t.Helper()
	b.await("activity "+string(want), func(tx *store.Tx) bool {
		t, err := tx.Task(taskID)
		return err == nil && t.Activity == want
	})
}

func (b *bench) transcript(after string) []api.Entry {
	b.t.Helper()
	var out []api.Entry
	err := b.m.Transcript(b.t.Context(), taskID, after, false, func(e api.Entry) error {
		out = append(out, e)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *bench) kinds() []api.EventKind {
	b.t.Helper()
	var kinds []api.EventKind
	err := b.store.View(b.t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, taskID, 1000)
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return kinds
}

func said(entries []api.Entry) string {
	var text strings.Builder
	for _, e := range entries {
		if e.Kind == api.EntryText {
			text.WriteString(e.Text)
		}
	}
	return text.String()
}

func TestPromptIsDeliveredAndItsTurnRecorded(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "say: one")
	b.send("m2", "say: two")
	b.awaitMessage("m1", api.MessageDone)
	b.awaitMessage("m2", api.MessageDone)
	b.awaitActivity(api.ActivityIdle)
	if got := said(b.transcript("")); !strings.Contains(got, "one") || strings.Index(got, "two") < strings.Index(got, "one") {
		t.Errorf("the agent said %q, want one before two", got)
	}
	ended := 0
	for _, k := range b.kinds() {
		if k == api.EventTurnEnded {
			ended++
		}
	}
	if ended != 2 {
		t.Errorf("%d turns ended in %v, want 2", ended, b.kinds())
	}
}

// Every cursor is a place to go on from.
func TestTranscriptGoesOnBehindACursor(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "stream: 5 every 1ms\nwrite a.txt: x")
	b.awaitMessage("m1", api.MessageDone)
	all := b.transcript("")
	for i, e := range all {
		rest := b.transcript(e.Cursor)
		if len(rest) != len(all)-i-1 {
			t.Fatalf("behind entry %d of %d: %d entries", i, len(all), len(rest))
		}
		if len(rest) > 0 && rest[0].Cursor != all[i+1].Cursor {
			t.Errorf("behind entry %d comes %s, want %s", i, rest[0].Cursor, all[i+1].Cursor)
		}
	}
	if err := b.m.Transcript(t.Context(), taskID, "nonsense", false, nil); err == nil {
		t.Error("a cursor that is none was taken")
	}
}

// A manager that ends in the middle of a turn, however far it had read, leaves
// the agent at work; the next one misses nothing and counts nothing twice.
func TestAnotherManagerGoesOn(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "stream: 200 every 5ms\nask: really?\nsay: end")
	b.awaitMessage("m1", api.MessageDelivered)
	for range 5 {
		b.m.Close()
		b.m = b.manager()
		if err := b.m.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.awaitActivity(api.ActivityNeedsPermission)
	b.m.Close()
	b.update(func(tx *store.Tx) error { // answered while nobody supervised
		open, err := tx.OpenPermissions(taskID)
		if err != nil || len(open) != 1 {
			return fmt.Errorf("open permissions %v: %w", open, err)
		}
		open[0].State, open[0].Answer = api.PermissionAnswered, open[0].Options[0].ID
		return tx.PutPermission(&open[0])
	})
	b.m = b.manager()
	if err := b.m.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.awaitMessage("m1", api.MessageDone)
	var want strings.Builder
	for n := range 200 {
		fmt.Fprintf(&want, "line %d of 200\n", n+1)
	}
	if got := said(b.transcript("")); !strings.HasPrefix(got, want.String()) || !strings.HasSuffix(strings.TrimSpace(got), "end") {
		t.Errorf("the answer has a gap or a double: %q", got)
	}
	once := map[api.EventKind]int{}
	for _, k := range b.kinds() {
		once[k]++
	}
	for _, k := range []api.EventKind{api.EventTurnStarted, api.EventTurnEnded, api.EventPermissionAsked, api.EventPermissionResolved} {
		if once[k] != 1 {
			t.Errorf("%d events %s, want 1", once[k], k)
		}
	}
}

// The holder's death is an interruption, never a success.
func TestLostHolderInterruptsTheTurn(t *testing.T) {
	b := newBench(t)
	id := b.start()
	b.send("m1", "stream: 1000 every 10ms")
	b.awaitMessage("m1", api.MessageDelivered)
	info, alive := hold.Alive(filepath.Join(b.dir, "s", id))
	if !alive {
		t.Fatal("the holder is not alive")
	}
	if err := syscall.Kill(info.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.awaitMessage("m1", api.MessageFailed)
	b.awaitActivity(api.ActivityFailed)
	b.await("the turn's result", func(tx *store.Tx) bool {
		task, err := tx.Task(taskID)
		return err == nil && task.Result != nil && task.Result.StopReason == api.StopInterrupted
	})
	b.start()
	b.send("m2", "say: back")
	b.awaitMessage("m2", api.MessageDone)
	if got := said(b.transcript("")); !strings.Contains(got, "line 1 of 1000") || !strings.Contains(got, "back") {
		t.Errorf("the transcript does not span both sessions: %q", got)
	}
}

func TestInterruptEndsTheTurn(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "sleep: 1h")
	b.awaitActivity(api.ActivityWorking)
	if err := b.m.Interrupt(taskID); err != nil {
		t.Fatal(err)
	}
	b.await("the turn is cancelled", func(tx *store.Tx) bool {
		m, err := tx.Message("m1")
		return err == nil && m.StopReason == api.StopCancelled
	})
	b.awaitActivity(api.ActivityIdle)
}

func TestCrashIsAFailure(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "say: a\ncrash")
	b.awaitMessage("m1", api.MessageFailed)
	b.awaitActivity(api.ActivityFailed)
	entries := b.transcript("")
	i := slices.IndexFunc(entries, func(e api.Entry) bool { return e.Kind == api.EntryExit })
	if i < 0 || entries[i].Exit == nil || entries[i].Exit.Signal != "SIGKILL" {
		t.Errorf("no exit by SIGKILL in %v", entries)
	}
}

// sessionStore joins sessions to their task as the daemon does, less the events.
type sessionStore struct{ *store.Store }

func (s sessionStore) Update(ctx context.Context, fn func(session.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(sessionTx{tx}) })
}

func (s sessionStore) View(ctx context.Context, fn func(session.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(sessionTx{tx}) })
}

type sessionTx struct{ *store.Tx }

func (tx sessionTx) Event(kind api.EventKind, id string, data any) error {
	_, err := tx.Tx.Event(kind, "default", id, data)
	return err
}

func (tx sessionTx) Observe(o session.Observation) error {
	t, err := tx.Task(o.Task)
	if err != nil {
		return err
	}
	t.Session, t.Activity, t.ActivityReason, t.TurnStartedAt = o.Session, o.Activity, o.Reason, o.TurnStart
	if o.Result != nil {
		t.Result = o.Result
	}
	if err := tx.PutTask(t); err != nil {
		return err
	}
	_, err = tx.Tx.Event(api.EventSessionActivity, "default", t.ID, nil)
	return err
}

// A daemon may die between the record of a session and its holder's first
// step: the session that follows must be the only one.
func TestAdoptFencesAHolderThatHasNotBegun(t *testing.T) {
	b := newBench(t)
	late := filepath.Join(b.dir, "s", "late0001")
	if err := os.MkdirAll(late, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(late, "session.json"), []byte(`{"id":"late0001"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.update(func(tx *store.Tx) error {
		return tx.PutSession(&session.Session{ID: "late0001", Task: taskID, Agent: "demo", Dir: late, Activity: api.ActivityStarting, CreatedAt: time.Now(), Since: time.Now()})
	})
	if err := b.m.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if live := b.m.Live(); live != 0 {
		t.Errorf("%d sessions are supervised", live)
	}
	b.await("the session is ended", func(tx *store.Tx) bool {
		s, err := tx.Session("late0001")
		return err == nil && !s.Live()
	})
	_, err := hold.Start(t.Context(), hold.StartOptions{HF: b.self, Spec: hold.Spec{
		Session: "late0001", Dir: late, Socket: filepath.Join(b.dir, "late.sock"), Argv: []string{"/bin/sleep", "1000"}, Cwd: b.dir,
	}})
	if err == nil {
		t.Error("the late holder began although its session was given up")
	}
}

// A prompt that reached a process as it died is given to the next one, once.
func TestUnheardPromptGoesBackToTheOutbox(t *testing.T) {
	b := newBench(t)
	b.start()
	b.send("m1", "crash")
	b.awaitMessage("m1", api.MessageQueued)
	b.awaitActivity(api.ActivityFailed)
	b.start()
	b.awaitMessage("m1", api.MessageFailed)
	b.send("m2", "say: still here")
	b.start()
	b.awaitMessage("m2", api.MessageDone)
}
