// Package kill is `hf kill`.
package kill

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// killer is what the command asks of the daemon.
type killer interface {
	follow.Watcher
	Kill(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (killer, error)
	Output *output.Flags
	Tasks  []string

	DeleteBranch bool
	Yes          bool
	NoWait       bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (killer, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "kill TASK...",
		Short: "End tasks; their work is saved first",
		Long: `End tasks: the agent with every process below it, and the sandbox. All work in the
sandbox, committed or not, is saved to refs/hf/saved/TASK first, and the branch
stays. On a terminal it asks before, unless --yes is given.

With --delete-branch the task's own branch goes, too, merged or not. For 30 days
hf restore brings all of it back.`,
		Example: `  hf kill k3f9
  hf kill k3f9 m2p1 --yes
  hf kill k3f9 --delete-branch`,
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
	cmd.Flags().BoolVar(&opts.DeleteBranch, "delete-branch", false, "delete the task's own branch, too, even if it is not merged")
	cmd.Flags().BoolVarP(&opts.Yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&opts.NoWait, "no-wait", false, "return as soon as it is accepted")
	opts.Output = output.Add(cmd, f, api.Task{}, output.Lines)
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	// All names are looked up before anything ends.
	details := make([]api.TaskDetail, len(opts.Tasks))
	for i, task := range opts.Tasks {
		if details[i], err = c.Task(ctx, task, false); err != nil {
			return err
		}
	}
	var errs []error
	for i := range details {
		errs = append(errs, opts.kill(ctx, c, &details[i]))
	}
	return errors.Join(errs...)
}

func (o *Options) kill(ctx context.Context, c killer, d *api.TaskDetail) error {
	if !o.Yes && o.IO.CanAsk() {
		ok, err := o.IO.Confirm(question(o.IO.ErrStyle(), d, o.DeleteBranch))
		if err != nil {
			return err
		}
		if !ok {
			_, _ = fmt.Fprintf(o.IO.Err, "task %s goes on\n", d.ID) // the exit code says it, too
			return exitcode.SilentError(exitcode.Failed)
		}
	}
	a, err := c.Kill(ctx, d.ID, api.TaskAction{DeleteBranch: o.DeleteBranch})
	if err != nil {
		return err
	}
	return follow.Finish(ctx, c, o.IO, o.Output, a, o.NoWait)
}

// question names what would end and what is kept.
func question(st iostreams.Style, d *api.TaskDetail, deleteBranch bool) string {
	saved := "It changed nothing."
	if d.Diff != nil && d.Diff.Files > 0 {
		saved = "Its work (" + render.DiffLong(d.Diff) + ") is saved to refs/hf/saved/" + d.ID + "."
	}
	branch := ""
	if d.Branch != "" {
		branch = " Branch " + sanitize.Line(d.Branch) + " stays."
		if deleteBranch {
			branch = " Branch " + sanitize.Line(d.Branch) + " is deleted; hf restore brings it back."
		}
	}
	return fmt.Sprintf("End task %s (%s, %s)? %s%s", st.Bold(d.ID), sanitize.Line(d.Title), render.Status(&d.Task), saved, branch)
}
