package stack

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

func newOnto(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "onto TASK NEWBASE",
		Short: "Move a branch, with all above it, onto another",
		Long: `Move the branch of TASK, with all that stands on it, onto NEWBASE: a task, a
branch of a stack, or the trunk. Only its own commits come along: those of the
branch that it stood on stay there.`,
		Example: `  hf stack onto k3f9 m2p1
  hf stack onto . main`,
		Args:              args.Exact("TASK", "NEWBASE"),
		ValidArgsFunction: complete.Tasks(f, 2),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		opts.action.Action, opts.action.Task, opts.action.Onto = api.StackReparentBranch, named(args), factory.Task(args[1])
		return nil
	})
	atOnce(cmd, opts)
	inRepo(f, cmd, opts)
	return cmd
}
