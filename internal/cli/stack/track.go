package stack

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

func newTrack(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "track TASK|BRANCH",
		Short: "Make a branch part of a stack",
		Long: `Make a branch part of a stack, on the branch of another task, on another branch of
a stack, or on the trunk. No commit moves.

The branches of tasks are tracked by themselves with the first action on the
stacks of their repository; that of hf create --on at once.`,
		Example: `  hf stack track feature/by-hand
  hf stack track feature/by-hand --base k3f9`,
		Args:              args.Exact("TASK|BRANCH"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		opts.action.Action, opts.action.Task, opts.action.Onto = api.StackTrack, named(args), factory.Task(opts.action.Onto)
		return nil
	})
	cmd.Flags().StringVarP(&opts.action.Onto, "base", "b", "", "the `task or branch` that it stands on; else as hf has it, or the trunk")
	complete.Flag(cmd, "base", complete.Tasks(f, -1))
	inRepo(f, cmd, opts)
	return cmd
}

func newUntrack(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "untrack TASK|BRANCH",
		Short: "Take a branch out of its stack",
		Long: `Take a branch out of its stack. It stays as it is, and so does what stands on it,
which counts as standing on its base from now on.`,
		Example: `  hf stack untrack k3f9
  hf stack untrack feature/by-hand`,
		Args:              args.Exact("TASK|BRANCH"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		opts.action.Action, opts.action.Task = api.StackUntrack, named(args)
		return nil
	})
	inRepo(f, cmd, opts)
	return cmd
}
