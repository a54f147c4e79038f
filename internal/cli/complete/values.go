package complete

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/client"
)

// BranchesHere completes by the branches of the checkout that the person is in, the
// newest first. Those of another repo are not known here.
func BranchesHere(f *factory.Factory) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		const asTheyAre = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		dir, err := os.Getwd()
		if repo := cmd.Flags().Lookup("repo"); err != nil || repo != nil && repo.Changed {
			return nil, asTheyAre
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), limit)
		defer cancel()
		out, err := xec.Output(ctx, xec.Cmd{
			Argv: []string{"git", "for-each-ref", "--sort=-committerdate", "--format=%(refname:lstrip=2)", "refs/heads"},
			Dir:  dir, Env: append(slices.Clone(f.Environ), "GIT_OPTIONAL_LOCKS=0"),
		})
		if err != nil {
			return nil, asTheyAre
		}
		var names []string
		for name := range strings.Lines(string(out)) {
			names = append(names, sanitize.Line(strings.TrimSpace(name)))
		}
		return names, asTheyAre
	}
}

// Options completes by the answers that the agent offers: to the request that
// is named behind the task, or to all that are open.
func Options(f *factory.Factory) Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			requests, err := c.Permissions(ctx, factory.Task(args[0]))
			if err != nil {
				return nil
			}
			for i := range requests {
				if len(args) > 1 && requests[i].ID != args[1] {
					continue
				}
				for _, o := range requests[i].Options {
					out = append(out, described(o.ID, o.Name))
				}
			}
			return out
		})
	}
}
