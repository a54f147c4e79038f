package actions

import (
	"context"
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// underWay is how long it is waited for the end of what is to be taken back.
	underWay = 30 * time.Second
	// lookAgain is how often it is looked whether it has ended.
	lookAgain = 200 * time.Millisecond
)

// needsUndo is the When of undo.
func needsUndo(e *command.Env) string {
	if e.LastUndo() == nil {
		return "nothing was archived, killed or moved here that could be taken back"
	}
	return ""
}

// takeBack takes the last thing back that was done here. Of stacks it is asked
// before: others may have moved them since.
func takeBack(d *pane.Deps, e *command.Env) tea.Cmd {
	u := e.TakeUndo()
	if u.Repo != "" {
		return undoIn(d, e, u.Repo)
	}
	ctx, c, vars, what, tasks := e.Ctx, e.Client, e.Vars, u.What, u.Tasks
	e.Post(command.Done{Text: "taking back " + what}) // before what becomes of it
	return func() tea.Msg {
		var left []string
		var first error
		for _, id := range tasks {
			if err := restored(ctx, c, vars, id); err != nil {
				left = append(left, id)
				if first == nil {
					first = err
				}
			}
		}
		if first == nil {
			return command.Done{Text: "taken back: " + what}
		}
		return tea.BatchMsg{ // it can be tried again
			command.Tell(command.Undo{What: what, Tasks: left, Quiet: true}),
			command.Tell(command.Failed{Err: fmt.Errorf("take back %s: %w", what, first)}),
		}
	}
}

// restored restores a task as soon as hfd is done with ending it.
func restored(ctx context.Context, c command.Client, vars func(context.Context) (api.Env, error), task string) error {
	env, err := vars(ctx)
	if err != nil {
		return err
	}
	for end := time.Now().Add(underWay); ; {
		t, err := c.Task(ctx, task, false)
		if err != nil {
			return err
		}
		if t.Lifecycle != api.LifecycleArchiving && t.Lifecycle != api.LifecycleKilling || time.Now().After(end) {
			break
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	_, err = c.Restore(ctx, task, api.TaskAction{Env: env})
	return err
}
