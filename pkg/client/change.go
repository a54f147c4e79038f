package client

import (
	"context"
	"net/url"

	"github.com/hf-dev/hf/pkg/api"
)

// Operation asks how far an operation is and what came of it.
func (c *Client) Operation(ctx context.Context, id string) (out api.OperationDetail, err error) {
	err = c.call(ctx, api.RouteOperation, api.RouteOperation.Path(id), nil, nil, &out)
	return out, err
}

// StackFilter says which repo's stacks are meant. The zero value is the one of
// the client's directory.
type StackFilter struct {
	Task string // the repo of this one, which is marked
	Repo string
}

// Stack asks how the branches of a repo stand on one another.
func (c *Client) Stack(ctx context.Context, f StackFilter) (out api.Stack, err error) {
	q := url.Values{}
	set(q, api.QueryTask, f.Task)
	set(q, api.QueryRepo, f.Repo)
	err = c.call(ctx, api.RouteStack, api.RouteStack.Path(), c.scope(q), nil, &out)
	return out, err
}

// StackAction asks for an action on a stack. The client's workspace and
// directory stand in for those not given.
func (c *Client) StackAction(ctx context.Context, in api.StackAction) (out api.ChangeAccepted, err error) {
	in.Workspace, in.Cwd = or(in.Workspace, c.opts.Workspace), or(in.Cwd, c.opts.Cwd)
	err = c.call(ctx, api.RouteStackAction, api.RouteStackAction.Path(), c.scope(nil), in, &out)
	return out, err
}
