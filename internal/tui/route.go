package tui

import (
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
)

// typed takes keys. What is typed fast, or comes over a slow line, comes
// together: each letter is a key of its own, and "end" is a word, not a key.
func (a *app) typed(msg tea.KeyMsg) tea.Cmd {
	var cmds []tea.Cmd
	for len(msg.Runes) > 1 && !msg.Paste && !msg.Alt {
		one := tea.KeyMsg{Type: tea.KeyRunes, Runes: msg.Runes[:1]}
		msg.Runes = msg.Runes[1:]
		cmds = append(cmds, a.key(one), a.posted(), a.follow())
	}
	return tea.Batch(append(cmds, a.key(msg))...)
}

// key does what a key means where the person is.
func (a *app) key(msg tea.KeyMsg) tea.Cmd {
	a.toast = toast{} // it was seen
	a.notify.touched = a.deps.Now()
	if len(a.dialogs) > 0 {
		if name, ok := a.deps.Keys.Find(msg.String(), keys.Global); ok && (name == "redraw" || name == "suspend") {
			return a.act(name)
		}
		return a.dialog(msg)
	}
	if msg.Paste { // text, whatever keys it would be
		return a.focused().Update(msg)
	}
	if a.typeTo && a.focus == 0 && printable(msg) {
		return a.focused().Update(msg)
	}
	name, ok := a.deps.Keys.Find(msg.String(), a.places()...)
	if ok && (!a.typing() || !printable(msg)) {
		return a.act(name)
	}
	return a.focused().Update(msg)
}

// printable reports whether a key is a letter rather than a command.
func printable(msg tea.KeyMsg) bool {
	return (msg.Type == tea.KeyRunes || msg.Type == tea.KeySpace) && !msg.Alt
}

// act does an action, or says why it cannot be done.
func (a *app) act(name string) tea.Cmd {
	action := a.deps.Table.Get(name)
	if action == nil {
		return command.Refuse("there is no action %q", name)
	}
	a.deps.Place, a.deps.Branch = a.focused().Place(), nil
	if p, ok := a.focused().(pane.Pointer); ok {
		a.deps.Branch = p.Branch()
	}
	if why := action.Why(a.deps.Env); why != "" {
		return command.Refuse("%s", why)
	}
	switch {
	case action.Run != nil:
		return action.Run(a.deps.Env)
	case action.Place == keys.Panes || action.Place == keys.Global:
		return a.focused().Update(action.Msg)
	}
	return a.at(action.Place).Update(action.Msg)
}

// at is the pane of a place, the one with the focus where there is none.
func (a *app) at(place keys.Place) pane.Pane {
	if a.focused().Place() == place {
		return a.focused()
	}
	for _, p := range a.panes {
		if p.Place() == place {
			return p
		}
	}
	return a.focused()
}

// focusOn moves the focus to the pane of a place, which is seen from then on.
func (a *app) focusOn(place keys.Place) tea.Cmd {
	for i, p := range a.panes {
		if p.Place() != place {
			continue
		}
		a.focus = i
		cmd := a.look(i)
		a.arrange()
		return cmd
	}
	return nil
}

// look makes a view the one that is seen.
func (a *app) look(i int) tea.Cmd {
	if i == 0 || i == a.view {
		return nil
	}
	hidden := a.panes[a.view].Update(pane.Hidden{})
	a.view = i
	if a.focus != 0 {
		a.focus = i
	}
	a.arrange()
	return tea.Batch(hidden, a.panes[i].Update(pane.Shown{}))
}

// relayout does what actions ask of the frame.
func (a *app) relayout(msg layoutMsg) tea.Cmd {
	views := len(a.panes) - 1
	switch msg {
	case nextView:
		return a.look(1 + a.view%views)
	case previousView:
		return a.look(1 + (a.view-2+views)%views)
	case toggleZoom:
		a.zoom = !a.zoom
		a.arrange()
	case focusList:
		a.focus = 0
		a.arrange()
	case focusView:
		if t := a.deps.Store.Selected(); a.pick && t != nil {
			a.picked = t.ID
			return tea.Quit
		}
		a.focus = a.view
		a.arrange()
	}
	return nil
}

// mouse hands a click or a turn of the wheel to what is under it.
func (a *app) mouse(msg tea.MouseMsg) tea.Cmd {
	a.notify.touched = a.deps.Now()
	if len(a.dialogs) > 0 {
		return a.dialog(msg)
	}
	for i := range a.panes {
		r, seen := a.rect(i)
		if !seen || msg.X < r.x || msg.X >= r.x+r.w || msg.Y < r.y || msg.Y >= r.y+r.h {
			continue
		}
		if msg.Action == tea.MouseActionPress && msg.Button == tea.MouseButtonLeft && a.focus != i {
			a.focus = i
			a.arrange()
		}
		msg.X, msg.Y = msg.X-r.x, msg.Y-r.y
		return a.panes[i].Update(msg)
	}
	if msg.Action == tea.MouseActionPress && msg.Button == tea.MouseButtonLeft && msg.Y == a.layout.tabs.y {
		if i := a.tabAt(msg.X); i > 0 {
			return a.look(i)
		}
	}
	return nil
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// first is the first line of a text.
func first(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
