package actions

import (
	"context"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/palette"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// Workspace is how a person goes from one workspace to another.
func Workspace(d *pane.Deps) []command.Action {
	const group = "Tasks"
	return []command.Action{
		{Name: "workspace", Title: "Go to another workspace", Group: group, Place: keys.Panes, Keys: []string{"W"}, Run: func(*command.Env) tea.Cmd { return switcher(d) }},
		{Name: "workspace.use", Title: "Make this workspace the one that hf takes", Group: group, Place: keys.Panes, Run: func(e *command.Env) tea.Cmd {
			name := e.Workspace
			if name == "" {
				return command.Refuse("this is the workspace that hf takes already")
			}
			return e.Do("hf takes "+widget.CleanLine(name)+" from now on", func(ctx context.Context) error {
				_, err := e.Client.UseWorkspace(ctx, name)
				return err
			})
		}},
	}
}

// switcher asks which workspaces there are and shows them.
func switcher(d *pane.Deps) tea.Cmd {
	ctx, c := d.Ctx, d.Client
	return func() tea.Msg {
		l, err := c.Workspaces(ctx)
		if err != nil {
			return command.Failed{Err: err}
		}
		return pane.Run{Do: func() tea.Cmd { return pane.OpenCmd(palette.New(d, "workspace", workspaces(d, l.Workspaces))) }}
	}
}

// workspaces are the lines of the switcher. The one that is looked at is marked.
func workspaces(d *pane.Deps, list []api.Workspace) []palette.Item {
	here := d.Workspace
	for i := range list {
		if here == "" && list[i].Current {
			here = list[i].Name
		}
	}
	out := make([]palette.Item, 0, len(list))
	for i := range list {
		w := &list[i]
		it := palette.Item{
			Text:  widget.CleanLine(w.Name),
			Right: fmt.Sprintf("%s, %s", render.Count(w.Tasks, "task"), render.Count(w.Repos, "repo")),
			Run:   command.Tell(pane.Workspace{From: here, To: w.Name}),
		}
		if w.Name == here {
			it.Sign, it.Run = d.Theme.Sign.Done, nil
		}
		out = append(out, it)
	}
	return out
}
