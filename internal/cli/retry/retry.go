// Package retry is `hf retry`.
package retry

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// retrier is what the command asks of the daemon.
type retrier interface {
	follow.Watcher
	Retry(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (retrier, error)
	Env    func(context.Context) (api.Env, error)
	Output *output.Flags
	Task   string
	NoWait bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (retrier, error) { return f.Client() }, Env: f.Env}
	cmd := &cobra.Command{
		Use:   "retry TASK",
		Short: "Go on with a task from the step that failed",
		Long: `Go on with a task from the step that failed or halted. The steps before it are
kept. The variables of this shell take the place of those that were given before.`,
		Example: `  hf retry k3f9
  ANTHROPIC_API_KEY=... hf retry -     # with what was missing`,
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
	cmd.Flags().BoolVar(&opts.NoWait, "no-wait", false, "return as soon as it is accepted")
	opts.Output = output.Add(cmd, f, api.Task{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	env, err := opts.Env(ctx)
	if err != nil {
		return err
	}
	a, err := c.Retry(ctx, opts.Task, api.TaskAction{Env: env})
	if err != nil {
		return err
	}
	return follow.Finish(ctx, c, opts.IO, opts.Output, a, opts.NoWait)
}
