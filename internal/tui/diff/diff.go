// Package diff is the pane of what the selected task changed, and of what the
// person has to say about it.
package diff

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// linger is how long a task has to be looked at before its diff is read.
	linger = 60 * time.Millisecond
	// settle is how long after something happened to the task it is read again:
	// what happens until then is in it.
	settle = 600 * time.Millisecond
	// rest is how many times as long as it took to read a diff it is not read
	// again, and restMost how long at most: a large repo has other things to do.
	rest, restMost = 4, 10 * time.Second
	// keepViews is how many diffs are kept for coming back to, and keepBytes how
	// much of them besides the one that is looked at.
	keepViews, keepBytes = 6, 16 << 20
)

// Pane is what the selected task changed.
type Pane struct {
	d             *pane.Deps
	paint         *painter
	input         *compose.Input
	width, height int
	shown         bool
	task          string
	views         map[string]*view // of diffs that were read
	recent        []string         // tasks whose views are kept, the newest last
	comments      map[string][]*comment
	reading       *reading
	due           bool // it will be read again
	took          time.Duration
	wrong         string
}

// reading is a diff on its way.
type reading struct {
	task   string
	stop   context.CancelFunc
	behind bool // something happened since it was asked for
}

// New returns the pane.
func New(d *pane.Deps) *Pane {
	return &Pane{
		d: d, paint: newPainter(d.Theme), input: compose.New(d, "comment"),
		views: map[string]*view{}, comments: map[string][]*comment{},
	}
}

// Place is where its keys hold.
func (p *Pane) Place() keys.Place { return keys.Diff }

// Title is what its tab is called.
func (p *Pane) Title() string { return "Diff" }

// Typing reports whether a comment is written.
func (p *Pane) Typing() bool { return p.input.Active() }

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) {
	p.height = height
	if width != p.width {
		p.width, p.paint.width = width, max(width-1, 0)
		p.lay()
	}
}

// The messages of the pane's own actions.
type (
	// Hunk goes to the next hunk, or the one before.
	Hunk int
	// File goes to the next file, or the one before.
	File int
	// Shift shows more of long lines: so many steps to the right.
	Shift int
	// Wrap shows long lines in several rows, or cuts them.
	Wrap struct{}
	// Enter folds the file the cursor is on, or writes about the line.
	Enter struct{}
	// Fold folds all files, or unfolds them when all are folded.
	Fold struct{}
	// Select begins to select lines, or ends it.
	Select struct{}
	// Cancel ends selecting, or goes back to the tasks.
	Cancel struct{}
	// Comment writes about the selected lines, or the one the cursor is on.
	Comment struct{}
	// Delete deletes the comment the cursor is on.
	Delete struct{}
	// Send sends all comments.
	Send struct{}
)

// The messages of its commands.
type (
	lingered struct{ task string }
	again    struct{ task string }
	arrived  struct {
		of     *reading
		change *change
		err    error
		took   time.Duration
	}
	sent struct {
		task     string
		comments []*comment
		queued   bool
		err      error
	}
)

// Update takes a message.
func (p *Pane) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case pane.Selected:
		return p.selected(msg.ID)
	case pane.Shown:
		p.shown = true
		return p.read()
	case pane.Hidden:
		p.shown = false
		p.stop()
	case pane.Restyled:
		p.lay()
	case model.Changed:
		return p.changed(&msg)
	case lingered:
		if msg.task == p.task {
			return p.read()
		}
	case again:
		if msg.task == p.task && p.due {
			p.due = false
			return p.read()
		}
	case arrived:
		return p.arrived(msg)
	case sent:
		return p.sent(msg)
	case draft.Loaded:
		p.recall(p.task)
		p.lay()
		return p.input.Update(msg)
	case tea.MouseMsg:
		p.mouse(msg)
	default:
		return p.act(msg)
	}
	return nil
}

// selected turns to another task. A comment that is being written stays a draft.
func (p *Pane) selected(id string) tea.Cmd {
	p.stop()
	p.leave()
	p.task, p.due, p.wrong = id, false, ""
	p.paint.left = 0
	p.recall(id)
	p.lay()
	if p.view() != nil {
		p.keep()
	}
	if id == "" || !p.shown {
		return nil
	}
	return tea.Tick(linger, func(time.Time) tea.Msg { return lingered{id} })
}

// changed reads the diff again when something happened to its task.
func (p *Pane) changed(c *model.Changed) tea.Cmd {
	if p.task == "" || !p.shown || !c.Touches(p.task) || p.due {
		return nil
	}
	p.due = true
	return p.later()
}

func (p *Pane) later() tea.Cmd {
	task := p.task
	return tea.Tick(max(settle, min(rest*p.took, restMost)), func(time.Time) tea.Msg { return again{task} })
}

// read asks for the diff of the task that is looked at.
func (p *Pane) read() tea.Cmd {
	t := p.d.Store.Task(p.task)
	switch {
	case t == nil, !p.shown, t.Status == api.StatusQueued, t.Status == api.StatusProvisioning:
		return nil
	case p.reading != nil:
		p.reading.behind = true
		return nil
	}
	ctx, stop := context.WithCancel(p.d.Ctx)
	r := &reading{task: p.task, stop: stop}
	p.reading = r
	c := p.d.Client
	var had *change
	if v := p.views[p.task]; v != nil {
		had = v.change
	}
	return func() tea.Msg {
		defer stop()
		begin := time.Now()
		d, err := c.Diff(ctx, r.task, api.PatchText)
		a := arrived{of: r, change: had, err: err, took: time.Since(begin)}
		if had == nil || had.raw.Patch != d.Patch || !slices.Equal(had.raw.Files, d.Files) {
			a.change = parse(&d)
		}
		return a
	}
}

func (p *Pane) stop() {
	if p.reading != nil {
		p.reading.stop()
		p.reading = nil
	}
}

// arrived takes in a diff.
func (p *Pane) arrived(msg arrived) tea.Cmd {
	if msg.of != p.reading {
		return nil // of a task that is no longer looked at
	}
	p.reading, p.took = nil, msg.took
	if msg.err != nil {
		p.wrong = command.Failed{Err: msg.err}.Text()
	} else {
		p.wrong = ""
		p.take(msg.change)
	}
	if msg.of.behind && !p.due {
		p.due = true
		return p.later()
	}
	return nil
}

// take shows a diff.
func (p *Pane) take(c *change) {
	v := p.views[p.task]
	if v == nil {
		v = newView()
		p.views[p.task] = v
	}
	if v.change != c {
		p.show(v, c)
	}
	p.keep()
}

// keep makes the diff that is looked at the last one to be given up, and gives up
// others when there are too many.
func (p *Pane) keep() {
	p.recent = append(slices.DeleteFunc(p.recent, func(id string) bool { return id == p.task }), p.task)
	size := 0
	for i, id := range slices.Backward(p.recent[:len(p.recent)-1]) {
		if size += len(p.views[id].change.raw.Patch); len(p.recent)-i > keepViews || size > keepBytes {
			for _, old := range p.recent[:i+1] {
				delete(p.views, old)
			}
			p.recent = p.recent[i+1:]
			return
		}
	}
}

// lay makes the rows anew: comments, a fold or the width changed.
func (p *Pane) lay() {
	if v := p.view(); v != nil {
		p.show(v, v.change)
	}
}

func (p *Pane) show(v *view, c *change) {
	p.paint.forget()
	v.show(c, p.comments[p.task], heights{comment: func(c *comment) int { return len(p.draw(c)) }, line: p.paint.high})
	v.clamp(p.rows())
}

// view is the diff that is looked at, nil while there is none.
func (p *Pane) view() *view { return p.views[p.task] }
