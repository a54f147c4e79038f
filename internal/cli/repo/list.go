package repo

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/pkg/api"
)

func newList(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the repositories of the workspace",
		Long:    "List the repositories of the workspace, with where they are and how many live\ntasks each has.",
		Example: `  hf repo list
  hf repo list --json name,path`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE:              func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), opts) },
	}
	opts.output = output.Add(cmd, f, api.Repo{}, output.Array)
	return cmd
}

func runList(ctx context.Context, opts *options) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	l, err := c.Repos(ctx)
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, append([]api.Repo{}, l.Repos...))
	}
	if len(l.Repos) == 0 {
		_, err = fmt.Fprintln(opts.io.Err, "No repositories. `hf repo add` in a checkout adds it.")
		return err
	}
	width, st := 0, opts.io.OutStyle()
	if opts.io.OutTTY() {
		width = opts.io.Width()
	}
	tb := table.New(width, st.Dim, "REPO", "STATE", "BRANCH", "TASKS", "PATH", "REMOTE")
	for i := range l.Repos {
		r := &l.Repos[i]
		state := r.State
		if r.Reason != "" {
			state += " (" + r.Reason + ")"
		}
		tb.Row(r.Name, state, r.DefaultBranch, strconv.Itoa(r.Tasks), r.Path, r.Remote)
	}
	return tb.Render(opts.io.Out)
}
