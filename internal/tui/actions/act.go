package actions

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// act asks for an action on stacks, and has it told how that goes and what came
// of it.
func act(e *command.Env, what string, in api.StackAction) tea.Cmd {
	repo := in.Repo
	if t := e.Store.Task(in.Task); t != nil {
		repo = t.Repo
	}
	return begin(e, what, in, func(r *api.StackReport) tea.Cmd {
		said := what + ": " + outcome(r)
		if r == nil || repo == "" || in.Action == api.StackUndo || in.Action == api.StackAbort || !moved(r) {
			return command.Say("%s", said)
		}
		return command.Tell(command.Undo{What: said, Repo: repo})
	})
}

// begin asks for an action on stacks. then gets its report.
func begin(e *command.Env, what string, in api.StackAction, then func(*api.StackReport) tea.Cmd) tea.Cmd {
	ctx, c, vars := e.Ctx, e.Client, e.Vars
	return func() tea.Msg {
		env, err := vars(ctx)
		if err != nil {
			return command.Failed{Err: err}
		}
		in.Env = env
		a, err := c.StackAction(ctx, in)
		if err != nil {
			return command.Failed{Err: fmt.Errorf("%s: %w", what, err)}
		}
		return command.Follow{What: what, Operation: a.Operation.ID, Then: func(d *api.OperationDetail) tea.Cmd { return then(d.Stack) }}
	}
}

// mostNamed is how many branches are named of those that became the same.
const mostNamed = 3

// outcome says what came of an action, the branches that moved first.
func outcome(r *api.StackReport) string {
	if r == nil {
		return "done"
	}
	names, still := map[string][]string{}, 0
	var order, not []string
	for i := range r.Branches {
		b := &r.Branches[i]
		name := widget.Name(b.Branch)
		switch b.Outcome {
		case api.OutcomeUpToDate:
			still++
		case api.OutcomeBlocked, api.OutcomeBusy, api.OutcomeDirty, api.OutcomeFailed, api.OutcomeConflict:
			not = append(not, strings.TrimSuffix(name+" not moved: "+widget.Name(b.Detail), ": "))
		default:
			word := became(b)
			if names[word] == nil {
				order = append(order, word)
			}
			names[word] = append(names[word], name)
		}
	}
	var parts []string
	for _, word := range order {
		parts = append(parts, listed(names[word])+" "+word)
	}
	parts = append(parts, not...)
	switch {
	case len(parts) == 0 && still == 0 && len(r.Notes) > 0:
		return widget.Name(r.Notes[0])
	case len(parts) == 0:
		return "all is up to date"
	case still > 0:
		parts = append(parts, fmt.Sprintf("%d up to date", still))
	}
	return strings.Join(parts, "; ")
}

// became is what became of a branch that is another now.
func became(b *api.StackResult) string {
	word := strings.ReplaceAll(string(b.Outcome), "_", " ")
	switch b.Outcome {
	case api.OutcomeMoved, api.OutcomeTracked:
		if b.Base != "" {
			word += " onto " + widget.Name(b.Base)
		}
	case api.OutcomeSubmitted:
		if b.Detail != "" {
			word = widget.Name(b.Detail)
		}
	default:
	}
	return word
}

func listed(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}
