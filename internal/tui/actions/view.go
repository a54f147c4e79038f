package actions

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/conversation"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/reader"
	"github.com/hf-dev/hf/internal/tui/tasklist"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// List is how a person moves in the list of tasks.
func List() []command.Action {
	const group = "Tasks"
	return []command.Action{
		{Name: "list.down", Title: "Next task", Group: group, Place: keys.List, Keys: []string{"j", "down"}, Quiet: true, Msg: widget.Move(1)},
		{Name: "list.up", Title: "Previous task", Group: group, Place: keys.List, Keys: []string{"k", "up"}, Quiet: true, Msg: widget.Move(-1)},
		{Name: "next", Title: "Next task, from anywhere", Group: group, Place: keys.Global, Keys: []string{"ctrl+n"}, Quiet: true, Run: list(widget.Move(1))},
		{Name: "previous", Title: "Previous task, from anywhere", Group: group, Place: keys.Global, Keys: []string{"ctrl+p"}, Quiet: true, Run: list(widget.Move(-1))},
		{Name: "waiting", Title: "Next task that waits for you", Group: group, Place: keys.Panes, Keys: []string{"n"}, Run: list(tasklist.Waiting(1))},
		{Name: "waiting.previous", Title: "Previous task that waits for you", Group: group, Place: keys.Panes, Keys: []string{"N"}, Run: list(tasklist.Waiting(-1))},
		{Name: "list.pagedown", Title: "A screen down", Group: group, Place: keys.List, Keys: []string{"pgdown", "ctrl+d", "ctrl+f"}, Quiet: true, Msg: widget.Page(1)},
		{Name: "list.pageup", Title: "A screen up", Group: group, Place: keys.List, Keys: []string{"pgup", "ctrl+u", "ctrl+b"}, Quiet: true, Msg: widget.Page(-1)},
		{Name: "list.first", Title: "First task", Group: group, Place: keys.List, Keys: []string{"g", "home"}, Quiet: true, Msg: widget.Home{}},
		{Name: "list.last", Title: "Last task", Group: group, Place: keys.List, Keys: []string{"G", "end"}, Quiet: true, Msg: widget.End{}},
		{Name: "filter", Title: "Filter the tasks", Group: group, Place: keys.Panes, Keys: []string{"/"}, Run: func(e *command.Env) tea.Cmd {
			return e.Post(pane.Focus{Place: keys.List}, tasklist.Filter{})
		}},
		{Name: "clear", Title: "Show all tasks, unmark them", Group: group, Place: keys.List, Keys: []string{"esc"}, Quiet: true, Msg: tasklist.Clear{}},
		{Name: "mark", Title: "Mark the task for an action on many", Group: group, Place: keys.List, Keys: []string{" "}, Msg: tasklist.Mark{}},
		{Name: "mark.all", Title: "Mark all tasks shown", Group: group, Place: keys.List, Keys: []string{"*"}, Msg: tasklist.MarkAll{}},
		{Name: "fold", Title: "Hide or show the tasks of the repo", Group: group, Place: keys.List, Keys: []string{"-"}, Msg: tasklist.Fold{}},
	}
}

// Conversation is how a person moves in the conversation.
func Conversation() []command.Action {
	const group, place = "Conversation", keys.Conversation
	return []command.Action{
		{Name: "conversation.down", Title: "Scroll down", Group: group, Place: place, Keys: []string{"j", "down"}, Quiet: true, Msg: widget.Move(1)},
		{Name: "conversation.up", Title: "Scroll up", Group: group, Place: place, Keys: []string{"k", "up"}, Quiet: true, Msg: widget.Move(-1)},
		{Name: "conversation.pagedown", Title: "Half a screen down", Group: group, Place: place, Keys: []string{"pgdown", "ctrl+d", " ", "ctrl+f"}, Quiet: true, Msg: widget.Page(1)},
		{Name: "conversation.pageup", Title: "Half a screen up", Group: group, Place: place, Keys: []string{"pgup", "ctrl+u", "ctrl+b"}, Quiet: true, Msg: widget.Page(-1)},
		{Name: "conversation.begin", Title: "To the beginning", Group: group, Place: place, Keys: []string{"g", "home"}, Quiet: true, Msg: widget.Home{}},
		{Name: "conversation.end", Title: "To the end, and follow it", Group: group, Place: place, Keys: []string{"G", "end"}, Quiet: true, Msg: widget.End{}},
		{Name: "tool.next", Title: "Next tool call", Group: group, Place: place, Keys: []string{"]", "J"}, Quiet: true, Msg: conversation.Next(1)},
		{Name: "tool.previous", Title: "Previous tool call", Group: group, Place: place, Keys: []string{"[", "K"}, Quiet: true, Msg: conversation.Next(-1)},
		{Name: "tool.toggle", Title: "Unfold the tool call; else write a message", Group: group, Place: place, Keys: []string{"enter"}, Quiet: true, Msg: conversation.Toggle{}},
		{Name: "tool.all", Title: "Unfold or fold all tool calls", Group: group, Place: place, Keys: []string{"x"}, Msg: conversation.All{}},
	}
}

// list hands a message to the list wherever the focus is.
func list(msg tea.Msg) func(*command.Env) tea.Cmd {
	return func(e *command.Env) tea.Cmd { return e.Post(pane.To{Place: keys.List, Msg: msg}) }
}

// inspect shows the oldest request of the selected task in full.
func inspect(d *pane.Deps) tea.Cmd {
	t := d.Theme
	p := d.Store.Permissions(d.Store.Selected().ID)[0]
	return d.Show(reader.New(d, "the agent asks", func(width int) []string {
		out := widget.Wrap(t.Bold.Render(sanitize.Exact(p.Title)), width)
		if p.Command != "" {
			out = append(out, widget.Wrap("$ "+sanitize.Exact(p.Command), width)...)
		}
		for _, path := range p.Paths {
			out = append(out, widget.Wrap(t.Dim.Render(sanitize.Exact(path)), width)...)
		}
		for line := range strings.SplitSeq(strings.TrimRight(widget.Clean(p.Diff), "\n"), "\n") {
			style := t.Text
			switch {
			case strings.HasPrefix(line, "+"):
				style = t.Added
			case strings.HasPrefix(line, "-"):
				style = t.Removed
			case strings.HasPrefix(line, "@@"):
				style = t.Hunk
			}
			out = append(out, widget.Wrap(style.Render(line), width)...)
		}
		return out
	}))
}
