package auth

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

func newToken(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print the token that hf uses",
		Long:  "Print the token that hf uses for a host, for other programs. Whoever reads it can\nact as you.",
		Example: `  GITHUB_TOKEN=$(hf auth token) git-spice auth status
  hf auth token --host github.example.com`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), opts) },
	}
	opts.hostFlag(cmd, "of this `host`; GH_HOST or github.com when not given")
	opts.output = output.Add(cmd, f, api.AuthSecret{})
	return cmd
}

func runToken(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	env, err := opts.env(ctx)
	if err != nil {
		return err
	}
	s, err := c.AuthToken(ctx, api.AuthQuery{Host: opts.one(), Env: env})
	if err != nil {
		return err
	}
	if opts.io.OutTTY() {
		if _, err := fmt.Fprintf(opts.io.Err, "hf: whoever sees this can act as you on %s; it is the token %s\n", sanitize.Line(s.Host), from(s.Source)); err != nil {
			return err
		}
	}
	if opts.output.On() {
		return opts.output.Write(ctx, &s)
	}
	_, err = fmt.Fprintln(opts.io.Out, s.Token)
	return err
}

func newLogout(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Forget what hf auth login stored",
		Long: `Forget what ` + "`hf auth login`" + ` stored for a host, and the tokens of earlier callers
that hfd keeps in memory. The token itself stays valid: GitHub's settings revoke
it. gh's own login is gh's.`,
		Example: `  hf auth logout
  hf auth logout --host github.example.com`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), opts) },
	}
	opts.hostFlag(cmd, "of this `host`; GH_HOST or github.com when not given")
	opts.output = output.Add(cmd, f, api.AuthLoggedOut{})
	return cmd
}

func runLogout(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	env, err := opts.env(ctx)
	if err != nil {
		return err
	}
	out, err := c.AuthLogout(ctx, api.AuthLogout{Host: opts.one(), Env: env})
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, &out)
	}
	for _, source := range out.Remaining {
		if _, err := fmt.Fprintf(opts.io.Err, "hf: still signed in by the token %s\n", from(source)); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(opts.io.Out, "signed out of %s\n", sanitize.Line(out.Host))
	return err
}
