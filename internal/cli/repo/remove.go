package repo

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/sanitize"
)

func newRemove(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	return &cobra.Command{
		Use:               "remove REPO",
		Aliases:           []string{"rm"},
		Short:             "Forget a repository; its files stay",
		Long:              "Forget a repository. Its files stay where they are. One that has live tasks is kept.",
		Example:           "  hf repo remove app",
		Args:              args.Exact("REPO"),
		ValidArgsFunction: complete.Repos(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.repo = factory.Repo(args[0])
			return run(cmd.Context(), opts)
		},
	}
}

func runRemove(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	if err := c.RemoveRepo(ctx, opts.repo); err != nil {
		return err
	}
	_, err = fmt.Fprintf(opts.io.Out, "removed %s; its files stay\n", sanitize.Line(opts.repo))
	return err
}
