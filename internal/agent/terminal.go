package agent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// conversation stands for the agent's own id of a conversation in a command.
const conversation = "{conversation}"

// OwnTerminal returns the command of the agent's own terminal under a permission
// policy, or in a mode that somebody asked for. It goes on with the conversation
// of this id where it can: resumes says so.
func (p Profile) OwnTerminal(id string, permission api.Permission, mode string) (argv []string, resumes bool, err error) {
	argv, resumes, err = p.terminal(id)
	if err != nil {
		return nil, false, err
	}
	words := p.TerminalPolicy[permission]
	if mode = cmp.Or(mode, p.Mode); mode != "" && p.TerminalMode != "" {
		words = []string{p.TerminalMode, mode}
	}
	return slices.Insert(argv, 1, words...), resumes, nil
}

func (p Profile) terminal(id string) (argv []string, resumes bool, err error) {
	if strings.HasPrefix(id, "-") { // an agent chose it, and programs would take it for an option
		id = ""
	}
	switch {
	case len(p.TerminalResume) > 0 && id != "":
		argv = slices.Clone(p.TerminalResume)
		for i, word := range argv {
			argv[i] = strings.ReplaceAll(word, conversation, id)
		}
		return argv, true, nil
	case len(p.Terminal) > 0:
		return slices.Clone(p.Terminal), false, nil
	case len(p.TerminalResume) > 0:
		return nil, false, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("there is no conversation with %s yet that its terminal could go on with", p.Name),
			Hint: "Send it a message first.",
		}
	}
	return nil, false, &api.Error{
		Code: api.CodeInvalid, Message: fmt.Sprintf("hf knows no terminal of agent %s", p.Name),
		Hint: fmt.Sprintf(`Name one in the configuration: terminal = ["PROGRAM", "--resume", %q] below [agents.%s].`, conversation, p.Name),
	}
}

// ownTerminal takes the command that the user configured.
func (p *Profile) ownTerminal(argv []string) {
	p.Terminal, p.TerminalResume, p.TerminalPolicy, p.TerminalMode = argv, nil, nil, ""
	if slices.ContainsFunc(argv, func(word string) bool { return strings.Contains(word, conversation) }) {
		p.Terminal, p.TerminalResume = nil, argv
	}
}
