package client

import (
	"context"
	"net/url"

	"github.com/hf-dev/hf/pkg/api"
)

// PullFilter narrows a list of pull requests. The zero value is every open one
// of the workspace.
type PullFilter struct {
	Repo string
	All  bool // those of tasks that ended, too
}

// PullRequests lists the pull requests that are known.
func (c *Client) PullRequests(ctx context.Context, f PullFilter) (out api.PullRequestList, err error) {
	q := url.Values{}
	set(q, api.QueryRepo, f.Repo)
	flag(q, api.QueryAll, f.All)
	err = c.call(ctx, api.RoutePulls, api.RoutePulls.Path(), c.scope(q), nil, &out)
	return out, err
}

// PullRequest returns what is known of a task's pull request.
func (c *Client) PullRequest(ctx context.Context, task string) (out api.PullRequest, err error) {
	err = c.call(ctx, api.RoutePull, api.RoutePull.Path(task), c.scope(nil), nil, &out)
	return out, err
}

// CreatePull pushes a task's branch and makes its pull request.
func (c *Client) CreatePull(ctx context.Context, task string, in api.CreatePull) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteCreatePull, api.RouteCreatePull.Path(task), c.scope(nil), in, &out)
	return out, err
}

// PlanPull says which pull request CreatePull would make.
func (c *Client) PlanPull(ctx context.Context, task string, in api.CreatePull) (out api.PullPlan, err error) {
	err = c.call(ctx, api.RoutePlanPull, api.RoutePlanPull.Path(task), c.scope(nil), in, &out)
	return out, err
}

// LookAtPull has hfd look at the forge, and returns a task's pull request as it
// is there.
func (c *Client) LookAtPull(ctx context.Context, task string, in api.LookAtPull) (out api.PullRequest, err error) {
	err = c.call(ctx, api.RouteLookAtPull, api.RouteLookAtPull.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Comments returns what people wrote about a task's pull request.
func (c *Client) Comments(ctx context.Context, task string, in api.ReadComments) (out api.Conversation, err error) {
	err = c.call(ctx, api.RouteComments, api.RouteComments.Path(task), c.scope(nil), in, &out)
	return out, err
}
