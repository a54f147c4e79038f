// Package rename is `hf rename`.
package rename

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// renamer is what the command asks of the daemon.
type renamer interface {
	Rename(ctx context.Context, task string, in api.RenameTask) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (renamer, error)
	Output *output.Flags
	Task   string
	Title  string
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (renamer, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "rename TASK TITLE...",
		Short: "Give a task another title",
		Long: `Give a task another title. Its branch and its directory keep their names, because
its agent works with them.`,
		Example: `  hf rename k3f9 "Make the login test reliable"
  hf rename . flaky login`,
		Args:              args.AtLeast("TASK", "TITLE"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task, opts.Title = factory.Task(args[0]), strings.Join(args[1:], " ")
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	opts.Output = output.Add(cmd, f, api.Task{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	a, err := c.Rename(ctx, opts.Task, api.RenameTask{Title: opts.Title})
	if err != nil {
		return err
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, a.Task)
	}
	_, err = fmt.Fprintf(opts.IO.Out, "%s  %s\n", a.Task.ID, sanitize.Line(a.Task.Title))
	return err
}
