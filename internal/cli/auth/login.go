package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/browser"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// maxToken bounds what is read for a token, in bytes.
const maxToken = 64 << 10

func opener(f *factory.Factory) func(page string) error {
	return func(page string) error { return browser.Open(f.Environ, page) }
}

func newLogin(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "login",
		Short: "Sign in by a code in the browser, or with a token",
		Long: `Sign in by a code that is typed into a page of GitHub, or with a token that is
read from standard input. hfd keeps the token in a file that only you can read,
and goes on to wait for the code when this command ends.

To sign in by a code hf needs an OAuth app with the device flow, since it has
none of its own: set forge."HOST".client_id in the configuration to the client
id of one. Where gh is signed in there is nothing to do: hf uses that.`,
		Example: `  hf auth login
  hf auth login --with-token < token.txt
  hf auth login --host github.example.com --no-browser`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), opts) },
	}
	opts.hostFlag(cmd, "sign in to this `host`; GH_HOST or github.com when not given")
	cmd.Flags().BoolVar(&opts.withToken, "with-token", false, "read a token from standard input")
	cmd.Flags().StringSliceVar(&opts.scopes, "scopes", nil, "what the token may do, instead of repo and read:org")
	cmd.Flags().BoolVar(&opts.noBrowser, "no-browser", false, "open no browser")
	complete.Flag(cmd, "scopes", complete.Nothing)
	opts.output = output.Add(cmd, f, api.AuthAccount{})
	return cmd
}

func runLogin(ctx context.Context, opts *options) error {
	if opts.withToken && (len(opts.scopes) > 0 || opts.noBrowser) {
		return exitcode.Usagef("a token has its scopes, and needs no browser: --with-token stands alone")
	}
	c, err := opts.client()
	if err != nil {
		return err
	}
	env, err := opts.env(ctx)
	if err != nil {
		return err
	}
	var account api.AuthAccount
	if opts.withToken {
		account, err = opts.store(ctx, c, env)
	} else {
		account, err = opts.device(ctx, c, env)
	}
	if err != nil {
		return err
	}
	opts.shadowed(ctx, c, env, account.Host)
	if opts.output.On() {
		return opts.output.Write(ctx, &account)
	}
	who := ""
	if account.User != "" {
		who = " as " + sanitize.Line(account.User)
	}
	_, err = fmt.Fprintf(opts.io.Out, "signed in to %s%s\n", sanitize.Line(account.Host), who)
	return err
}

func (o *options) store(ctx context.Context, c signer, env api.Env) (api.AuthAccount, error) {
	if o.io.InTTY() {
		if _, err := fmt.Fprintf(o.io.Err, "Paste a token for %s, then press Enter and Ctrl-D.\n", o.one()); err != nil {
			return api.AuthAccount{}, err
		}
	}
	b, err := io.ReadAll(io.LimitReader(o.io.In, maxToken))
	if err != nil {
		return api.AuthAccount{}, fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return api.AuthAccount{}, exitcode.Usagef("there is no token on standard input")
	}
	return c.AuthStore(ctx, api.AuthStore{Host: o.one(), Token: token, Env: env})
}

func (o *options) device(ctx context.Context, c signer, env api.Env) (api.AuthAccount, error) {
	flow, err := c.AuthLogin(ctx, api.AuthLogin{Host: o.one(), Scopes: o.scopes, Env: env})
	if err != nil {
		return api.AuthAccount{}, err
	}
	if err := o.invite(flow); err != nil {
		return api.AuthAccount{}, err
	}
	for flow.State == api.AuthFlowPending {
		if flow, err = c.AuthFlow(ctx, flow.ID); err != nil {
			return api.AuthAccount{}, o.left(ctx, err)
		}
	}
	switch {
	case flow.Error != nil:
		return api.AuthAccount{}, flow.Error
	case flow.Account == nil:
		return api.AuthAccount{}, &api.Error{Code: api.CodeInternal, Message: "hfd does not say who is signed in"}
	}
	return *flow.Account, nil
}

// invite tells the person what to do.
func (o *options) invite(f api.AuthFlow) error {
	st := o.io.ErrStyle()
	_, err := fmt.Fprintf(o.io.Err, "Your code is %s. Type it in at %s\nIt holds until %s. Waiting…\n",
		st.Bold(sanitize.Line(f.Code)), sanitize.Line(f.URL), f.ExpiresAt.Local().Format(time.TimeOnly))
	if err != nil || o.noBrowser || !o.io.CanAsk() {
		return err
	}
	if err := o.open(f.URL); err != nil && !errors.Is(err, browser.ErrNone) {
		_, err = fmt.Fprintf(o.io.Err, "(no browser was opened: %s)\n", sanitize.Line(err.Error()))
		return err
	}
	return nil
}

// left says what goes on when the person does not wait any more.
func (o *options) left(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		_, _ = fmt.Fprintln(o.io.Err, "hfd goes on waiting for the code; hf auth status shows when you are signed in.") // a notice only
	}
	return err
}

// shadowed tells that another token goes before the one that was stored.
func (o *options) shadowed(ctx context.Context, c signer, env api.Env, host string) {
	used, err := c.AuthToken(ctx, api.AuthQuery{Host: host, Env: env})
	if err != nil || used.Source == sourceStore {
		return
	}
	_, _ = fmt.Fprintf(o.io.Err, "hf: here the token %s goes before this one\n", from(used.Source)) // a notice only
}
