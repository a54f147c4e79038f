package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// batch and batchSize (in bytes) bound what is read between two commits, and
	// with it the memory and the time until a new fact is shown.
	batch     = 256
	batchSize = 256 << 10
	// lastWords is how much of what an agent wrote before it was stopped is
	// still folded, in bytes: nobody waits for all that a mad one wrote.
	lastWords = 4 << 20
	// redial is how long to wait before asking a silent holder again.
	redial = 500 * time.Millisecond
	// ackLimit is how long a holder may take to go.
	ackLimit = 5 * time.Second
)

// supervisor is the one goroutine that owns a session: it folds the journal,
// stores what follows from it, and writes what the agent is due. The fields
// below mu are also read by others.
type supervisor struct {
	m     *Manager
	id    string
	task  string
	dir   string // the session's own
	agent string
	log   *slog.Logger

	s       Session
	machine *acp.Machine
	reader  *journal.Reader
	sent    map[string]bool // what was written on this connection and is not folded yet
	unsaved []api.Entry     // folded, and not in the store yet: its disk was full
	limited bool            // the outbox waits for the usage limit to reset
	ended   bool
	left    leftover
	quiet   quiet
	// farewellNote is why hf itself ended the agent, where it did.
	farewellNote string
	journalMax   int64 // from this size on the holder reads no more, 0 = never
	overfull     bool  // the agent was ended for it

	over    atomic.Bool // the process has ended; set before the store says so
	asked   atomic.Bool // to end: nothing of it is to be taken up again
	stopped atomic.Bool // hf ended it
	pokes   chan struct{}
	done    chan struct{} // closed when the session ended or was let go

	mu          sync.Mutex
	conn        *hold.Conn // nil while the holder does not answer
	shown       acp.Facts
	offset      int64
	folded      int64 // how far the journal was read and stored
	interrupted bool
}

func newSupervisor(m *Manager, s *Session, machine *acp.Machine) (*supervisor, error) {
	reader, err := journal.Open(filepath.Join(s.Dir, hold.JournalFile))
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if err := reader.SeekTo(s.Offset); err != nil {
		return nil, fmt.Errorf("seek journal to %d: %w", s.Offset, err)
	}
	return &supervisor{
		m: m, id: s.ID, task: s.Task, dir: s.Dir, agent: s.Agent, s: *s, machine: machine, reader: reader,
		log:  m.cfg.Log.With("session", s.ID, "task", s.Task),
		sent: map[string]bool{}, pokes: make(chan struct{}, 1), done: make(chan struct{}),
		shown: machine.Facts(),
	}, nil
}

// connect takes control of the holder. What an earlier daemon had written to
// it is in the journal by then.
func (v *supervisor) connect(ctx context.Context) error {
	conn, err := hold.Dial(ctx, v.dir)
	if err != nil {
		return err
	}
	info := conn.Info()
	v.s.HolderPID, v.s.AgentPID = info.PID, info.AgentPID
	v.sent = map[string]bool{}
	v.mu.Lock()
	v.conn = conn
	v.mu.Unlock()
	return nil
}

func (v *supervisor) disconnect() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.conn != nil {
		_ = v.conn.Close()
		v.conn = nil
	}
}

func (v *supervisor) connection() *hold.Conn {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.conn
}

// run supervises until the session ends or ctx does. caughtUp is closed when
// the journal was read to its end for the first time, or as far as matters.
func (v *supervisor) run(ctx context.Context, caughtUp chan<- struct{}) {
	defer v.disconnect()
	defer func() { _ = v.reader.Close() }()
	first := true
	for ctx.Err() == nil {
		more, err := v.read(ctx)
		if err != nil {
			if ctx.Err() == nil {
				v.log.Error("read session", "err", err)
			}
			v.rest(ctx)
			continue
		}
		if v.ended {
			v.farewell(ctx)
			return
		}
		v.endOverfull(ctx)
		if first && (!more || v.machine.Facts().Err != nil) {
			close(caughtUp)
			first = false
		}
		if more {
			continue
		}
		failed := false
		switch err := v.write(ctx); {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, hold.ErrExited), errors.Is(err, hold.ErrClosed):
			// It takes nothing any more. What was meant for it waits for the next one.
		default:
			v.log.Warn("write to agent", "err", err)
			v.disconnect()
			failed = true
		}
		if v.connection() == nil {
			// What could not be written is due still: what of it was, the journal tells.
			if !v.reconnect(ctx) || failed {
				v.wait(ctx, redial)
			}
			if v.ended {
				return
			}
			continue
		}
		v.endLeftover(ctx)
		v.wait(ctx, v.pause())
	}
}

// reconnect tries to reach the holder again, and ends the session when there
// is no holder any more. It reports whether the loop may go on at once.
func (v *supervisor) reconnect(ctx context.Context) bool {
	starting := hold.Held(v.dir)
	if _, alive := hold.Alive(v.dir); !alive {
		if starting {
			return false
		}
		if more, err := v.read(ctx); err != nil || more || v.ended {
			return true // its last words
		}
		if err := v.lost(ctx); err != nil {
			v.log.Error("record a lost session", "err", err)
			return false
		}
		v.ended = true
		return true
	}
	if err := v.connect(ctx); err != nil {
		v.unknown(ctx, err)
		return false
	}
	return true
}

// rest is a pause after a failure that may pass.
func (v *supervisor) rest(ctx context.Context) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
	}
}

// wait returns when there may be something to do, or after d (0 = never).
func (v *supervisor) wait(ctx context.Context, d time.Duration) {
	if v.ended {
		return
	}
	var grew <-chan struct{}
	if conn := v.connection(); conn != nil {
		grew = conn.Notify()
	}
	var after <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case _, ok := <-grew:
		if !ok {
			v.disconnect()
		}
	case <-v.pokes:
	case <-after:
	case <-ctx.Done():
	}
}

// read folds at most one batch of records and stores what follows from them.
// It reports whether there may be more.
func (v *supervisor) read(ctx context.Context) (more bool, err error) {
	if len(v.unsaved) > 0 {
		return true, v.record(ctx, nil)
	}
	var entries []api.Entry
	skip := v.skipTo()
	for n, size := 0, 0; n < batch && size < batchSize; n++ {
		rec, err := v.reader.Next()
		if errors.Is(err, io.EOF) {
			return false, v.record(ctx, entries)
		}
		if err != nil {
			return false, errors.Join(err, v.record(ctx, entries))
		}
		size += len(rec.Data)
		if rec.Next <= skip && (rec.Kind == journal.Out || rec.Kind == journal.Err) {
			continue
		}
		news := v.machine.Feed(rec)
		v.noteCancelled(news)
		entries = append(entries, keep(news)...)
		if rec.Kind == journal.Exit {
			v.over.Store(true)
			v.ended = true
			return false, v.record(ctx, entries)
		}
	}
	return true, v.record(ctx, entries)
}

// skipTo is the offset before which output means nothing any more: all of it
// when the handshake has failed, all but the end when the agent was stopped.
func (v *supervisor) skipTo() int64 {
	if v.machine.Facts().Err != nil {
		return math.MaxInt64
	}
	if !v.stopped.Load() {
		return 0
	}
	fi, err := os.Stat(filepath.Join(v.dir, hold.JournalFile))
	if err != nil {
		return 0
	}
	return fi.Size() - lastWords
}

// keep drops the entries that only the transcript needs.
func keep(entries []api.Entry) []api.Entry {
	out := entries[:0]
	for _, e := range entries {
		switch e.Kind {
		case api.EntryUser, api.EntryTurnEnd, api.EntryPermission, api.EntryQuestion, api.EntryResolved, api.EntryExit, api.EntryError, api.EntryLimit:
			out = append(out, e)
		default:
		}
	}
	return out
}

// farewell lets the holder of an ended session go, also when this daemon is
// about to go itself.
func (v *supervisor) farewell(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackLimit)
	defer cancel()
	v.disconnect()
	if err := release(ctx, v.dir); err != nil {
		v.log.Warn("let the holder go", "err", err)
	}
}

// release lets the holder in a directory go when its process has ended. A
// holder whose process runs, and no holder at all, are left as they are.
func release(ctx context.Context, dir string) error {
	if _, alive := hold.Alive(dir); !alive {
		return nil
	}
	if _, exited, err := hold.ReadExit(dir); err != nil || !exited {
		return err
	}
	conn, err := hold.Dial(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return conn.AckExit(ctx)
}

func (v *supervisor) poke() {
	select {
	case v.pokes <- struct{}{}:
	default:
	}
}

func (v *supervisor) interrupt() {
	v.mu.Lock()
	v.interrupted = true
	v.mu.Unlock()
	v.poke()
}

func (v *supervisor) takeInterrupt() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.interrupted
	v.interrupted = false
	return was
}

// stop ends the agent and everything below it. The loop sees the exit in the
// journal.
func (v *supervisor) stop(ctx context.Context, grace time.Duration) error {
	v.asked.Store(true)
	err := hold.Stop(ctx, v.dir, grace)
	if _, alive := hold.Alive(v.dir); err != nil && alive {
		return err
	}
	v.stopped.Store(true)
	v.poke()
	return nil
}

func (v *supervisor) facts() acp.Facts {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.shown
}

// reached reports whether the journal was read and stored up to an offset.
func (v *supervisor) reached(offset int64) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.folded >= offset
}

func (v *supervisor) status() api.SessionStatus {
	v.mu.Lock()
	defer v.mu.Unlock()
	st := api.SessionStatus{ID: v.id, Task: v.task, Activity: v.shown.Activity, Since: v.shown.Since, Offset: v.offset}
	st.Agent = v.agent
	if v.conn != nil {
		info := v.conn.Info()
		st.HolderPID, st.AgentPID = info.PID, info.AgentPID
	}
	if fi, err := os.Stat(filepath.Join(v.dir, hold.JournalFile)); err == nil {
		st.Size = fi.Size()
	}
	return st
}
