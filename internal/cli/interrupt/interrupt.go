// Package interrupt is `hf interrupt`.
package interrupt

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// interrupter is what the command asks of the daemon.
type interrupter interface {
	Interrupt(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (interrupter, error)
	Task   string
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (interrupter, error) { return f.Client() }}
	return &cobra.Command{
		Use:   "interrupt TASK",
		Short: "Cancel the turn an agent is in",
		Long: `Cancel the turn the agent of a task is in. What it did so far stays, and it takes
the next message. It is an error when there is no turn.`,
		Example: `  hf interrupt k3f9
  hf interrupt - && hf send - "do it another way"`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	a, err := c.Interrupt(ctx, opts.Task, api.TaskAction{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(opts.IO.Out, "interrupting the turn of task %s\n", a.Task.ID)
	return err
}
