// Package stack is the pane of the branches of the selected task's repo as they
// stand on one another.
package stack

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tasklist"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Pane is the tree of a repo. Its cursor takes the selection along: an action is
// for the task that it is on.
type Pane struct {
	d             *pane.Deps
	width, height int
	shown         bool
	task, repo    string // that are looked at
	forests       map[string]*forest
	recent        []string // the repos of forests, the newest last
	due           bool     // the tree is read anew in a moment
	list          widget.List
	rows          []row
	own           string // the lowest branch of the stack that comes first
	seek          bool   // the cursor is to go to the selected task
	trees         int    // how often there were other rows, or colours
	drawn         drawn
}

// New returns the pane.
func New(d *pane.Deps) *Pane { return &Pane{d: d, forests: map[string]*forest{}} }

// Place is where its keys hold.
func (p *Pane) Place() keys.Place { return keys.Stack }

// Title is what its tab is called.
func (p *Pane) Title() string { return "Stack" }

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) { p.width, p.height = width, height }

// Branch is the one that the cursor is on, nil for none.
func (p *Pane) Branch() *command.Branch {
	r := p.under()
	if r == nil {
		return nil
	}
	return &command.Branch{Name: r.b.Name, Base: r.b.Base, Task: r.b.Task, Title: r.b.Title, Repo: p.repo}
}

// The messages of the pane's own actions.
type (
	// Go goes to the task of the row.
	Go struct{}
)

// Update takes a message.
func (p *Pane) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pane.Selected:
		return p.selected(msg.ID)
	case pane.Shown:
		p.shown, p.own, p.seek = true, "", true
		p.sync()
		return p.look(p.repo)
	case pane.Hidden:
		p.shown = false
	case pane.Restyled:
		p.trees++
	case model.Changed:
		return p.changed(&msg)
	case look:
		p.due = p.due && !msg.changed
		return p.look(msg.repo)
	case tree:
		return p.took(msg)
	case tea.MouseMsg:
		return p.mouse(msg)
	default:
		return p.act(msg)
	}
	return nil
}

// act does an action of the pane's own.
func (p *Pane) act(msg tea.Msg) tea.Cmd {
	if p.list.Take(msg) {
		return p.follow()
	}
	if _, ok := msg.(Go); ok {
		return tea.Batch(p.follow(), p.d.Post(pane.Focus{Place: keys.Conversation}))
	}
	return nil
}

func (p *Pane) mouse(msg tea.MouseMsg) tea.Cmd {
	switch {
	case msg.Button == tea.MouseButtonWheelUp:
		return p.act(widget.Move(-1))
	case msg.Button == tea.MouseButtonWheelDown:
		return p.act(widget.Move(1))
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress && p.list.Click(msg.Y-len(p.stopped())):
		return p.follow()
	}
	return nil
}

// follow selects the task that the cursor is on.
func (p *Pane) follow() tea.Cmd {
	r := p.under()
	if r == nil || r.b.Task == "" || r.b.Task == p.task {
		return nil
	}
	return p.d.Post(pane.To{Place: keys.List, Msg: tasklist.Goto{ID: r.b.Task}})
}

// under is the row that the cursor is on, nil for none.
func (p *Pane) under() *row {
	if i := p.list.Index(); i >= 0 && i < len(p.rows) && p.rows[i].b != nil {
		return &p.rows[i]
	}
	return nil
}
