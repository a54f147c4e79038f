package actions

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/pull"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// Work is what brings the work of tasks into its base.
func Work(d *pane.Deps) []command.Action {
	const group = "Work"
	return []command.Action{
		{Name: "push", Title: "Push the branch", Group: group, Place: keys.Panes, Keys: []string{"p"}, Many: true, When: command.NeedsLife, Run: behind("push", "push")},
		{Name: "sync", Title: "Sync: take over what is on the remote and in the base", Group: group, Place: keys.Global, Keys: []string{"ctrl+s"}, Many: true, When: command.NeedsLife, Run: behind("sync", "sync")},
		{Name: "pr.create", Title: "Create a pull request, or update it", Group: group, Place: keys.Panes, Keys: []string{"P"}, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd { return create(d, e) }},
		{Name: "pr.open", Title: "Open the pull request in the browser", Group: group, Place: keys.Global, Keys: []string{"ctrl+o"}, When: needsPull, Run: behind("open", "pr", "open")},
		{Name: "merge", Title: "Merge the pull request", Group: group, Place: keys.Global, Keys: []string{"ctrl+y"}, When: command.NeedsLife, Run: func(e *command.Env) tea.Cmd { return merge(d, e) }},
		{Name: "fix.ci", Title: "Have the agent mend failing checks", Group: group, Place: keys.Checks, Keys: []string{"f"}, When: needsPull, Run: behind("fix", "fix", "--ci")},
		{Name: "fix.reviews", Title: "Have the agent answer the reviews", Group: group, Place: keys.Checks, Keys: []string{"F"}, When: needsPull, Run: behind("fix", "fix", "--reviews")},
	}
}

// needsPull is the When of actions on a pull request.
func needsPull(e *command.Env) string {
	t := e.Store.Selected()
	if t == nil {
		return "there is no task here"
	}
	if p, ok := t.Pull.Get(); !ok || p.State == api.PullRequestNone {
		return "the task has no pull request"
	}
	return ""
}

// behind runs a command of hf for the selected task, or for each marked one.
func behind(what string, args ...string) func(*command.Env) tea.Cmd {
	return func(e *command.Env) tea.Cmd {
		var cmds []tea.Cmd
		for _, t := range e.Store.Targets() {
			cmds = append(cmds, e.Program.Behind(what+" "+widget.CleanLine(t.Title), append(append([]string(nil), args...), t.ID)...))
		}
		e.Store.Unmark()
		return tea.Sequence(append([]tea.Cmd{command.Say("%s: %d at work", what, len(cmds))}, cmds...)...)
	}
}

// create asks what the pull request is to be. Those of several tasks are made as
// hf makes them.
func create(d *pane.Deps, e *command.Env) tea.Cmd {
	if len(e.Store.Targets()) > 1 {
		return behind("pull request", "pr", "create")(e)
	}
	m, plan := pull.NewCreate(d, e.Store.Targets()[0])
	return tea.Batch(d.Show(m), plan)
}

// merge asks how, and says what is in the way.
func merge(d *pane.Deps, e *command.Env) tea.Cmd {
	m, look := pull.NewMerge(d, e.Store.Selected())
	return tea.Batch(d.Show(m), look)
}
