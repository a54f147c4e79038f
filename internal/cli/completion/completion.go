// Package completion is `hf completion`.
package completion

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
)

// NewCmd returns the command.
func NewCmd(f *factory.Factory) *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print a shell's completion script",
		Long:  "Print the script that completes commands, flags, tasks, repos and agents in a shell.",
		Example: `  source <(hf completion bash)
  hf completion zsh > ~/.zfunc/_hf
  hf completion fish > ~/.config/fish/completions/hf.fish`,
		Args:              args.Exact("a shell: " + strings.Join(shells, ", ")),
		ValidArgsFunction: complete.Fixed(shells...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return exitcode.Usagef("there are completions for %s, not for %q", strings.Join(shells, ", "), args[0])
			}
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(f.IO.Out, true)
			case "zsh":
				return root.GenZshCompletion(f.IO.Out)
			default:
				return root.GenFishCompletion(f.IO.Out, true)
			}
		},
	}
}
