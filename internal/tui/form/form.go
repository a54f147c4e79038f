// Package form is the dialog in which a task is made.
package form

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textarea"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// Last is what was chosen for the task that was made last. It is most likely
// right for the next one, too.
type Last struct{ workspace, repo, agent string }

// typed is what was typed so far. It stays when the dialog is closed.
type typed struct {
	Workspace string            `json:"workspace"` // that repo, on and base are of
	Prompt    string            `json:"prompt"`
	Values    map[string]string `json:"values"` // by the names of fields
}

// draftKey is where it stays.
func draftKey() string { return draft.Key("create", "") }

// The fields below the prompt.
const (
	fieldRepo = iota
	fieldOn
	fieldBase
	fieldAgent
	fieldBranch
	fieldTitle
	fieldProvider
	fields
)

// field names a field, and says what it is when it is left empty.
func field(i int) (name, empty string) {
	switch i {
	case fieldRepo:
		return "repo", "of this directory"
	case fieldOn:
		return "on", "a task or branch to stack on"
	case fieldBase:
		return "base", "the default branch"
	case fieldAgent:
		return "agent", "the default agent"
	case fieldBranch:
		return "branch", "made of the prompt"
	case fieldTitle:
		return "title", "made of the prompt"
	}
	return "provider", "the default provider"
}

// Dialog is the form.
type Dialog struct {
	d       *pane.Deps
	last    *Last
	given   typed // without anything typed
	prompt  textarea.Model
	inputs  [fields]textinput.Model
	choices [fields][]string
	at      int // -1 = the prompt
	busy    bool
	wrong   string
}

// The messages of its commands.
type (
	choices struct {
		repos, agents []string
	}
	edited struct {
		text string
		err  error
	}
	made struct {
		a   api.Accepted
		err error
	}
)

// New returns the form with what was typed before, and the command that looks
// what there is to choose from. on is the task to stack on, nil for none.
func New(d *pane.Deps, last *Last, on *api.Task) (*Dialog, tea.Cmd) {
	f := &Dialog{d: d, last: last, prompt: textarea.New(), at: -1}
	f.prompt.ShowLineNumbers = false
	f.prompt.CharLimit, f.prompt.MaxHeight = 0, 0
	f.prompt.Prompt = ""
	f.prompt.Placeholder = "What is to be done?"
	f.prompt.Cursor.SetMode(cursor.CursorStatic)
	plain := lipgloss.NewStyle()
	for _, s := range []*textarea.Style{&f.prompt.FocusedStyle, &f.prompt.BlurredStyle} {
		*s = textarea.Style{Base: plain, CursorLine: plain, EndOfBuffer: plain, Placeholder: plain, Prompt: plain, Text: plain}
	}
	f.prompt.Focus()
	for i := range f.inputs {
		f.inputs[i] = textinput.New()
		f.inputs[i].Prompt = ""
		_, f.inputs[i].Placeholder = field(i)
		f.inputs[i].Cursor.SetMode(cursor.CursorStatic)
	}
	f.fill(on)
	return f, f.look()
}

// fill begins with the draft, else with what is most likely.
func (f *Dialog) fill(on *api.Task) {
	if f.last.workspace == f.d.Workspace {
		f.value(fieldRepo, f.last.repo)
	}
	f.value(fieldAgent, f.last.agent)
	var before typed
	drafted := f.d.Drafts.GetJSON(draftKey(), &before)
	if !drafted && on != nil {
		f.stack(on)
	}
	f.given = f.typed()
	if !drafted {
		return
	}
	f.prompt.SetValue(before.Prompt)
	for i := range f.inputs {
		if (i == fieldRepo || i == fieldOn || i == fieldBase) && before.Workspace != f.d.Workspace {
			continue // there are others here
		}
		name, _ := field(i)
		f.value(i, before.Values[name])
	}
	if on != nil {
		f.stack(on)
	}
}

func (f *Dialog) stack(on *api.Task) {
	f.value(fieldRepo, on.Repo)
	f.value(fieldOn, on.ID)
}

func (f *Dialog) value(i int, text string) { f.inputs[i].SetValue(text) }

// look asks which repos and agents there are.
func (f *Dialog) look() tea.Cmd {
	ctx, c, vars := f.d.Ctx, f.d.Client, f.d.Vars
	return func() tea.Msg {
		var out choices
		if l, err := c.Repos(ctx); err == nil { // without, they are typed
			for i := range l.Repos {
				out.repos = append(out.repos, l.Repos[i].Name)
			}
		}
		env, err := vars(ctx)
		if err != nil {
			return out
		}
		if l, err := c.Agents(ctx, api.ListAgents{Env: env}); err == nil {
			for i := range l.Agents {
				if l.Agents[i].Installed {
					out.agents = append(out.agents, l.Agents[i].Name)
				}
			}
		}
		return out
	}
}

// Update takes keys and answers.
func (f *Dialog) Update(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case draft.Loaded: // it was open before the drafts were read
		if now := f.typed(); now.Prompt == "" && maps.Equal(now.Values, f.given.Values) {
			f.fill(nil)
		}
	case choices:
		f.choices[fieldRepo], f.choices[fieldAgent] = msg.repos, msg.agents
	case edited:
		if msg.err != nil {
			f.wrong = msg.err.Error()
			return nil, false
		}
		f.prompt.SetValue(strings.TrimRight(msg.text, "\n"))
		f.keep()
	case made:
		return f.made(msg)
	case tea.KeyMsg:
		return f.key(msg)
	}
	return nil, false
}

func (f *Dialog) key(msg tea.KeyMsg) (tea.Cmd, bool) {
	defer f.keep()
	f.wrong = "" // it was seen
	switch msg.String() {
	case "esc", "ctrl+c":
		return nil, true
	case "tab":
		f.move(1)
	case "shift+tab":
		f.move(-1)
	case "ctrl+s", "alt+enter":
		return f.create(), false
	case "ctrl+e":
		return f.d.Program.Edit(f.prompt.Value(), func(text string, err error) tea.Msg { return edited{text, err} }), false
	default:
		return f.edit(msg), false
	}
	return nil, false
}

// edit types into the field, or goes on from it.
func (f *Dialog) edit(msg tea.KeyMsg) tea.Cmd {
	var cmd tea.Cmd
	if f.at < 0 {
		f.prompt, cmd = f.prompt.Update(msg)
		return cmd
	}
	switch msg.String() {
	case "enter", "down", "ctrl+n":
		f.move(1)
	case "up", "ctrl+p":
		f.move(-1)
	case "right", "left":
		step := 1
		if msg.String() == "left" {
			step = -1
		}
		if f.choose(step) {
			return nil
		}
		fallthrough
	default:
		f.inputs[f.at], cmd = f.inputs[f.at].Update(msg)
	}
	return cmd
}

// choose puts the next of what there is into the field.
func (f *Dialog) choose(step int) bool {
	list := f.choices[f.at]
	if len(list) == 0 {
		return false
	}
	at := slices.Index(list, f.inputs[f.at].Value())
	if at < 0 && step < 0 {
		at = 0
	}
	f.inputs[f.at].SetValue(list[(at+step+len(list))%len(list)])
	return true
}

func (f *Dialog) move(step int) {
	if f.at < 0 {
		f.prompt.Blur()
	} else {
		f.inputs[f.at].Blur()
	}
	f.at = (f.at+1+step+fields+1)%(fields+1) - 1
	if f.at < 0 {
		f.prompt.Focus()
	} else {
		f.inputs[f.at].Focus()
	}
}

// keep makes what is typed the draft.
func (f *Dialog) keep() {
	now := f.typed()
	if strings.TrimSpace(now.Prompt) == "" && maps.Equal(now.Values, f.given.Values) {
		f.d.Drafts.Set(draftKey(), "")
		return
	}
	f.d.Drafts.SetJSON(draftKey(), now)
}

func (f *Dialog) typed() typed {
	out := typed{Workspace: f.d.Workspace, Prompt: f.prompt.Value(), Values: map[string]string{}}
	for i := range f.inputs {
		if v := f.inputs[i].Value(); v != "" {
			name, _ := field(i)
			out.Values[name] = v
		}
	}
	return out
}

// create asks for the task.
func (f *Dialog) create() tea.Cmd {
	f.keep()
	v := func(i int) string { return strings.TrimSpace(f.inputs[i].Value()) }
	in := api.CreateTask{
		Prompt: strings.TrimSpace(f.prompt.Value()), Repo: v(fieldRepo), On: v(fieldOn), Base: v(fieldBase), Agent: v(fieldAgent),
		Branch: v(fieldBranch), Title: v(fieldTitle), Provider: v(fieldProvider),
	}
	switch {
	case f.busy:
		return nil
	case in.Prompt == "":
		f.wrong = "a task needs a prompt"
		return nil
	}
	f.busy, f.wrong = true, ""
	ctx, c, vars := f.d.Ctx, f.d.Client, f.d.Vars
	return func() tea.Msg {
		a, err := request(ctx, c, vars, in)
		return made{a, err}
	}
}

func request(ctx context.Context, c command.Client, vars func(context.Context) (api.Env, error), in api.CreateTask) (a api.Accepted, err error) {
	if in.Env, err = vars(ctx); err != nil {
		return a, err
	}
	return c.CreateTask(ctx, in)
}

// made ends the form when there is a task. Else what is wrong is shown, and
// nothing is lost.
func (f *Dialog) made(msg made) (tea.Cmd, bool) {
	f.busy = false
	if msg.err != nil {
		f.wrong = command.Failed{Err: msg.err}.Text()
		return nil, false
	}
	*f.last = Last{f.d.Workspace, f.inputs[fieldRepo].Value(), f.inputs[fieldAgent].Value()}
	f.d.Drafts.Set(draftKey(), "")
	return tea.Batch(command.Say("made: %s", widget.CleanLine(msg.a.Task.Title)), command.Tell(pane.Created{Task: msg.a.Task})), true
}

// View draws the form.
func (f *Dialog) View(width, height int) []string {
	t := f.d.Theme
	w := min(width, 90)
	small := height < fields+9
	rows := max(min(height-fields-5, 10), 3)
	if small {
		rows = max(height-6, 2)
	}
	f.prompt.SetWidth(w - 4)
	f.prompt.SetHeight(rows)
	var lines []string
	if !small || f.at < 0 {
		for l := range strings.SplitSeq(f.prompt.View(), "\n") {
			lines = append(lines, " "+l)
		}
		lines = append(lines, t.Border.Render(strings.Repeat(t.Sign.Line, w-2)))
	}
	for i := range f.inputs {
		if !small || f.at >= 0 {
			lines = append(lines, f.line(i, w))
		}
	}
	foot := t.Key.Render("^S") + t.Dim.Render(" create  ") + t.Key.Render("tab") + t.Dim.Render(" next  ") + t.Key.Render("^E") + t.Dim.Render(" editor  ") + t.Key.Render("esc") + t.Dim.Render(" keep for later")
	switch {
	case f.wrong != "":
		foot = t.Bad.Render(widget.CleanLine(f.wrong))
	case f.busy:
		foot = t.Dim.Render("making it" + t.Sign.Ellipsis)
	case f.at >= 0 && len(f.choices[f.at]) > 0:
		foot = t.Dim.Render("← → " + strings.Join(f.choices[f.at], ", "))
	}
	lines = append(lines[:min(len(lines), max(height-3, 1))], " "+foot)
	return widget.Box(t, "new task", lines, w, true)
}

func (f *Dialog) line(i, w int) string {
	t := f.d.Theme
	name, empty := field(i)
	f.inputs[i].Width = w - 16
	label := t.Dim.Render(widget.Fit(name, 9, ""))
	value := f.inputs[i].View()
	if f.at != i {
		value = widget.CleanLine(f.inputs[i].Value())
		if value == "" {
			value = t.Dim.Render(empty)
		}
	} else {
		label = t.Key.Render(widget.Fit(name, 9, ""))
	}
	return " " + label + " " + value
}
