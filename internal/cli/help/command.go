package help

import (
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
)

// NewCmd is `hf help`.
func NewCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND... | TOPIC]",
		Short: "Help about a command or a topic",
		Long:  "Print the help of a command, as its --help does, or of a topic.",
		Example: `  hf help create
  hf help config set
  hf help exit-codes`,
		ValidArgsFunction: names,
		RunE: func(cmd *cobra.Command, argv []string) error {
			meant, rest, err := cmd.Root().Find(argv)
			if err != nil || len(rest) > 0 {
				unknown := argv[len(argv)-1]
				if len(rest) > 0 {
					unknown = rest[0]
				}
				return args.Unknown(meant, unknown)
			}
			meant.InitDefaultHelpFlag()
			return meant.Help()
		},
	}
}

// names completes by commands and topics.
func names(cmd *cobra.Command, argv []string, _ string) ([]string, cobra.ShellCompDirective) {
	meant, rest, err := cmd.Root().Find(argv)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	for _, sub := range meant.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			out = append(out, sub.Name()+"\t"+sub.Short)
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}
