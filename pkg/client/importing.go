package client

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

// ListImport asks for a page of what there is of an owner to import.
func (c *Client) ListImport(ctx context.Context, in api.ListImport) (out api.ImportPage, err error) {
	in.Workspace = or(in.Workspace, c.opts.Workspace)
	err = c.call(ctx, api.RouteListImport, api.RouteListImport.Path(), c.scope(nil), in, &out)
	return out, err
}

// ImportRepos adds repositories, which are cloned in the background.
func (c *Client) ImportRepos(ctx context.Context, in api.ImportRepos) (out api.RepoList, err error) {
	in.Workspace = or(in.Workspace, c.opts.Workspace)
	err = c.call(ctx, api.RouteImportRepos, api.RouteImportRepos.Path(), c.scope(nil), in, &out)
	return out, err
}
