// Package topics is the help that belongs to no command.
package topics

import (
	_ "embed" // json.txt
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/exitcode"
)

// ExitCodes is `hf help exit-codes`.
func ExitCodes() *cobra.Command {
	var b strings.Builder
	b.WriteString("hf ends with one of these codes:\n\n")
	for _, m := range exitcode.Meanings() {
		fmt.Fprintf(&b, "  %3d  %s\n", m.Code, m.Text)
	}
	b.WriteString(`
Commands that wait (hf create --wait, hf send --wait, hf wait) end with the code
that says how the task did. hf exec ends with that of the command it runs.
Errors are printed on standard error; with --json also as one line of JSON:

  {"schema":1,"error":{"code":"not_found","message":"…","hint":"…"},
   "exitCode":10}`)
	return topic("exit-codes", "The exit codes of hf", b.String())
}

// Environment is `hf help environment`.
func Environment() *cobra.Command {
	return topic("environment", "The variables that hf looks at", `hf looks at these variables:

  HF_WORKSPACE      the workspace, unless --workspace is given
  HF_STATE_DIR      lock, socket, database, log and journals; by default
                    $XDG_STATE_HOME/hf or ~/.local/state/hf. Another directory
                    is another hfd
  HF_DATA_DIR       worktrees and clones; $XDG_DATA_HOME/hf or
                    ~/.local/share/hf
  HF_CONFIG         the configuration file; $XDG_CONFIG_HOME/hf/config.toml or
                    ~/.config/hf/config.toml
  HF_DAEMON_BIN     the hfd to start, instead of the one beside hf
  HF_GIT_SPICE_BIN  the git-spice to use, instead of the one in PATH
  HF_NO_INPUT       anything: ask nothing, as --no-input does
  HF_FORCE_TTY      anything: print as on a terminal; a number is its width
  COLUMNS           the width of the terminal
  NO_COLOR          anything: no colours. TERM=dumb does the same
  VISUAL, EDITOR    the editor of prompts and of the configuration
  SHELL             the shell of hf shell
  PATH              where git, agents and editors are found
  GH_TOKEN, GITHUB_TOKEN
                    the login at github.com; hf auth status shows which is used
  GH_ENTERPRISE_TOKEN, GITHUB_ENTERPRISE_TOKEN
                    the login at GitHub Enterprise hosts
  GH_HOST           the host of hf auth, when none is named
  GH_CONFIG_DIR     where gh keeps its own login
  HF_COMPLETION_DESCRIPTIONS
                    0: the shell completes words without what they mean

A command in a task's sandbox (the agent's, those of the repository, hf exec and
hf shell) finds

  HF_TASK           the id of the task
  HF_BRANCH         its branch

hfd gives agents only those variables of your shell that they need: PATH,
locale, TERM, SSH_AUTH_SOCK, proxies, XDG_*, and what the configuration names
for an agent. `+"`hf show TASK --explain`"+` lists their names. Secrets are kept
in memory only.`)
}

// Formatting is `hf help formatting`.
func Formatting() *cobra.Command {
	return topic("formatting", "JSON, jq and templates", `Every command that reads takes

  --json            all of the answer as JSON
  --json id,status  only these fields, in this order; an unknown one is an
                    error that lists them
  --jq EXPR         the JSON filtered by a jq expression
  --template TMPL   the JSON formatted by a Go template

--jq and --template imply --json. The help of a command lists its fields, and
`+"`hf help json`"+` says what each of them is.

Lists are arrays, also when they have one row or none. What goes on (hf logs,
hf history) is one object a line. A fact that is not known yet is absent; a fact
known to be nothing is null. Times are RFC 3339 in UTC. On a terminal JSON is
indented, elsewhere it is on one line. Texts may hold anything that an agent or
a repository put into them: they are escaped on a terminal and as they are
elsewhere.

Every document has a field "schema", the version of its form. It rises when a
field goes away, or means or is something else than before. Fields that are
added do not raise it, nor do values added to a set of words: a script ignores
what it does not know.

Templates have the functions of gh: autocolor, color, hyperlink, join, pluck,
tablerow, tablerender, timeago, timefmt, truncate.

  hf list --jq '.[] | select(.status == "waiting") | .id'
  hf list --template '{{range .}}{{tablerow .id .title}}{{end}}'
  hf show - --json status,reason,branch

Tables are cut to the width of a terminal, and are whole away from one. Progress
and questions are on standard error.`)
}

// schema says of every command what its JSON is made of. It is written by a test
// of the package cli, from the types and their comments.
//
//go:embed json.txt
var schema string

// JSON is `hf help json`.
func JSON() *cobra.Command {
	return topic("json", "What the JSON of every command is made of", schema)
}

// topic is a command that cannot be run: its help is all there is to it.
func topic(name, short, long string) *cobra.Command {
	return &cobra.Command{Use: name, Short: short, Long: long}
}
