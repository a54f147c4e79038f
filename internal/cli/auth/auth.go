// Package auth is `hf auth`: who is signed in to GitHub.
package auth

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// defaultHost is the forge of who names none.
const defaultHost = "github.com"

// signer is what the commands ask of the daemon.
type signer interface {
	Auth(ctx context.Context, in api.AuthQuery) (api.AuthList, error)
	AuthLogin(ctx context.Context, in api.AuthLogin) (api.AuthFlow, error)
	AuthFlow(ctx context.Context, id string) (api.AuthFlow, error)
	AuthStore(ctx context.Context, in api.AuthStore) (api.AuthAccount, error)
	AuthToken(ctx context.Context, in api.AuthQuery) (api.AuthSecret, error)
	AuthLogout(ctx context.Context, in api.AuthLogout) (api.AuthLoggedOut, error)
}

// options is one parsed call.
type options struct {
	io        *iostreams.IOStreams
	client    func() (signer, error)
	env       func(context.Context) (api.Env, error)
	open      func(page string) error // in a browser
	output    *output.Flags
	hosts     complete.Func
	fallback  string // the host when none is named
	host      string
	scopes    []string
	withToken bool
	noBrowser bool
}

type runFunc func(context.Context, *options) error

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auth",
		Short: "Sign in to GitHub",
		Long: `Sign in to GitHub, or to a GitHub Enterprise host. Pull requests need that.

The token that is used is the first that is there: that of a variable of the
shell (GH_TOKEN or GITHUB_TOKEN, for Enterprise hosts GH_ENTERPRISE_TOKEN or
GITHUB_ENTERPRISE_TOKEN), that of gh's own login, that of ` + "`hf auth login`" + `.`,
		Example: `  hf auth status
  hf auth login --host github.example.com`,
	}
	return args.Group(cmd, newLogin(f, runLogin), newStatus(f, runStatus), newToken(f, runToken), newLogout(f, runLogout))
}

func newOptions(f *factory.Factory) *options {
	return &options{
		io: f.IO, client: func() (signer, error) { return f.Client() }, env: f.Env,
		open: opener(f), hosts: complete.Hosts(f), fallback: f.Getenv("GH_HOST"),
	}
}

// hostFlag adds the flag that names a host.
func (o *options) hostFlag(cmd *cobra.Command, usage string) {
	cmd.Flags().StringVar(&o.host, "host", "", usage)
	complete.Flag(cmd, "host", o.hosts)
}

// one returns the host that is meant where only one can be.
func (o *options) one() string {
	switch {
	case o.host != "":
		return o.host
	case o.fallback != "":
		return o.fallback
	}
	return defaultHost
}
