// Package merge is `hf merge`.
package merge

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// merger is what the command asks of the daemon.
type merger interface {
	follow.Watcher
	Merge(ctx context.Context, task string, in api.MergeTask) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (merger, error)
	Env    func(context.Context) (api.Env, error)
	Output *output.Flags
	Tasks  []string
	NoWait bool
	Task   api.MergeTask // what is asked of each
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (merger, error) { return f.Client() }, Env: f.Env}
	ways := map[api.MergeMethod]*bool{}
	cmd := &cobra.Command{
		Use:   "merge TASK...",
		Short: "Merge the branches of tasks into their bases",
		Long: `Merge the branches of tasks into their bases, then restack what stood on them and
archive the tasks.

A task with a pull request is merged by it, exactly as it was pushed: one that is
a draft, conflicts, has failing or unfinished checks, or of which reviewers want
changes is refused, and so is a branch of which not all is pushed. --auto has the
forge merge it when all that it needs is there; hf does the rest then. What stood
on it and hf had pushed is pushed again, unless somebody else pushed to it.

Without a pull request the branch is merged here, into the local base, also where
that is checked out: its files follow, and changes there that are not committed
stay. A file in the way, or a conflict, and nothing is changed. The task's --check
runs first, on what would come of it. The commits are by you. Which way is used
says merge.method in the configuration: squash, unless it says otherwise.`,
		Example: `  hf merge k3f9
  hf merge k3f9 --auto --squash
  hf merge . --rebase --keep`,
		Args:              args.AtLeast("TASK"),
		ValidArgsFunction: complete.Tasks(f, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Tasks = factory.Tasks(args)
			for method, on := range ways {
				switch {
				case !*on:
				case opts.Task.Method != "":
					return exitcode.Usagef("--%s and --%s are two ways to merge: give one of them", opts.Task.Method, method)
				default:
					opts.Task.Method = method
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	for _, w := range []struct {
		method api.MergeMethod
		usage  string
	}{
		{api.MergeSquash, "make one commit of it"}, {api.MergeRebase, "put its commits on top of the base"}, {api.MergeCommit, "make a merge commit"},
	} {
		ways[w.method] = fs.Bool(string(w.method), false, w.usage)
	}
	fs.BoolVar(&opts.Task.Auto, "auto", false, "have the forge merge it when all that it needs is there")
	fs.BoolVar(&opts.Task.Keep, "keep", false, "do not archive the task")
	fs.BoolVar(&opts.Task.Now, "now", false, "do not wait for the agent's turn to end")
	fs.BoolVarP(&opts.Task.Anyway, "yes", "y", false, "merge without what is not committed, and before checks and reviews are fine")
	fs.BoolVar(&opts.NoWait, "no-wait", false, "return as soon as it is accepted")
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
	in := opts.Task
	in.Env = env
	return follow.Each(ctx, c, opts.IO, opts.Output, opts.Tasks, opts.NoWait, func(id string) (api.Accepted, error) {
		return c.Merge(ctx, id, in)
	})
}
