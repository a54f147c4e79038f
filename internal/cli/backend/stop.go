package backend

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
)

// stopOptions is one parsed call of `hf backend stop` or `restart`.
type stopOptions struct {
	io     *iostreams.IOStreams
	keeper func(force bool) (keeper, error)
	client func() (starter, error)
	force  bool
}

func newStopOptions(f *factory.Factory) *stopOptions {
	return &stopOptions{
		io:     f.IO,
		keeper: func(force bool) (keeper, error) { return f.Launcher(force) },
		client: func() (starter, error) { return f.Client() },
	}
}

func newStop(f *factory.Factory, runF func(context.Context, *stopOptions) error) *cobra.Command {
	opts := newStopOptions(f)
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop hfd; agents go on",
		Long: `Stop hfd. Requests in progress are answered first. Agents go on, and what they
do is taken up by the next hfd. It is no error when hfd does not run.`,
		Example:           "  hf backend stop",
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runStop(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.force, "force", false, "kill it when it does not answer")
	return cmd
}

func runStop(ctx context.Context, opts *stopOptions) error {
	was, err := stop(ctx, opts)
	if err != nil {
		return err
	}
	if !was {
		_, err = fmt.Fprintln(opts.io.Err, "hfd was not running")
		return err
	}
	_, err = fmt.Fprintln(opts.io.Out, "hfd stopped")
	return err
}

func stop(ctx context.Context, opts *stopOptions) (bool, error) {
	k, err := opts.keeper(opts.force)
	if err != nil {
		return false, err
	}
	return k.Stop(ctx)
}
