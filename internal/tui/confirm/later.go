package confirm

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Later is a dialog that is made of what has to be asked for first. Keys that
// are pressed meanwhile are for it.
type Later struct {
	d      *pane.Deps
	title  string
	keys   []tea.KeyMsg
	dialog pane.Dialog // nil until it is there
}

// there is the message that what was asked for is there.
type there struct {
	of    *Later
	build func() pane.Dialog
	err   error
}

// NewLater returns the dialog, and the command that asks. What ask returns makes
// it, by the program's own goroutine.
func NewLater(d *pane.Deps, title string, ask func() (func() pane.Dialog, error)) (*Later, tea.Cmd) {
	l := &Later{d: d, title: title}
	return l, func() tea.Msg {
		build, err := ask()
		return there{l, build, err}
	}
}

// Update takes keys and the answer.
func (l *Later) Update(msg tea.Msg) (tea.Cmd, bool) {
	if l.dialog != nil {
		return l.dialog.Update(msg)
	}
	switch msg := msg.(type) {
	case there:
		switch {
		case msg.of != l:
		case msg.err != nil:
			return command.Tell(command.Failed{Err: msg.err}), true
		default:
			l.dialog = msg.build()
			return l.replay()
		}
	case tea.KeyMsg:
		if k := msg.String(); k == "esc" || k == "ctrl+c" {
			return nil, true
		}
		l.keys = append(l.keys, msg)
	}
	return nil, false
}

// replay gives the dialog the keys that were for it.
func (l *Later) replay() (tea.Cmd, bool) {
	var cmds []tea.Cmd
	for _, k := range l.keys {
		cmd, done := l.dialog.Update(k)
		if cmds = append(cmds, cmd); done {
			return tea.Sequence(cmds...), true
		}
	}
	return tea.Sequence(cmds...), false
}

// View draws it.
func (l *Later) View(width, height int) []string {
	if l.dialog != nil {
		return l.dialog.View(width, height)
	}
	t := l.d.Theme
	return widget.Box(t, l.title, []string{" " + t.Dim.Render("looking"+t.Sign.Ellipsis)}, min(width, 40), true)
}
