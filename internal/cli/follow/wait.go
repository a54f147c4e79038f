package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Target is what a wait is for.
type Target string

// The targets.
const (
	Idle    Target = "idle"    // the turn is over and nothing is queued
	Done    Target = "done"    // and the check is over, too
	Waiting Target = "waiting" // a person is needed
	Exit    Target = "exit"    // the agent process has ended
)

// Targets lists them.
func Targets() []string {
	return []string{string(Idle), string(Done), string(Waiting), string(Exit)}
}

// Watcher gives a task and what happens to it.
type Watcher interface {
	Eventer
	Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error)
}

// Until waits until a task is where target says, or can no longer come there
// by itself. seen, where not nil, gets every state the task was found in. The
// error says how it ended and has the exit code of that; the task is the last
// state seen.
func Until(ctx context.Context, c Watcher, task string, target Target, seen func(*api.TaskDetail)) (api.TaskDetail, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d, err := c.Task(ctx, task, false)
	if err != nil {
		return d, err
	}
	look := func() (bool, error) {
		if seen != nil {
			seen(&d)
		}
		return reached(&d, target)
	}
	if ok, err := look(); ok || err != nil {
		return d, err
	}
	// Every event after the state was read is looked at, so none is missed:
	// a state that is read again holds at least what the event said.
	for e, err := range c.Events(ctx, client.EventFilter{After: d.LastEvent, Task: d.ID}) {
		if err != nil {
			return d, err
		}
		if e.Seq <= d.LastEvent || !Matters(e.Kind) {
			continue
		}
		if d, err = c.Task(ctx, d.ID, false); err != nil {
			return d, err
		}
		if ok, err := look(); ok || err != nil {
			return d, err
		}
	}
	if ctx.Err() != nil {
		return d, context.Cause(ctx)
	}
	return d, errors.New("hfd ended the stream of events")
}

// Matters reports whether an event of a kind may change what is shown of a task.
func Matters(kind api.EventKind) bool {
	switch kind {
	case api.EventStepProgress, api.EventSnapshot, api.EventRepoChanged, api.EventWarning:
		return false
	default:
		return true
	}
}

// reached reports whether a task is where target says. An error says that it
// has stopped elsewhere.
func reached(d *api.TaskDetail, target Target) (bool, error) {
	switch target {
	case Waiting:
		if d.Status == api.StatusWaiting {
			return true, nil
		}
		if over(d, Done) {
			if err := Outcome(&d.Task, d.Operation, Done); err != nil {
				return true, err
			}
			return true, &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is %s and waits for nobody", d.ID, d.Status)}
		}
		return false, nil
	case Exit:
		return ended(d), nil
	case Idle, Done:
		if over(d, target) {
			return true, Outcome(&d.Task, d.Operation, target)
		}
		return false, nil
	}
	return false, exitcode.Usagef("there is no waiting for %q", target)
}

// ended reports whether no agent process runs and none is about to.
func ended(d *api.TaskDetail) bool {
	switch d.Lifecycle {
	case api.LifecycleKilled, api.LifecycleArchived, api.LifecycleError:
		return true
	case api.LifecycleReady:
		return (d.Activity == "" || d.Activity == api.ActivityExited || d.Activity == api.ActivityFailed) && len(d.Messages) == 0
	case api.LifecycleQueued, api.LifecycleProvisioning, api.LifecycleArchiving, api.LifecycleRestoring, api.LifecycleKilling:
	}
	return false
}

// over reports whether a task goes on only when somebody does something: a
// script must learn that a person is waited for, not wait with the task.
func over(d *api.TaskDetail, target Target) bool {
	switch d.Status {
	case api.StatusError, api.StatusKilled, api.StatusArchived:
		return true
	case api.StatusIdle:
		return len(d.Messages) == 0
	case api.StatusWaiting:
		// An answer that was given and has not reached the agent yet is no
		// longer waited for.
		return d.Activity == api.ActivityLimited && len(d.Messages) == 0 ||
			rebaseWaits(&d.Task) && len(d.Messages) == 0 ||
			d.Activity == api.ActivityNeedsInput && !answered(d) ||
			d.Activity == api.ActivityNeedsPermission && len(d.Permissions) > 0
	case api.StatusRunning:
		// Only the check runs.
		return target == Idle && d.Lifecycle == api.LifecycleReady && len(d.Messages) == 0 &&
			(d.Activity == api.ActivityIdle || d.Activity == api.ActivityExited)
	case api.StatusQueued, api.StatusProvisioning:
	}
	return false
}

// rebaseWaits reports whether it is a rebase that a person is needed for.
func rebaseWaits(t *api.Task) bool {
	return t.Status == api.StatusWaiting && t.Rebase != nil && (t.Activity == "" || t.Activity == api.ActivityIdle || t.Activity == api.ActivityExited)
}

// answered reports whether a message is on its way that answers what the agent
// asks. One that was written before a question is none.
func answered(d *api.TaskDetail) bool {
	var asked time.Time
	for i := range d.Permissions {
		if p := &d.Permissions[i]; p.Kind == api.PermissionKindInput && p.CreatedAt.After(asked) {
			asked = p.CreatedAt
		}
	}
	return slices.ContainsFunc(d.Messages, func(m api.Message) bool { return m.CreatedAt.After(asked) })
}

// Outcome says how a task that is over did: nil when well, else an error with
// the exit code of it.
func Outcome(t *api.Task, op *api.Operation, target Target) error {
	switch t.Status {
	case api.StatusError:
		return failure(t, op)
	case api.StatusKilled, api.StatusArchived:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is %s", t.ID, t.Status)}
	case api.StatusQueued, api.StatusProvisioning, api.StatusRunning, api.StatusWaiting, api.StatusIdle:
	}
	if t.Activity == api.ActivityLimited {
		return &api.Error{Code: api.CodeLimit, Message: fmt.Sprintf("task %s reached a usage limit: %s", t.ID, sanitize.Line(t.Reason))}
	}
	if rebaseWaits(t) {
		return &api.Error{
			Code: api.CodeMergeStopped, Message: fmt.Sprintf("a rebase waits in the worktree of task %s: %s", t.ID, sanitize.Line(strings.Join(t.Rebase.Files, ", "))),
			Hint: fmt.Sprintf("resolve it in %[2]s, then `hf stack continue %[1]s`; or `hf stack resolve %[1]s` gives it to its agent; or `hf stack abort %[1]s`", t.ID, sanitize.Line(t.Path)),
		}
	}
	switch t.Activity {
	case api.ActivityNeedsInput:
		return waits(t, fmt.Sprintf("answer with `hf send %s \"…\"`", t.ID))
	case api.ActivityNeedsPermission:
		return waits(t, fmt.Sprintf("answer with `hf approve %[1]s` or `hf deny %[1]s`, then `hf wait %[1]s` goes on", t.ID))
	default:
	}
	if t.Result == nil {
		return nil
	}
	if err := stopped(t.ID, t.Result); err != nil {
		return err
	}
	if c := t.Result.Check; c != nil && c.ExitCode != 0 && target == Done {
		return &api.Error{Code: api.CodeCheck, Message: fmt.Sprintf("the check of task %s failed (exit %d): %s", t.ID, c.ExitCode, sanitize.Line(c.Command))}
	}
	return nil
}

func waits(t *api.Task, hint string) error {
	return &api.Error{Code: api.CodeHalted, Message: fmt.Sprintf("task %s waits for %s", t.ID, sanitize.Line(t.Reason)), Hint: hint}
}

func failure(t *api.Task, op *api.Operation) error {
	if t.Lifecycle == api.LifecycleError && op != nil && op.Error != nil {
		return Failed(t.ID, op)
	}
	return &api.Error{Code: api.CodeAgent, Message: fmt.Sprintf("task %s: %s", t.ID, sanitize.Line(t.Reason)), Hint: fmt.Sprintf("`hf logs %s` shows what it said", t.ID)}
}

// Failed is the error of an operation that failed.
func Failed(task string, op *api.Operation) error {
	if op.Error == nil {
		return nil
	}
	e := *op.Error
	if e.Hint == "" && op.Repo == "" { // what is done to a repo is not retried, but asked for again
		e.Hint = fmt.Sprintf("`hf show %s` says more, `hf retry %s` goes on from the failed step", task, task)
	}
	return &e
}

// stopped says what is wrong with the end of a turn.
func stopped(task string, r *api.TurnResult) error {
	e := &api.Error{Code: api.CodeAgent}
	switch r.StopReason {
	case api.StopEndTurn:
		return nil
	case api.StopLimit:
		e.Code = api.CodeLimit
		e.Message = fmt.Sprintf("task %s reached a usage limit", task)
	case api.StopCancelled:
		return &cancelled{task}
	case api.StopMaxTokens, api.StopMaxTurnRequests, api.StopRefusal:
		e.Message = fmt.Sprintf("the turn of task %s ended early: %s", task, r.StopReason)
	case api.StopError, api.StopInterrupted:
		e.Message = fmt.Sprintf("the turn of task %s failed", task)
	default:
		e.Message = fmt.Sprintf("the turn of task %s ended: %s", task, sanitize.Line(string(r.StopReason)))
	}
	if r.Message != "" {
		e.Message += ": " + sanitize.Line(r.Message)
	}
	return e
}

// cancelled is a turn that somebody interrupted.
type cancelled struct{ task string }

func (c *cancelled) Error() string { return fmt.Sprintf("the turn of task %s was interrupted", c.task) }

func (c *cancelled) Unwrap() error { return context.Canceled }

// Timeout bounds a wait. The error that follows from it has the exit code of a
// time limit, and says how to wait for the task again, where one is given.
func Timeout(ctx context.Context, limit time.Duration, task string) (context.Context, context.CancelFunc) {
	if limit <= 0 {
		return context.WithCancel(ctx)
	}
	hint := "nothing was stopped; the same command waits again"
	if task != "" {
		hint = fmt.Sprintf("the task goes on; `hf wait %s` waits for it again", task)
	}
	return context.WithTimeoutCause(ctx, limit, &api.Error{Code: api.CodeTimeout, Message: fmt.Sprintf("not done after %s", limit), Hint: hint})
}
