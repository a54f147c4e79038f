package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/pkg/api"
)

// adopters is how many sessions are taken up at a time.
const adopters = 8

// DefaultGrace is how long an agent may take to end when it is asked to.
const DefaultGrace = 3 * time.Second

// Config is what a Manager works with. All fields are required.
type Config struct {
	Store  Store
	HF     string                 // the hf binary, which is also the holder
	Dir    string                 // one directory for each session is made below it
	Socket func(id string) string // where a session's holder listens
	Umask  int                    // the user's: the daemon's own is stricter
	// JournalMax is how many bytes an agent may write before it is ended, 0 = no
	// matter how many.
	JournalMax int64
	// QuietAfter is how long an agent may say nothing in a turn before that is
	// shown; 0 = for ever.
	QuietAfter func(agent string) time.Duration
	Log        *slog.Logger
	Now        func() time.Time
}

// Manager supervises the sessions of this daemon.
type Manager struct {
	cfg     Config
	ctx     context.Context // ends the supervisors, not the agents
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	changed *broadcast

	mu   sync.Mutex
	live map[string]*supervisor // by session

	gates gates
}

// StartRequest asks for a session.
type StartRequest struct {
	Task  string
	Agent string
	Argv  []string // runs the agent in its sandbox, from this machine
	Dir   string   // its working directory
	Env   []string // NAME=value, its whole environment; not stored
	ACP   acp.Config
	// Origin is kept in the session's directory.
	Origin Origin
}

// New returns a manager that supervises nothing yet. ctx bounds its whole life.
func New(ctx context.Context, cfg Config) *Manager {
	ctx, cancel := context.WithCancel(ctx)
	return &Manager{cfg: cfg, ctx: ctx, cancel: cancel, changed: newBroadcast(), live: map[string]*supervisor{}, gates: gates{of: map[string]*gate{}}}
}

// Close lets go of every session. The agents and their holders go on.
func (m *Manager) Close() {
	m.cancel()
	m.wg.Wait()
}

// Adopt takes up every session the store believes alive. It returns when each
// is either supervised again or known to have ended.
func (m *Manager) Adopt(ctx context.Context) error {
	var live []Session
	err := m.cfg.Store.View(ctx, func(tx Tx) (err error) {
		live, err = tx.LiveSessions()
		return err
	})
	if err != nil {
		return fmt.Errorf("list live sessions: %w", err)
	}
	// Side by side: who waits for the first answer of a daemon waits for all.
	var adopted sync.WaitGroup
	slots := make(chan struct{}, adopters)
	for i := range live {
		slots <- struct{}{}
		adopted.Go(func() {
			defer func() { <-slots }()
			if err := m.adopt(ctx, &live[i]); err != nil {
				m.cfg.Log.Error("adopt session", "session", live[i].ID, "task", live[i].Task, "err", err)
			}
		})
	}
	adopted.Wait()
	m.wg.Go(m.sweep)
	return nil
}

// sweep lets go of the holders of ended sessions that an earlier daemon did not
// come to dismiss.
func (m *Manager) sweep() {
	dirs, err := os.ReadDir(m.cfg.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.cfg.Log.Error("look for left holders", "err", err)
	}
	for _, d := range dirs {
		m.mu.Lock()
		_, live := m.live[d.Name()]
		m.mu.Unlock()
		if live || m.ctx.Err() != nil {
			continue
		}
		if err := release(m.ctx, filepath.Join(m.cfg.Dir, d.Name())); err != nil {
			m.cfg.Log.Warn("let a left holder go", "session", d.Name(), "err", err)
		}
		m.clear(d.Name())
	}
}

// clear removes what whoever made an ended session or held it had no time to
// remove, because it was killed.
func (m *Manager) clear(id string) {
	dir := filepath.Join(m.cfg.Dir, id)
	_ = os.Remove(newMeta(dir)) // hardly ever there
	if err := hold.Clear(dir, m.cfg.Socket(id)); err != nil {
		m.cfg.Log.Warn("clear up after a holder", "session", id, "err", err)
	}
}

// adopt reads what the session did meanwhile and supervises it on. A session
// whose holder never came to be is ended: the operation that wanted it starts
// another.
func (m *Manager) adopt(ctx context.Context, s *Session) error {
	meta, err := readMeta(s.Dir)
	if err != nil {
		return m.abandon(ctx, s, "the agent was never started")
	}
	// A daemon that died while it started the holder may have got it going yet.
	if never, err := hold.Fence(s.Dir); never || err != nil {
		return errors.Join(err, m.abandon(ctx, s, "the agent was never started"))
	}
	machine, err := acp.Restore(meta.ACP, s.Snapshot)
	if err != nil {
		m.cfg.Log.Warn("session snapshot not understood, folding its journal anew", "session", s.ID, "err", err)
		machine, s.Offset = acp.New(meta.ACP), 0
	}
	return m.supervise(ctx, s, machine, meta.JournalMax)
}

// Start makes sure that the task has a live session and returns its id. It may
// be called again after a crash in the middle of it.
func (m *Manager) Start(ctx context.Context, req StartRequest) (string, error) {
	if v := m.ofTask(req.Task); v != nil {
		if !v.over.Load() {
			return v.id, nil
		}
		select { // it has a last word to store
		case <-v.done:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	now := m.cfg.Now()
	s := &Session{ID: ids.New(), Task: req.Task, Agent: req.Agent, Activity: api.ActivityStarting, Since: now, CreatedAt: now}
	s.Dir = filepath.Join(m.cfg.Dir, s.ID)
	// First the row: a directory that no row names would stay for ever.
	err := m.cfg.Store.Update(ctx, func(tx Tx) error {
		if err := tx.PutSession(s); err != nil {
			return err
		}
		return tx.Observe(Observation{Task: s.Task, Session: s.ID, Activity: s.Activity, Since: now})
	})
	if err != nil {
		return "", fmt.Errorf("record session: %w", err)
	}
	err = writeMeta(s.Dir, meta{ID: s.ID, Task: s.Task, Agent: s.Agent, CreatedAt: now, ACP: req.ACP, Origin: req.Origin, JournalMax: m.cfg.JournalMax})
	if err != nil {
		return "", errors.Join(err, m.abandon(context.WithoutCancel(ctx), s, err.Error()))
	}
	info, err := hold.Start(ctx, hold.StartOptions{HF: m.cfg.HF, Spec: hold.Spec{
		Session: s.ID, Dir: s.Dir, Socket: m.cfg.Socket(s.ID), Argv: req.Argv, Env: req.Env, Cwd: req.Dir, Umask: m.cfg.Umask, JournalMax: m.cfg.JournalMax,
	}})
	if problem, ok := errors.AsType[*api.Error](err); ok {
		err = problem // it says what a person can do something about
	}
	if err != nil {
		return "", errors.Join(err, m.abandon(context.WithoutCancel(ctx), s, err.Error()))
	}
	s.HolderPID, s.AgentPID = info.PID, info.AgentPID
	if err := m.supervise(ctx, s, acp.New(req.ACP), m.cfg.JournalMax); err != nil {
		return "", err
	}
	return s.ID, nil
}

// abandon records that a session ended before anything of it ran.
func (m *Manager) abandon(ctx context.Context, s *Session, reason string) error {
	m.clear(s.ID)
	now := m.cfg.Now()
	s.Activity, s.Reason, s.Since, s.EndedAt = api.ActivityFailed, reason, now, &now
	return m.cfg.Store.Update(ctx, func(tx Tx) error {
		if err := tx.PutSession(s); err != nil {
			return err
		}
		return tx.Observe(Observation{Task: s.Task, Session: s.ID, Activity: s.Activity, Reason: reason, Since: now})
	})
}

func (m *Manager) supervise(ctx context.Context, s *Session, machine *acp.Machine, journalMax int64) error {
	v, err := newSupervisor(m, s, machine)
	if err != nil {
		return err
	}
	v.journalMax = journalMax
	if err := v.connect(ctx); err != nil {
		m.cfg.Log.Warn("holder does not answer", "session", s.ID, "err", err)
	}
	m.mu.Lock()
	m.live[s.ID] = v
	m.mu.Unlock()
	caughtUp := make(chan struct{})
	m.wg.Go(func() {
		defer func() {
			m.mu.Lock()
			delete(m.live, s.ID)
			m.mu.Unlock()
			close(v.done)
			m.changed.wake(s.Task)
		}()
		v.run(m.ctx, caughtUp)
	})
	select {
	case <-caughtUp:
	case <-v.done:
	case <-ctx.Done():
	}
	return nil
}

// Current returns the id of the task's session, or "" when no process of it
// runs.
func (m *Manager) Current(task string) string {
	if v := m.ofTask(task); v != nil && !v.over.Load() {
		return v.id
	}
	return ""
}

func (m *Manager) ofTask(task string) *supervisor {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.live {
		if v.task == task {
			return v
		}
	}
	return nil
}

// Live counts the supervised sessions.
func (m *Manager) Live() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.live)
}

// Status lists the supervised sessions.
func (m *Manager) Status() []api.SessionStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]api.SessionStatus, 0, len(m.live))
	for _, v := range m.live {
		out = append(out, v.status())
	}
	return out
}

// Wake makes the task's session look for messages and answers to deliver.
func (m *Manager) Wake(task string) {
	if v := m.ofTask(task); v != nil {
		v.poke()
	}
	m.changed.wake(task)
}

// WaitReady returns when the session takes prompts, or with the reason why it
// never will. It tells each phase of the handshake to progress.
func (m *Manager) WaitReady(ctx context.Context, id string, progress func(phase string)) error {
	m.mu.Lock()
	v := m.live[id]
	m.mu.Unlock()
	if v == nil {
		return m.deadBeforeReady(ctx, id)
	}
	for phase := ""; ; {
		changed, stop := m.changed.watch(v.task)
		facts := v.facts()
		switch {
		case facts.Err != nil:
			stop()
			return facts.Err
		case facts.Ready:
			stop()
			return nil
		case facts.Phase != phase:
			phase = facts.Phase
			progress(phase)
		}
		select {
		case <-changed:
		case <-v.done:
			stop()
			return m.deadBeforeReady(ctx, id)
		case <-ctx.Done():
			stop()
			return context.Cause(ctx)
		}
		stop()
	}
}

func (m *Manager) deadBeforeReady(ctx context.Context, id string) error {
	var s *Session
	err := m.cfg.Store.View(ctx, func(tx Tx) (err error) {
		s, err = tx.Session(id)
		return err
	})
	if err != nil {
		return err
	}
	reason := s.Reason
	if reason == "" {
		reason = "the agent ended before its session began"
	}
	return &api.Error{Code: api.CodeAgent, Message: reason, Hint: "`hf agent test " + s.Agent + "` shows what it says."}
}

// CheckAnswer says what is wrong with a message that would answer the question
// the task's agent asks. It is nil where no question is open.
func (m *Manager) CheckAnswer(task, text string, files int) error {
	v := m.ofTask(task)
	if v == nil {
		return nil
	}
	open := v.facts().Questions
	if len(open) == 0 {
		return nil
	}
	if files > 0 {
		return &api.Error{
			Code: api.CodeConflict, Message: "the agent waits for the answer to a question, which takes no files",
			Hint: fmt.Sprintf("Answer it by `hf send %s`, or decline it by `hf deny %s`; then send the files.", task, task),
		}
	}
	return open[0].CheckAnswer(text)
}

// CatchUp returns when what the task's agent has said until now is stored. A
// transcript is read from the journal, and may show it a moment earlier.
func (m *Manager) CatchUp(ctx context.Context, task string) error {
	v := m.ofTask(task)
	if v == nil {
		return nil
	}
	fi, err := os.Stat(filepath.Join(v.dir, hold.JournalFile))
	if err != nil {
		return fmt.Errorf("look at the journal: %w", err)
	}
	stored, stop := m.changed.watch(task)
	defer stop()
	for !v.reached(fi.Size()) {
		select {
		case <-stored:
		case <-v.done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// Heard is when something last passed between hf and the task's agent.
func (m *Manager) Heard(task string) (at time.Time, ok bool) {
	v := m.ofTask(task)
	if v == nil {
		return at, false
	}
	f := v.facts()
	return f.LastProgress, !f.LastProgress.IsZero()
}

// Interrupt asks the agent to end its turn.
func (m *Manager) Interrupt(task string) error {
	v := m.ofTask(task)
	if v == nil {
		return &api.Error{Code: api.CodeConflict, Message: "no agent is running for this task"}
	}
	v.interrupt()
	return nil
}

// Stop ends the task's agent with everything below it and returns when nothing
// of it is left. It is not an error when none runs.
func (m *Manager) Stop(ctx context.Context, task string) error {
	v := m.ofTask(task)
	if v == nil {
		return nil
	}
	if err := v.stop(ctx, DefaultGrace); err != nil {
		return fmt.Errorf("stop the agent: %w", err)
	}
	select {
	case <-v.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
