// Package push is `hf push`.
package push

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

// pusher is what the command asks of the daemon.
type pusher interface {
	follow.Watcher
	Push(ctx context.Context, task string, in api.PushTask) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (pusher, error)
	Env    func(context.Context) (api.Env, error)
	Output *output.Flags
	Tasks  []string
	NoWait bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (pusher, error) { return f.Client() }, Env: f.Env}
	cmd := &cobra.Command{
		Use:   "push TASK...",
		Short: "Push the branches of tasks",
		Long: `Push the branches of tasks to their remote: origin, or the only one there is.

A branch that was rewritten, as by a restack, is pushed over what is there when
that is what hf pushed or took in before, and never over anything else: hf keeps
its own record of each branch, so a fetch in the background makes no difference.
What somebody else pushed meanwhile stays, the push is refused with exit code 11,
and hf sync takes their commits in. A branch that somebody deleted on the remote
is made again.

Only commits are pushed. Hooks of the repository do not run. The branch gets the
remote's one as its upstream, unless it has another.`,
		Example: `  hf push k3f9
  hf push . --json branch,unpushed`,
		Args:              args.AtLeast("TASK"),
		ValidArgsFunction: complete.Tasks(f, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Tasks = factory.Tasks(args)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.NoWait, "no-wait", false, "return as soon as it is accepted")
	opts.Output = output.Add(cmd, f, api.Task{}, output.Lines)
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
	return follow.Each(ctx, c, opts.IO, opts.Output, opts.Tasks, opts.NoWait, func(id string) (api.Accepted, error) {
		return c.Push(ctx, id, api.PushTask{Env: env})
	})
}
