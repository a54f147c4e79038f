package conversation

import (
	"context"
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textarea"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// mostInput is how many lines of a message are seen while it is typed.
const mostInput = 8

// input is where a message is typed. Every task has a draft of its own.
type input struct {
	area   textarea.Model
	drafts map[string]string // by task; also of messages that could not be sent
	task   string
	active bool
}

func newInput(t *theme.Theme) *input {
	a := textarea.New()
	a.ShowLineNumbers = false
	a.CharLimit = 0
	a.MaxHeight = 0
	a.Prompt = t.Sign.Cursor + " "
	a.Cursor.SetMode(cursor.CursorStatic) // one that blinks draws the screen for nothing
	plain := lipgloss.NewStyle()
	for _, s := range []*textarea.Style{&a.FocusedStyle, &a.BlurredStyle} {
		*s = textarea.Style{Base: plain, CursorLine: plain, EndOfBuffer: plain, Placeholder: plain, Prompt: plain, Text: plain}
	}
	a.SetHeight(1)
	return &input{area: a, drafts: map[string]string{}}
}

// of takes up the draft of a task and puts the other away.
func (in *input) of(task string) {
	if task == in.task {
		return
	}
	in.keep()
	in.task = task
	in.area.SetValue(in.drafts[task])
	in.leave()
}

func (in *input) keep() {
	if text := in.area.Value(); strings.TrimSpace(text) != "" {
		in.drafts[in.task] = text
	} else {
		delete(in.drafts, in.task)
	}
}

func (in *input) begin() tea.Cmd {
	in.active = true
	return in.area.Focus()
}

func (in *input) leave() {
	in.active = false
	in.area.Blur()
}

// shown reports whether there is anything of it to be seen.
func (in *input) shown() bool { return in.active || strings.TrimSpace(in.area.Value()) != "" }

// view draws it, at most most lines of it.
func (in *input) view(width, most int) []string {
	if !in.shown() {
		return nil
	}
	in.area.SetWidth(width)
	in.area.SetHeight(min(max(in.area.LineCount(), 1), min(mostInput, max(most, 1))))
	return strings.Split(in.area.View(), "\n")
}

// take empties it and returns the message, "" for none.
func (in *input) take() string {
	text := strings.TrimSpace(in.area.Value())
	if text != "" {
		in.area.Reset()
		delete(in.drafts, in.task)
	}
	return text
}

// put makes a text the draft of a task.
func (in *input) put(task, text string) {
	if task == in.task {
		in.area.SetValue(text)
		return
	}
	in.drafts[task] = text
}

// unsent is a message that did not reach hfd.
type unsent struct {
	task, text string
	err        error
}

// edited is what came back from the editor.
type edited struct {
	task, text string
	err        error
}

// send hands the message to hfd. What cannot be sent comes back as the draft.
func (p *Pane) send() tea.Cmd {
	task, text := p.input.task, p.input.take()
	if task == "" || text == "" {
		return nil
	}
	ctx, c, vars := p.d.Ctx, p.d.Client, p.d.Vars
	p.scrollOf().bottom()
	return func() tea.Msg {
		m, err := deliver(ctx, c, vars, task, text)
		switch {
		case err != nil:
			return unsent{task, text, err}
		case m.State == api.MessageQueued:
			return command.Done{Text: "queued; the agent gets it when it can"}
		}
		return command.Done{}
	}
}

func deliver(ctx context.Context, c command.Client, vars func(context.Context) (api.Env, error), task, text string) (api.Message, error) {
	env, err := vars(ctx)
	if err != nil {
		return api.Message{}, err
	}
	return c.Send(ctx, task, api.SendMessage{Text: text, Env: env})
}

// edit gives the draft to the person's editor.
func (p *Pane) edit() tea.Cmd {
	task := p.input.task
	return p.d.Program.Edit(p.input.area.Value(), func(text string, err error) tea.Msg { return edited{task, text, err} })
}

// label is what stands above the input.
func (p *Pane) label(width int) string {
	t := p.d.Theme
	word := "message"
	if r := p.open(); r != nil && r.Kind == api.PermissionKindInput {
		word = "answer"
	}
	return t.Border.Render(strings.Repeat(t.Sign.Line, 2)) + " " + t.Dim.Render(word) + " " +
		t.Border.Render(strings.Repeat(t.Sign.Line, max(width-4-widget.Width(word), 0)))
}
