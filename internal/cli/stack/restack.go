package stack

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

func newRestack(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	var all, upstack, only bool
	cmd := &cobra.Command{
		Use:   "restack [TASK]",
		Short: "Put branches back onto their bases",
		Long: `Put the branches of a stack back onto their bases, bottom-up: those of the stack
that TASK is in, without TASK that of the current directory.

Each branch is rebased in the worktree that has it checked out. Changes there
that are not committed stay; what is staged may be so no more. Where one is in
the middle of a turn of its agent, its end is waited for, unless --now.`,
		Example: `  hf stack restack
  hf stack restack k3f9 --upstack
  hf stack restack --all --now`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		switch {
		case all && (len(args) > 0 || upstack || only):
			return exitcode.Usagef("--all means every branch of the repository: it goes with no task and no other scope")
		case upstack && only:
			return exitcode.Usagef("--upstack and --only exclude one another")
		case all:
			opts.action.Action = api.StackRestackRepo
			return nil
		case only:
			opts.action.Action = api.StackRebaseBranch
		case upstack:
			opts.action.Action, opts.action.Scope = api.StackRestackSubtree, api.ScopeUpstack
		default:
			opts.action.Action, opts.action.Scope = api.StackRestackSubtree, api.ScopeStack
		}
		opts.action.Task = named(args)
		return nil
	})
	cmd.Flags().BoolVarP(&all, "all", "a", false, "every branch of the repository")
	cmd.Flags().BoolVar(&upstack, "upstack", false, "only the branch of TASK and those above")
	cmd.Flags().BoolVar(&only, "only", false, "only the branch of TASK")
	atOnce(cmd, opts)
	inRepo(f, cmd, opts)
	return cmd
}
