// Package compose is where text of several lines is typed into a pane: a message
// to an agent, a comment on a diff. What is not finished stays as a draft.
package compose

import (
	"strings"

	"github.com/charmbracelet/bubbles/cursor"
	"github.com/charmbracelet/bubbles/textarea"
	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// most is how many lines are seen while something is typed.
const most = 8

// The messages of the actions of keys.Input. They are for the pane in which is
// typed, which hands on to Update what it does not do itself.
type (
	// Send ends typing with what was typed.
	Send struct{}
	// Leave ends typing; a draft stays.
	Leave struct{}
	// NewLine begins a line.
	NewLine struct{}
	// Edit opens the text in the person's editor.
	Edit struct{}
)

// Input is where text is typed. Each thing that can be written about, known by
// a key, has a draft of its own, which also the end of hf leaves.
type Input struct {
	d      *pane.Deps
	kind   string // of the drafts
	area   textarea.Model
	key    string // whose draft is in area; "" = nobody's
	active bool
	most   int // lines there is room for
}

// edited is what came back from the editor.
type edited struct {
	in        *Input
	key, text string
	err       error
}

// New returns an input for what is written of one kind: "message", "comment".
func New(d *pane.Deps, kind string) *Input {
	a := textarea.New()
	a.ShowLineNumbers = false
	a.CharLimit = 0
	a.MaxHeight = 0
	a.Prompt = d.Theme.Sign.Cursor + " "
	a.Cursor.SetMode(cursor.CursorStatic) // one that blinks draws the screen for nothing
	plain := lipgloss.NewStyle()
	for _, s := range []*textarea.Style{&a.FocusedStyle, &a.BlurredStyle} {
		*s = textarea.Style{Base: plain, CursorLine: plain, EndOfBuffer: plain, Placeholder: plain, Prompt: plain, Text: plain}
	}
	a.SetHeight(1)
	return &Input{d: d, kind: kind, area: a, most: most}
}

// Update takes what is typed, and the messages above but Send.
func (in *Input) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyMsg:
		return in.typed(msg)
	case NewLine:
		in.area.InsertString("\n")
		in.keep()
	case Leave:
		in.leave()
	case Edit:
		key := in.key
		return in.d.Program.Edit(in.area.Value(), func(text string, err error) tea.Msg { return edited{in, key, text, err} })
	case edited:
		if msg.in == in {
			return in.edited(msg)
		}
	case draft.Loaded:
		if in.Draft(in.key) == "" {
			in.area.SetValue(in.kept(in.key))
		}
	}
	return nil
}

func (in *Input) typed(msg tea.KeyMsg) (cmd tea.Cmd) {
	if !in.active {
		return nil
	}
	in.area.SetHeight(in.most) // so that it does not scroll what will be seen
	in.area, cmd = in.area.Update(msg)
	in.keep()
	return cmd
}

func (in *Input) edited(msg edited) tea.Cmd {
	if msg.err != nil {
		return command.Tell(command.Failed{Err: msg.err})
	}
	in.Put(msg.key, strings.TrimRight(msg.text, "\n"))
	if msg.key == in.key {
		return in.Begin()
	}
	return nil
}

// Of takes up the draft of a key and puts the other away.
func (in *Input) Of(key string) {
	if key == in.key {
		return
	}
	in.keep()
	in.key = key
	in.area.SetValue(in.kept(key))
	in.leave()
}

// Key is whose draft is typed.
func (in *Input) Key() string { return in.key }

// Draft is what was typed for a key, "" for nothing but blanks.
func (in *Input) Draft(key string) string {
	text := in.kept(key)
	if key == in.key {
		text = in.area.Value()
	}
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

func (in *Input) kept(key string) string { return in.d.Drafts.Get(draft.Key(in.kind, key)) }

// keep makes what is typed the draft.
func (in *Input) keep() {
	if in.key != "" {
		in.d.Drafts.Set(draft.Key(in.kind, in.key), in.area.Value())
	}
}

// Begin lets the person type.
func (in *Input) Begin() tea.Cmd {
	in.active = true
	return in.area.Focus()
}

func (in *Input) leave() {
	in.active = false
	in.area.Blur()
}

// Active reports whether text is typed now.
func (in *Input) Active() bool { return in.active }

// Take empties it and returns what was typed, "" for nothing.
func (in *Input) Take() string {
	text := strings.TrimSpace(in.area.Value())
	if text != "" {
		in.area.Reset()
		in.keep()
	}
	return text
}

// Put makes a text the draft of a key.
func (in *Input) Put(key, text string) {
	in.d.Drafts.Set(draft.Key(in.kind, key), text)
	if key == in.key {
		in.area.SetValue(text)
	}
}

// GiveBack makes what was taken a draft again, above what was typed since.
func (in *Input) GiveBack(key, text string) {
	if since := in.Draft(key); since != "" {
		text += "\n" + since
	}
	in.Put(key, text)
}

// View draws it below a line that says what is written, at most rows lines of
// text. There is nothing to draw when nothing is typed.
func (in *Input) View(label string, width, rows int) []string {
	if !in.active && in.Draft(in.key) == "" {
		return nil
	}
	in.area.SetWidth(width)
	in.most = min(most, max(rows, 1))
	if rows := in.lines(in.most); rows != in.area.Height() {
		in.area.SetHeight(rows)
		_ = in.area.View()               // it scrolls in what it drew last,
		in.area, _ = in.area.Update(nil) // to the line of the cursor
	}
	t := in.d.Theme
	label = widget.Cut(label, width-5, t.Sign.Ellipsis)
	head := t.Border.Render(strings.Repeat(t.Sign.Line, 2)) + " " + t.Dim.Render(label) + " " +
		t.Border.Render(strings.Repeat(t.Sign.Line, max(width-4-widget.Width(label), 0)))
	return append([]string{head}, strings.Split(in.area.View(), "\n")...)
}

// lines is how many lines the text takes as it is wrapped, most at most.
func (in *Input) lines(most int) (n int) {
	for line := range strings.SplitSeq(in.area.Value(), "\n") {
		// A line that is full has its cursor in the next one.
		if n += len(widget.Wrap(line+"_", in.area.Width())); n >= most {
			return most
		}
	}
	return n
}
