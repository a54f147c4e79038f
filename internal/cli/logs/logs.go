// Package logs is `hf logs`.
package logs

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/when"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// reader is what the command asks of the daemon.
type reader interface {
	Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error)
	Transcript(ctx context.Context, task, after string, live bool) iter.Seq2[api.Entry, error]
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (reader, error)
	Output *output.Flags
	Task   string
	Follow bool
	After  string
	Since  time.Time // zero = the beginning
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (reader, error) { return f.Client() }}
	var since string
	cmd := &cobra.Command{
		Use:   "logs TASK",
		Short: "Print the transcript of a task",
		Long: `Print everything the agent of a task said, did and was told.

With --json every entry is one line of JSON. --follow goes on as the agent does,
over every restart of hfd; --after goes on behind the cursor of an entry; --since
begins at a time: how long ago (10m, 2h, 3d), a time of day, or a date.`,
		Example: `  hf logs k3f9
  hf logs - --follow --since 5m
  hf logs k3f9 --jq 'select(.kind == "tool") | .tool.title'`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
			if since != "" {
				var err error
				if opts.Since, err = when.Since(since, time.Now()); err != nil {
					return err
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.Follow, "follow", "f", false, "go on as the agent does")
	cmd.Flags().StringVar(&opts.After, "after", "", "begin behind this `cursor`")
	cmd.Flags().StringVar(&since, "since", "", "only what came since a `time`, or so long ago")
	complete.Flag(cmd, "after", complete.Nothing)
	complete.Flag(cmd, "since", complete.Nothing)
	opts.Output = output.Add(cmd, f, api.Entry{}, output.Lines)
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	if opts.Follow {
		ctx = opts.IO.WhileRead(ctx)
	}
	entries := since(opts.Since, c.Transcript(ctx, opts.Task, opts.After, opts.Follow))
	if opts.Output.On() {
		return printJSON(ctx, opts, entries)
	}
	d, err := c.Task(ctx, opts.Task, false)
	if err != nil {
		return err
	}
	p := render.NewTranscript(opts.IO.Out, opts.IO.OutStyle(), "", d.Path)
	for e, err := range entries {
		if err != nil {
			return errors.Join(p.End(), err)
		}
		if err := p.Print(e); err != nil {
			return err
		}
	}
	return p.End()
}

// since leaves out what came earlier.
func since(t time.Time, entries iter.Seq2[api.Entry, error]) iter.Seq2[api.Entry, error] {
	if t.IsZero() {
		return entries
	}
	return func(yield func(api.Entry, error) bool) {
		for e, err := range entries {
			if (err != nil || !e.Time.Before(t)) && !yield(e, err) {
				return
			}
		}
	}
}

func printJSON(ctx context.Context, opts *Options, entries iter.Seq2[api.Entry, error]) (err error) {
	s := opts.Output.Stream(ctx)
	defer func() { err = errors.Join(err, s.Close()) }()
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := s.Write(e); err != nil {
			return err
		}
	}
	return nil
}
