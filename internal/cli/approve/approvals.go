package approve

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// lister is what `hf approvals` asks of the daemon.
type lister interface {
	Approvals(ctx context.Context) ([]api.PermissionRequest, error)
	Permissions(ctx context.Context, task string) ([]api.PermissionRequest, error)
}

// ListOptions is one parsed call of `hf approvals`.
type ListOptions struct {
	IO     *iostreams.IOStreams
	Client func() (lister, error)
	Output *output.Flags
	Now    func() time.Time
	Task   string // "" = every task
}

// NewApprovals returns `hf approvals`. runF, where not nil, gets the options in
// its place.
func NewApprovals(f *factory.Factory, runF func(context.Context, *ListOptions) error) *cobra.Command {
	opts := &ListOptions{IO: f.IO, Client: func() (lister, error) { return f.Client() }, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "approvals [TASK]",
		Short: "List what agents ask for",
		Long:  "List the open permission requests of a task, or of every task that waits for one.",
		Example: `  hf approvals
  hf approvals --jq '.[] | "\(.task) \(.id)"'`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Task = factory.Task(args[0])
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runList(cmd.Context(), opts)
		},
	}
	opts.Output = output.Add(cmd, f, api.PermissionRequest{}, output.Array)
	return cmd
}

func runList(ctx context.Context, opts *ListOptions) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	open, err := opts.open(ctx, c)
	if err != nil {
		return err
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, open)
	}
	if len(open) == 0 {
		_, err = fmt.Fprintln(opts.IO.Err, "No agent asks for anything.")
		return err
	}
	width, st := 0, opts.IO.OutStyle()
	if opts.IO.OutTTY() {
		width = opts.IO.Width()
	}
	tb := table.New(width, st.Dim, "TASK", "REQUEST", "KIND", "WHAT", "AGE")
	tb.Spare(2, 4) // kind, age
	for i := range open {
		p := &open[i]
		what := p.Command
		if what == "" {
			what = p.Title
		}
		tb.Row(p.Task, p.ID, p.Kind, sanitize.Exact(what), render.Age(opts.Now(), p.CreatedAt))
	}
	return tb.Render(opts.IO.Out)
}

// open asks for the requests. The list is never nil, so that its JSON is one.
func (o *ListOptions) open(ctx context.Context, c lister) (open []api.PermissionRequest, err error) {
	if o.Task == "" {
		open, err = c.Approvals(ctx)
	} else {
		open, err = c.Permissions(ctx, o.Task)
	}
	return append([]api.PermissionRequest{}, open...), err
}
