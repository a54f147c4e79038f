package stack

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

func newContinue(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "continue [TASK]",
		Short: "Go on after a conflict was resolved",
		Long: `Go on with the action that stopped on a conflict: with the rebase, unless somebody
ran git rebase --continue already, and then with all that is above. TASK is only
needed where several actions are stopped.`,
		Example: `  hf stack continue
  hf stack continue k3f9`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		opts.action.Action, opts.action.Task = api.StackContinue, optional(args)
		return nil
	})
	atOnce(cmd, opts)
	inRepo(f, cmd, opts)
	return cmd
}

func newAbort(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "abort [TASK]",
		Short: "End what stopped on a conflict, and put all back",
		Long: `End the action that stopped on a conflict. The rebase is ended, and every branch
that the action had moved is back where it was before, with changes that are not
committed as they are. TASK is only needed where several actions are stopped.`,
		Example: `  hf stack abort
  hf stack abort k3f9`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		opts.action.Action, opts.action.Task = api.StackAbort, optional(args)
		return nil
	})
	atOnce(cmd, opts)
	inRepo(f, cmd, opts)
	return cmd
}

func newResolve(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "resolve TASK",
		Short: "Give a conflict to the task's own agent",
		Long: `Give the conflict that the rebase of TASK's branch stopped on to the task's agent:
a message names the files, what the branch is being put onto, and what is to be
done. When its turn is over and the rebase is done, the rest of the stack goes
on. When the rebase waits still, that is said with exit code 6.`,
		Example: `  hf stack resolve k3f9
  hf stack resolve k3f9 -m "keep our version of the parser"`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		opts.action.Action, opts.action.Task = api.StackResolve, named(args)
		return nil
	})
	cmd.Flags().StringVarP(&opts.action.Message, "message", "m", "", "a `text` that the agent is told first")
	atOnce(cmd, opts)
	return cmd
}

func newUndo(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Put branches back to where they were before the last action",
		Long: `Put every branch back to where it was before the last action on the stacks of the
repository that changed anything; again, and the one before that is undone. When
a branch has moved on since, nothing is moved, and which one is said. What is
moved away is kept below refs/hf/. What was pushed stays pushed.`,
		Example: `  hf stack undo
  hf stack undo --repo web`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
	}
	verb(f, cmd, opts, run, func([]string) error {
		opts.action.Action = api.StackUndo
		return nil
	})
	atOnce(cmd, opts)
	inRepo(f, cmd, opts)
	return cmd
}
