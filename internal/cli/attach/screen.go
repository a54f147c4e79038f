package attach

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/hf-dev/hf/internal/cli/wrap"
	"github.com/hf-dev/hf/internal/iostreams"
)

// screen shows the conversation and reads what the person types.
type screen interface {
	// Write shows a part of the transcript.
	io.Writer
	// say shows a line of hf's own.
	say(line string)
	// prompt is shown before what the person types, where that is shown.
	prompt(text string)
	// inputs is what they typed, and is closed at its end.
	inputs() <-chan input
	// keys reports whether single keys answer questions.
	keys() bool
	close()
}

// input is a line, or the interrupt key.
type input struct {
	line      string
	interrupt bool
}

// plain is the screen away from a terminal.
type plain struct {
	io *iostreams.IOStreams
	ch chan input
}

func newPlain(streams *iostreams.IOStreams) *plain {
	p := &plain{io: streams, ch: make(chan input)}
	go func() {
		defer close(p.ch)
		r := bufio.NewReader(streams.In)
		for {
			line, err := r.ReadString('\n')
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				p.ch <- input{line: line}
			}
			if err != nil {
				return
			}
		}
	}()
	return p
}

func (p *plain) Write(b []byte) (int, error) { return p.io.Out.Write(b) }
func (p *plain) say(line string)             { _, _ = io.WriteString(p.io.Err, line+"\n") }
func (p *plain) prompt(string)               {}
func (p *plain) inputs() <-chan input        { return p.ch }
func (p *plain) keys() bool                  { return false }
func (p *plain) close()                      {}

// terminal is a screen whose last line is what the person types. What is said
// above it comes in whole lines, wrapped at words.
type terminal struct {
	io      *iostreams.IOStreams
	term    *term.Terminal
	restore func()
	ch      chan input

	mu   sync.Mutex
	part string // of a line that has no end yet
	size int
}

const ctrlC = 3

func newTerminal(streams *iostreams.IOStreams) (*terminal, error) {
	restore, err := streams.Raw()
	if err != nil {
		return nil, err
	}
	t := &terminal{io: streams, restore: restore, ch: make(chan input)}
	t.term = term.NewTerminal(readWriter{&keyReader{streams.In, t.ch}, streams.Out}, "> ")
	t.term.SetBracketedPasteMode(true)
	t.resize()
	go t.read()
	return t, nil
}

// read turns lines into inputs. Pasted lines are one message with the line that
// ends them.
func (t *terminal) read() {
	defer close(t.ch)
	var pasted []string
	for {
		line, err := t.term.ReadLine()
		switch {
		case errors.Is(err, term.ErrPasteIndicator):
			pasted = append(pasted, line)
			continue
		case err != nil:
			return
		}
		t.ch <- input{line: strings.Join(append(pasted, line), "\n")}
		pasted = nil
	}
}

// Write shows whole lines and keeps the rest.
func (t *terminal) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.resize()
	t.part += string(b)
	whole, rest := wrap.Stream(t.part, t.size-1)
	t.part = rest
	if whole == "" {
		return len(b), nil
	}
	_, err := t.term.Write([]byte(whole))
	return len(b), err
}

func (t *terminal) say(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.part != "" {
		line = t.part + "\n" + line
		t.part = ""
	}
	whole, _ := wrap.Stream(line+"\n", t.size-1)
	_, _ = t.term.Write([]byte(whole)) // the screen is gone: its input ends, too
}

func (t *terminal) prompt(text string) {
	t.term.SetPrompt(text)
	_, _ = t.term.Write(nil) // draws it
}

func (t *terminal) inputs() <-chan input { return t.ch }
func (t *terminal) keys() bool           { return true }

func (t *terminal) close() {
	t.term.SetBracketedPasteMode(false)
	t.restore()
	_, _ = io.WriteString(t.io.Out, "\r\x1b[K") // takes the prompt away
}

func (t *terminal) resize() {
	if w := t.io.Width(); w != t.size {
		t.size = w
		_ = t.term.SetSize(w, 24) // fails when the screen is gone
	}
}

// keyReader takes the interrupt key out of what is typed: in raw mode it is a
// byte like others.
type keyReader struct {
	r  io.Reader
	ch chan<- input
}

func (k *keyReader) Read(p []byte) (int, error) {
	for {
		n, err := k.r.Read(p)
		kept := p[:0]
		for _, c := range p[:n] {
			if c == ctrlC {
				k.ch <- input{interrupt: true}
				continue
			}
			kept = append(kept, c)
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

type readWriter struct {
	io.Reader
	io.Writer
}
