package command

import (
	"context"
	"errors"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/pkg/api"
)

// Done is the message that something was done. Text is shown for a while, ""
// shows nothing.
type Done struct{ Text string }

// Follow is the message that hfd is at work on an operation that was asked for
// here: it is told how it goes, and what came of it.
type Follow struct {
	What      string // it is called
	Operation string // its id
	Step      string // whose detail says what came of it
	// Then, where not nil, gets what came of it instead.
	Then func(d *api.OperationDetail) tea.Cmd
}

// Ended is the message to a dialog that an operation ended.
type Ended struct {
	Operation string
	Err       error // what is wrong, nil = it was done
}

// Failed is the message that something was not done.
type Failed struct{ Err error }

// Text is what is shown of it: what happened, and what to do next.
func (f Failed) Text() string {
	text := f.Err.Error()
	if e, ok := errors.AsType[*api.Error](f.Err); ok && e.Hint != "" {
		text += ". " + e.Hint
	}
	return text
}

// Say shows a line for a while.
func Say(format string, args ...any) tea.Cmd {
	return func() tea.Msg { return Done{fmt.Sprintf(format, args...)} }
}

// Refuse shows why something cannot be done.
func Refuse(format string, args ...any) tea.Cmd {
	err := fmt.Errorf(format, args...)
	return func() tea.Msg { return Failed{err} }
}

// Tell is a command that sends a message.
func Tell(msg tea.Msg) tea.Cmd { return func() tea.Msg { return msg } }

// Do runs a request in the background and shows what became of it.
func (e *Env) Do(done string, f func(ctx context.Context) error) tea.Cmd {
	ctx := e.Ctx
	return func() tea.Msg {
		if err := f(ctx); err != nil {
			return Failed{err}
		}
		return Done{done}
	}
}

// Deliver returns what hands a message to the agent of a task. It waits for
// hfd, so it is for commands.
func (e *Env) Deliver(task, text string) func() (api.Message, error) {
	ctx, c, vars := e.Ctx, e.Client, e.Vars
	return func() (api.Message, error) {
		env, err := vars(ctx)
		if err != nil {
			return api.Message{}, err
		}
		return c.Send(ctx, task, api.SendMessage{Text: text, Env: env})
	}
}

// Each does one request for each task the action is for, one after the other,
// and shows how many it was done for.
func (e *Env) Each(verb string, f func(ctx context.Context, task string) error) tea.Cmd {
	return e.each(verb, false, f)
}

// EachUndone is Each for what a restore takes back.
func (e *Env) EachUndone(verb string, f func(ctx context.Context, task string) error) tea.Cmd {
	return e.each(verb, true, f)
}

func (e *Env) each(verb string, undone bool, f func(ctx context.Context, task string) error) tea.Cmd {
	targets := e.Store.Targets()
	if len(targets) == 0 {
		return Refuse("there is no task here")
	}
	ids, titles := make([]string, len(targets)), targets[0].Title
	for i, t := range targets {
		ids[i] = t.ID
	}
	ctx := e.Ctx
	e.Store.Unmark()
	return func() tea.Msg {
		var errs []error
		done := make([]string, 0, len(ids))
		for _, id := range ids {
			if err := f(ctx, id); err != nil {
				errs = append(errs, err)
			} else {
				done = append(done, id)
			}
		}
		what := verb + ": " + titles
		if len(ids) > 1 {
			what = fmt.Sprintf("%s: %d tasks", verb, len(done))
		}
		undo := Undo{What: what, Tasks: done, Quiet: len(errs) > 0}
		switch {
		case len(errs) == 0 && undone:
			return undo
		case len(errs) == 0:
			return Done{what}
		case len(ids) == 1:
			return Failed{errs[0]}
		}
		failed := Failed{fmt.Errorf("%d of %d tasks: %w", len(errs), len(ids), errs[0])}
		if undone && len(done) > 0 {
			return tea.BatchMsg{Tell(undo), Tell(failed)}
		}
		return failed
	}
}

// NeedsTask is the When of actions on the selected or marked tasks.
func NeedsTask(e *Env) string {
	if len(e.Store.Targets()) == 0 {
		return "there is no task here"
	}
	return ""
}

// NeedsLife is the When of actions on tasks that are not archived or killed.
func NeedsLife(e *Env) string {
	t := e.Store.Selected()
	switch {
	case t == nil:
		return "there is no task here"
	case t.Lifecycle == api.LifecycleArchived || t.Lifecycle == api.LifecycleKilled:
		return "the task is " + string(t.Lifecycle) + "; restore it first"
	}
	return ""
}
