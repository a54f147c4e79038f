package hold

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"syscall"

	"github.com/hf-dev/hf/internal/journal"
)

const (
	readSize = 64 << 10
	// drainMax bounds what is still read of a pipe that somebody keeps open.
	drainMax = 1 << 20
	// bigInput is from where on an input's memory is given back at once.
	bigInput = 256 << 10
)

// growth wakes those who wait for the journal to grow.
type growth struct {
	mu sync.Mutex
	ch chan struct{} // nil while nobody waits
}

// next returns a channel that is closed at the next wake.
func (g *growth) next() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ch == nil {
		g.ch = make(chan struct{})
	}
	return g.ch
}

func (g *growth) wake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ch != nil {
		close(g.ch)
		g.ch = nil
	}
}

// pump journals what comes out of f until its end. While the journal takes
// nothing, nothing is read: the pipe fills and the process waits.
func (h *holder) pump(ctx context.Context, f *os.File, kind journal.Kind) {
	defer func() { _ = f.Close() }()
	buf := make([]byte, readSize)
	for {
		if h.full() {
			h.complain(fmt.Errorf("the journal has %d bytes: no more output is read", h.journal.Size()))
			<-h.agent.alone // somebody ends it; then what the pipe holds is read
		}
		n, err := f.Read(buf)
		if err := h.record(ctx, kind, buf[:n]); err != nil {
			h.complain(err)
			return
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			h.drain(ctx, f, kind, buf)
		}
		if err != nil {
			return
		}
	}
}

// watch keeps what the process's terminal shows, until nobody has it open.
func (h *holder) watch() {
	f := h.agent.stdout
	defer func() { _ = f.Close() }()
	buf := make([]byte, readSize)
	for {
		n, err := f.Read(buf)
		h.tape.write(buf[:n])
		if err != nil { // EIO: the other end is closed
			return
		}
	}
}

// full reports whether the journal is as long as it may become.
func (h *holder) full() bool {
	return h.spec.JournalMax > 0 && h.journal.Size() >= h.spec.JournalMax
}

// drain journals what is in the pipe by now and leaves the rest to whoever
// still writes there.
func (h *holder) drain(ctx context.Context, f *os.File, kind journal.Kind, buf []byte) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		for total := 0; total < drainMax; {
			n, err := syscall.Read(int(fd), buf)
			if err != nil || n <= 0 || h.record(ctx, kind, buf[:n]) != nil {
				return
			}
			total += n
		}
	})
}

// record journals output so that an unfinished line begins a record.
func (h *holder) record(ctx context.Context, kind journal.Kind, p []byte) error {
	cut := bytes.LastIndexByte(p, '\n') + 1
	for _, part := range [][]byte{p[:cut], p[cut:]} {
		if len(part) == 0 {
			continue
		}
		if _, err := h.journal.Append(ctx, kind, 0, part); err != nil {
			return err
		}
	}
	if len(p) > 0 {
		h.grown.wake()
	}
	return nil
}

// input journals one input and hands it on.
func (h *holder) input(ctx context.Context, seq uint64, data []byte) error {
	h.in.Lock()
	defer h.in.Unlock()
	select {
	case <-h.agent.exited: // nobody would read it
		return ErrExited
	default:
	}
	switch {
	case h.ended:
		return ErrExited
	case seq <= h.lastSeq.Load():
		return ErrStale
	case h.stdin.isClosed():
		return ErrClosed
	}
	rec, err := h.journal.Append(ctx, journal.In, seq, data)
	if err != nil {
		return err
	}
	h.lastSeq.Store(seq)
	h.grown.wake()
	h.stdin.push(span{off: rec.Next - 1 - int64(len(data)), n: int64(len(data))})
	return nil
}

// giveBack returns the memory of a large input to the system.
func giveBack(n int) {
	if n >= bigInput {
		debug.FreeOSMemory()
	}
}

// span is a part of the journal.
type span struct{ off, n int64 }

// feeder writes journaled input to the process, from the file: however much
// the process leaves unread, it takes no memory.
type feeder struct {
	src *os.File
	dst *os.File

	mu     sync.Mutex
	queue  []span
	eof    bool // close behind the queue
	closed bool
	wake   chan struct{}
}

func newFeeder(src, dst *os.File) *feeder {
	return &feeder{src: src, dst: dst, wake: make(chan struct{}, 1)}
}

func (f *feeder) push(s span) {
	f.mu.Lock()
	f.queue = append(f.queue, s)
	f.mu.Unlock()
	f.poke()
}

// closeAfter closes the standard input behind what was pushed so far.
func (f *feeder) closeAfter() {
	f.mu.Lock()
	f.eof = true
	f.mu.Unlock()
	f.poke()
}

// close closes the standard input now and ends run.
func (f *feeder) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	_ = f.dst.Close()
	f.poke()
}

func (f *feeder) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.eof || f.closed
}

func (f *feeder) poke() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// run feeds until the standard input is closed, by us or by the process.
func (f *feeder) run() {
	defer f.close()
	var buf []byte
	for {
		s, ok, done := f.pop()
		if done {
			return
		}
		if !ok {
			<-f.wake
			continue
		}
		if buf == nil {
			buf = make([]byte, 16<<10)
		}
		for s.n > 0 {
			n, err := f.src.ReadAt(buf[:min(s.n, int64(len(buf)))], s.off)
			if err != nil {
				return
			}
			if _, err := f.dst.Write(buf[:n]); err != nil {
				return
			}
			s.off, s.n = s.off+int64(n), s.n-int64(n)
		}
	}
}

func (f *feeder) pop() (s span, ok, done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return span{}, false, true
	case len(f.queue) > 0:
		s, f.queue = f.queue[0], f.queue[1:]
		return s, true, false
	}
	return span{}, false, f.eof
}
