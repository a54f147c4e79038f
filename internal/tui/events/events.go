// Package events is the pane of what happened to a task, and of the steps of the
// work on it with their logs.
package events

import (
	"context"
	"iter"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

const (
	// linger is how long a task has to be looked at before its history is read.
	linger = 60 * time.Millisecond
	// every is the least time between two parts of a history.
	every = 40 * time.Millisecond
	// again is how long after a broken stream it is read anew.
	again = time.Second
	// most is how many events are read.
	most = 1000
)

// Pane is what happened to the selected task.
type Pane struct {
	d             *pane.Deps
	width, height int
	shown         bool
	task          string
	batch         *model.Batch[api.HistoryEntry]
	fresh         bool // nothing of the batch has arrived yet
	looked        bool // hfd answered once what there is of the task
	asked         asking

	book  *book
	folds map[string]bool   // what the person folded and unfolded, by step
	ats   map[string]string // the lines they left, by task
	list  widget.List       // a row is a line of the screen
	lines []line
	stale bool // lines are to be made anew
}

// New returns the pane.
func New(d *pane.Deps) *Pane {
	return &Pane{d: d, book: newBook(), folds: map[string]bool{}, ats: map[string]string{}}
}

// Place is where its keys hold.
func (p *Pane) Place() keys.Place { return keys.Events }

// Title is what its tab is called.
func (p *Pane) Title() string { return "Events" }

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) {
	if width != p.width {
		p.book.redraw()
		p.stale = true
	}
	p.width, p.height = width, height
	p.list.Resize(height)
}

// The messages of the pane's own actions.
type (
	// Toggle folds or unfolds the log of the step the cursor is on.
	Toggle struct{}
	// All does so with every log.
	All struct{}
)

// The messages of its commands.
type (
	begin   struct{ task string }
	arrived struct {
		batch *model.Batch[api.HistoryEntry]
		items []api.HistoryEntry
		more  bool
	}
)

// Update takes a message.
func (p *Pane) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pane.Selected:
		return p.selected(msg.ID)
	case pane.Shown:
		p.shown = true
		return p.begin(p.task)
	case pane.Hidden:
		p.shown = false
		p.stop()
	case pane.Restyled:
		p.book.redraw()
		p.stale = true
	case pane.Tick:
		p.stale = p.book.age() || p.stale
	case begin:
		return p.begin(msg.task)
	case arrived:
		return p.arrived(msg)
	case model.Changed:
		return p.changed(&msg)
	case due:
		return p.ask(msg.task)
	case answer:
		return p.answered(msg)
	case tea.MouseMsg:
		p.mouse(msg)
	default:
		p.act(msg)
	}
	return nil
}

// act does an action of the pane's own.
func (p *Pane) act(msg tea.Msg) {
	p.lay()
	if p.list.Take(msg) {
		return
	}
	switch msg.(type) {
	case Toggle:
		p.toggle()
	case All:
		p.toggleAll()
	}
}

// selected turns to another task.
func (p *Pane) selected(id string) tea.Cmd {
	p.stop()
	p.leave()
	p.task, p.book, p.stale, p.looked = id, newBook(), true, false
	p.list = widget.List{}
	p.list.Resize(p.height)
	if id == "" || !p.shown {
		return nil
	}
	return tea.Tick(linger, func(time.Time) tea.Msg { return begin{id} })
}

// leave notes where the person was, unless that is the end.
func (p *Pane) leave() {
	delete(p.ats, p.task)
	if p.task != "" && !p.atEnd() {
		p.ats[p.task] = p.list.Selected()
	}
}

// atEnd reports whether the person follows what happens.
func (p *Pane) atEnd() bool { return p.list.Len() == 0 || p.list.Index() == p.list.Len()-1 }

// begin reads the history of the task that is looked at.
func (p *Pane) begin(task string) tea.Cmd {
	if task == "" || task != p.task || !p.shown || p.batch != nil {
		return nil
	}
	c := p.d.Client
	p.batch = model.NewBatch(p.d.Ctx, every, func(ctx context.Context) iter.Seq2[api.HistoryEntry, error] {
		return c.History(ctx, client.HistoryFilter{Task: task, Limit: most, Follow: true})
	})
	p.fresh = true
	return tea.Batch(wait(p.batch), p.want())
}

func wait(b *model.Batch[api.HistoryEntry]) tea.Cmd {
	return func() tea.Msg {
		items, more, _ := b.Next() // it is read anew after a fault
		return arrived{b, items, more}
	}
}

// arrived takes in a part of the history. What was read before is replaced by
// the first part of what is read anew.
func (p *Pane) arrived(msg arrived) tea.Cmd {
	if msg.batch != p.batch {
		return nil // of a task that is no longer looked at
	}
	if p.fresh && len(msg.items) > 0 {
		p.fresh = false
		p.book = newBook()
	}
	for i := range msg.items {
		p.book.add(&msg.items[i])
	}
	p.stale = p.stale || len(msg.items) > 0
	if msg.more {
		return tea.Batch(wait(p.batch), p.want())
	}
	p.stop()
	task := p.task
	return tea.Tick(again, func(time.Time) tea.Msg { return begin{task} })
}

func (p *Pane) stop() {
	if p.batch != nil {
		p.batch.Stop()
		p.batch = nil
	}
}

// changed asks how far the work is when something of it moved.
func (p *Pane) changed(c *model.Changed) tea.Cmd {
	if p.task == "" || p.batch == nil {
		return nil
	}
	touched := c.Tasks != nil && c.Tasks[p.task]
	for i := range c.Events {
		touched = touched || c.Events[i].Task == p.task
	}
	if !touched && (c.Tasks != nil || !p.book.live()) {
		return nil
	}
	return p.want()
}
