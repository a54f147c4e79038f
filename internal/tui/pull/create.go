// Package pull is the dialogs in which a pull request is made, and merged.
package pull

import (
	"context"
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// typed is what a person changed of what hfd would make. It stays when the
// dialog is closed.
type typed struct {
	Title string  `json:"title,omitempty"`
	Body  *string `json:"body,omitempty"`
	Draft *bool   `json:"draft,omitempty"`
}

// Create is the dialog in which a pull request is made.
type Create struct {
	d     *pane.Deps
	task  string
	name  string // of the task
	plan  *api.PullPlan
	typed typed
	title textinput.Model
	onIt  bool // the cursor is on the draft, not in the title
	asked asked
	wrong string
}

// asked is how far what was asked of hfd is.
type asked struct {
	busy bool
	op   string // the operation, once it was begun
}

// ended reports whether it is this that ended.
func (a *asked) ended(e *command.Ended) bool { return a.op != "" && a.op == e.Operation }

// waits says what is waited for.
func (a *asked) waits(d *pane.Deps) string {
	if a.op == "" {
		return d.Theme.Dim.Render("asking" + d.Theme.Sign.Ellipsis)
	}
	return d.Theme.Dim.Render("at work"+d.Theme.Sign.Ellipsis+"  ") + d.Theme.Key.Render("esc") + d.Theme.Dim.Render(" closes this; it goes on")
}

// The messages of its commands.
type (
	planned struct {
		task string
		plan api.PullPlan
		err  error
	}
	edited struct {
		task, text string
		err        error
	}
	begun struct {
		task string
		a    api.Accepted
		err  error
	}
)

// NewCreate returns the dialog for a task, and the command that asks what would
// be made.
func NewCreate(d *pane.Deps, t *api.Task) (*Create, tea.Cmd) {
	m := &Create{d: d, task: t.ID, name: widget.Name(t.Title), title: textinput.New()}
	m.title.Prompt = ""
	m.title.Cursor.SetMode(cursor.CursorStatic)
	m.title.Focus()
	d.Drafts.GetJSON(m.key(), &m.typed)
	ctx, c, vars, id := d.Ctx, d.Client, d.Vars, t.ID
	return m, func() tea.Msg {
		plan, err := planOf(ctx, c, vars, id)
		return planned{id, plan, err}
	}
}

func planOf(ctx context.Context, c command.Client, vars func(context.Context) (api.Env, error), id string) (api.PullPlan, error) {
	env, err := vars(ctx)
	if err != nil {
		return api.PullPlan{}, err
	}
	return c.PlanPull(ctx, id, api.CreatePull{Env: env})
}

func (m *Create) key() string { return draft.Key("pull", m.task) }

// Update takes keys and answers.
func (m *Create) Update(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case planned:
		m.planned(&msg)
	case edited:
		m.edited(&msg)
	case begun:
		return m.begun(&msg), false
	case command.Ended:
		return nil, m.ended(&msg)
	case tea.KeyMsg:
		return m.press(msg)
	}
	return nil, false
}

func (m *Create) planned(msg *planned) {
	if msg.task != m.task || m.plan != nil {
		return
	}
	if msg.err != nil {
		m.wrong = command.Failed{Err: msg.err}.Text()
		return
	}
	m.plan = &msg.plan
	title := m.typed.Title
	if title == "" {
		title = widget.Name(msg.plan.Title)
	}
	m.title.SetValue(title)
	m.title.CursorEnd()
}

func (m *Create) edited(msg *edited) {
	switch {
	case msg.task != m.task:
	case msg.err != nil:
		m.wrong = msg.err.Error()
	default:
		m.typed.Body = &msg.text
		m.keep()
	}
}

// begun has it told how hfd goes on. What is wrong is shown, and nothing is
// lost.
func (m *Create) begun(msg *begun) tea.Cmd {
	if msg.task != m.task {
		return nil
	}
	if msg.err != nil {
		m.asked, m.wrong = asked{}, command.Failed{Err: msg.err}.Text()
		return nil
	}
	return m.asked.follow("pull request of "+m.name, "pull_request", &msg.a)
}

// ended closes the dialog when there is a pull request.
func (m *Create) ended(msg *command.Ended) (done bool) {
	if !m.asked.ended(msg) {
		return false
	}
	m.asked = asked{}
	if msg.Err != nil {
		m.wrong = command.Failed{Err: msg.Err}.Text()
		return false
	}
	m.d.Drafts.Set(m.key(), "")
	return true
}

// follow has it told how an accepted operation goes; step says what came of it.
func (a *asked) follow(what, step string, accepted *api.Accepted) tea.Cmd {
	if accepted.Operation == nil {
		return command.Refuse("%s: hfd says of no operation", what)
	}
	a.op = accepted.Operation.ID
	return command.Tell(command.Follow{What: what, Operation: a.op, Step: step})
}

func (m *Create) press(msg tea.KeyMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "esc", "ctrl+c":
		return nil, true
	}
	if m.plan == nil || m.asked.busy {
		return nil, false
	}
	m.wrong = "" // it was seen
	switch msg.String() {
	case "enter", "ctrl+s":
		return m.create(), false
	case "tab", "shift+tab", "up", "down":
		m.onIt = !m.onIt
	case "ctrl+e":
		return m.edit(), false
	case " ":
		if m.onIt {
			m.toggle()
			return nil, false
		}
		fallthrough
	default:
		return m.write(msg), false
	}
	return nil, false
}

// write types into the title.
func (m *Create) write(msg tea.KeyMsg) (cmd tea.Cmd) {
	if m.onIt || m.plan.Existing != nil {
		return nil
	}
	m.title, cmd = m.title.Update(msg)
	m.typed.Title = m.title.Value()
	m.keep()
	return cmd
}

func (m *Create) toggle() {
	now := !m.draft()
	m.typed.Draft = &now
	m.keep()
}

// draft reports whether it is to be a draft.
func (m *Create) draft() bool {
	switch {
	case m.typed.Draft != nil:
		return *m.typed.Draft
	case m.plan.Existing != nil:
		return m.plan.Existing.Draft
	}
	return m.plan.Draft
}

func (m *Create) body() string {
	if m.typed.Body != nil {
		return *m.typed.Body
	}
	return m.plan.Body
}

func (m *Create) keep() { m.d.Drafts.SetJSON(m.key(), m.typed) }

func (m *Create) edit() tea.Cmd {
	if m.plan.Existing != nil {
		return nil
	}
	task := m.task
	return m.d.Program.Edit(m.body(), func(text string, err error) tea.Msg { return edited{task, text, err} })
}

// create asks for the pull request. What was not changed hfd makes anew.
func (m *Create) create() tea.Cmd {
	in := api.CreatePull{Body: m.typed.Body, Draft: m.typed.Draft}
	if m.plan.Existing == nil {
		now := m.draft() // as it is shown
		in.Title, in.Draft = strings.TrimSpace(m.title.Value()), &now
		if in.Title == "" {
			m.wrong = "a pull request needs a title"
			return nil
		}
	}
	m.asked.busy = true
	ctx, c, vars, task := m.d.Ctx, m.d.Client, m.d.Vars, m.task
	return func() tea.Msg {
		env, err := vars(ctx)
		if err != nil {
			return begun{task: task, err: err}
		}
		in.Env = env
		a, err := c.CreatePull(ctx, task, in)
		return begun{task, a, err}
	}
}

// View draws it.
func (m *Create) View(width, height int) []string {
	t := m.d.Theme
	w := min(width, 84)
	var lines []string
	switch {
	case m.plan == nil && m.wrong == "":
		lines = []string{" " + t.Dim.Render("looking"+t.Sign.Ellipsis)}
	case m.plan == nil:
	case m.plan.Existing != nil:
		lines = m.existing(w)
	default:
		lines = m.form(w, height)
	}
	for _, l := range m.foot(w) {
		lines = append(lines, " "+l)
	}
	return widget.Box(t, "pull request", lines[max(len(lines)-max(height-2, 1), 0):], w, true)
}

// field is a line of the form.
func (m *Create) field(name, value string, on bool) string {
	t := m.d.Theme
	label := t.Dim.Render(widget.Fit(name, 7, ""))
	if on {
		label = t.Key.Render(widget.Fit(name, 7, ""))
	}
	return " " + label + value
}

func (m *Create) existing(w int) []string {
	t, p := m.d.Theme, m.plan.Existing
	return []string{
		" " + t.Pull(p) + " is there already.",
		" " + t.Dim.Render(widget.Cut(widget.Name(p.URL), w-4, t.Sign.Ellipsis)),
		m.field("draft", m.box(), m.onIt),
		" The branch is pushed; title and text stay as they are.",
	}
}

func (m *Create) box() string {
	t := m.d.Theme
	if m.draft() {
		return "[" + t.Good.Render(t.Sign.Mark) + "] not ready for review yet"
	}
	return "[ ] ready for review"
}

// form draws what would be made.
func (m *Create) form(w, height int) []string {
	t := m.d.Theme
	m.title.Width = w - 12
	title := m.title.View()
	if m.onIt {
		title = widget.Cut(widget.CleanLine(m.title.Value()), w-11, t.Sign.Ellipsis)
	}
	into := widget.Name(m.plan.Base) + t.Dim.Render(" from "+widget.Name(m.plan.Head)+", "+render.Count(m.plan.Commits, "commit"))
	lines := []string{
		m.field("title", title, !m.onIt),
		m.field("into", widget.Cut(into, w-11, t.Sign.Ellipsis), false),
		m.field("draft", m.box(), m.onIt),
		t.Border.Render(strings.Repeat(t.Sign.Line, w-2)),
	}
	room := max(min(height-len(lines)-len(m.foot(w))-3, 14), 1)
	var body []string
	for l := range strings.SplitSeq(strings.TrimSpace(widget.Clean(cut(m.body()))), "\n") {
		body = append(body, widget.Wrap(l, w-4)...)
		if len(body) > room {
			body = append(body[:room-1], t.Dim.Render(t.Sign.Ellipsis))
			break
		}
	}
	for _, l := range body {
		lines = append(lines, " "+l)
	}
	return append(lines, t.Border.Render(strings.Repeat(t.Sign.Line, w-2)))
}

// maxShown is how much of a text is looked at to show its beginning, in bytes.
const maxShown = 8 << 10

func cut(s string) string {
	if len(s) > maxShown {
		return strings.ToValidUTF8(s[:maxShown], "")
	}
	return s
}

// foot is the keys, or what is wrong.
func (m *Create) foot(w int) []string {
	t := m.d.Theme
	key := func(k, does string) string { return t.Key.Render(k) + t.Dim.Render(" "+does+"  ") }
	var out []string
	if m.wrong != "" {
		for _, l := range widget.Wrap(widget.CleanLine(cut(m.wrong)), w-4) {
			out = append(out, t.Bad.Render(l))
		}
	}
	switch {
	case m.asked.busy:
		return append(out, m.asked.waits(m.d))
	case m.plan == nil:
		return append(out, key("esc", "close"))
	case m.plan.Existing != nil:
		return append(out, key("enter", "push")+key("tab", "draft")+key("space", "toggle")+key("esc", "no"))
	}
	return append(out, widget.Wrap(key("enter", "create")+key("^E", "edit text")+key("tab", "draft")+key("space", "toggle")+key("esc", "keep for later"), w-4)...)
}
