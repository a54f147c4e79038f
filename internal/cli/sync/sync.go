// Package sync is `hf sync`.
package sync

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

// syncer is what the command asks of the daemon.
type syncer interface {
	follow.Watcher
	Sync(ctx context.Context, task string, in api.SyncTask) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (syncer, error)
	Env    func(context.Context) (api.Env, error)
	Output *output.Flags
	Tasks  []string
	NoWait bool
	Now    bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (syncer, error) { return f.Client() }, Env: f.Env}
	cmd := &cobra.Command{
		Use:   "sync TASK...",
		Short: "Bring the branches of tasks up to date",
		Long: `Bring the branches of tasks up to date. What others pushed to the same branch is
taken in, and no commit of either side gets lost; then the branch is rebased on
its base: the branch below it in a stack, else the remote's trunk, which is
fetched. Where git-spice is there, this is an action on stacks: hf stack undo
puts the branch back.

An agent in the middle of a turn is waited for. Changes that are not committed
stay. A conflict stops there with exit code 6: resolve it in the task's worktree,
then hf stack continue TASK; or hf stack abort, or hf stack resolve, which has
the task's agent do it.`,
		Example: `  hf sync k3f9
  hf sync . --now`,
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
	cmd.Flags().BoolVar(&opts.Now, "now", false, "do not wait for the agent's turn to end")
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
		return c.Sync(ctx, id, api.SyncTask{Now: opts.Now, Env: env})
	})
}
