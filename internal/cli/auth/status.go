package auth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// The sources of tokens that are no variable.
const (
	sourceGH    = "gh"
	sourceStore = "hf"
)

// from says where a token comes from.
func from(source string) string {
	switch source {
	case sourceGH:
		return "of gh's login"
	case sourceStore:
		return "of hf auth login"
	}
	return "in " + sanitize.Line(source)
}

func newStatus(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show who is signed in where, and whether that holds",
		Long: `Show who is signed in where, where each token comes from and whether the host
accepts it. The one that is used is marked with a star.

It ends with code 4 when nobody is signed in, or the token that is used is not
accepted.`,
		Example: `  hf auth status
  hf auth status --host github.example.com --json=user,source,valid`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), opts) },
	}
	opts.hostFlag(cmd, "only this `host`")
	opts.output = output.Add(cmd, f, api.AuthAccount{}, output.Array)
	return cmd
}

func runStatus(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	env, err := opts.env(ctx)
	if err != nil {
		return err
	}
	l, err := c.Auth(ctx, api.AuthQuery{Host: opts.host, Env: env})
	if err != nil {
		return err
	}
	if opts.output.On() {
		err = opts.output.Write(ctx, append([]api.AuthAccount{}, l.Accounts...))
	} else {
		err = opts.table(l.Accounts)
	}
	if err != nil {
		return err
	}
	return opts.verdict(l.Accounts)
}

// verdict is the error of who is not signed in.
func (o *options) verdict(accounts []api.AuthAccount) error {
	if len(accounts) == 0 {
		host := o.one()
		return &api.Error{
			Code: api.CodeUnauthorized, Message: "nobody is signed in to " + host,
			Hint: "hf auth login, gh auth login, or set GH_TOKEN",
		}
	}
	for _, a := range accounts {
		if a.Active && a.Valid != nil && !*a.Valid {
			if o.output.On() {
				return exitcode.SilentError(exitcode.Auth)
			}
			e := a.Error
			if e == nil {
				e = &api.Error{Code: api.CodeUnauthorized, Message: fmt.Sprintf("the token for %s is not accepted", a.Host)}
			}
			return e
		}
	}
	return nil
}

func (o *options) table(accounts []api.AuthAccount) error {
	if len(accounts) == 0 {
		return nil // the error says it
	}
	width, st := 0, o.io.OutStyle()
	if o.io.OutTTY() {
		width = o.io.Width()
	}
	tb := table.New(width, st.Dim, "", "HOST", "USER", "TOKEN", "STATE", "SCOPES")
	for i := range accounts {
		a := &accounts[i]
		mark := ""
		if a.Active {
			mark = "*"
		}
		tb.Row(mark, a.Host, a.User, from(a.Source), state(a), strings.Join(a.Scopes, ","))
	}
	return tb.Render(o.io.Out)
}

// state says whether a token holds.
func state(a *api.AuthAccount) string {
	switch {
	case a.Valid == nil && a.Error != nil:
		return "not known: " + a.Error.Message
	case a.Valid == nil:
		return "not known"
	case !*a.Valid:
		return "not accepted"
	case a.ExpiresAt != nil:
		return "ok until " + a.ExpiresAt.Local().Format(time.DateOnly)
	}
	return "ok"
}
