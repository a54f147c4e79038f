package tui

import (
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/actions"
	"github.com/hf-dev/hf/internal/tui/checks"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/conversation"
	"github.com/hf-dev/hf/internal/tui/diff"
	"github.com/hf-dev/hf/internal/tui/events"
	"github.com/hf-dev/hf/internal/tui/help"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/palette"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/stack"
	"github.com/hf-dev/hf/internal/tui/tasklist"
)

// panes are the parts of the screen: the list, then the views of the selected
// task in the order of their tabs.
func panes(d *pane.Deps) []pane.Pane {
	return []pane.Pane{
		tasklist.New(d),
		conversation.New(d),
		diff.New(d),
		stack.New(d),
		checks.New(d),
		events.New(d),
	}
}

// table is everything a person can do.
func table(d *pane.Deps) *command.Table {
	return command.NewTable(
		actions.Talk(d),
		actions.Life(d),
		actions.Workspace(d),
		actions.Work(d),
		actions.List(),
		actions.Conversation(),
		actions.Diff(),
		actions.Stack(d),
		actions.Checks(),
		actions.Events(),
		screenActions(d),
		views(),
	)
}

// views goes to a view of the selected task by its name.
func views() []command.Action {
	places := []keys.Place{keys.Conversation, keys.Diff, keys.Stack, keys.Checks, keys.Events}
	out := make([]command.Action, 0, len(places))
	for i, place := range places {
		out = append(out, command.Action{
			Name: "view." + string(place), Title: "Go to the " + string(place), Group: "Screen", Place: keys.Global,
			Keys: []string{"alt+" + strconv.Itoa(i+1)}, When: command.NeedsTask,
			Run: func(e *command.Env) tea.Cmd { return e.Post(pane.Focus{Place: place}) },
		})
	}
	return out
}

// screenActions is what is done with the screen itself.
func screenActions(d *pane.Deps) []command.Action {
	const group = "Screen"
	menu := func(*command.Env) tea.Cmd { return d.Show(palette.Actions(d)) }
	to := func(msg tea.Msg) func(*command.Env) tea.Cmd {
		return func(e *command.Env) tea.Cmd { return e.Post(msg) }
	}
	return []command.Action{
		{Name: "view.next", Title: "Next view of the task", Group: group, Place: keys.Panes, Keys: []string{"tab"}, Quiet: true, Run: to(nextView)},
		{Name: "view.previous", Title: "Previous view of the task", Group: group, Place: keys.Panes, Keys: []string{"shift+tab"}, Quiet: true, Run: to(previousView)},
		{Name: "open", Title: "Go to the task", Group: group, Place: keys.List, Keys: []string{"enter", "l", "right"}, Quiet: true, Run: to(focusView)},
		{Name: "back", Title: "Back to the tasks", Group: group, Place: keys.Panes, Keys: []string{"esc", "h", "left"}, Quiet: true, Run: to(focusList)},
		{Name: "palette", Title: "Find any action by its name", Group: group, Place: keys.Panes, Keys: []string{":"}, Quiet: true, Run: menu},
		{Name: "palette.now", Title: "Find any action, also while typing", Group: group, Place: keys.Global, Keys: []string{"ctrl+k"}, Quiet: true, Run: menu},
		{Name: "help", Title: "Show the keys", Group: group, Place: keys.Panes, Keys: []string{"?"}, Run: func(e *command.Env) tea.Cmd {
			return d.Show(help.New(d, e.Place))
		}},
		{Name: "zoom", Title: "Zoom the pane", Group: group, Place: keys.Panes, Keys: []string{"z"}, Run: to(toggleZoom)},
		{Name: "theme", Title: "Try another theme", Group: group, Place: keys.Panes, Run: to(themeMsg{pick: true})},
		{Name: "suspend", Title: "Suspend hf", Group: group, Place: keys.Global, Keys: []string{"ctrl+z"}, Run: func(e *command.Env) tea.Cmd { return e.Program.Suspend() }},
		{Name: "redraw", Title: "Draw the screen anew", Group: group, Place: keys.Global, Keys: []string{"ctrl+l"}, Quiet: true, Run: func(e *command.Env) tea.Cmd { e.Screen.Redraw(); return nil }},
		{Name: "quit", Title: "Quit; the tasks go on", Group: group, Place: keys.Panes, Keys: []string{"q"}, Run: func(*command.Env) tea.Cmd { return tea.Quit }},
		{Name: "quit.now", Title: "Quit from anywhere", Group: group, Place: keys.Global, Keys: []string{"ctrl+c"}, Quiet: true, Run: func(*command.Env) tea.Cmd { return tea.Quit }},
	}
}
