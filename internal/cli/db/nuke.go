package db

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// nuker is what `hf db nuke` asks of the daemon.
type nuker interface {
	NukeDatabase(ctx context.Context, in api.NukeRequest) (api.Nuked, error)
}

// nukeOptions is one parsed call of `hf db nuke`.
type nukeOptions struct {
	io     *iostreams.IOStreams
	client func() (nuker, error)
	output *output.Flags
	yes    bool
	force  bool
}

func newNuke(f *factory.Factory, runF func(context.Context, *nukeOptions) error) *cobra.Command {
	opts := &nukeOptions{io: f.IO, client: func() (nuker, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "nuke",
		Short: "Begin anew with an empty database",
		Long: `Begin anew with an empty database. The one there is is backed up first, and then
moved aside with the sessions: nothing is deleted. Worktrees, branches and all
refs stay as they are.

It is refused while there are tasks that are neither archived nor killed, unless
--force is given: then their agents are ended, and hf forgets the tasks.`,
		Example: `  hf db nuke --yes
  hf db nuke --yes --force`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runNuke(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&opts.force, "force", false, "even with live tasks, whose agents are ended")
	opts.output = output.Add(cmd, f, api.Nuked{})
	return cmd
}

func runNuke(ctx context.Context, opts *nukeOptions) error {
	if !opts.yes {
		if !opts.io.CanAsk() {
			return &exitcode.UsageError{Message: "--yes is needed where nobody can be asked", Hint: "`hf db nuke --yes` makes hf forget every task"}
		}
		ok, err := opts.io.Confirm("Forget every task and session? They are kept in a backup; worktrees and branches stay.")
		if err != nil {
			return err
		}
		if !ok {
			_, _ = fmt.Fprintln(opts.io.Err, "nothing was done") // the exit code says it, too
			return exitcode.SilentError(exitcode.Failed)
		}
	}
	c, err := opts.client()
	if err != nil {
		return err
	}
	done, err := c.NukeDatabase(ctx, api.NukeRequest{Force: opts.force})
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, done)
	}
	_, err = fmt.Fprintf(opts.io.Out, "backup    %s\nkept in   %s\n", sanitize.Line(done.Backup.Path), sanitize.Line(done.Dir))
	return err
}
