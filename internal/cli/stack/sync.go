package stack

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

func newSync(f *factory.Factory, run runFunc) *cobra.Command {
	opts := newOptions(f)
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Fetch the trunk, drop what was merged, restack",
		Long: `Bring the stacks of a repository up to date with its remote: the trunk is fetched
and moved, branches that were merged leave their stacks, what stood on them
moves to their bases, and all is restacked.

The branch of a task stays when it was merged: hf archive parks the task, hf
prune frees it. Other merged branches are deleted; hf stack undo brings them back.`,
		Example: `  hf stack sync
  hf stack sync --repo web`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
	}
	verb(f, cmd, opts, run, func([]string) error {
		opts.action.Action = api.StackSyncRepo
		return nil
	})
	atOnce(cmd, opts)
	inRepo(f, cmd, opts)
	return cmd
}
