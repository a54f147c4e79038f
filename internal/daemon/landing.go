package daemon

import (
	"context"
	"fmt"
	"strings"

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

// submission says where git-spice makes pull requests of a repo for a caller. The
// repository itself has no say in where the token goes.
func (a *app) submission(ctx context.Context, r *task.Repo, env api.Env) (change.Submission, error) {
	place, ok, err := pull.Find(ctx, a.git, a.forges.IsForge, r)
	if err != nil {
		return change.Submission{}, err
	}
	if !ok {
		return change.Submission{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("the remote of repo %s is on no GitHub that hf knows of", r.Name),
			Hint: "`hf auth login --host HOST` makes one known; `hf push` pushes without a pull request",
		}
	}
	credential, err := a.logins.Credential(ctx, place.At.Host, env)
	if err != nil {
		return change.Submission{}, err
	}
	e, err := a.forges.Endpoint(place.At.Host)
	if err != nil {
		return change.Submission{}, err
	}
	return change.Submission{URL: e.Web.String(), APIURL: strings.TrimSuffix(e.GraphQL.String(), "/graphql"), Token: string(credential.Token)}, nil
}

// changeSettings is what the configuration says of changes.
func changeSettings(cfg config.Config) change.Settings {
	out := change.Settings{
		MergeMethod: cfg.Merge.Method, DeleteRemoteBranch: cfg.Merge.DeleteRemoteBranch, CheckLimit: cfg.Create.CheckTimeout,
		AutoRestack: cfg.Stack.AutoRestack == config.RestackIdle,
		FixRounds:   cfg.AutoFix.Rounds, FixPush: cfg.AutoFix.Push,
	}
	for kind, on := range map[api.FixKind]bool{
		api.FixCI: cfg.AutoFix.Ci, api.FixReviews: cfg.AutoFix.Reviews, api.FixConflicts: cfg.AutoFix.Conflicts,
	} {
		if on {
			out.AutoFix = append(out.AutoFix, kind)
		}
	}
	return out
}
