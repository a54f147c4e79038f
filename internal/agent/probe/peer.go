// Package probe talks to an agent over plain pipes, without a holder: for the
// handshake of `hf agent test` and for tests. Everything it starts ends with
// it.
package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// Peer is a running agent and the machine that folds what it says. Its
// records are what a holder would have written to a journal.
type Peer struct {
	stdin  *os.File
	cancel context.CancelFunc
	wake   chan struct{} // the pump has something to look at
	ended  chan struct{} // closed when the process and the pump are gone

	mu      sync.Mutex
	machine *acp.Machine
	records []journal.Record
	entries []api.Entry
	changed chan struct{} // closed and replaced by every record
	queue   [][]byte      // lines to write
	sent    map[string]bool
	exit    error
}

// Start runs an agent. Its Stdin, Stdout and Stderr must not be set. Stop must
// be called.
func Start(ctx context.Context, cmd xec.Cmd, cfg acp.Config) (*Peer, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Peer{
		stdin: w, cancel: cancel, wake: make(chan struct{}, 1), ended: make(chan struct{}),
		machine: acp.New(cfg), changed: make(chan struct{}), sent: map[string]bool{},
	}
	p.feed(journal.Start, mustJSON(journal.Started{Argv: cmd.Argv, Dir: cmd.Dir}))
	cmd.Stdin = r
	cmd.Stdout = writer(func(b []byte) { p.feed(journal.Out, b) })
	cmd.Stderr = writer(func(b []byte) { p.feed(journal.Err, b) })
	var work sync.WaitGroup
	work.Go(func() { p.pump(ctx) })
	work.Go(func() {
		err := xec.Run(ctx, cmd)
		_ = r.Close()
		_ = w.Close() // lets go of a pump that waits for a reader
		p.ending(err)
		cancel()
	})
	go func() {
		work.Wait()
		close(p.ended)
	}()
	return p, nil
}

// ending records how the process ended.
func (p *Peer) ending(err error) {
	var ended journal.Ended
	var failed *xec.Error
	switch {
	case errors.As(err, &failed) && failed.Signal != "":
		ended.Signal = signalName(failed.Signal)
	case errors.As(err, &failed):
		ended.Code = failed.Code
	}
	p.mu.Lock()
	p.exit = err
	p.mu.Unlock()
	p.feed(journal.Exit, mustJSON(ended))
}

// signalName is the name a journal has for a signal that Go describes.
func signalName(description string) string {
	for n := range syscall.Signal(65) {
		if n.String() == description {
			return unix.SignalName(n)
		}
	}
	return description
}

// feed folds the next record.
func (p *Peer) feed(kind journal.Kind, data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fold(kind, data)
}

func (p *Peer) fold(kind journal.Kind, data []byte) {
	rec := journal.Record{Kind: kind, Data: append([]byte(nil), data...), Time: time.Now().UTC()}
	if n := len(p.records); n > 0 {
		rec.Offset = p.records[n-1].Next
	}
	rec.Next = rec.Offset + int64(len(data)) + 1
	p.records = append(p.records, rec)
	p.entries = append(p.entries, p.machine.Feed(rec)...)
	close(p.changed)
	p.changed = make(chan struct{})
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// pump writes what is due. It alone writes, so that an agent that does not
// read never keeps its own output from being read.
func (p *Peer) pump(ctx context.Context) {
	for {
		for line := p.next(); line != nil; line = p.next() {
			if _, err := p.stdin.Write(line); err != nil {
				return
			}
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
			return
		}
	}
}

// next takes the next line to write. It is folded before it is written, as a
// holder journals before it writes.
func (p *Peer) next() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		for _, out := range p.machine.Due() {
			if p.sent[out.Key] {
				continue
			}
			p.sent[out.Key] = true
			line := out.Line
			if out.FS != nil {
				line = p.machine.FSResult(out.FS, "", errors.New("no files are served here"))
			}
			p.queue = append(p.queue, line)
		}
	}
	if len(p.queue) == 0 {
		return nil
	}
	line := p.queue[0]
	p.queue = p.queue[1:]
	p.fold(journal.In, line)
	return line
}

func (p *Peer) write(lines ...[]byte) {
	p.queue = append(p.queue, lines...)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Prompt gives the agent a message.
func (p *Peer) Prompt(id, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := p.machine.Prompt(acp.Message{ID: id, Text: text})
	if err == nil {
		p.write(line)
	}
	return err
}

// Answer chooses an option of an open permission request.
func (p *Peer) Answer(permission, option string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := p.machine.Answer(permission, option)
	if err == nil {
		p.write(line)
	}
	return err
}

// AnswerQuestion answers an open question.
func (p *Peer) AnswerQuestion(id, text string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := p.machine.AnswerQuestion(id, text, "")
	if err == nil {
		p.write(line)
	}
	return err
}

// Cancel interrupts the turn.
func (p *Peer) Cancel() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines, err := p.machine.Cancel()
	if err == nil {
		p.write(lines...)
	}
	return err
}

// Facts returns what is known of the agent.
func (p *Peer) Facts() acp.Facts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine.Facts()
}

// Entries returns the transcript so far.
func (p *Peer) Entries() []api.Entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]api.Entry(nil), p.entries...)
}

// Records returns the journal so far.
func (p *Peer) Records() []journal.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]journal.Record(nil), p.records...)
}

// Wait returns when reached says so of the facts, or with ctx's error. It
// returns an error at once when the agent ended and reached still says no.
func (p *Peer) Wait(ctx context.Context, reached func(acp.Facts) bool) error {
	for {
		p.mu.Lock()
		facts, changed, exit := p.machine.Facts(), p.changed, p.exit
		p.mu.Unlock()
		if reached(facts) {
			return nil
		}
		if facts.Exit != nil {
			return fmt.Errorf("the agent ended: %s: %w", facts.Reason, errors.Join(exit, errEnded))
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errEnded = errors.New("ended")

// Stop ends the agent and everything in its process group.
func (p *Peer) Stop() {
	p.cancel()
	<-p.ended
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("probe: " + err.Error()) // the journal's own types
	}
	return b
}
