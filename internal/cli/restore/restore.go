// Package restore is `hf restore`.
package restore

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// restorer is what the command asks of the daemon.
type restorer interface {
	follow.Watcher
	Restore(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (restorer, error)
	Env    func(context.Context) (api.Env, error)
	Output *output.Flags
	Tasks  []string
	Detach bool
	NoWait bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (restorer, error) { return f.Client() }, Env: f.Env}
	cmd := &cobra.Command{
		Use:   "restore TASK...",
		Short: "Bring archived or killed tasks back",
		Long: `Bring archived or killed tasks back as they were: the branch, or the detached HEAD;
what was staged, changed and untracked; an unfinished rebase or merge. A branch
that kill --delete-branch deleted is made again. The conversation with the agent
goes on; an agent that was running when its task was archived is started.

A branch that has won commits since keeps them. When what was saved does not
belong on it any more, or it is checked out elsewhere, nothing is changed;
--detach brings the files back on no branch. Killed tasks can be brought back
until hf prune frees what was saved of them, 30 days after they ended.`,
		Example: `  hf restore k3f9
  hf restore k3f9 --detach
  hf list --all             # archived and killed ones, too`,
		Args:              args.AtLeast("TASK"),
		ValidArgsFunction: complete.EndedTasks(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Tasks = factory.Tasks(args)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Detach, "detach", false, "on no branch, at the commit that was checked out")
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
	var errs []error
	for _, task := range opts.Tasks {
		errs = append(errs, opts.restore(ctx, c, task, env))
	}
	return errors.Join(errs...)
}

func (o *Options) restore(ctx context.Context, c restorer, task string, env api.Env) error {
	a, err := c.Restore(ctx, task, api.TaskAction{Env: env, Detach: o.Detach})
	if err != nil {
		return err
	}
	return follow.Finish(ctx, c, o.IO, o.Output, a, o.NoWait)
}
