package stack

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

func newSubmit(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	var stack, upstack, draft bool
	cmd := &cobra.Command{
		Use:   "submit [TASK]",
		Short: "Push branches of a stack and make pull requests of them",
		Long: `Push the branch of TASK and all below it, and make or update a pull request for
each, on the branch that it stands on. What somebody else pushed is never
overwritten.`,
		Example: `  hf stack submit
  hf stack submit k3f9 --stack --draft
  hf stack submit --dry-run`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
	}
	verb(f, cmd, opts, run, func(args []string) error {
		switch {
		case stack && upstack:
			return exitcode.Usagef("--stack and --upstack exclude one another")
		case stack:
			opts.action.Scope = api.ScopeStack
		case upstack:
			opts.action.Scope = api.ScopeUpstack
		}
		if cmd.Flags().Changed("draft") {
			opts.action.Draft = &draft
		}
		opts.action.Action, opts.action.Task = api.StackSubmit, named(args)
		return nil
	})
	cmd.Flags().BoolVar(&stack, "stack", false, "the whole stack that TASK is in")
	cmd.Flags().BoolVar(&upstack, "upstack", false, "TASK and all above it")
	cmd.Flags().BoolVar(&draft, "draft", false, "new pull requests are drafts; --draft=false: they are not")
	cmd.Flags().BoolVarP(&opts.action.DryRun, "dry-run", "n", false, "say what would be done")
	inRepo(f, cmd, opts)
	return cmd
}
