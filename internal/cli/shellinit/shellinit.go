// Package shellinit is `hf shell-init`: what a shell has to know so that
// `hf switch` can change its directory.
package shellinit

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/completion"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
)

// posix is a function that stands before the program: a child cannot change
// the directory of its shell. The first word that is no flag is the command.
// Only what switch prints as a cd is evaluated; its help is shown as it is.
const posix = `hf() {
  local hf_word hf_verb= hf_skip= hf_line
  for hf_word in "$@"; do
    if [ -n "$hf_skip" ]; then hf_skip=; continue; fi
    case $hf_word in
      -w|--workspace) hf_skip=1 ;;
      -*) ;;
      *) hf_verb=$hf_word; break ;;
    esac
  done
  if [ "$hf_verb" != switch ]; then
    command hf "$@"
    return
  fi
  hf_line=$(command hf "$@") || return
  case $hf_line in
    "cd "*) eval "$hf_line" ;;
    ?*) printf '%s\n' "$hf_line" ;;
  esac
}
`

const fish = `function hf --wraps hf --description 'Run a fleet of coding agents'
  set -l hf_verb
  set -l hf_skip
  for hf_word in $argv
    if set -q hf_skip[1]
      set hf_skip
      continue
    end
    switch $hf_word
      case -w --workspace
        set hf_skip 1
      case '-*'
      case '*'
        set hf_verb $hf_word
        break
    end
  end
  if test "$hf_verb" != switch
    command hf $argv
    return
  end
  set -l hf_lines (command hf $argv)
  or return
  switch "$hf_lines[1]"
    case 'cd *'
      eval (string join \n -- $hf_lines | string collect)
    case '*'
      printf '%s\n' $hf_lines
  end
end
`

// NewCmd returns the command.
func NewCmd(f *factory.Factory) *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:   "shell-init bash|zsh|fish",
		Short: "Print what lets hf switch change directory",
		Long: "Print a function for your shell, so that `hf switch` changes its directory, and the\n" +
			"completions of hf. Put the line of your shell into its start-up file.",
		Example: `  eval "$(hf shell-init bash)"     # ~/.bashrc
  eval "$(hf shell-init zsh)"      # ~/.zshrc, behind compinit
  hf shell-init fish | source      # ~/.config/fish/config.fish`,
		Args:              args.Exact("a shell: " + strings.Join(shells, ", ")),
		ValidArgsFunction: complete.Fixed(shells...),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return exitcode.Usagef("there is something to say to %s, not to %q", strings.Join(shells, ", "), args[0])
			}
			return write(cmd.Root(), f.IO.Out, args[0])
		},
	}
}

// write prints the function and the completions. They are printed whole rather
// than asked for when the shell starts, which would start hf a second time.
func write(root *cobra.Command, w io.Writer, shell string) error {
	function := posix
	if shell == "fish" {
		function = fish
	}
	if _, err := io.WriteString(w, function); err != nil {
		return err
	}
	if shell != "zsh" {
		return completion.Write(root, w, shell)
	}
	// Without compinit there are no completions, and that is no error.
	if _, err := io.WriteString(w, "if (( $+functions[compdef] )); then\n"); err != nil {
		return err
	}
	if err := completion.Write(root, w, shell); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\nfi\n")
	return err
}
