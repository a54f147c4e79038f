package repo

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

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

func newOverview(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "overview [REPO]",
		Short: "Show a repository's branches, tasks and pull requests",
		Long: `Show the branches of a repository with the tasks that have them, what they stand on
and how far they are from it, what they conflict with, and their pull requests.
Without REPO it is that of the current directory.

What stands alone is shown, too: branches without a task, tasks whose branch is gone,
open pull requests of branches that are not here, and worktrees that were left over.
Columns that would be empty are left out; --json has them all.`,
		Example: `  hf repo overview
  hf repo overview app --json
  hf repo overview --jq '.[] | select(.orphan == "branch") | .branch'`,
		Args:              args.Range(0, "REPO"),
		ValidArgsFunction: complete.Repos(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.repo = factory.Repo(".")
			if len(args) > 0 {
				opts.repo = factory.Repo(args[0])
			}
			return run(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.OverviewRow{}, output.Array)
	return cmd
}

func runOverview(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	o, err := c.RepoOverview(ctx, opts.repo)
	if err != nil {
		return err
	}
	if o.Error != nil {
		if _, err := fmt.Fprintf(opts.io.Err, "What is said of branches may be old: %s\n", sanitize.Line(o.Error.Message)); err != nil {
			return err
		}
	}
	if opts.output.On() {
		return opts.output.Write(ctx, o.Rows)
	}
	if len(o.Rows) == 0 {
		_, err = fmt.Fprintln(opts.io.Err, "There is no branch, task or pull request.")
		return err
	}
	return opts.overview(opts.io.Out, o.Rows)
}

// overviewColumn is a column of the table. spare is when it is left out on a
// narrow terminal, 0 = never.
type overviewColumn struct {
	name  string
	spare int
	cell  func(r *api.OverviewRow) table.Cell
}

func (o *options) overviewColumns(st iostreams.Style) []overviewColumn {
	now := o.now()
	plain := func(text func(r *api.OverviewRow) string) func(r *api.OverviewRow) table.Cell {
		return func(r *api.OverviewRow) table.Cell { return table.Cell{Text: text(r)} }
	}
	styled := func(style func(string) string, text func(r *api.OverviewRow) string) func(r *api.OverviewRow) table.Cell {
		return func(r *api.OverviewRow) table.Cell { return table.Cell{Text: text(r), Style: style} }
	}
	return []overviewColumn{
		{"BRANCH", 0, styled(st.Bold, branchName)},
		{"TASK", 0, plain(func(r *api.OverviewRow) string { return r.Task })},
		{"STATUS", 0, func(r *api.OverviewRow) table.Cell {
			return table.Cell{Text: overviewStatus(r), Style: render.StatusStyle(st, r.Status)}
		}},
		{"BASE", 1, plain(func(r *api.OverviewRow) string { return r.Base })},
		{"↑↓", 6, plain(func(r *api.OverviewRow) string { return render.Distance(r.Ahead, r.Behind) })},
		{"RESTACK", 5, styled(st.Yellow, needsRestack)},
		{"CONFLICTS", 7, styled(st.Red, func(r *api.OverviewRow) string { return render.ConflictsWith(r.Conflicts) })},
		{"PR", 8, plain(pullNumber)},
		{"CHECKS", 4, plain(func(r *api.OverviewRow) string {
			return pullWord(r, func(p *api.PullRequestSummary) string { return string(p.Checks) })
		})},
		{"REVIEW", 2, plain(func(r *api.OverviewRow) string {
			return pullWord(r, func(p *api.PullRequestSummary) string { return string(p.Review) })
		})},
		{"AGE", 3, styled(st.Dim, func(r *api.OverviewRow) string {
			if r.Since == nil {
				return ""
			}
			return render.Age(now, *r.Since)
		})},
	}
}

func (o *options) overview(w io.Writer, rows []api.OverviewRow) error {
	width, st := 0, o.io.OutStyle()
	if o.io.OutTTY() {
		width = o.io.Width()
	}
	var header []string
	cells := make([][]table.Cell, len(rows))
	spare := map[int]int{}
	for _, col := range o.overviewColumns(st) {
		column, filled := make([]table.Cell, len(rows)), false
		for i := range rows {
			column[i] = col.cell(&rows[i])
			filled = filled || column[i].Text != ""
		}
		if !filled {
			continue
		}
		if col.spare > 0 {
			spare[col.spare] = len(header)
		}
		header = append(header, col.name)
		for i := range rows {
			cells[i] = append(cells[i], column[i])
		}
	}
	tb := table.New(width, st.Dim, header...)
	var order []int
	for _, rank := range slices.Sorted(maps.Keys(spare)) {
		order = append(order, spare[rank])
	}
	tb.Spare(order...)
	for _, row := range cells {
		tb.Cells(row...)
	}
	return tb.Render(w)
}

func branchName(r *api.OverviewRow) string {
	if r.Branch == "" {
		return "(no branch)"
	}
	return r.Branch
}

// overviewStatus says how the task is, or what stands alone.
func overviewStatus(r *api.OverviewRow) string {
	switch r.Orphan {
	case api.OrphanTask:
		return string(r.Status) + " (its branch is not there)"
	case api.OrphanPullRequest:
		return "no such branch here"
	case api.OrphanWorktree:
		return "worktree left over: " + r.Path
	case api.OrphanBranch:
		if r.Task == "" {
			return "no task"
		}
	}
	if r.Reason != "" {
		return string(r.Status) + " (" + r.Reason + ")"
	}
	return string(r.Status)
}

func needsRestack(r *api.OverviewRow) string {
	if r.NeedsRestack != nil && *r.NeedsRestack {
		return "needed"
	}
	return ""
}

func pullNumber(r *api.OverviewRow) string {
	if r.PullRequest == nil {
		return ""
	}
	number := "#" + strconv.Itoa(r.PullRequest.Number)
	if r.PullRequest.State == api.PullRequestOpen {
		return number
	}
	return number + " " + string(r.PullRequest.State)
}

// pullWord is a fact of a pull request, "" where that is none.
func pullWord(r *api.OverviewRow, of func(*api.PullRequestSummary) string) string {
	if r.PullRequest == nil {
		return ""
	}
	if word := of(r.PullRequest); word != "none" {
		return word
	}
	return ""
}
