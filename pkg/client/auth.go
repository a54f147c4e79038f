package client

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

// Auth says who is signed in to the forges.
func (c *Client) Auth(ctx context.Context, in api.AuthQuery) (out api.AuthList, err error) {
	err = c.call(ctx, api.RouteAuth, api.RouteAuth.Path(), nil, in, &out)
	return out, err
}

// AuthLogin begins a sign-in by a code. hfd goes on with it by itself.
func (c *Client) AuthLogin(ctx context.Context, in api.AuthLogin) (out api.AuthFlow, err error) {
	err = c.call(ctx, api.RouteAuthLogin, api.RouteAuthLogin.Path(), nil, in, &out)
	return out, err
}

// AuthFlow says how far a sign-in is. It waits a while for its end: ask again
// while it is pending.
func (c *Client) AuthFlow(ctx context.Context, id string) (out api.AuthFlow, err error) {
	err = c.call(ctx, api.RouteAuthFlow, api.RouteAuthFlow.Path(id), nil, nil, &out)
	return out, err
}

// AuthStore gives hfd a token to keep.
func (c *Client) AuthStore(ctx context.Context, in api.AuthStore) (out api.AuthAccount, err error) {
	err = c.call(ctx, api.RouteAuthStore, api.RouteAuthStore.Path(), nil, in, &out)
	return out, err
}

// AuthToken returns the token that is used for a host.
func (c *Client) AuthToken(ctx context.Context, in api.AuthQuery) (out api.AuthSecret, err error) {
	err = c.call(ctx, api.RouteAuthToken, api.RouteAuthToken.Path(), nil, in, &out)
	return out, err
}

// AuthLogout forgets the login of hf's own.
func (c *Client) AuthLogout(ctx context.Context, in api.AuthLogout) (out api.AuthLoggedOut, err error) {
	err = c.call(ctx, api.RouteAuthLogout, api.RouteAuthLogout.Path(), nil, in, &out)
	return out, err
}
