// Package palette is the dialog that finds an action by its name, and a menu
// of anything else.
package palette

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Item is one line of it.
type Item struct {
	Sign  string // before it: one column, where other items have one
	Text  string
	Right string // at the right: a key
	Why   string // why it cannot be chosen now
	Run   tea.Cmd
	Seen  tea.Msg // what is posted as soon as the cursor comes to it
}

// Dialog shows items, and of them those that match what is typed.
type Dialog struct {
	d     *pane.Deps
	title string
	input textinput.Model
	signs bool // some items have a sign
	items []Item
	shown []Item
	list  widget.List

	Leave tea.Msg // what is posted when nothing is chosen
}

// New returns a menu of items.
func New(d *pane.Deps, title string, items []Item) *Dialog {
	in := textinput.New()
	in.Prompt = d.Theme.Sign.Cursor + " "
	in.Focus()
	m := &Dialog{d: d, title: title, input: in, items: items}
	m.signs = slices.ContainsFunc(items, func(it Item) bool { return it.Sign != "" })
	m.filter()
	return m
}

// Actions is the menu of every action: those that can be done first.
func Actions(d *pane.Deps) *Dialog {
	var can, cannot []Item
	for _, a := range d.Table.All() {
		if a.Quiet {
			continue
		}
		hints := make([]string, 0, 2)
		for _, k := range d.Keys.Of(a.Name) {
			hints = append(hints, keys.Show(k))
		}
		it := Item{Text: a.Title, Right: strings.Join(hints, " "), Why: a.Why(d.Env), Run: command.Tell(pane.Act{Name: a.Name})}
		if it.Why == "" {
			can = append(can, it)
		} else {
			cannot = append(cannot, it)
		}
	}
	return New(d, "do", append(can, cannot...))
}

// Begin puts the cursor on an item by its text.
func (m *Dialog) Begin(text string) { m.list.Select(text) }

// Update takes keys.
func (m *Dialog) Update(msg tea.Msg) (tea.Cmd, bool) {
	key, ok := msg.(tea.KeyMsg)
	if !ok {
		return nil, false
	}
	was := m.list.Selected()
	cmd, done := m.key(key)
	if i := m.list.Index(); !done && i >= 0 && m.list.Selected() != was && m.shown[i].Seen != nil {
		m.d.Post(m.shown[i].Seen)
	}
	return cmd, done
}

func (m *Dialog) key(key tea.KeyMsg) (tea.Cmd, bool) {
	switch key.String() {
	case "esc", "ctrl+c", "ctrl+k":
		if m.Leave != nil {
			m.d.Post(m.Leave)
		}
		return nil, true
	case "up", "ctrl+p":
		m.list.Move(-1)
	case "down", "ctrl+n", "tab":
		m.list.Move(1)
	case "pgup":
		m.list.Page(-1)
	case "pgdown":
		m.list.Page(1)
	case "enter":
		return m.choose()
	default:
		var cmd tea.Cmd
		m.input, cmd = m.input.Update(key)
		m.filter()
		return cmd, false
	}
	return nil, false
}

func (m *Dialog) choose() (tea.Cmd, bool) {
	i := m.list.Index()
	if i < 0 {
		return nil, false
	}
	if why := m.shown[i].Why; why != "" {
		return command.Refuse("%s", why), false
	}
	return m.shown[i].Run, true
}

// filter shows the items that hold every word that is typed, those whose text
// begins with it first.
func (m *Dialog) filter() {
	words := strings.Fields(strings.ToLower(m.input.Value()))
	var begins, holds []Item
	for _, it := range m.items {
		text := strings.ToLower(it.Text + " " + it.Right)
		switch {
		case !all(text, words):
		case len(words) > 0 && strings.HasPrefix(text, words[0]):
			begins = append(begins, it)
		default:
			holds = append(holds, it)
		}
	}
	m.shown = append(begins, holds...)
	ids := make([]string, len(m.shown))
	for i := range ids {
		ids[i] = m.shown[i].Text
	}
	m.list.Sync(ids, nil)
	m.list.Home()
}

func all(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// View draws it.
func (m *Dialog) View(width, height int) []string {
	t := m.d.Theme
	w := min(width, 72)
	rows := min(max(len(m.items), 1), max(height-5, 1), 18)
	m.list.Resize(rows)
	m.input.Width = w - 8
	lines := make([]string, 0, rows+1)
	lines = append(lines, " "+m.input.View())
	from, to := m.list.Visible()
	for i := from; i < to; i++ {
		it := &m.shown[i]
		text := it.Text
		if it.Why != "" {
			text = t.Dim.Render(text + " (" + it.Why + ")")
		}
		if m.signs {
			text = t.Marked.Render(widget.Fit(it.Sign, 1, "")) + " " + text
		}
		right := t.Key.Render(it.Right) + " "
		line := " " + widget.Fit(text, max(w-4-widget.Width(right), 0), t.Sign.Ellipsis) + " " + right
		if i == m.list.Index() {
			line = t.Selected.Over(widget.Fit(line, w-2, ""))
		}
		lines = append(lines, line)
	}
	for len(lines) < rows+1 {
		lines = append(lines, "")
	}
	return widget.Box(t, m.title, lines, w, true)
}
