package backend

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
)

func newRestart(f *factory.Factory, runF func(context.Context, *stopOptions) error) *cobra.Command {
	opts := newStopOptions(f)
	cmd := &cobra.Command{
		Use:   "restart",
		Short: "Stop hfd and start it again; agents go on",
		Long: `Stop hfd and start it again. Agents go on. With --force an hfd that hangs is
killed; nothing it had answered for is lost.`,
		Example:           "  hf backend restart --force",
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runRestart(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.force, "force", false, "kill it when it does not answer")
	return cmd
}

func runRestart(ctx context.Context, opts *stopOptions) error {
	if _, err := stop(ctx, opts); err != nil {
		return err
	}
	return runStart(ctx, &startOptions{io: opts.io, client: opts.client})
}
