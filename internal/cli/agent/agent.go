// Package agent is `hf agent`: the agents hfd can start.
package agent

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/factory"
)

// NewCmd returns the command with its verbs.
func NewCmd(f *factory.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "List and try the agents",
		Long: `List and try the agents: claude, codex, opencode, gemini, the built-in demo, and
those that the configuration adds.`,
		Example: `  hf agent list
  hf agent test claude`,
	}
	return args.Group(cmd, newList(f, nil), newTest(f, nil))
}
