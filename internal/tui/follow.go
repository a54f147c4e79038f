package tui

import (
	"encoding/json"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/pkg/api"
)

// looked is how an operation is that was begun here.
type looked struct {
	id     string
	detail api.OperationDetail
	err    error
}

// began tells from now on how an operation goes. It may have ended already.
func (a *app) began(f command.Follow) tea.Cmd {
	a.follows[f.Operation] = f
	a.show(f.What+a.deps.Theme.Sign.Ellipsis, false)
	return a.lookAt(f.Operation)
}

// lookAt asks how an operation is.
func (a *app) lookAt(id string) tea.Cmd {
	ctx, c := a.deps.Ctx, a.deps.Client
	return func() tea.Msg {
		d, err := c.Operation(ctx, id)
		return looked{id, d, err}
	}
}

// went shows what an update says of the operations that were begun here.
func (a *app) went(u *model.Update) tea.Cmd {
	if len(a.follows) == 0 {
		return nil
	}
	var cmds []tea.Cmd
	if u.All { // what happened before is not told
		for id := range a.follows {
			cmds = append(cmds, a.lookAt(id))
		}
	}
	for i := range u.Events {
		switch e := &u.Events[i]; e.Kind {
		case api.EventStepStarted, api.EventStepProgress:
			var step api.StepEvent
			if json.Unmarshal(e.Data, &step) != nil {
				continue
			}
			if f, ok := a.follows[step.Operation]; ok {
				a.show(f.What+": "+step.Step+" "+step.Detail, false)
			}
		case api.EventOperationDone, api.EventOperationFailed:
			var op api.Operation
			if json.Unmarshal(e.Data, &op) != nil {
				continue
			}
			if _, ok := a.follows[op.ID]; ok {
				cmds = append(cmds, a.lookAt(op.ID))
			}
		default:
		}
	}
	return tea.Batch(cmds...)
}

// ended shows what came of an operation, once it has ended.
func (a *app) ended(l looked) tea.Cmd {
	f, ok := a.follows[l.id]
	op := &l.detail.Operation
	switch {
	case !ok:
		return nil
	case l.err != nil && !api.IsCode(l.err, api.CodeNotFound):
		return nil // its end, or the next list of tasks, has it asked for again
	case l.err == nil && op.State != api.OperationDone && op.State != api.OperationFailed && op.State != api.OperationHalted:
		return nil
	}
	delete(a.follows, l.id)
	err := l.err
	if err == nil && op.Error != nil {
		err = op.Error
	}
	switch {
	case err != nil:
		a.show(f.What+": "+command.Failed{Err: err}.Text(), true)
	case f.Then != nil:
		a.toast = toast{} // what follows says it
		return f.Then(&l.detail)
	default:
		a.show(f.What+": "+said(op, f.Step), false)
	}
	return a.dialog(command.Ended{Operation: l.id, Err: err})
}

// said is what an operation said of the step that matters.
func said(op *api.Operation, step string) string {
	for i := range op.Steps {
		if op.Steps[i].Name == step && op.Steps[i].Detail != "" {
			return op.Steps[i].Detail
		}
	}
	return "done"
}
