package pull

import (
	"context"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// A pull request that was made and merged while no daemon looked is in no list
// of open ones. Branches that were pushed and have none are asked for by name,
// once, when a daemon begins to look.

// findStrays finds the branches of live tasks that may have such a pull request.
func (w *watch) findStrays(tx Tx, rows []api.PullRequest) error {
	tasks, err := tasksOf(tx, w.repo.ID)
	if err != nil {
		return err
	}
	w.strays = nil
	for i := range tasks {
		if t := &tasks[i]; maybeStray(t) && task.BestPull(rows, t.ID) == nil {
			w.strays = append(w.strays, t.Branch)
		}
	}
	return nil
}

func maybeStray(t *task.Task) bool {
	return t.Lifecycle != api.LifecycleArchived && t.Unpushed != nil
}

// stray asks for the pull requests of one such branch, where the look itself
// took a single request: a look never takes more than two.
func (w *watch) stray(ctx context.Context, client forge.Client, found *forge.Polled) []forge.PullRequest {
	open := map[string]bool{}
	for i := range found.Changed {
		open[branchOf(&found.Changed[i], w.place.Own)] = true
	}
	w.strays = slices.DeleteFunc(w.strays, func(branch string) bool { return open[branch] })
	if len(w.strays) == 0 || found.Requests > 1 || found.More || !strings.EqualFold(w.place.Own, w.place.At.Owner) {
		return nil
	}
	branch := w.strays[0]
	w.strays = w.strays[1:]
	pulls, err := client.PullRequestsOf(ctx, w.place.At, branch)
	found.Requests++
	if err != nil {
		w.s.cfg.Log.Debug("look for the pull request of a branch", "repo", w.repo.Name, "branch", branch, "err", err)
		return nil
	}
	return slices.DeleteFunc(pulls, func(p forge.PullRequest) bool { return p.State == api.PullRequestOpen })
}
