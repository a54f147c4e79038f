package client

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

// Database asks where the database is and how it is.
func (c *Client) Database(ctx context.Context) (out api.Database, err error) {
	err = c.call(ctx, api.RouteDatabase, api.RouteDatabase.Path(), nil, nil, &out)
	return out, err
}

// CheckDatabase has everything looked at that can be wrong with the database.
func (c *Client) CheckDatabase(ctx context.Context) (out api.DatabaseCheck, err error) {
	err = c.call(ctx, api.RouteCheck, api.RouteCheck.Path(), nil, struct{}{}, &out)
	return out, err
}

// BackupDatabase copies the database to a file that must not exist yet.
func (c *Client) BackupDatabase(ctx context.Context, in api.BackupRequest) (out api.BackupFile, err error) {
	err = c.call(ctx, api.RouteBackup, api.RouteBackup.Path(), nil, in, &out)
	return out, err
}

// NukeDatabase makes hfd begin anew with an empty database.
func (c *Client) NukeDatabase(ctx context.Context, in api.NukeRequest) (out api.Nuked, err error) {
	err = c.call(ctx, api.RouteNuke, api.RouteNuke.Path(), nil, in, &out)
	return out, err
}
