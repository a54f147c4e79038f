package hold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// endGrace is how long the process has after SIGTERM when the holder
	// itself is asked to end.
	endGrace = 5 * time.Second
	// leftoverGrace is how long what a process left behind has after SIGTERM.
	leftoverGrace = 2 * time.Second
	// pipeGrace is how long output is read on when nothing is left that hf
	// knows of but somebody still has a pipe open.
	pipeGrace = time.Second
	// lockPatience outlasts those who only look whether the lock is held.
	lockPatience = 2 * time.Second
)

// holder is the state of one `hf hold`.
type holder struct {
	spec   Spec
	errOut io.Writer

	lock     *os.File
	listener *net.UnixListener
	journal  *journal.Writer
	file     *os.File // the journal, to read
	agent    *agent
	stdin    *feeder
	tape     *tape // nil unless the process has a terminal
	grown    growth
	info     Info // fixed once run begins

	in      sync.Mutex // one input at a time
	ended   bool       // no more input: the Exit record comes next
	lastSeq atomic.Uint64

	turn       sync.Mutex // one change of the controller at a time
	mu         sync.Mutex
	controller *peer
	peers      map[*peer]bool

	stops    chan time.Duration // graces of the stops asked for
	asked    atomic.Bool        // to stop
	known    atomic.Bool        // exit.json is written
	recorded chan struct{}      // closed when the exit is on the disk
	acked    chan struct{}      // closed when the holder may go
	ackOnce  sync.Once
}

// newHolder takes the session and starts its process. On error nothing is
// left of the try but the lock file.
func newHolder(ctx context.Context, spec Spec, errOut io.Writer) (*holder, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	h := &holder{
		spec: spec, errOut: errOut, peers: map[*peer]bool{},
		stops: make(chan time.Duration), recorded: make(chan struct{}), acked: make(chan struct{}),
	}
	if err := h.take(ctx); err != nil {
		return nil, err
	}
	if err := h.start(ctx); err != nil {
		h.discard()
		return nil, err
	}
	return h, nil
}

// take gets the session's lock, or finds that somebody has it.
func (h *holder) take(ctx context.Context) error {
	path := filepath.Join(h.spec.Dir, lockFile)
	for deadline := time.Now().Add(lockPatience); ; {
		f, ok, err := rundir.TryLock(path)
		if err != nil {
			return fmt.Errorf("lock the session: %w", err)
		}
		if ok {
			h.lock = f
			return nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("session %s has a holder already", h.spec.Session)}
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (h *holder) start(ctx context.Context) error {
	path := filepath.Join(h.spec.Dir, JournalFile)
	if _, ended, err := ReadExit(h.spec.Dir); ended || err != nil {
		return errors.Join(err, &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("session %s is over", h.spec.Session)})
	}
	if err := fault.Point("holder.taken"); err != nil {
		return err
	}
	w, err := journal.Create(path)
	if errors.Is(err, fs.ErrExist) {
		return &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("session %s has run already", h.spec.Session)}
	}
	if err != nil {
		return err
	}
	h.journal = w
	if h.file, err = os.Open(path); err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	if h.listener, err = listen(h.spec.Socket); err != nil {
		return err
	}
	err = fault.Around("holder.agent", func() error {
		h.agent, err = startAgent(&h.spec)
		return err
	})
	if err != nil {
		return err
	}
	h.stdin = newFeeder(h.file, h.agent.stdin)
	if h.spec.Terminal != nil {
		h.tape = &tape{patience: viewPatience}
	}
	if err := h.describe(); err != nil {
		return err
	}
	return h.recordStart(ctx)
}

// describe writes hold.json.
func (h *holder) describe() error {
	self, err := lookUp(os.Getpid())
	if err != nil {
		return fmt.Errorf("look at this process: %w", err)
	}
	h.info = Info{
		Session: h.spec.Session, Proto: Proto, PID: self.pid, StartTime: self.start, BootID: rundir.BootID(),
		Socket: h.spec.Socket, AgentPID: h.agent.pid, AgentStartTime: h.agent.start,
	}
	if err := fault.Around("holder.describe", func() error { return writeJSON(filepath.Join(h.spec.Dir, infoFile), h.info) }); err != nil {
		return fmt.Errorf("record the holder: %w", err)
	}
	return nil
}

// recordStart writes the first record. A full disk is an error here: nobody
// waits for output yet, but somebody waits for an answer.
func (h *holder) recordStart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	b, err := json.Marshal(journal.Started{
		PID: h.agent.pid, StartTime: h.agent.start, BootID: h.info.BootID, Argv: h.spec.Argv, Dir: h.spec.Cwd,
	})
	if err != nil {
		return err
	}
	_, err = h.journal.Append(ctx, journal.Start, 0, b)
	return err
}

// discard undoes a start that failed half-way.
func (h *holder) discard() {
	if h.agent != nil {
		h.agent.killAll()
		h.agent.closePipes()
	}
	if h.listener != nil {
		_ = h.listener.Close()
		_ = os.Remove(h.spec.Socket)
	}
	if h.journal != nil {
		_ = h.journal.Close()
		_ = os.Remove(filepath.Join(h.spec.Dir, JournalFile))
	}
	_ = os.Remove(filepath.Join(h.spec.Dir, infoFile))
}

// run holds until the process's exit was recorded and acknowledged. When ctx
// ends the process is ended, its exit recorded, and nobody is waited for.
func (h *holder) run(ctx context.Context) {
	var pumps sync.WaitGroup
	if h.tape != nil {
		pumps.Go(h.watch)
	} else {
		pumps.Go(func() { h.pump(ctx, h.agent.stdout, journal.Out) })
		pumps.Go(func() { h.pump(ctx, h.agent.stderr, journal.Err) })
	}
	go h.stdin.run()
	go h.accept(ctx)
	h.untilAlone(ctx)
	h.finish(ctx, &pumps)
	select {
	case <-h.acked:
		if h.tape != nil {
			h.tape.lastLook(h.asked.Load())
		}
	case <-ctx.Done():
	}
	_ = h.listener.Close()
	_ = os.Remove(h.spec.Socket)
	h.hangUp()
}

// untilAlone returns when neither the process nor any descendant is left. What
// a process leaves behind when it ends is a leak and ended, too.
func (h *holder) untilAlone(ctx context.Context) {
	killAt := time.NewTimer(time.Hour)
	killAt.Stop()
	var deadline time.Time
	within := func(grace time.Duration) {
		if at := time.Now().Add(grace); deadline.IsZero() || at.Before(deadline) {
			deadline = at
			killAt.Reset(grace)
		}
	}
	exited, done := h.agent.exited, ctx.Done()
	for {
		select {
		case <-h.agent.alone:
			return
		case <-exited:
			exited = nil
			h.agent.signalAll(syscall.SIGTERM)
			within(leftoverGrace)
		case <-done:
			done = nil
			h.agent.askToEnd()
			within(endGrace)
		case grace := <-h.stops:
			h.agent.askToEnd()
			within(grace)
		case <-killAt.C:
			h.agent.killAll()
			return
		}
	}
}

// finish records the exit once all output is in the journal.
func (h *holder) finish(ctx context.Context, pumps *sync.WaitGroup) {
	deadline := time.Now().Add(pipeGrace)
	for _, f := range []*os.File{h.agent.stdout, h.agent.stderr} {
		if f != nil {
			_ = f.SetReadDeadline(deadline)
		}
	}
	pumps.Wait()
	h.stdin.close()
	h.in.Lock()
	h.ended = true
	h.in.Unlock()

	ended := h.agent.ended
	h.recordExit(ctx, ended)
	h.known.Store(true)
	b, _ := json.Marshal(ended)
	if _, err := h.journal.Append(ctx, journal.Exit, 0, b); err != nil {
		h.complain(err)
	}
	if err := h.journal.Sync(); err != nil {
		h.complain(err)
	}
	fault.Pass("holder.recorded")
	close(h.recorded)
	h.grown.wake()
}

// recordExit writes exit.json, before the Exit record: who reads that one may
// look here.
func (h *holder) recordExit(ctx context.Context, ended journal.Ended) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := fault.Around("holder.exit", func() error { return writeJSON(filepath.Join(h.spec.Dir, exitFile), ended) })
		if err == nil {
			return
		}
		h.complain(fmt.Errorf("record the exit: %w", err))
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// now returns Info as it stands.
func (h *holder) now() *Info {
	info := h.info
	info.LastSeq, info.Size = h.lastSeq.Load(), h.journal.Size()
	if h.known.Load() {
		ended := h.agent.ended
		info.Exit = &ended
	}
	return &info
}

// complain writes to the holder's standard error, which is hold.err.
func (h *holder) complain(err error) {
	_, _ = fmt.Fprintf(h.errOut, "%s %v\n", time.Now().UTC().Format(time.RFC3339), err)
}
