// Package history is `hf history`.
package history

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/wrap"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

const (
	defaultLimit = 50
	idWidth      = 8  // columns of a task's id
	titleWidth   = 20 // columns of a task's title
	narrow       = 64 // columns of a terminal that has no room for titles
)

// historian is what the command asks of the daemon.
type historian interface {
	History(ctx context.Context, f client.HistoryFilter) iter.Seq2[api.HistoryEntry, error]
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (historian, error)
	Output *output.Flags
	Now    func() time.Time
	Filter client.HistoryFilter
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (historian, error) { return f.Client() }, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "history",
		Short: "Tell what happened",
		Long: `Tell what happened in the workspace, to a task or on a branch: what was created,
renamed, asked and answered (and by whom), which steps were done, which failed, how
turns ended, and upgrades of hfd. The newest comes last.

With --json every event is one line of JSON. Its "seq" is where to go on: --before
shows what came earlier, page by page.`,
		Example: `  hf history
  hf history --task k3f9 --follow
  hf history --limit 20 --before 4711
  hf history --limit 0 --jq 'select(.kind == "permission.resolved") | .text'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Filter.Task = factory.Task(opts.Filter.Task)
			switch {
			case opts.Filter.Limit < 0:
				return exitcode.Usagef("--limit is negative")
			case opts.Filter.Before < 0:
				return exitcode.Usagef("--before is negative")
			case opts.Filter.Before > 0 && opts.Filter.Follow:
				return exitcode.Usagef("--before is about what was, --follow about what comes: give one of them")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.IntVarP(&opts.Filter.Limit, "limit", "n", defaultLimit, "the newest so many `events`; 0 = all")
	fs.Int64Var(&opts.Filter.Before, "before", 0, "only what came before the event with this `seq`")
	fs.StringVarP(&opts.Filter.Branch, "branch", "b", "", "only tasks with this `branch`")
	fs.StringVar(&opts.Filter.Task, "task", "", "only this `task`")
	fs.BoolVarP(&opts.Filter.Follow, "follow", "f", false, "go on as it happens")
	opts.Output = output.Add(cmd, f, api.HistoryEntry{}, output.Lines)
	complete.Flag(cmd, "task", complete.Tasks(f, -1))
	complete.Flag(cmd, "branch", complete.Branches(f))
	complete.Flag(cmd, "limit", complete.Nothing)
	complete.Flag(cmd, "before", complete.Nothing)
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	if opts.Filter.Follow {
		ctx = opts.IO.WhileRead(ctx)
	}
	entries := c.History(ctx, opts.Filter)
	if opts.Output.On() {
		return printJSON(ctx, opts, entries)
	}
	p := newPrinter(opts)
	for e, err := range entries {
		if err != nil {
			return err
		}
		if err := p.print(&e); err != nil {
			return err
		}
	}
	if !p.any {
		_, err = fmt.Fprintln(opts.IO.Err, "Nothing of this kind has happened.")
	}
	return err
}

func printJSON(ctx context.Context, opts *Options, entries iter.Seq2[api.HistoryEntry, error]) (err error) {
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

// printer prints an event a line. On a terminal the day stands above its
// events, elsewhere in every line.
type printer struct {
	w      io.Writer
	st     iostreams.Style
	tty    bool
	task   bool // lines name their task
	titles bool // and its title
	width  int  // columns of the terminal, 0 away from one
	day    string
	any    bool
}

func newPrinter(opts *Options) *printer {
	tty := opts.IO.OutTTY()
	p := &printer{w: opts.IO.Out, st: opts.IO.OutStyle(), tty: tty, task: opts.Filter.Task == ""}
	p.titles = p.task && (!tty || opts.IO.Width() >= narrow)
	if tty {
		p.width = opts.IO.Width()
		p.day = opts.Now().Local().Format(time.DateOnly) // the present day needs no word
	}
	return p
}

func (p *printer) print(e *api.HistoryEntry) error {
	p.any = true
	var b strings.Builder
	when := e.Time.Local()
	column := len(time.TimeOnly) + 2
	if p.tty {
		if day := when.Format(time.DateOnly); day != p.day {
			p.day = day
			b.WriteString(p.st.Dim("── "+day) + "\n")
		}
		b.WriteString(p.st.Dim(when.Format(time.TimeOnly)))
	} else {
		b.WriteString(when.Format(time.DateTime))
	}
	if p.task {
		b.WriteString("  " + p.st.Bold(cell(e.Task, idWidth)))
		column += 2 + idWidth
	}
	if p.titles {
		b.WriteString("  " + p.st.Dim(cell(sanitize.Line(e.Title), titleWidth)))
		column += 2 + titleWidth
	}
	b.WriteString("  " + p.style(e)(wrap.Hang(sanitize.Line(e.Text), p.width, column)) + "\n")
	_, err := io.WriteString(p.w, b.String())
	return err
}

// style makes what needs a person's eye stand out.
func (p *printer) style(e *api.HistoryEntry) func(string) string {
	switch e.Kind { //nolint:exhaustive // the others are as plain as most
	case api.EventStepFailed, api.EventOperationFailed, api.EventWarning:
		return p.st.Red
	case api.EventPermissionAsked:
		return p.st.Yellow
	case api.EventTaskCreated:
		return p.st.Green
	}
	return func(s string) string { return s }
}

// cell is text of exactly so many columns.
func cell(text string, width int) string {
	text = displaywidth.TruncateString(text, width, "…")
	return text + strings.Repeat(" ", max(0, width-displaywidth.String(text)))
}
