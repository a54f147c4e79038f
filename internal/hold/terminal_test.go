package hold

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/journal"
)

// tube starts a holder whose process has a terminal of 80 by 24.
func tube(t *testing.T, argv ...string) *session {
	t.Helper()
	spec := specOf(t, argv...)
	spec.Terminal = &Size{80, 24}
	return holdSpec(t, spec)
}

// looker is attached to a terminal and writes down what it is shown.
type looker struct {
	*View
	t     *testing.T
	ended chan struct{}
	exit  journal.Ended
	err   error

	mu   sync.Mutex
	seen bytes.Buffer
	wake chan struct{}
}

func (s *session) look(size Size) *looker {
	s.t.Helper()
	v, err := Attach(s.t.Context(), s.dir, size)
	if err != nil {
		s.t.Fatal(err)
	}
	l := &looker{View: v, t: s.t, ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	go func() {
		defer close(l.ended)
		l.exit, l.err = v.Show(l)
	}()
	s.t.Cleanup(l.leave)
	return l
}

func (l *looker) leave() {
	_ = l.Close()
	<-l.ended
}

func (l *looker) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen.Write(p)
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (l *looker) screen() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen.String()
}

func (l *looker) sees(want string) {
	l.t.Helper()
	limit := time.After(30 * time.Second)
	for !strings.Contains(l.screen(), want) {
		select {
		case <-l.wake:
		case <-l.ended:
			if !strings.Contains(l.screen(), want) {
				l.t.Fatalf("it ended (%v); %q is not in %q", l.err, want, l.screen())
			}
		case <-limit:
			l.t.Fatalf("%q is not in %q", want, l.screen())
		}
	}
}

func (l *looker) types(keys string) {
	l.t.Helper()
	if err := l.Type([]byte(keys)); err != nil {
		l.t.Fatal(err)
	}
}

func (l *looker) ends() {
	l.t.Helper()
	select {
	case <-l.ended:
	case <-time.After(30 * time.Second):
		l.t.Fatalf("it does not end; it shows %q", l.screen())
	}
}

// A process has a terminal of the right size, is given what is typed, and its
// end is told.
func TestTerminal(t *testing.T) {
	t.Parallel()
	s := tube(t, "/bin/sh", "-c", `stty size; test -t 0 && test -t 1 && test -t 2 && echo it is one
		while read x; do echo "got $x"; test "$x" = end && exit 7; stty size; done`)
	l := s.look(Size{100, 30})
	l.sees("it is one")
	l.types("word\r")
	l.sees("got word")
	l.sees("30 100")
	if err := l.Resize(Size{40, 12}); err != nil {
		t.Fatal(err)
	}
	l.types("again\r")
	l.sees("12 40")
	l.types("end\r")
	l.ends()
	if l.err != nil || l.exit.Code != 7 {
		t.Errorf("it ended with %+v, %v", l.exit, l.err)
	}
	if got := s.awaitExit(); got.Code != 7 {
		t.Errorf("recorded: %+v", got)
	}
	for _, r := range s.records() {
		if strings.Contains(string(r.Data), "word") {
			t.Errorf("what was typed or shown is in the journal: %q", r.Data)
		}
	}
}

// Who attaches again is shown what there was, in the modes it was in, and
// nothing is asked of their terminal a second time.
func TestAttachAgain(t *testing.T) {
	t.Parallel()
	s := tube(t, "/bin/sh", "-c", `printf 'before\033[?1049h\033[?2004hHELLO\033[6n\a'; trap 'stty size' WINCH; while :; do read x || :; echo "[$x]"; done`)
	l := s.look(Size{80, 24})
	l.sees("HELLO\x1b[6n\a")
	l.leave()
	var undone bytes.Buffer
	if err := l.Undo(&undone); err != nil || undone.String() != "\x1b[?2004l\x1b[m\x1b[?1049l" {
		t.Errorf("the terminal is put back by %q, %v", &undone, err)
	}
	again := s.look(Size{80, 24})
	again.sees("24 80") // it was made to draw anew, though the size is the same
	if got := again.screen(); !strings.Contains(got, "before\x1b[?1049h\x1b[?2004hHELLO") || strings.ContainsAny(got, "\a") || strings.Contains(got, "\x1b[6n") {
		t.Errorf("shown again: %q", got)
	}
	other := s.look(Size{90, 24})
	again.ends()
	if !errors.Is(again.err, ErrTaken) {
		t.Errorf("the one before was told %v", again.err)
	}
	other.sees("24 90")
	other.types("on\r")
	other.sees("[on]")
}

// What a process shows reaches who looks, all of it; and where nobody looks it
// goes on, and the last of it is kept.
func TestTerminalFlood(t *testing.T) {
	t.Parallel()
	const total = 1 << 20
	want := &bytes.Buffer{}
	for i := 0; want.Len() < total; i++ {
		want.Write(floodLine(i))
	}
	s := tube(t, "/bin/sh", "-c", `stty -opost; echo ready; read x; "$0" flood "$1"`, self(t), "1048576")
	l := s.look(Size{80, 24})
	l.sees("ready\n")
	l.types("\r")
	l.ends()
	_, got, _ := strings.Cut(l.screen(), "ready\n")
	if got = strings.TrimLeft(got, "\r\n"); got != want.String() {
		t.Errorf("%d bytes were shown of %d, or others", len(got), want.Len())
	}
	alone := tube(t, "/bin/sh", "-c", `stty -opost; "$0" flood "$1"; echo the end`, self(t), "1048576")
	alone.awaitExit()
	last := alone.look(Size{80, 24})
	last.ends()
	if got := last.screen(); len(got) > tapeSize+1000 || !strings.HasSuffix(got, want.String()[want.Len()-1000:]+"the end\n") {
		t.Errorf("%d bytes are kept, the last of them %q", len(got), got[max(0, len(got)-100):])
	}
}

// Nobody is waited for who takes nothing in; they see the rest when they do.
func TestTheTapeOvertakes(t *testing.T) {
	t.Parallel()
	tp := &tape{patience: time.Millisecond}
	v := tp.view()
	if data, anew := tp.take(v, make([]byte, 10)); len(data) > 0 || !anew {
		t.Fatalf("an empty tape gives %q, %t", data, anew)
	}
	tp.write([]byte("\x1b[?25l"))
	for range 3 {
		tp.write(bytes.Repeat([]byte("x"), tapeSize/2))
	}
	data, anew := tp.take(v, make([]byte, 10))
	if want := "\x1b[?25l" + strings.Repeat("x", tapeSize); !anew || string(data) != want {
		t.Errorf("%d bytes, anew %t, that begin %q", len(data), anew, data[:min(len(data), 20)])
	}
	tp.write([]byte("and on"))
	if data, anew := tp.take(v, make([]byte, 10)); anew || string(data) != "and on" {
		t.Errorf("then %q, %t", data, anew)
	}
}

// Shells end when their terminal goes, and nothing else ends them so softly.
func TestStopATerminal(t *testing.T) {
	t.Parallel()
	s := tube(t, "/bin/sh", "-i")
	l := s.look(Size{80, 24})
	l.types("sleep 1000 & echo star''ted\r")
	l.sees("started")
	began := time.Now()
	if err := Stop(t.Context(), s.dir, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	l.ends()
	if below, err := descendants(s.PID); err != nil || len(below) > 0 {
		t.Errorf("left over: %v, %v", below, err)
	}
}

func TestAttachIsRefused(t *testing.T) {
	t.Parallel()
	s := sh(t, "sleep 1000")
	if _, err := Attach(t.Context(), s.dir, Size{80, 24}); !errors.Is(err, ErrNoTerminal) {
		t.Errorf("a process with pipes: %v", err)
	}
	for _, size := range []Size{{0, 24}, {80, -1}, {80, 1 << 20}} {
		spec := specOf(t, "/bin/true")
		spec.Terminal = &size
		if _, err := Start(t.Context(), StartOptions{HF: self(t), Spec: spec}); err == nil || !strings.Contains(err.Error(), "cannot be") {
			t.Errorf("%+v: %v", size, err)
		}
	}
}
