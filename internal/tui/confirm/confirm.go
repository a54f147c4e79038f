// Package confirm is the dialog that asks before something is done which cannot
// simply be done the other way round, and the one that asks for a line of text.
package confirm

import (
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Choice is one answer.
type Choice struct {
	Key  string
	Text string
	Run  tea.Cmd // nil = nothing is done
}

// Dialog asks.
type Dialog struct {
	d       *pane.Deps
	title   string
	lines   []string
	choices []Choice
}

// New returns a question with its answers. Escape, n and q do nothing.
func New(d *pane.Deps, title string, lines []string, choices ...Choice) *Dialog {
	return &Dialog{d: d, title: title, lines: lines, choices: append(choices, Choice{Key: "esc", Text: "no"})}
}

// Update takes the keys of the answers.
func (q *Dialog) Update(msg tea.Msg) (tea.Cmd, bool) {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil, false
	}
	name := key.String()
	for _, c := range q.choices {
		if c.Key == name {
			return c.Run, true
		}
	}
	return nil, name == "n" || name == "q" || name == "ctrl+c"
}

// View draws it.
func (q *Dialog) View(width, height int) []string {
	t := q.d.Theme
	w := min(width, 70)
	var lines []string
	for _, l := range q.lines {
		for _, part := range widget.Wrap(l, w-4) {
			lines = append(lines, " "+part)
		}
	}
	answers := make([]string, len(q.choices))
	for i, c := range q.choices {
		answers[i] = t.Key.Render(c.Key) + " " + c.Text
	}
	foot := widget.Wrap(strings.Join(answers, "   "), w-4)
	if room := max(height-3-len(foot), 1); len(lines) > room {
		lines = lines[:room]
	}
	lines = append(lines, "")
	for _, l := range foot {
		lines = append(lines, " "+l)
	}
	return widget.Box(t, q.title, lines, w, true)
}

// Line asks for a line of text.
type Line struct {
	d     *pane.Deps
	title string
	hint  string
	input textinput.Model
	done  func(text string) tea.Cmd
}

// NewLine returns a question for a line, which is text at first. done gets what
// is typed, unless that is nothing.
func NewLine(d *pane.Deps, title, hint, text string, done func(text string) tea.Cmd) *Line {
	in := textinput.New()
	in.Prompt = d.Theme.Sign.Cursor + " "
	in.SetValue(text)
	in.Focus()
	return &Line{d: d, title: title, hint: hint, input: in, done: done}
}

// Update takes what is typed.
func (l *Line) Update(msg tea.Msg) (tea.Cmd, bool) {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil, false
	}
	switch key.String() {
	case "esc", "ctrl+c":
		return nil, true
	case "enter":
		text := strings.TrimSpace(l.input.Value())
		if text == "" {
			return nil, true
		}
		return l.done(text), true
	}
	var cmd tea.Cmd
	l.input, cmd = l.input.Update(msg)
	return cmd, false
}

// View draws it.
func (l *Line) View(width, _ int) []string {
	w := min(width, 70)
	l.input.Width = w - 8
	return widget.Box(l.d.Theme, l.title, []string{" " + l.input.View(), " " + l.d.Theme.Dim.Render(widget.Cut(l.hint, w-4, l.d.Theme.Sign.Ellipsis))}, w, true)
}
