package checks

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// linger is how long a task has to be looked at before its pull request is
	// asked for.
	linger = 60 * time.Millisecond
	// lingerThreads is how long it has to be looked at before its threads are:
	// that costs a request to the forge.
	lingerThreads = 400 * time.Millisecond
	// gather is how long changes are gathered before the facts are read anew.
	gather = 300 * time.Millisecond
	// keepPages is how many pull requests are kept for coming back to.
	keepPages = 16
)

// page is what is known of the pull request of a task, and where the person is
// in it.
type page struct {
	known    bool             // the facts were read once
	pull     *api.PullRequest // nil = there is none
	wrong    error            // why the facts are old, or not there
	asking   bool             // they are being read
	stale    bool             // and something changed meanwhile
	talk     *api.Conversation
	notTalk  error     // why it is old, or not there
	asked    bool      // whatever came of it
	askedOf  time.Time // when what it was asked of had changed last
	reading  bool      // it is being read
	drawn    document
	top      int    // the first line that is seen
	anchor   string // the item it belongs to
	offset   int    // and how many lines below the item's first it is
	picked   string // the item the cursor is on, "" = none
	pickedAt int    // and where that was
}

// The messages of its commands.
type (
	look struct {
		task    string
		changed bool
	}
	facts struct {
		task string
		pull api.PullRequest
		err  error
	}
	ask     struct{ task string }
	threads struct {
		task string
		of   time.Time
		talk api.Conversation
		err  error
	}
)

// page is that of the task that is looked at.
func (p *Pane) page() *page {
	if g := p.pages[p.task]; g != nil {
		return g
	}
	g := &page{}
	p.pages[p.task] = g
	p.recent = append(p.recent, p.task)
	if len(p.recent) > keepPages {
		delete(p.pages, p.recent[0])
		p.recent = slices.Delete(p.recent, 0, 1)
	}
	return g
}

// selected turns to another task.
func (p *Pane) selected(id string) tea.Cmd {
	p.task = id
	if id == "" || !p.shown {
		return nil
	}
	return tea.Tick(linger, func(time.Time) tea.Msg { return look{task: id} })
}

// changed has the facts read anew when something happened to the task.
func (p *Pane) changed(c *model.Changed) tea.Cmd {
	if p.task == "" || !c.Touches(p.task) {
		return nil
	}
	p.page().drawn = document{} // it names what of the task is not pushed
	if !p.shown || p.due {
		return nil
	}
	p.due = true
	id := p.task
	return tea.Tick(gather, func(time.Time) tea.Msg { return look{task: id, changed: true} })
}

// look reads the facts of the task that is looked at, as hfd knows them.
func (p *Pane) look(task string) tea.Cmd {
	if task != p.task || task == "" || !p.shown {
		return nil
	}
	g := p.page()
	if g.asking {
		g.stale = true
		return nil
	}
	g.asking = true
	ctx, c := p.d.Ctx, p.d.Client
	return func() tea.Msg {
		pull, err := c.PullRequest(ctx, task)
		return facts{task, pull, err}
	}
}

// facts takes in how the pull request stands.
func (p *Pane) facts(msg facts) tea.Cmd {
	g := p.pages[msg.task]
	if g == nil {
		return nil // it was given up meanwhile
	}
	g.known, g.asking, g.wrong = true, false, nil
	switch {
	case api.IsCode(msg.err, api.CodeNotFound):
		g.pull = nil
	case msg.err != nil:
		g.wrong = msg.err
	default:
		g.pull = &msg.pull
	}
	g.drawn = document{}
	next := p.later(msg.task)
	if g.stale {
		g.stale = false
		return tea.Batch(next, p.look(msg.task))
	}
	return next
}

// read reports whether what people wrote is known as far as it can be.
func (g *page) read() bool {
	return g.pull == nil || g.asked && g.askedOf.Equal(g.pull.UpdatedAt)
}

// later has the threads asked for when the person stays.
func (p *Pane) later(task string) tea.Cmd {
	if g := p.pages[task]; g == nil || task != p.task || g.read() || g.reading {
		return nil
	}
	return tea.Tick(p.linger, func(time.Time) tea.Msg { return ask{task} })
}

// ask reads what people wrote, from the forge.
func (p *Pane) ask(task string) tea.Cmd {
	g := p.pages[task]
	if g == nil || task != p.task || !p.shown || g.read() || g.reading {
		return nil
	}
	g.reading, g.drawn = true, document{}
	ctx, c, vars, of := p.d.Ctx, p.d.Client, p.d.Vars, g.pull.UpdatedAt
	return func() tea.Msg {
		talk, err := conversation(ctx, c, vars, task)
		return threads{task, of, talk, err}
	}
}

func conversation(ctx context.Context, c command.Client, vars func(context.Context) (api.Env, error), task string) (api.Conversation, error) {
	env, err := vars(ctx)
	if err != nil {
		return api.Conversation{}, err
	}
	return c.Comments(ctx, task, api.ReadComments{Env: env})
}

// threads takes in what people wrote. An error is not asked for again before
// something changes, or the person wants it.
func (p *Pane) threads(msg threads) tea.Cmd {
	g := p.pages[msg.task]
	if g == nil {
		return nil
	}
	g.reading, g.asked, g.askedOf, g.notTalk = false, true, msg.of, msg.err
	if msg.err == nil {
		g.talk = &msg.talk
	}
	g.drawn = document{}
	return p.later(msg.task)
}

// refresh looks at the forge now, at the facts and at what people wrote.
func (p *Pane) refresh() tea.Cmd {
	if p.task == "" {
		return nil
	}
	g := p.page()
	g.asked = false
	if g.asking {
		return nil
	}
	g.asking, g.drawn = true, document{}
	ctx, c, vars, task := p.d.Ctx, p.d.Client, p.d.Vars, p.task
	return func() tea.Msg {
		env, err := vars(ctx)
		if err != nil {
			return facts{task: task, err: err}
		}
		pull, err := c.LookAtPull(ctx, task, api.LookAtPull{Env: env})
		return facts{task, pull, err}
	}
}
