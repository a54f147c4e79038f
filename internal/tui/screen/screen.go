// Package screen draws frames on a terminal. Bubble Tea's own renderer looks
// sixty times a second whether there is anything to draw; this one sleeps until
// there is, draws it at once, and of a frame only the words that changed. A
// terminal that is slow holds up nobody: what it has not drawn is overtaken by
// the next frame.
package screen

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/term"
)

// What is asked of the terminal while the screen is ours, and taken back after.
// Lines do not wrap: one that a terminal takes for wider than hf does is cut,
// and spoils no other. The title is put aside and restored.
const (
	enter      = "\x1b[?1049h\x1b[2J\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[?1004h\x1b[22;0t"
	leave      = "\x1b[23;0t\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[0m\x1b[?1049l"
	enterMouse = "\x1b[?1002h\x1b[?1006h"
	leaveMouse = "\x1b[?1006l\x1b[?1002l"
	begin      = "\x1b[?2026h" // draw nothing until the end
	end        = "\x1b[?2026l"
	eraseAll   = "\x1b[2J"
	reset      = "\x1b[0m"
	eraseRest  = "\x1b[K"
)

// Screen is a terminal that is drawn on.
type Screen struct {
	tty   *os.File
	mouse bool

	mu     sync.Mutex
	frame  []string // to be drawn; nil = nothing new
	width  int
	extra  strings.Builder // sequences besides frames
	active bool
	done   bool
	wake   chan struct{}
	ended  chan struct{}

	out   sync.Mutex // held while the terminal is written to
	shown []string   // what the terminal shows; nil = nobody knows
	sized int        // how wide it was then
	saved *term.State
}

// Open takes the terminal over. Close gives it back.
func Open(tty *os.File, mouse bool) (*Screen, error) {
	s := &Screen{tty: tty, mouse: mouse, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	if err := s.Enter(); err != nil {
		return nil, err
	}
	go s.draws()
	return s, nil
}

// Enter takes the terminal over, again after Leave.
func (s *Screen) Enter() error {
	s.out.Lock()
	defer s.out.Unlock()
	saved, err := term.MakeRaw(int(s.tty.Fd()))
	if err != nil {
		return fmt.Errorf("put the terminal into raw mode: %w", err)
	}
	s.saved, s.shown = saved, nil
	text := enter
	if s.mouse {
		text += enterMouse
	}
	_, _ = s.tty.WriteString(text) // a terminal that is gone is found out by reading
	s.mu.Lock()
	s.active = true
	s.mu.Unlock()
	return nil
}

// Leave gives the terminal to another program.
func (s *Screen) Leave() {
	s.out.Lock()
	defer s.out.Unlock()
	s.mu.Lock()
	was := s.active
	s.active = false
	s.mu.Unlock()
	if !was {
		return
	}
	text := leave
	if s.mouse {
		text = leaveMouse + leave
	}
	// The terminal's modes come first: who sees the shell again may type at once.
	_ = term.Restore(int(s.tty.Fd()), s.saved)
	_, _ = s.tty.WriteString(text)
}

// Close gives the terminal back.
func (s *Screen) Close() {
	s.mu.Lock()
	if s.done {
		s.mu.Unlock()
		return
	}
	s.done = true
	s.mu.Unlock()
	s.Leave()
	s.poke()
	<-s.ended
}

// Size is how large the terminal is.
func (s *Screen) Size() (width, height int, err error) {
	return term.GetSize(int(s.tty.Fd()))
}

// Draw shows lines, each of at most width columns. It does not wait for the
// terminal.
func (s *Screen) Draw(lines []string, width int) {
	s.mu.Lock()
	s.frame, s.width = lines, width
	s.mu.Unlock()
	s.poke()
}

// Write sends a sequence that moves nothing, such as a bell.
func (s *Screen) Write(sequence string) {
	s.mu.Lock()
	s.extra.WriteString(sequence)
	s.mu.Unlock()
	s.poke()
}

// Redraw draws all lines anew with the next frame.
func (s *Screen) Redraw() {
	s.out.Lock()
	defer s.out.Unlock()
	s.shown = nil
}

func (s *Screen) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// draws draws what there is, until the end.
func (s *Screen) draws() {
	defer close(s.ended)
	for range s.wake {
		if !s.draw() {
			return
		}
	}
}

func (s *Screen) draw() bool {
	s.out.Lock()
	defer s.out.Unlock()
	s.mu.Lock()
	done, active := s.done, s.active
	frame, width, extra := s.frame, s.width, s.extra.String()
	if active {
		s.frame = nil
		s.extra.Reset()
	}
	s.mu.Unlock()
	if done || !active {
		return !done
	}
	if width != s.sized {
		s.shown, s.sized = nil, width
	}
	text := extra
	if frame != nil {
		text += changes(s.shown, frame, width)
		s.shown = slices.Clone(frame)
	}
	if text != "" {
		_, _ = s.tty.WriteString(text)
	}
	return true
}

// changes is what makes a terminal that shows some lines show others.
func changes(shown, lines []string, width int) string {
	var b strings.Builder
	if shown == nil {
		b.WriteString(eraseAll)
	}
	for i, line := range lines {
		had := ""
		if i < len(shown) {
			had = shown[i]
		}
		if had != line {
			change(&b, i, had, line, width)
		}
	}
	for i := len(lines); i < len(shown); i++ {
		b.WriteString("\x1b[" + strconv.Itoa(i+1) + ";1H" + eraseRest)
	}
	if b.Len() == 0 {
		return ""
	}
	return begin + b.String() + end
}
