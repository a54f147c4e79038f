package backend

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
)

// startOptions is one parsed call of `hf backend start`.
type startOptions struct {
	io     *iostreams.IOStreams
	client func() (starter, error)
}

func newStart(f *factory.Factory, runF func(context.Context, *startOptions) error) *cobra.Command {
	opts := &startOptions{io: f.IO, client: func() (starter, error) { return f.Client() }}
	return &cobra.Command{
		Use:               "start",
		Short:             "Start hfd, unless it runs",
		Long:              "Start hfd, unless it runs. Every command that needs it does the same.",
		Example:           "  hf backend start",
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runStart(cmd.Context(), opts)
		},
	}
}

func runStart(ctx context.Context, opts *startOptions) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	// Hello is answered before all is well; this is answered when it is.
	if _, err := c.Workspaces(ctx); err != nil {
		return err
	}
	hello, err := c.Hello(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(opts.io.Out, "hfd %s is running (pid %d)\n", sanitize.Line(hello.Version), hello.PID)
	return err
}
