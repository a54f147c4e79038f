// Package conversation is the pane of what was said and done in a task, of what
// its agent asks, and of the messages to it.
package conversation

import (
	"context"
	"iter"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// linger is how long a task has to be looked at before its conversation is
	// read: who passes by reads nothing.
	linger = 60 * time.Millisecond
	// every is the least time between two parts of a conversation. What comes
	// after a silence is shown at once.
	every = 150 * time.Millisecond
	// again is how long after a broken stream it is read on.
	again = time.Second
	// keepTalks is how many conversations are kept for coming back to.
	keepTalks = 8
	// keepDrawn is how many blocks are kept as they were drawn.
	keepDrawn = 1500
)

// Pane is the conversation of the selected task.
type Pane struct {
	d             *pane.Deps
	paint         *painter
	input         *compose.Input
	width, height int
	shown         bool
	task          string
	talks         map[string]*talk
	scrolls       map[string]*scroll
	recent        []string // tasks whose talks are kept, the newest last
	batch         *model.Batch[api.Entry]
	picked        *block // the tool call the cursor is on
	seen          window // as drawn last, for clicks
	drawn         int
}

// New returns the pane.
func New(d *pane.Deps) *Pane {
	return &Pane{d: d, paint: newPainter(d.Theme), input: compose.New(d, "message"), talks: map[string]*talk{}, scrolls: map[string]*scroll{}}
}

// Place is where its keys hold.
func (p *Pane) Place() keys.Place { return keys.Conversation }

// Title is what its tab is called.
func (p *Pane) Title() string { return "Conversation" }

// Typing reports whether a message is typed.
func (p *Pane) Typing() bool { return p.input.Active() }

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) { p.width, p.height = width, height }

// The messages of the pane's own actions.
type (
	// Next goes to the next tool call, or the one before.
	Next int
	// Toggle unfolds the tool call the cursor is on.
	Toggle struct{}
	// All unfolds every tool call.
	All struct{}
	// Message begins to type a message.
	Message struct{}
)

// The messages of its commands.
type (
	begin   struct{ task string }
	arrived struct {
		batch *model.Batch[api.Entry]
		items []api.Entry
		more  bool
		err   error
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
		p.forget()
	case begin:
		return p.begin(msg.task)
	case arrived:
		return p.arrived(msg)
	case unsent:
		p.input.GiveBack(msg.task, msg.text)
		return command.Tell(command.Failed{Err: msg.err})
	case tea.MouseMsg:
		p.mouse(msg)
	case tea.KeyMsg:
		return p.key(msg)
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
		p.scrollOf().home(p.talk().cut)
	case widget.End:
		p.scrollOf().bottom()
	case Next:
		p.pick(int(msg))
	case Toggle:
		if p.picked == nil {
			return p.input.Begin()
		}
		p.picked.open, p.picked.width = !p.picked.open, 0
	case All:
		p.toggleAll()
	case Message:
		return p.input.Begin()
	case compose.Send:
		return p.send()
	default:
		return p.input.Update(msg)
	}
	return nil
}

// key types a message, or answers by the number of an answer.
func (p *Pane) key(msg tea.KeyMsg) tea.Cmd {
	if s := msg.String(); !p.input.Active() && len(s) == 1 && s[0] >= '1' && s[0] <= '9' {
		return p.option(int(s[0] - '1'))
	}
	return p.input.Update(msg)
}

// option gives the answer of a number.
func (p *Pane) option(i int) tea.Cmd {
	r := p.open()
	if r == nil || i >= len(r.Options) {
		return nil
	}
	task, id, option, name := p.task, r.ID, r.Options[i].ID, widget.CleanLine(r.Options[i].Name)
	return p.d.Do(name, func(ctx context.Context) error {
		_, err := p.d.Client.Resolve(ctx, task, id, api.ResolvePermission{Option: option})
		return err
	})
}

// selected turns to another task.
func (p *Pane) selected(id string) tea.Cmd {
	p.stop()
	p.task, p.picked = id, nil
	p.input.Of(id)
	if id == "" || !p.shown {
		return nil
	}
	return tea.Tick(linger, func(time.Time) tea.Msg { return begin{id} })
}

// begin reads the conversation of the task that is looked at, from where it
// was read to before.
func (p *Pane) begin(task string) tea.Cmd {
	if task == "" || task != p.task || !p.shown || p.batch != nil {
		return nil
	}
	cursor, c := p.talk().cursor, p.d.Client
	p.batch = model.NewBatch(p.d.Ctx, every, func(ctx context.Context) iter.Seq2[api.Entry, error] {
		return c.Transcript(ctx, task, cursor, true)
	})
	return wait(p.batch)
}

func wait(b *model.Batch[api.Entry]) tea.Cmd {
	return func() tea.Msg {
		items, more, err := b.Next()
		return arrived{b, joined(items), more, err}
	}
}

// arrived takes in a part of the conversation.
func (p *Pane) arrived(msg arrived) tea.Cmd {
	if msg.batch != p.batch {
		return nil // of a task that is no longer looked at
	}
	t := p.talk()
	for i := range msg.items {
		t.add(&msg.items[i])
	}
	if msg.more {
		return wait(p.batch)
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

// talk is the conversation of the task that is looked at.
func (p *Pane) talk() *talk {
	if t := p.talks[p.task]; t != nil {
		return t
	}
	root := ""
	if t := p.d.Store.Task(p.task); t != nil {
		root = t.Path
	}
	t := newTalk(root)
	p.talks[p.task] = t
	p.recent = append(p.recent, p.task)
	if len(p.recent) > keepTalks {
		delete(p.talks, p.recent[0])
		delete(p.scrolls, p.recent[0])
		p.recent = p.recent[1:]
	}
	return t
}

func (p *Pane) scrollOf() *scroll {
	s := p.scrolls[p.task]
	if s == nil {
		s = &scroll{}
		p.scrolls[p.task] = s
	}
	return s
}

// forget gives up what was drawn: the colours changed.
func (p *Pane) forget() {
	for _, t := range p.talks {
		for _, b := range t.blocks {
			b.lines, b.width = nil, 0
		}
	}
	p.drawn = 0
}
