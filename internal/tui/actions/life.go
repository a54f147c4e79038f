package actions

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/confirm"
	"github.com/hf-dev/hf/internal/tui/form"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// Life is what becomes of tasks.
func Life(d *pane.Deps) []command.Action {
	const group = "Tasks"
	last := &form.Last{}
	return []command.Action{
		{Name: "create", Title: "New task", Group: group, Place: keys.Panes, Keys: []string{"c"}, Run: func(*command.Env) tea.Cmd {
			f, look := form.New(d, last, nil)
			return tea.Batch(d.Show(f), look)
		}},
		{Name: "create.on", Title: "New task on top of this one", Group: group, Place: keys.Panes, Keys: []string{"C"}, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd {
			f, look := form.New(d, last, e.Store.Selected())
			return tea.Batch(d.Show(f), look)
		}},
		{Name: "rename", Title: "Rename the task", Group: group, Place: keys.Panes, Keys: []string{"R"}, When: command.NeedsTask, Run: func(*command.Env) tea.Cmd { return rename(d) }},
		{Name: "retry", Title: "Retry the step that failed", Group: group, Place: keys.Panes, Keys: []string{"t"}, Many: true, When: command.NeedsTask, Run: each("trying again", command.Client.Retry)},
		{Name: "archive", Title: "Archive: park it, keep everything", Group: group, Place: keys.Global, Keys: []string{"ctrl+x"}, Many: true, When: command.NeedsTask, Run: func(e *command.Env) tea.Cmd { return archive(e) }},
		{Name: "restore", Title: "Restore an archived or killed task", Group: group, Place: keys.Panes, Keys: []string{"r"}, Many: true, When: command.NeedsTask, Run: each("restoring", command.Client.Restore)},
		{Name: "undo", Title: "Take back the last archive, kill or action on stacks", Group: group, Place: keys.Panes, Keys: []string{"u"}, When: needsUndo, Run: func(e *command.Env) tea.Cmd { return takeBack(d, e) }},
		{Name: "kill", Title: "Kill: end it, its work is saved first", Group: group, Place: keys.Panes, Keys: []string{"D"}, Many: true, When: command.NeedsTask, Run: func(*command.Env) tea.Cmd { return kill(d) }},
	}
}

// rename asks for another title.
func rename(d *pane.Deps) tea.Cmd {
	t := d.Store.Selected()
	if t == nil {
		return command.Refuse("there is no task here")
	}
	id := t.ID
	return d.Show(confirm.NewLine(d, "rename", "branch and worktree keep their names", widget.CleanLine(t.Title), func(title string) tea.Cmd {
		return d.Do("renamed", func(ctx context.Context) error {
			_, err := d.Client.Rename(ctx, id, api.RenameTask{Title: title})
			return err
		})
	}))
}

// kill asks, and says what would be lost and what is kept.
func kill(d *pane.Deps) tea.Cmd {
	var lines []string
	for _, t := range d.Store.Targets() {
		line := d.Theme.Bold.Render(widget.CleanLine(t.Title)) + " " + d.Theme.StatusStyle(t.Status).Render(string(t.Status))
		switch {
		case t.Diff != nil && t.Diff.Files > 0:
			line += ": " + render.DiffLong(t.Diff) + " is saved"
		default:
			line += ": it changed nothing"
		}
		if t.Unpushed != nil && *t.Unpushed > 0 {
			line += ", " + render.Count(*t.Unpushed, "commit") + " not pushed"
		}
		lines = append(lines, line)
	}
	lines = append(lines, "", "The agents end. For 30 days restore brings all of it back.")
	do := func(e *command.Env, branch bool) tea.Cmd {
		return e.EachUndone("killing", func(ctx context.Context, task string) error {
			_, err := e.Client.Kill(ctx, task, api.TaskAction{DeleteBranch: branch})
			return err
		})
	}
	later := func(branch bool) tea.Cmd {
		return command.Tell(pane.Run{Do: func() tea.Cmd { return do(d.Env, branch) }})
	}
	return d.Show(confirm.New(d, "kill?", lines,
		confirm.Choice{Key: "y", Text: "kill, keep the branch", Run: later(false)},
		confirm.Choice{Key: "b", Text: "delete the branch, too", Run: later(true)},
	))
}

func archive(e *command.Env) tea.Cmd {
	return e.EachUndone("archiving", func(ctx context.Context, task string) error {
		vars, err := e.Vars(ctx)
		if err != nil {
			return err
		}
		_, err = e.Client.Archive(ctx, task, api.TaskAction{Env: vars})
		return err
	})
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
