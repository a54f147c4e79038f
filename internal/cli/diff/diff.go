// Package diff is `hf diff`.
package diff

import (
	"context"
	"fmt"
	"io"

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

// differ is what the command asks of the daemon.
type differ interface {
	Diff(ctx context.Context, task string, kind api.PatchKind) (api.Diff, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (differ, error)
	Output *output.Flags
	Task   string
	Stat   bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (differ, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "diff TASK",
		Short: "Show what a task changed",
		Long: `Show what a task changed: its sandbox, committed or not and untracked files
included, against the commit where its branch left its base.

Away from a terminal the patch is exact, so that git apply takes it.`,
		Example: `  hf diff k3f9
  hf diff . --stat
  hf diff k3f9 | git apply`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Stat, "stat", false, "only the files, with how many lines changed")
	opts.Output = output.Add(cmd, f, api.Diff{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	kind := api.PatchExact
	switch {
	case opts.Stat:
		kind = api.PatchNone
	case opts.Output.On(), opts.IO.OutTTY():
		kind = api.PatchText
	}
	d, err := c.Diff(ctx, opts.Task, kind)
	if err != nil {
		return err
	}
	if d.Cut {
		fmt.Fprintf(opts.IO.Err, "hf: the patch is too long to be shown; `hf exec %s -- git diff %s` has all but untracked files\n", sanitize.Line(d.Task), sanitize.Line(d.Base))
	}
	switch {
	case opts.Output.On():
		return opts.Output.Write(ctx, d)
	case opts.Stat:
		return stat(opts.IO, &d)
	}
	if kind == api.PatchText {
		_, err = io.WriteString(opts.IO.Out, render.Patch(opts.IO.OutStyle(), sanitize.Text(d.Patch)))
		return err
	}
	_, err = opts.IO.Out.Write(d.Exact)
	return err
}

func stat(streams *iostreams.IOStreams, d *api.Diff) error {
	if len(d.Files) == 0 {
		return nil
	}
	width, st := 0, streams.OutStyle()
	if streams.OutTTY() {
		width = streams.Width()
	}
	tb := table.New(width, nil)
	for _, f := range d.Files {
		name := f.Path
		if f.OldPath != "" && f.OldPath != f.Path {
			name = f.OldPath + " -> " + f.Path
		}
		added, removed := fmt.Sprintf("+%d", f.Added), fmt.Sprintf("-%d", f.Removed)
		if f.Binary {
			added, removed = "binary", ""
		}
		tb.Cells(table.Cell{Text: " " + f.Status}, table.Cell{Text: name},
			table.Cell{Text: added, Style: st.Green}, table.Cell{Text: removed, Style: st.Red})
	}
	if err := tb.Render(streams.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(streams.Out, " "+render.DiffLong(&d.Stat))
	return err
}
