package tui

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/screen"
	"github.com/hf-dev/hf/internal/tui/ttytest"
	"github.com/hf-dev/hf/internal/tui/tuitest"
)

// faulty is a pane with a mistake in it: what key it cannot take, and whether
// that shows only when it is drawn.
type faulty struct {
	pane.Pane
	drawing bool
	broken  bool
}

func (f *faulty) Update(msg tea.Msg) tea.Cmd {
	if key, ok := msg.(tea.KeyMsg); ok && key.String() == "!" {
		f.broken = true
		f.look(!f.drawing)
	}
	return f.Pane.Update(msg)
}

func (f *faulty) View(focus bool) []string {
	f.look(f.drawing)
	return f.Pane.View(focus)
}

func (f *faulty) look(now bool) {
	if f.broken && now {
		panic("no such \x1b[2Jline")
	}
}

// A mistake of ours ends the screen: the terminal is as it was, and the person is
// told what happened and where more of it is written.
func TestAPanicGivesTheTerminalBack(t *testing.T) {
	for name, drawing := range map[string]bool{"in Update": false, "in View": true} {
		t.Run(name, func(t *testing.T) {
			log, err := openLog(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			term, tty, err := ttytest.Open(80, 24, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer term.Close()
			scr, err := screen.Open(tty, true)
			if err != nil {
				t.Fatal(err)
			}
			d := tuitest.Deps(t, &tuitest.Client{}, plain(), table)
			all := panes(d)
			all[0] = &faulty{Pane: all[0], drawing: drawing}
			a := newApp(d, all)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			ended := make(chan error, 1)
			go func() {
				ended <- a.failure.report(a.play(ctx, tty, scr, func(send func(tea.Msg)) { go send(tuitest.Snapshot()) }), log)
			}()
			if err := term.Until(ctx, func(s *ttytest.Screen) bool { return strings.Contains(s.Text(), "Forms with") }); err != nil {
				t.Fatal(err)
			}
			if err := term.Press("!"); err != nil {
				t.Fatal(err)
			}
			err = <-ended
			if err == nil || !strings.Contains(err.Error(), "no such") || !strings.Contains(err.Error(), filepath.Base(log.Name())) {
				t.Errorf("the person is told %v", err)
			}
			if err := term.Until(ctx, func(s *ttytest.Screen) bool {
				return !s.Mode(ttytest.ModeScreen) && !s.Mode(ttytest.ModeMouse) && s.Mode(ttytest.ModeCursor)
			}); err != nil {
				t.Error(err)
			}
			if text, err := os.ReadFile(log.Name()); err != nil || !strings.Contains(string(text), "failure_test.go") {
				t.Errorf("the log says %q, %v", text, err)
			}
		})
	}
}
