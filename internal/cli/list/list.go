// Package list is `hf list`.
package list

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// lister is what the command asks of the daemon.
type lister interface {
	follow.Watcher
	Tasks(ctx context.Context, f client.TaskFilter) (api.TaskList, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (lister, error)
	Output *output.Flags
	Now    func() time.Time
	Filter client.TaskFilter
	Watch  bool
	Hint   bool // say what else hf can do
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := NewOptions(f)
	var status []string
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the tasks",
		Long: `List the tasks of the workspace with their status and what they changed.

Tasks that were killed or archived are left out unless --all or --status names them.

--watch goes on until Ctrl-C: on a terminal the list is drawn anew whenever
something changes; elsewhere, and with --json, every task comes on a line of its
own, again whenever it changes, and a last time when it leaves the list.`,
		Example: `  hf list
  hf list --status waiting
  hf list --watch
  hf list --all --json id,status,branch
  hf list --jq '.[] | select(.status == "idle") | .id'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, s := range status {
				if !slices.Contains(Statuses(), s) {
					return &exitcode.UsageError{Message: fmt.Sprintf("%q is no status", s), Hint: "the statuses are " + strings.Join(Statuses(), ", ")}
				}
				opts.Filter.Status = append(opts.Filter.Status, api.Status(s))
			}
			opts.Filter.Repo = factory.Repo(opts.Filter.Repo)
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Filter.Repo, "repo", "R", "", "only tasks of this `repo`")
	cmd.Flags().StringSliceVarP(&status, "status", "s", nil, "only tasks of these `statuses`")
	cmd.Flags().BoolVarP(&opts.Filter.All, "all", "a", false, "killed and archived tasks too")
	cmd.Flags().BoolVarP(&opts.Watch, "watch", "W", false, "go on as it changes")
	opts.Output = output.Add(cmd, f, api.Task{}, output.Array)
	complete.Flag(cmd, "repo", complete.Repos(f, -1))
	complete.Flag(cmd, "status", complete.Fixed(Statuses()...))
	return cmd
}

// NewOptions returns the options of `hf list` without any argument.
func NewOptions(f *factory.Factory) *Options {
	return &Options{IO: f.IO, Client: func() (lister, error) { return f.Client() }, Now: time.Now}
}

// Statuses names every status.
func Statuses() []string {
	return []string{
		string(api.StatusQueued), string(api.StatusProvisioning), string(api.StatusRunning), string(api.StatusWaiting),
		string(api.StatusIdle), string(api.StatusArchived), string(api.StatusKilled), string(api.StatusError),
	}
}

// Run lists tasks.
func Run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	filter := opts.Filter
	filter.Fields = opts.Output.Fields()
	if !opts.Output.On() {
		filter.Fields = shown()
	}
	if opts.Watch {
		return watch(ctx, opts, c, filter)
	}
	l, err := c.Tasks(ctx, filter)
	if err != nil {
		return err
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, append([]api.Task{}, l.Tasks...)) // [] rather than null
	}
	if len(l.Tasks) == 0 {
		_, err = fmt.Fprintln(opts.IO.Err, "No tasks. `hf create \"what to do\"` makes one.")
		return err
	}
	if err := show(opts, opts.IO.Out, l.Tasks); err != nil {
		return err
	}
	if opts.Hint {
		_, err = fmt.Fprintln(opts.IO.Err, "\n`hf attach TASK` talks to one, `hf create \"what to do\"` makes another, `hf help` says the rest.")
	}
	return err
}

// shown are the fields of a task that the table is made of.
func shown() []string {
	return []string{
		"id", "title", "status", "reason", "agent", "branch", "diff", "ahead", "behind", "needsRestack", "conflicts", "pullRequest", "createdAt",
	}
}

// column is a column of the table. One that is optional is left out when no task
// has anything in it. spare is when it is left out on a narrow terminal: lower
// ones go first, 0 never.
type column struct {
	name     string
	optional bool
	spare    int
	cell     func(t *api.Task) table.Cell
}

func columns(st iostreams.Style, now time.Time) []column {
	text := func(of func(t *api.Task) string) func(*api.Task) table.Cell {
		return func(t *api.Task) table.Cell { return table.Cell{Text: of(t)} }
	}
	return []column{
		{"ID", false, 0, func(t *api.Task) table.Cell { return table.Cell{Text: t.ID, Style: st.Bold} }},
		{"TITLE", false, 0, text(func(t *api.Task) string { return t.Title })},
		{"STATUS", false, 0, func(t *api.Task) table.Cell {
			return table.Cell{Text: render.Status(t), Style: render.StatusStyle(st, t.Status)}
		}},
		{"AGENT", false, 3, text(func(t *api.Task) string { return t.Agent })},
		{"BRANCH", false, 1, text(func(t *api.Task) string { return t.Branch })},
		{"DIFF", false, 2, text(func(t *api.Task) string { return render.Diff(t.Diff) })},
		{"↑↓", true, 4, func(t *api.Task) table.Cell {
			return table.Cell{Text: render.Standing(t), Style: render.StandingStyle(st, t)}
		}},
		{"PR", true, 5, func(t *api.Task) table.Cell {
			p, ok := t.Pull.Get()
			if !ok {
				return table.Cell{}
			}
			return table.Cell{Text: render.Pull(&p), Style: render.PullStyle(st, &p)}
		}},
		{"AGE", false, 6, func(t *api.Task) table.Cell { return table.Cell{Text: render.Age(now, t.CreatedAt), Style: st.Dim} }},
	}
}

func show(opts *Options, w io.Writer, tasks []api.Task) error {
	width, st := 0, opts.IO.OutStyle()
	if opts.IO.OutTTY() {
		width = opts.IO.Width()
	}
	cols := slices.DeleteFunc(columns(st, opts.Now()), func(c column) bool {
		return c.optional && !slices.ContainsFunc(tasks, func(t api.Task) bool { return c.cell(&t).Text != "" })
	})
	var header []string
	spare := map[int]int{}
	for i, c := range cols {
		header = append(header, c.name)
		if c.spare > 0 {
			spare[c.spare] = i
		}
	}
	tb := table.New(width, st.Dim, header...)
	var order []int
	for _, rank := range slices.Sorted(maps.Keys(spare)) {
		order = append(order, spare[rank])
	}
	tb.Spare(order...)
	for i := range tasks {
		row := make([]table.Cell, len(cols))
		for j, c := range cols {
			row[j] = c.cell(&tasks[i])
		}
		tb.Cells(row...)
	}
	return tb.Render(w)
}
