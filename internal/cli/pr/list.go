package pr

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// listOptions is one parsed call of list.
type listOptions struct {
	options
	filter client.PullFilter
}

func newList(f *factory.Factory) *cobra.Command {
	o := &listOptions{options: newOptions(f)}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the pull requests of the workspace",
		Long: `List the open pull requests of the workspace's repos as hfd saw them last, those
of no task included. --all adds those of tasks that were merged or closed. Repos
without live tasks and without open pull requests are not looked at.`,
		Example: `  hf pr list
  hf pr list -R web --json number,title,checks`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	cmd.Flags().StringVarP(&o.filter.Repo, "repo", "R", "", "only those of this `repo`")
	cmd.Flags().BoolVarP(&o.filter.All, "all", "a", false, "merged and closed ones of tasks, too")
	complete.Flag(cmd, "repo", complete.Repos(f, -1))
	o.output = output.Add(cmd, f, api.PullRequest{}, output.Array)
	return cmd
}

func (o *listOptions) run(ctx context.Context) error {
	c, err := o.client()
	if err != nil {
		return err
	}
	l, err := c.PullRequests(ctx, o.filter)
	if err != nil {
		return err
	}
	if o.output.On() {
		return o.output.Write(ctx, append([]api.PullRequest{}, l.Pulls...))
	}
	if len(l.Pulls) == 0 {
		_, err = fmt.Fprintln(o.io.Err, "No pull requests are known. `hf pr create TASK` makes one; `hf status` shows when hfd looked.")
		return err
	}
	width, st := 0, o.io.OutStyle()
	if o.io.OutTTY() {
		width = o.io.Width()
	}
	tb := table.New(width, st.Dim, "PR", "TITLE", "STATE", "TASK", "BRANCH", "REPO", "UPDATED")
	tb.Spare(5, 4, 6) // repo, branch, updated
	for i := range l.Pulls {
		p := &l.Pulls[i]
		tb.Cells(
			table.Cell{Text: "#" + strconv.Itoa(p.Number), Style: st.Bold},
			table.Cell{Text: p.Title},
			table.Cell{Text: stateOf(&p.PullRequestSummary), Style: render.PullStyle(st, &p.PullRequestSummary)},
			table.Cell{Text: p.Task},
			table.Cell{Text: p.Branch},
			table.Cell{Text: p.Repo},
			table.Cell{Text: render.Age(o.now(), p.UpdatedAt), Style: st.Dim},
		)
	}
	return tb.Render(o.io.Out)
}

// stateOf is the short form without the number.
func stateOf(p *api.PullRequestSummary) string {
	s := render.Pull(p)[len("#"+strconv.Itoa(p.Number)):]
	if s == "" {
		return string(p.State)
	}
	if p.State == api.PullRequestOpen {
		return "open" + s
	}
	return s[1:]
}
