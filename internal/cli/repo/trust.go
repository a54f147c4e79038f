package repo

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/trust"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

func newTrust(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "trust [REPO]",
		Short: "Allow a repository's own commands",
		Long: `Show the commands and variables in a repository's .hf/config.toml and ask whether hf
may use them. What is allowed is this exact content: when it changes, it is asked
again. Without REPO it is that of the current directory.

With --json nothing is asked: it prints what is there, and --yes allows it.`,
		Example: `  hf repo trust
  hf repo trust app --yes`,
		Args:              args.Range(0, "REPO"),
		ValidArgsFunction: complete.Repos(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.repo = factory.Repo(".")
			if len(args) > 0 {
				opts.repo = factory.Repo(args[0])
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.yes, "yes", "y", false, "allow them without asking")
	opts.output = output.Add(cmd, f, api.RepoTrust{})
	return cmd
}

func runTrust(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	t, err := c.RepoTrust(ctx, opts.repo)
	if err != nil {
		return err
	}
	if opts.output.On() {
		if opts.yes && !t.Trusted {
			if t, err = c.TrustRepo(ctx, opts.repo, t.Hash); err != nil {
				return err
			}
		}
		return opts.output.Write(ctx, t)
	}
	switch {
	case t.Hash == "" && t.Content == "":
		_, err = fmt.Fprintf(opts.io.Out, "%s has no commands of its own\n", sanitize.Line(t.Repo))
		return err
	case t.Trusted:
		return opts.trusted(&t)
	}
	if err := trust.Show(opts.io, t); err != nil {
		return err
	}
	if !opts.yes {
		if !opts.io.CanAsk() {
			return &api.Error{Code: api.CodeUntrusted, Message: "nobody can be asked whether to allow these commands", Hint: "--yes allows them"}
		}
		ok, err := opts.io.Confirm("Allow hf to run these commands on this machine?")
		if err != nil {
			return err
		}
		if !ok {
			return exitcode.SilentError(exitcode.Failed)
		}
	}
	// The hash is of what was shown: other content is refused by hfd.
	if t, err = c.TrustRepo(ctx, opts.repo, t.Hash); err != nil {
		return err
	}
	return opts.trusted(&t)
}

func (o *options) trusted(t *api.RepoTrust) error {
	_, err := fmt.Fprintf(o.io.Out, "the commands of %s are allowed\n", sanitize.Line(t.Repo))
	return err
}
