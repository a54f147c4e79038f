package task

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// seat is a task whose agent is in one place or another.
type seat struct {
	task     Task
	live     *operation.Operation
	holds    int    // of its outbox
	agent    bool   // hf talks to one
	terminal bool   // its own terminal runs
	caughtUp func() // happens while the outbox is held
	started  func() // happens before its terminal runs
	startErr error
}

func newSeat() (*seat, *Service) {
	at := &seat{agent: true, task: Task{ID: "t1", Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle}, caughtUp: func() {}, started: func() {}}
	return at, NewService(Config{
		Store: seatStore{at: at}, Sessions: seatSessions{at: at}, Terminals: seatTerminals{at: at},
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

type seatStore struct {
	Store // what is not below is not asked for
	at    *seat
}

func (s seatStore) View(_ context.Context, fn func(Tx) error) error { return fn(seatTx{at: s.at}) }

func (s seatStore) Update(_ context.Context, fn func(Tx) error) error { return fn(seatTx{at: s.at}) }

type seatTx struct {
	Tx
	at *seat
}

func (tx seatTx) Task(string) (*Task, error) { t := tx.at.task; return &t, nil }

func (tx seatTx) PutTask(t *Task) error                                   { tx.at.task = *t; return nil }
func (tx seatTx) LiveOperation(string) (*operation.Operation, error)      { return tx.at.live, nil }
func (tx seatTx) MessagesOf(string) ([]session.Message, error)            { return nil, nil }
func (tx seatTx) Event(api.EventKind, string, string, any) (int64, error) { return 1, nil }

type seatSessions struct {
	Sessions
	at *seat
}

func (s seatSessions) Hold(context.Context, string) (release func(), err error) {
	s.at.holds++
	return func() { s.at.holds-- }, nil
}

func (s seatSessions) Held(string) int                       { return s.at.holds }
func (s seatSessions) CatchUp(context.Context, string) error { s.at.caughtUp(); return nil }
func (s seatSessions) Stop(context.Context, string) error    { s.at.agent = false; return nil }

func (s seatSessions) Current(string) string {
	if s.at.agent {
		return "s1"
	}
	return ""
}

type seatTerminals struct {
	Terminals
	at *seat
}

func (s seatTerminals) Start(context.Context, string, api.Command, int, int) error {
	s.at.started()
	s.at.terminal = s.at.startErr == nil
	return s.at.startErr
}

func (s seatTerminals) Stop(context.Context, string) error { s.at.terminal = false; return nil }

func TestATerminalTakesTheAgentsPlace(t *testing.T) {
	at, s := newSeat()
	if err := s.startTerminal(t.Context(), "t1", api.Command{}, 80, 24); err != nil {
		t.Fatal(err)
	}
	if at.agent || !at.terminal || at.holds != 0 || at.task.Activity != api.ActivityTerminal {
		t.Errorf("%+v", at)
	}
}

// What is refused changes nothing, and the outbox is open again.
func TestATerminalIsRefused(t *testing.T) {
	now := time.Now()
	for name, happens := range map[string]func(*seat){
		"a turn began":     func(at *seat) { at.task.TurnStartedAt = &now },
		"it is killed":     func(at *seat) { at.task.Lifecycle = api.LifecycleKilling },
		"it is repaired":   func(at *seat) { at.live = &operation.Operation{Kind: KindRepair} },
		"its branch moves": func(at *seat) { at.holds++ },
	} {
		at, s := newSeat()
		at.caughtUp = func() { happens(at) }
		err := s.startTerminal(t.Context(), "t1", api.Command{}, 80, 24)
		if name == "its branch moves" {
			at.holds--
		}
		if !api.IsCode(err, api.CodeConflict) || !at.agent || at.terminal || at.holds != 0 || at.task.Activity != api.ActivityIdle {
			t.Errorf("%s: %v, %+v", name, err, at)
		}
	}
}

// An operation that begins while a terminal is started has looked for one already.
func TestATerminalThatComesTooLateEnds(t *testing.T) {
	for name, happens := range map[string]func(*seat){
		"it is killed":     func(at *seat) { at.task.Lifecycle = api.LifecycleKilling },
		"it is repaired":   func(at *seat) { at.live = &operation.Operation{Kind: KindRepair} },
		"it cannot be run": func(at *seat) { at.startErr = &api.Error{Code: api.CodeConflict} },
	} {
		at, s := newSeat()
		at.started = func() { happens(at) }
		err := s.startTerminal(t.Context(), "t1", api.Command{}, 80, 24)
		if !api.IsCode(err, api.CodeConflict) || at.terminal || at.holds != 0 || at.task.Activity != api.ActivityExited {
			t.Errorf("%s: %v, %+v", name, err, at)
		}
	}
}
