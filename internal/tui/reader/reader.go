// Package reader is a dialog that shows text which is too long for where it
// belongs.
package reader

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Dialog shows lines. lines makes them for a width.
type Dialog struct {
	d      *pane.Deps
	title  string
	lines  func(width int) []string
	top    int
	height int
	count  int
}

// New returns the dialog.
func New(d *pane.Deps, title string, lines func(width int) []string) *Dialog {
	return &Dialog{d: d, title: title, lines: lines}
}

// Update takes keys: those that move, any other closes it.
func (r *Dialog) Update(msg tea.Msg) (tea.Cmd, bool) {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		if m, ok := msg.(tea.MouseMsg); ok {
			r.wheel(m)
		}
		return nil, false
	}
	switch key.String() {
	case "j", "down", "enter", "ctrl+n":
		r.top++
	case "k", "up", "ctrl+p":
		r.top--
	case " ", "pgdown", "ctrl+d", "ctrl+f":
		r.top += r.height
	case "pgup", "ctrl+u", "ctrl+b":
		r.top -= r.height
	case "g", "home":
		r.top = 0
	case "G", "end":
		r.top = r.count
	case "esc", "q", "ctrl+c", "?", "v":
		return nil, true
	}
	return nil, false
}

func (r *Dialog) wheel(m tea.MouseMsg) {
	switch m.Button { //nolint:exhaustive // the others mean nothing here
	case tea.MouseButtonWheelUp:
		r.top -= 3
	case tea.MouseButtonWheelDown:
		r.top += 3
	}
}

// View draws it.
func (r *Dialog) View(width, height int) []string {
	w := min(width, 120)
	lines := r.lines(w - 4)
	r.count, r.height = len(lines), max(min(height-4, len(lines)), 1)
	r.top = max(min(r.top, len(lines)-r.height), 0)
	shown := make([]string, 0, r.height+1)
	for _, l := range lines[r.top:min(r.top+r.height, len(lines))] {
		shown = append(shown, " "+l)
	}
	more := "esc closes"
	if len(lines) > r.height {
		more = "j, k and space move, esc closes"
	}
	shown = append(shown, " "+r.d.Theme.Dim.Render(more))
	return widget.Box(r.d.Theme, r.title, shown, w, true)
}
