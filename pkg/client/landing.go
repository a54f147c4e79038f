package client

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

// Push pushes a task's branch to its remote.
func (c *Client) Push(ctx context.Context, task string, in api.PushTask) (out api.Accepted, err error) {
	err = c.call(ctx, api.RoutePush, api.RoutePush.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Sync takes into a task's branch what others pushed, and rebases it on its base.
func (c *Client) Sync(ctx context.Context, task string, in api.SyncTask) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteSync, api.RouteSync.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Merge merges a task's branch into its base.
func (c *Client) Merge(ctx context.Context, task string, in api.MergeTask) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteMerge, api.RouteMerge.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Fix has an agent mend what is wrong with a task's branch.
func (c *Client) Fix(ctx context.Context, task string, in api.FixTask) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteFix, api.RouteFix.Path(task), c.scope(nil), in, &out)
	return out, err
}
