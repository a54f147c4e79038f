// Package tasklist is the pane of all tasks of the workspace.
package tasklist

import (
	"slices"
	"unicode"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Pane is the list.
type Pane struct {
	d             *pane.Deps
	list          widget.List
	filter        textinput.Model
	filtering     bool // the filter is typed
	width, height int
	version       int
	rows          []model.Row
	start         start
	over          bool // archived and killed tasks were asked for
	drawn         []string
	look          look // of drawn
}

// look is what rows that are drawn depend on.
type look struct {
	version, from, to, index, width int
	focus                           bool
	at                              int64 // when, as exactly as ages are
}

// New returns the pane.
func New(d *pane.Deps) *Pane {
	f := textinput.New()
	f.Prompt = "/"
	f.CharLimit = 200
	return &Pane{d: d, filter: f, version: -1}
}

// Place is where its keys hold.
func (p *Pane) Place() keys.Place { return keys.List }

// Title is what it is called.
func (p *Pane) Title() string { return "Tasks" }

// Typing reports whether the filter is typed.
func (p *Pane) Typing() bool { return p.filtering }

// Resize tells how much room there is.
func (p *Pane) Resize(width, height int) {
	p.width, p.height = width, height
	p.filter.Width = max(width-3, 1)
	p.sync()
}

// The messages of the list's own actions.
type (
	// Waiting goes to the next task that waits, or the one before.
	Waiting int
	// Filter begins to type the filter.
	Filter struct{}
	// Clear ends it and shows all again.
	Clear struct{}
	// Mark marks the row and goes on.
	Mark struct{}
	// MarkAll marks all that are shown.
	MarkAll struct{}
	// Fold hides the tasks of the repo the row belongs to, or shows them.
	Fold struct{}
	// Goto selects a task.
	Goto struct{ ID string }

	over struct {
		workspace string
		tasks     []api.Task
	}
)

// Update takes a message.
func (p *Pane) Update(msg tea.Msg) (cmd tea.Cmd) {
	switch msg := msg.(type) {
	case pane.Restyled:
		p.drawn = nil
	case tea.KeyMsg:
		cmd = p.key(msg)
	case tea.MouseMsg:
		p.mouse(msg)
	case pane.Workspace:
		p.over, p.start = false, start{}
		p.clear()
	case model.Changed:
		cmd = p.lookAround(&msg)
	case start:
		if msg.workspace == p.d.Workspace {
			p.start = msg
		}
	case over:
		if msg.workspace != p.d.Workspace {
			break
		}
		p.d.Store.Apply(&model.Update{Tasks: msg.tasks, Conn: p.d.Store.Conn()})
	case pane.Created:
		p.d.Store.Apply(&model.Update{Tasks: []api.Task{msg.Task}, Conn: p.d.Store.Conn()})
		p.clear()
		p.sync()
		p.list.Select(msg.Task.ID)
	case Filter:
		p.filtering = true
		cmd = p.filter.Focus()
	case compose.Send: // what was typed is the filter from now on
		p.filtering = false
		p.filter.Blur()
	case Clear, compose.Leave:
		p.clear()
	default:
		p.move(msg)
	}
	p.sync()
	return cmd
}

// move goes to another row, or does something with the one it is on.
func (p *Pane) move(msg tea.Msg) {
	if p.list.Take(msg) {
		return
	}
	switch msg := msg.(type) {
	case Waiting:
		p.waiting(int(msg))
	case Mark:
		p.d.Store.Mark(p.list.Selected())
		p.list.Move(1)
	case MarkAll:
		p.d.Store.MarkShown()
	case Fold:
		if t := p.d.Store.Task(p.list.Selected()); t != nil {
			p.d.Store.Fold(t.Repo)
		} else if repo := model.RepoOfHeading(p.list.Selected()); repo != "" {
			p.d.Store.Fold(repo)
		}
	case Goto:
		p.show(msg.ID)
	}
}

// key types the filter. A letter that means nothing else begins one.
func (p *Pane) key(msg tea.KeyMsg) tea.Cmd {
	if !p.filtering {
		if msg.Type != tea.KeyRunes || msg.Alt || !unicode.IsLetter(msg.Runes[0]) {
			return nil
		}
		p.filtering = true
		p.filter.Focus()
	}
	var cmd tea.Cmd
	p.filter, cmd = p.filter.Update(msg)
	return tea.Batch(cmd, p.filtered())
}

// filtered shows what the filter says, and asks for what is not read yet.
func (p *Pane) filtered() tea.Cmd {
	f := model.ParseFilter(p.filter.Value())
	p.d.Store.SetFilter(f)
	if !f.WantsOver() || p.over {
		return nil
	}
	p.over = true
	ctx, c, workspace := p.d.Ctx, p.d.Client, p.d.Workspace
	return func() tea.Msg {
		l, err := c.Tasks(ctx, client.TaskFilter{All: true})
		if err != nil {
			return command.Failed{Err: err}
		}
		return over{workspace, l.Tasks}
	}
}

// show selects a task, also one that the filter or a folded repo hides.
func (p *Pane) show(id string) {
	p.sync()
	t := p.d.Store.Task(id)
	if p.list.Select(id) || t == nil {
		return
	}
	if p.d.Store.Folded(t.Repo) {
		p.d.Store.Fold(t.Repo)
		p.sync()
	}
	if !p.list.Select(id) {
		p.filter.SetValue("")
		p.d.Store.SetFilter(model.Filter{})
		p.sync()
		p.list.Select(id)
	}
}

func (p *Pane) clear() {
	p.filtering = false
	p.filter.Blur()
	p.filter.SetValue("")
	p.d.Store.SetFilter(model.Filter{})
	p.d.Store.Unmark()
}

// waiting goes to the next task that waits for a person.
func (p *Pane) waiting(step int) {
	n := len(p.rows)
	if n == 0 {
		return
	}
	at := max(p.list.Index(), 0)
	for i := 1; i <= n; i++ {
		r := &p.rows[((at+i*step)%n+n)%n]
		if r.Task != nil && model.Waits(r.Task) {
			p.list.Select(r.ID)
			return
		}
	}
}

func (p *Pane) mouse(msg tea.MouseMsg) {
	switch {
	case msg.Button == tea.MouseButtonWheelUp:
		p.list.Move(-1)
	case msg.Button == tea.MouseButtonWheelDown:
		p.list.Move(1)
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress:
		p.list.Click(msg.Y)
	}
}

// sync takes over the rows where they changed, and tells the store what is
// selected.
func (p *Pane) sync() {
	if v := p.d.Store.Version(); v != p.version {
		p.version = v
		p.rows = p.d.Store.Rows()
		ids := make([]string, len(p.rows))
		for i := range p.rows {
			ids[i] = p.rows[i].ID
		}
		p.list.Sync(ids, func(i int) bool { return p.rows[i].Task == nil && !p.rows[i].Folded })
	}
	p.list.Resize(p.height - p.filterLine())
	p.d.Store.Select(p.list.Selected())
}

// filterLine is how many lines the filter takes.
func (p *Pane) filterLine() int {
	if p.filtering || p.filter.Value() != "" {
		return 1
	}
	return 0
}

// View draws the list.
func (p *Pane) View(focus bool) []string {
	if v := p.d.Store.Version(); v != p.version {
		p.sync()
	}
	lines := p.seen(focus)
	if len(p.rows) == 0 {
		lines = p.empty()
	}
	if p.filterLine() == 0 {
		return lines
	}
	for len(lines) < p.height-1 {
		lines = append(lines, "")
	}
	return append(lines[:max(p.height-1, 0)], p.filter.View())
}

// ageing is how long an age is shown as it was, in seconds.
const ageing = 5

// seen are the rows that are seen. Most frames are of what an agent says, and
// change none of them.
func (p *Pane) seen(focus bool) []string {
	from, to := p.list.Visible()
	now := look{p.version, from, to, p.list.Index(), p.width, focus, p.d.Now().Unix() / ageing}
	if p.drawn == nil || now != p.look {
		lines := make([]string, 0, to-from)
		for i := from; i < to; i++ {
			lines = append(lines, p.row(i, focus))
		}
		p.drawn, p.look = lines, now
	}
	return slices.Clip(p.drawn)
}
