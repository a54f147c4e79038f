// Package archive is `hf archive`.
package archive

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

// archiver is what the command asks of the daemon.
type archiver interface {
	follow.Watcher
	Archive(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (archiver, error)
	Output *output.Flags
	Tasks  []string
	NoWait bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (archiver, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "archive TASK...",
		Short: "Park tasks; everything is kept for hf restore",
		Long: `Park tasks: the agent ends, everything in the sandbox is saved to
refs/hf/saved/TASK (changes, staged and not, untracked files, ignored ones that
.worktreeinclude lists, an unfinished rebase, a detached HEAD), and the sandbox
is removed. The branch stays. hf restore brings all of it back.

Processes that hf did not start are not ended. While one works in the sandbox,
its directory is kept in a trash, and what it still writes there is saved, too.
So are, until hf prune, ignored files that nothing lists.`,
		Example: `  hf archive k3f9
  hf archive k3f9 m2p1 --no-wait`,
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
	return follow.Each(ctx, c, opts.IO, opts.Output, opts.Tasks, opts.NoWait, func(id string) (api.Accepted, error) {
		return c.Archive(ctx, id, api.TaskAction{})
	})
}
