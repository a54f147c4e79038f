package actions

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/pkg/api"
)

// Life is what becomes of tasks.
func Life() []command.Action {
	const group = "Tasks"
	return []command.Action{
		{Name: "archive", Title: "Archive: park it, keep everything", Group: group, Place: keys.Global, Keys: []string{"ctrl+x"}, Many: true, When: command.NeedsTask, Run: each("archiving", command.Client.Archive)},
		{Name: "restore", Title: "Restore an archived or killed task", Group: group, Place: keys.Panes, Keys: []string{"r"}, Many: true, When: command.NeedsTask, Run: each("restoring", command.Client.Restore)},
		{Name: "retry", Title: "Retry the step that failed", Group: group, Place: keys.Panes, Keys: []string{"t"}, Many: true, When: command.NeedsTask, Run: each("trying again", command.Client.Retry)},
	}
}

// each is an action on every target that is one request.
func each(verb string, do func(command.Client, context.Context, string, api.TaskAction) (api.Accepted, error)) func(*command.Env) tea.Cmd {
	return func(e *command.Env) tea.Cmd {
		return e.Each(verb, func(ctx context.Context, task string) error {
			vars, err := e.Vars(ctx)
			if err != nil {
				return err
			}
			_, err = do(e.Client, ctx, task, api.TaskAction{Env: vars})
			return err
		})
	}
}
