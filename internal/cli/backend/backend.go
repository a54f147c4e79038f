// Package backend is `hf backend`: it looks after hfd.
package backend

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/pkg/api"
)

// keeper finds, describes and ends hfd. *launcher.Launcher is one.
type keeper interface {
	Look(ctx context.Context) (api.Backend, error)
	Stop(ctx context.Context) (was bool, err error)
}

// starter connects to hfd, which starts it where there is none.
type starter interface {
	Hello(ctx context.Context) (api.Hello, error)
	Workspaces(ctx context.Context) (api.WorkspaceList, error)
}

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backend",
		Short: "Look after hfd, the daemon",
		Long: `Look after hfd, the daemon that owns all state and all work.

Nobody has to: every command that needs hfd starts it, and it ends by itself when
it has nothing to do. Agents go on while it is away.`,
		Example: `  hf backend status
  hf backend logs -f`,
	}
	return args.Group(cmd,
		newStart(f, nil), newStop(f, nil), newRestart(f, nil),
		newStatus(f, nil), newLogs(f, nil), newInspect(f, nil),
	)
}
