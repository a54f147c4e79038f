package daemon

import (
	"context"

	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/pull"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// repoForge finds where the pull requests of a repo are, and who speaks to the
// forge there for a caller.
func (a *app) repoForge(ctx context.Context, r *task.Repo, env api.Env) (*change.Forge, error) {
	place, ok, err := pull.Find(ctx, a.git, a.forges.IsForge, r)
	if err != nil || !ok {
		return nil, err
	}
	client, err := a.forges.Client(ctx, place.At.Host, env)
	if err != nil {
		return nil, err
	}
	return &change.Forge{Client: client, At: place.At, Own: place.Own}, nil
}

// changeSettings is what the configuration says of changes.
func changeSettings(cfg config.Config) change.Settings {
	return change.Settings{
		MergeMethod: cfg.Merge.Method, DeleteRemoteBranch: cfg.Merge.DeleteRemoteBranch, CheckLimit: cfg.Create.CheckTimeout,
	}
}
