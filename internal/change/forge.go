package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Forge is where the pull requests of a repo are, and who speaks to it there.
type Forge struct {
	Client forge.Client
	At     forge.Repository // that has the pull requests
	Own    string           // the owner of the repository that hf pushes to
}

// forgeOf is the forge of a repo for a caller, nil where it has none or nobody
// is signed in there.
func (s *Service) forgeOf(ctx context.Context, repo *task.Repo, env api.Env) (*Forge, error) {
	f, err := s.cfg.Forge(ctx, repo, env)
	if api.IsCode(err, api.CodeUnauthorized) {
		s.cfg.Log.Info("nobody speaks to the forge of a repo", "repo", repo.Name, "err", err)
		return nil, nil
	}
	return f, err
}

// mine reports whether a pull request is one of a branch that hf pushes.
func (f *Forge) mine(p *forge.PullRequest) bool {
	return !p.CrossRepo || strings.EqualFold(p.HeadOwner, f.Own)
}

// pullOf asks a forge for the pull request of a branch: the newest that is open,
// else the newest that was merged with one of the commits; nil for none.
func (f *Forge) pullOf(ctx context.Context, branch string, commits ...string) (*forge.PullRequest, error) {
	all, err := f.Client.PullRequestsOf(ctx, f.At, branch)
	if err != nil {
		return nil, fmt.Errorf("ask %s for the pull request of %s: %w", f.At.Host, branch, err)
	}
	var best *forge.PullRequest
	for i := range all {
		p := &all[i]
		if !f.mine(p) || p.State != api.PullRequestOpen && (p.State != api.PullRequestMerged || !slices.Contains(commits, p.HeadCommit)) {
			continue
		}
		if best == nil || best.State != api.PullRequestOpen && p.State == api.PullRequestOpen {
			best = p
		}
	}
	return best, nil
}
