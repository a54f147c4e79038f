// Package checks is the pane of the pull request of the selected task: how it
// stands, its checks, and what reviewers wrote.
package checks

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/markdown"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Pane is the pull request of the selected task.
type Pane struct {
	d             *pane.Deps
	md            *markdown.Renderer
	width, height int
	shown         bool
	task          string
	pages         map[string]*page
	recent        []string      // the tasks of pages, the newest last
	due           bool          // the facts are read anew in a moment
	linger        time.Duration // how long a pull request is looked at before the forge is asked
}

// New returns the pane.
func New(d *pane.Deps) *Pane {
	return &Pane{d: d, md: &markdown.Renderer{Theme: d.Theme}, pages: map[string]*page{}, linger: lingerThreads}
}

// Place is where its keys hold.
func (p *Pane) Place() keys.Place { return keys.Checks }

// Title is what its tab is called.
func (p *Pane) Title() string { return "Checks" }

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) { p.width, p.height = width, height }

// The messages of the pane's own actions.
type (
	// Next goes to the next check, thread or comment, or the one before.
	Next int
	// Open shows what the cursor is on in the browser.
	Open struct{}
	// Refresh looks at the forge now.
	Refresh struct{}
)

// Update takes a message.
func (p *Pane) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pane.Selected:
		return p.selected(msg.ID)
	case pane.Shown:
		p.shown = true
		return p.look(p.task)
	case pane.Hidden:
		p.shown = false
	case pane.Restyled:
		p.redraw()
	case model.Changed:
		return p.changed(&msg)
	case look:
		p.due = p.due && !msg.changed
		return p.look(msg.task)
	case facts:
		return p.facts(msg)
	case ask:
		return p.ask(msg.task)
	case threads:
		return p.threads(msg)
	case tea.MouseMsg:
		p.mouse(msg)
	default:
		return p.act(msg)
	}
	return nil
}

// act does an action of the pane's own.
func (p *Pane) act(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case widget.Move:
		p.scroll(int(msg))
	case widget.Page:
		p.scroll(int(msg) * max(p.height/2, 1))
	case widget.Home:
		p.scroll(-p.length())
	case widget.End:
		p.scroll(p.length())
	case Next:
		p.pick(int(msg))
	case Open:
		return p.open()
	case Refresh:
		return p.refresh()
	}
	return nil
}

func (p *Pane) mouse(msg tea.MouseMsg) {
	switch {
	case msg.Button == tea.MouseButtonWheelUp:
		p.scroll(-3)
	case msg.Button == tea.MouseButtonWheelDown:
		p.scroll(3)
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress:
		p.click(msg.Y)
	}
}
