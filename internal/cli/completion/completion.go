// Package completion is `hf completion`.
package completion

import (
	"bytes"
	"errors"
	"io"
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
		Long: `Print the script that completes commands, flags, tasks, branches, repos, agents,
workspaces and the keys of the configuration in a shell. It needs no other
package, and never starts hfd.`,
		Example: `  source <(hf completion bash)
  hf completion zsh > ~/.zfunc/_hf
  hf completion fish > ~/.config/fish/completions/hf.fish`,
		Args:              args.Exact("a shell: " + strings.Join(shells, ", ")),
		ValidArgsFunction: complete.Fixed(shells...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return exitcode.Usagef("there are completions for %s, not for %q", strings.Join(shells, ", "), args[0])
			}
			return Write(cmd.Root(), f.IO.Out, args[0])
		},
	}
}

// Write writes the script for a shell: bash, zsh or fish.
func Write(root *cobra.Command, w io.Writer, shell string) error {
	switch shell {
	case "bash":
		return bash(root, w)
	case "zsh":
		return root.GenZshCompletion(w)
	default:
		return root.GenFishCompletion(w, true)
	}
}

// bash writes cobra's script with a function of our own in it: cobra's calls one
// of the package bash-completion, which not everybody has.
func bash(root *cobra.Command, w io.Writer) error {
	var script bytes.Buffer
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	before, rest, found := strings.Cut(script.String(), "__hf_init_completion()\n{\n")
	_, after, ended := strings.Cut(rest, "\n}\n")
	if !found || !ended {
		return errors.New("cobra's completion script is not as it was")
	}
	_, err := io.WriteString(w, before+bashWords+after)
	return err
}

// bashWords tells the words of the command line up to the cursor. Bash splits
// them at : and = too; here only blanks part words.
const bashWords = `__hf_init_completion()
{
    local i line=${COMP_LINE:0:COMP_POINT}
    COMPREPLY=() words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if ((i == 0)) || [[ -z $line || $line == [[:space:]]* ]]; then
            words+=("")
            line=${line#"${line%%[![:space:]]*}"}
        fi
        local part=${COMP_WORDS[i]}
        ((i < COMP_CWORD)) || part=$line
        words[${#words[@]}-1]+=$part
        line=${line#"$part"}
    done
    cword=$((${#words[@]} - 1))
    cur=${words[cword]}
    prev=
    ((cword == 0)) || prev=${words[cword-1]}
}
`
