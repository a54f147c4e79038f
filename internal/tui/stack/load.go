package stack

import (
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

const (
	// linger is how long a task has to be looked at before its repo's tree is
	// read.
	linger = 60 * time.Millisecond
	// gather is how long changes are gathered before the tree is read anew.
	gather = 250 * time.Millisecond
	// keepForests is of how many repos the tree is kept for coming back to.
	keepForests = 8
)

// forest is what is known of the branches of a repo.
type forest struct {
	known  bool
	stack  api.Stack
	err    error // why it is old, or not there
	asking bool  // it is being read
	stale  bool  // and something changed meanwhile
}

// The messages of its commands.
type (
	look struct {
		repo    string
		changed bool
	}
	tree struct {
		repo  string
		stack api.Stack
		err   error
	}
)

// forest is that of the repo that is looked at.
func (p *Pane) forest() *forest {
	if f := p.forests[p.repo]; f != nil {
		return f
	}
	f := &forest{}
	p.forests[p.repo] = f
	p.recent = append(p.recent, p.repo)
	if len(p.recent) > keepForests {
		delete(p.forests, p.recent[0])
		p.recent = slices.Delete(p.recent, 0, 1)
	}
	return f
}

// selected turns to another task. The rows stay in their order when it is the
// cursor that went to it.
func (p *Pane) selected(id string) tea.Cmd {
	had := p.repo
	p.task, p.repo = id, ""
	if t := p.d.Store.Task(id); t != nil {
		p.repo = t.Repo
	}
	if r := p.under(); r == nil || r.b.Task != id || p.repo != had {
		p.own, p.seek = "", true
		p.sync()
	}
	if !p.shown || p.repo == "" || p.repo == had && p.forest().known {
		return nil
	}
	repo := p.repo
	return tea.Tick(linger, func(time.Time) tea.Msg { return look{repo: repo} })
}

// changed has the tree read anew when something happened in the repo.
func (p *Pane) changed(c *model.Changed) tea.Cmd {
	if t := p.d.Store.Task(p.task); t != nil && t.Repo != p.repo { // it was not known before
		return p.selected(p.task)
	}
	if !p.shown || p.due || p.repo == "" || !p.touched(c) {
		return nil
	}
	p.due = true
	repo := p.repo
	return tea.Tick(gather, func(time.Time) tea.Msg { return look{repo: repo, changed: true} })
}

// touched reports whether something may have happened to a branch of the repo.
func (p *Pane) touched(c *model.Changed) bool {
	if c.Tasks == nil {
		return true
	}
	for id := range c.Tasks {
		if t := p.d.Store.Task(id); t == nil || t.Repo == p.repo {
			return true
		}
	}
	for i := range c.Events {
		switch c.Events[i].Kind {
		case api.EventStackDone, api.EventStackStopped, api.EventStackUndone, api.EventMerged, api.EventPushed:
			return true
		default:
		}
	}
	return false
}

// look reads the tree of the repo that is looked at. hfd has it at hand.
func (p *Pane) look(repo string) tea.Cmd {
	if repo != p.repo || repo == "" || !p.shown {
		return nil
	}
	f := p.forest()
	if f.asking {
		f.stale = true
		return nil
	}
	f.asking = true
	ctx, c, task := p.d.Ctx, p.d.Client, p.task
	return func() tea.Msg {
		s, err := c.Stack(ctx, client.StackFilter{Task: task})
		return tree{repo, s, err}
	}
}

// took takes in a tree.
func (p *Pane) took(msg tree) tea.Cmd {
	f := p.forests[msg.repo]
	if f == nil {
		return nil // it was given up meanwhile
	}
	f.asking, f.err = false, msg.err
	if msg.err == nil {
		f.known, f.stack = true, msg.stack
	}
	if msg.repo == p.repo {
		p.sync()
	}
	if f.stale {
		f.stale = false
		return p.look(msg.repo)
	}
	return nil
}
