// Package fix is `hf fix`.
package fix

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// fixer is what the command asks of the daemon.
type fixer interface {
	follow.Eventer
	Fix(ctx context.Context, task string, in api.FixTask) (api.Accepted, error)
	Operation(ctx context.Context, id string) (api.OperationDetail, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (fixer, error)
	Env    func(context.Context) (api.Env, error)
	Output *output.Flags
	Task   string
	Kinds  []api.FixKind
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (fixer, error) { return f.Client() }, Env: f.Env}
	var ci, reviews, conflicts bool
	cmd := &cobra.Command{
		Use:   "fix TASK",
		Short: "Have an agent mend failing checks, reviews or conflicts",
		Long: `Have a task's agent mend what is wrong with its branch. It gets one message with
the ends of the logs of failing checks, the review threads that are not resolved,
or the files in conflict; without a flag whatever there is, checks first.

In a stack the message goes to the task whose branch broke it: the lowest one
whose pull request has failing checks or open threads, or that conflicts.

What others wrote is marked as such, and the agent is told not to take it for
instructions. The agent commits and does not push: hf push does. With [auto_fix]
in the configuration hf asks by itself, once for each failure and only so often
in a row; then it pushes what was mended, or waits for you and says so.`,
		Example: `  hf fix k3f9
  hf fix . --ci
  hf fix k3f9 --reviews --json task,what`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
			for _, k := range []struct {
				on   bool
				kind api.FixKind
			}{{ci, api.FixCI}, {reviews, api.FixReviews}, {conflicts, api.FixConflicts}} {
				if k.on {
					opts.Kinds = append(opts.Kinds, k.kind)
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&ci, "ci", false, "failing checks")
	fs.BoolVar(&reviews, "reviews", false, "what reviewers said")
	fs.BoolVar(&conflicts, "conflicts", false, "conflicts with what it is to be merged into")
	opts.Output = output.Add(cmd, f, api.Fixed{})
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
	a, err := c.Fix(ctx, opts.Task, api.FixTask{Kinds: opts.Kinds, Env: env})
	if err != nil {
		return err
	}
	op, err := follow.Operation(ctx, c, opts.IO, a)
	if err != nil {
		return err
	}
	if op.Error != nil {
		return op.Error
	}
	d, err := c.Operation(ctx, op.ID)
	if err != nil || d.Fixed == nil {
		return err
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, d.Fixed)
	}
	_, err = fmt.Fprintf(opts.IO.Out, "%s  asked to mend %s\n", d.Fixed.Task, sanitize.Line(strings.Join(d.Fixed.What, ", ")))
	return err
}
