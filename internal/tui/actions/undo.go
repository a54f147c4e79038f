package actions

import (
	"context"
	"encoding/json"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/confirm"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// lookBack is how many of the newest events are searched for the last action.
const lookBack = 1000

// undo asks before, and says what would be undone.
func undo(d *pane.Deps, e *command.Env) tea.Cmd { return undoIn(d, e, branches(e)[0].Repo) }

func undoIn(d *pane.Deps, e *command.Env, repo string) tea.Cmd {
	ctx, c := e.Ctx, e.Client
	m, look := confirm.NewLater(d, "undo?", func() (func() pane.Dialog, error) {
		last := lastAction(ctx, c, repo)
		return func() pane.Dialog { return askUndo(d, repo, last) }, nil
	})
	return tea.Batch(d.Show(m), look)
}

func askUndo(d *pane.Deps, repo string, last *api.HistoryEntry) pane.Dialog {
	lines := []string{"The last action on the stacks of " + d.Theme.Bold.Render(widget.Name(repo)) + " that changed anything:"}
	if last != nil {
		lines = append(lines, d.Theme.Accent.Render(render.Age(d.Now(), last.Time)+" ago")+" "+widget.Name(last.Text))
	}
	lines = append(lines, "", "Every branch goes back to where it was before. What is moved away is kept below refs/hf/. What was pushed stays pushed.")
	return confirm.New(d, "undo?", lines, confirm.Choice{
		Key: "y", Text: "undo", Run: act(d.Env, "undo in "+widget.Name(repo), api.StackAction{Action: api.StackUndo, Repo: repo}),
	})
}

// lastAction is what undo is about, as far as history tells: nil where it does
// not. hfd knows it in any case.
func lastAction(ctx context.Context, c command.Client, repo string) *api.HistoryEntry {
	id := ""
	repos, err := c.Repos(ctx)
	if err != nil {
		return nil
	}
	for i := range repos.Repos {
		if repos.Repos[i].Name == repo {
			id = repos.Repos[i].ID
		}
	}
	var last []*api.HistoryEntry // those that are not undone, the newest at the end
	for e, err := range c.History(ctx, client.HistoryFilter{Limit: lookBack}) {
		var what api.StackEvent
		if err != nil {
			return nil
		}
		switch e.Kind {
		case api.EventStackDone, api.EventStackStopped, api.EventStackUndone:
		default:
			continue
		}
		if json.Unmarshal(e.Data, &what) != nil || what.Repo != id {
			continue
		}
		if e.Kind == api.EventStackUndone || moved(&what.Report) {
			last = without(last, what.Operation)
		}
		if e.Kind != api.EventStackUndone && moved(&what.Report) {
			last = append(last, &e)
		}
	}
	if len(last) == 0 {
		return nil
	}
	return last[len(last)-1]
}

// without takes the entry of an operation away: it is undone, or told anew.
func without(list []*api.HistoryEntry, operation string) []*api.HistoryEntry {
	out := list[:0]
	for _, e := range list {
		var what api.StackEvent
		if json.Unmarshal(e.Data, &what) == nil && what.Operation != operation {
			out = append(out, e)
		}
	}
	return out
}

// moved reports whether an action changed anything.
func moved(r *api.StackReport) bool {
	if r.Stopped {
		return true
	}
	for i := range r.Branches {
		switch r.Branches[i].Outcome {
		case api.OutcomeRestacked, api.OutcomeMoved, api.OutcomeMerged, api.OutcomeTracked, api.OutcomeUntracked, api.OutcomeFolded:
			return true
		default:
		}
	}
	return false
}
