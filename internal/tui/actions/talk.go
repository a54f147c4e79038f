// Package actions is the table of what a person can do, by what it is about.
package actions

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/conversation"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/pkg/api"
)

// Talk is what is done with the agent of a task.
func Talk(d *pane.Deps) []command.Action {
	const group = "Agent"
	return []command.Action{
		{Name: "approve", Title: "Allow what the agent asks", Group: group, Place: keys.Panes, Keys: []string{"a"}, When: asks, Run: resolve("allowed", api.ResolvePermission{Allow: true})},
		{Name: "always", Title: "Allow it now and from now on", Group: group, Place: keys.Panes, Keys: []string{"A"}, When: asks, Run: resolve("allowed from now on", api.ResolvePermission{Allow: true, Always: true})},
		{Name: "deny", Title: "Deny what the agent asks", Group: group, Place: keys.Panes, Keys: []string{"d"}, When: asks, Run: resolve("denied", api.ResolvePermission{})},
		{Name: "inspect", Title: "Show all of what the agent asks", Group: group, Place: keys.Panes, Keys: []string{"v"}, When: asks, Run: func(*command.Env) tea.Cmd { return inspect(d) }},
		{Name: "message", Title: "Send a message to the agent", Group: group, Place: keys.Panes, Keys: []string{"m", "i"}, When: command.NeedsLife, Run: message},
		{Name: "interrupt", Title: "Interrupt the turn", Group: group, Place: keys.Panes, Keys: []string{"I"}, Many: true, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd {
			return e.Each("interrupting", func(ctx context.Context, task string) error {
				_, err := e.Client.Interrupt(ctx, task, api.TaskAction{})
				return err
			})
		}},
		{Name: "attach", Title: "Attach: the whole conversation", Group: group, Place: keys.Global, Keys: []string{"ctrl+a"}, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd {
			return e.Program.HF("attach", e.Store.Selected().ID)
		}},
		{Name: "attach.terminal", Title: "Attach to the agent's own terminal", Group: group, Place: keys.Panes, Keys: []string{"T"}, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd {
			return e.Program.HF("attach", "--terminal", e.Store.Selected().ID)
		}},
		{Name: "shell", Title: "Open a shell in the sandbox", Group: group, Place: keys.Panes, Keys: []string{"s"}, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd {
			return e.Program.HF("shell", e.Store.Selected().ID)
		}},
		{Name: "editor", Title: "Open the sandbox in an editor", Group: group, Place: keys.Panes, Keys: []string{"e"}, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd {
			return e.Program.HF("open", e.Store.Selected().ID)
		}},

		{Name: "input.send", Title: "Send the message", Group: group, Place: keys.Input, Keys: []string{"enter"}, Quiet: true, Msg: compose.Send{}},
		{Name: "input.newline", Title: "Begin a new line", Group: group, Place: keys.Input, Keys: []string{"alt+enter", "ctrl+j"}, Quiet: true, Msg: compose.NewLine{}},
		{Name: "input.editor", Title: "Write it in $EDITOR", Group: group, Place: keys.Input, Keys: []string{"ctrl+e"}, Quiet: true, Msg: compose.Edit{}},
		{Name: "input.leave", Title: "Stop typing", Group: group, Place: keys.Input, Keys: []string{"esc"}, Quiet: true, Msg: compose.Leave{}},
	}
}

// asks is the When of answers.
func asks(e *command.Env) string {
	t := e.Store.Selected()
	switch {
	case t == nil:
		return "there is no task here"
	case len(e.Store.Permissions(t.ID)) == 0:
		return "the agent asks for nothing"
	}
	return ""
}

// resolve answers the oldest request of the selected task. Where what is asked
// is not on the screen it is shown instead: nothing is allowed unseen.
func resolve(done string, in api.ResolvePermission) func(e *command.Env) tea.Cmd {
	return func(e *command.Env) tea.Cmd {
		if e.Seen != nil && !e.Seen(keys.Conversation) {
			// Told, not posted: the second of two keys at once must find it unseen, too.
			return tea.Batch(command.Tell(pane.Focus{Place: keys.Conversation}), command.Say("this is what the agent asks; press the key again"))
		}
		t := e.Store.Selected()
		p := e.Store.Permissions(t.ID)[0]
		if p.Kind == api.PermissionKindInput && in.Allow {
			return message(e)
		}
		return e.Do(done, func(ctx context.Context) error {
			_, err := e.Client.Resolve(ctx, p.Task, p.ID, in)
			return err
		})
	}
}

// message begins to type a message to the selected task.
func message(e *command.Env) tea.Cmd {
	return e.Post(pane.Focus{Place: keys.Conversation}, conversation.Message{})
}
