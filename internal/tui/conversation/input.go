package conversation

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/pkg/api"
)

// unsent is a message that did not reach hfd.
type unsent struct {
	task, text string
	err        error
}

// send hands the message to hfd. What cannot be sent comes back as the draft.
func (p *Pane) send() tea.Cmd {
	task, text := p.input.Key(), p.input.Take()
	if task == "" || text == "" {
		return nil
	}
	deliver := p.d.Deliver(task, text)
	p.scrollOf().bottom()
	return func() tea.Msg {
		m, err := deliver()
		switch {
		case err != nil:
			return unsent{task, text, err}
		case m.State == api.MessageQueued:
			return command.Done{Text: "queued; the agent gets it when it can"}
		}
		return command.Done{}
	}
}

// label says what is typed.
func (p *Pane) label() string {
	if r := p.open(); r != nil && r.Kind == api.PermissionKindInput {
		return "answer"
	}
	return "message"
}
