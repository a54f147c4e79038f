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
