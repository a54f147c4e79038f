package client

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

// RepoOverview joins the branches of a repo, its tasks, its pull requests and
// hf's worktrees.
func (c *Client) RepoOverview(ctx context.Context, repo string) (out api.RepoOverview, err error) {
	err = c.call(ctx, api.RouteRepoOverview, api.RouteRepoOverview.Path(repo), c.scope(nil), nil, &out)
	return out, err
}
