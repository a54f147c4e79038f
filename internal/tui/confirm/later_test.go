package confirm_test

import (
	"errors"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/confirm"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tuitest"
)

// later is a question that is asked for, and what it was answered.
func later(t *testing.T, err error) (l *confirm.Later, look tea.Cmd, answers *[]string) {
	t.Helper()
	answers = new([]string)
	d := tuitest.Deps(t, &tuitest.Client{}, tuitest.Looks()[1].Theme, nil)
	l, look = confirm.NewLater(d, "onto", func() (func() pane.Dialog, error) {
		return func() pane.Dialog {
			return confirm.NewLine(d, "onto", "", "", func(text string) tea.Cmd {
				*answers = append(*answers, text)
				return command.Say("%s", text)
			})
		}, err
	})
	return l, look, answers
}

// Who types before the dialog is there types into it.
func TestKeysAreForWhatComes(t *testing.T) {
	l, look, answers := later(t, nil)
	for _, k := range []string{"m", "a", "i", "n"} {
		if _, done := l.Update(tuitest.Key(k)); done {
			t.Fatal("it closes")
		}
	}
	if view := strings.Join(l.View(80, 24), "\n"); !strings.Contains(view, "looking") {
		t.Errorf("it shows\n%s", view)
	}
	arrived := look()
	if _, done := l.Update(arrived); done {
		t.Fatal("it closes")
	}
	if view := strings.Join(l.View(80, 24), "\n"); !strings.Contains(view, "main") {
		t.Errorf("it shows\n%s", view)
	}
	if _, done := l.Update(tuitest.Key("enter")); !done || len(*answers) != 1 || (*answers)[0] != "main" {
		t.Errorf("answered %q", *answers)
	}

	// All of it, the end too.
	l, look, answers = later(t, nil)
	l.Update(tuitest.Key("x"))
	l.Update(tuitest.Key("enter"))
	l.Update(tuitest.Key("!"))
	if _, done := l.Update(look()); !done || len(*answers) != 1 || (*answers)[0] != "x" {
		t.Errorf("answered %q", *answers)
	}
}

func TestLaterCloses(t *testing.T) {
	l, look, _ := later(t, errors.New("hfd is stopping"))
	cmd, done := l.Update(look())
	if !done || cmd == nil {
		t.Fatal("an error leaves it open")
	}
	if f, ok := cmd().(command.Failed); !ok || f.Text() != "hfd is stopping" {
		t.Errorf("it says %v", f)
	}
	l, _, _ = later(t, nil)
	if _, done := l.Update(tuitest.Key("esc")); !done {
		t.Error("it cannot be closed")
	}
}
