package stack

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

func newFold(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "fold TASK",
		Short: "Give a branch's commits to the one it stands on",
		Long: `Give the commits of TASK's branch to the branch that it stands on, which is never
the trunk: that is hf merge. What stands on it stands on its base from now on.
The task and its branch stay, and are in no stack any more.`,
		Example: `  hf stack fold k3f9
  hf stack fold . --now`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		opts.action.Action, opts.action.Task = api.StackFold, named(args)
		return nil
	})
	atOnce(cmd, opts)
	inRepo(f, cmd, opts)
	return cmd
}
