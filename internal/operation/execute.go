package operation

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// The pause before a transaction is tried again that failed for a reason that
// may pass, as a full disk does.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 10 * time.Second
)

// execute carries an operation on until it ends, is parked or ctx ends.
func (r *Runner[T]) execute(ctx, parking context.Context, id string) {
	if r.slots != nil {
		select {
		case r.slots <- struct{}{}:
			defer func() { <-r.slots }()
		case <-parking.Done():
			return
		case <-ctx.Done():
			return
		}
	}
	op, plan, err := r.begin(ctx, parking, id)
	if err != nil {
		r.abandon(ctx, parking, &Operation{ID: id}, fmt.Errorf("begin: %w", err))
		return
	}
	for i := 0; op.live() && parking.Err() == nil && ctx.Err() == nil; i++ {
		fault.Pass("operation.between")
		if i == len(plan.Steps) {
			err = r.record(ctx, parking, func(tx T) error { return r.finish(tx, op) })
		} else if op.Steps[i].State != api.StepDone {
			err = r.step(ctx, parking, plan, op, i)
		}
		if err != nil {
			r.abandon(ctx, parking, op, err)
			return
		}
		if i < len(plan.Steps) && op.Steps[i].State != api.StepDone {
			return // failed or parked
		}
	}
}

// abandon ends an operation that cannot be recorded as it went, so that it
// does not stay live with nobody at work on it: with the plan's consent if it
// can be had, else without.
func (r *Runner[T]) abandon(ctx, parking context.Context, op *Operation, cause error) {
	r.cfg.Log.Error("carry out operation", "operation", op.ID, "kind", op.Kind, "task", op.Task, "repo", op.Repo, "error", cause)
	if ctx.Err() != nil || parking.Err() != nil {
		return // the next start finds it
	}
	for _, end := range []func(tx T, op *Operation, i int, err error, log string) error{r.fail, r.failAlone} {
		err := r.record(ctx, parking, func(tx T) error {
			op, err := tx.Operation(op.ID)
			if err != nil || !op.live() {
				return err
			}
			return end(tx, op, op.started(), cause, "")
		})
		if err == nil {
			return
		}
		r.cfg.Log.Error("end operation", "operation", op.ID, "error", err)
	}
}

// begin reads an operation and marks it running. One that was interrupted in a
// step which cannot be repeated is halted instead.
func (r *Runner[T]) begin(ctx, parking context.Context, id string) (op *Operation, plan Plan[T], err error) {
	err = r.record(ctx, parking, func(tx T) error {
		op, err = tx.Operation(id)
		if err != nil || !op.live() {
			return err
		}
		var known bool
		if plan, known = r.plans[op.Kind]; !known {
			return r.fail(tx, op, -1, &api.Error{
				Code: api.CodeInternal, Message: fmt.Sprintf("this hfd does not know operations of kind %q", op.Kind),
				Hint: "A newer hfd may: upgrade, then retry.",
			}, "")
		}
		op.Steps = align(op.Steps, plan.Steps)
		for i, def := range plan.Steps {
			if def.Resume == Halt && op.Steps[i].State == api.StepStarted {
				return r.fail(tx, op, i, &api.Error{
					Code:    api.CodeHalted,
					Message: fmt.Sprintf("hfd ended during the step %q: whether it took effect is not known", def.Name),
					Hint:    "Look at the task; retrying does the step again.",
				}, "")
			}
		}
		if op.State == api.OperationRunning {
			return nil
		}
		op.State = api.OperationRunning
		return r.put(tx, op, nil)
	})
	return op, plan, err
}

// align gives an operation the steps of its plan, in the plan's order, each in
// the state it has.
func align(have []Step, want []Definition) []Step {
	steps := make([]Step, len(want))
	for i, def := range want {
		steps[i] = Step{Name: def.Name, State: api.StepPending}
		if j := slices.IndexFunc(have, func(s Step) bool { return s.Name == def.Name }); j >= 0 {
			steps[i] = have[j]
		}
		steps[i].Limit = def.Limit
	}
	return steps
}

// step records that a step began, runs it and records how it ended. The last
// step's end is that of the operation. Its error is one of recording.
func (r *Runner[T]) step(ctx, parking context.Context, plan Plan[T], op *Operation, i int) error {
	def, step := plan.Steps[i], &op.Steps[i]
	now := r.cfg.Now()
	*step = Step{Name: def.Name, State: api.StepStarted, StartedAt: &now, Limit: def.Limit}
	if err := r.record(ctx, parking, func(tx T) error { return r.note(tx, op, step, api.EventStepStarted) }); err != nil {
		return err
	}

	run := newRun(parking, op, func(detail, log string) {
		step.Detail, step.Log = detail, log
		err := r.cfg.Store.Update(ctx, func(tx T) error { return r.note(tx, op, step, api.EventStepProgress) })
		if err != nil && ctx.Err() == nil {
			r.cfg.Log.Warn("record progress", "operation", op.ID, "step", step.Name, "error", err)
		}
	})
	// The intention is durable, the effect is to come; then it has happened and
	// nothing says so.
	err := fault.Around("operation.step", func() error { return r.call(ctx, def, run) })
	detail, log := run.end()
	if err == nil {
		err = run.err // of its result
	}

	switch {
	case err == nil:
		return r.record(ctx, parking, func(tx T) error {
			end := r.cfg.Now()
			step.State, step.Detail, step.Log, step.Result, step.EndedAt = api.StepDone, detail, log, run.result, &end
			if i < len(plan.Steps)-1 {
				return r.note(tx, op, step, api.EventStepDone)
			}
			op.State = api.OperationDone
			if err := r.note(tx, op, step, api.EventStepDone); err != nil {
				return err
			}
			return r.announce(tx, op, api.EventOperationDone)
		})
	case errors.Is(err, ErrParked) && def.Resume == Retry, !errors.Is(err, ErrParked) && ctx.Err() != nil:
		return nil // it stays started
	case errors.Is(err, ErrParked):
		// The step says that nothing happened yet, so it need not halt.
		return r.record(ctx, parking, func(tx T) error {
			*step = Step{Name: def.Name, State: api.StepPending, Limit: def.Limit}
			return r.put(tx, op, step)
		})
	}
	if l, ok := errors.AsType[*logged](err); ok {
		log = l.log
	}
	return r.record(ctx, parking, func(tx T) error {
		step.Detail = detail
		return r.fail(tx, op, i, err, log)
	})
}

// call runs a step under its limit. A panic is an error.
func (r *Runner[T]) call(ctx context.Context, def Definition, run *Run) (err error) {
	limit := &api.Error{
		Code: api.CodeTimeout, Message: fmt.Sprintf("the step %q did not end within its limit of %s", def.Name, def.Limit),
		Hint: "Retrying begins the step again.",
	}
	if def.Limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, def.Limit, limit)
		defer cancel()
	}
	defer func() {
		if p := recover(); p != nil {
			stack := string(debug.Stack())
			r.cfg.Log.Error("panic in a step", "operation", run.Op.ID, "step", def.Name, "panic", p, "stack", stack)
			err = WithLog(&api.Error{Code: api.CodeInternal, Message: fmt.Sprintf("the step %q panicked: %v", def.Name, p)}, stack)
		}
	}()
	err = def.Run(ctx, run)
	if err == nil || errors.Is(err, ErrParked) || !errors.Is(context.Cause(ctx), limit) {
		return err
	}
	if e, ok := errors.AsType[*api.Error](err); ok && e.Code == api.CodeTimeout {
		return err // the step knows better what it waited for
	}
	if l, ok := errors.AsType[*logged](err); ok {
		return WithLog(limit, l.log)
	}
	return limit
}

// record runs a transaction and repeats it while what stops it may pass. fn
// may be called several times. What was done is recorded even when ctx ended.
func (r *Runner[T]) record(ctx, parking context.Context, fn func(tx T) error) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := r.cfg.Store.Update(context.WithoutCancel(ctx), fn)
		if e, ok := errors.AsType[*api.Error](err); !ok || !e.Retryable {
			return err
		}
		r.cfg.Log.Warn("record operation, trying again", "pause", pause, "error", err)
		select {
		case <-time.After(pause):
		case <-parking.Done():
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// put stores an operation and lets its plan follow.
func (r *Runner[T]) put(tx T, op *Operation, step *Step) error {
	if err := tx.PutOperation(op); err != nil {
		return err
	}
	if changed := r.plans[op.Kind].Changed; changed != nil {
		return changed(tx, op, step)
	}
	return nil
}

// note stores what became of a step and says it in an event. Only that of a
// failure carries the log: one that grows would be in the journal many times.
func (r *Runner[T]) note(tx T, op *Operation, step *Step, kind api.EventKind) error {
	e := api.StepEvent{Operation: op.ID, Kind: op.Kind, Step: step.Name, Detail: step.Detail, Error: stepError(op, step)}
	if kind == api.EventStepFailed {
		e.Log = step.Log
	}
	_, err := tx.Event(kind, op.Workspace, r.about(op), e)
	if err != nil {
		return err
	}
	return r.put(tx, op, step)
}

// finish ends an operation whose steps are all done.
func (r *Runner[T]) finish(tx T, op *Operation) error {
	op.State = api.OperationDone
	if err := r.put(tx, op, nil); err != nil {
		return err
	}
	return r.announce(tx, op, api.EventOperationDone)
}

// fail ends an operation, in its step i or, for -1, between two.
func (r *Runner[T]) fail(tx T, op *Operation, i int, err error, log string) error {
	op.State, op.Error = api.OperationFailed, problem(err)
	if op.Error.Code == api.CodeHalted {
		op.State = api.OperationHalted
	}
	if i < 0 {
		err = r.put(tx, op, nil)
	} else {
		now := r.cfg.Now()
		step := &op.Steps[i]
		step.State, step.Log, step.EndedAt = api.StepFailed, log, &now
		err = r.note(tx, op, step, api.EventStepFailed)
	}
	if err != nil {
		return err
	}
	return r.announce(tx, op, api.EventOperationFailed)
}

// failAlone is fail for a plan that cannot follow.
func (r *Runner[T]) failAlone(tx T, op *Operation, i int, err error, _ string) error {
	op.State, op.Error = api.OperationFailed, problem(err)
	if i >= 0 {
		now := r.cfg.Now()
		op.Steps[i].State, op.Steps[i].EndedAt = api.StepFailed, &now
	}
	if err := tx.PutOperation(op); err != nil {
		return err
	}
	return r.announce(tx, op, api.EventOperationFailed)
}

// announce says in an event how an operation ended.
func (r *Runner[T]) announce(tx T, op *Operation, kind api.EventKind) error {
	_, err := tx.Event(kind, op.Workspace, r.about(op), api.Operation{
		ID: op.ID, Task: op.Task, Repo: op.Repo, Kind: op.Kind, State: op.State, Error: op.Error,
		Steps: []api.Step{}, CreatedAt: op.CreatedAt, UpdatedAt: op.UpdatedAt,
	})
	return err
}

// about is the task that the events of an operation are of, "" for none.
func (r *Runner[T]) about(op *Operation) string {
	if about := r.plans[op.Kind].About; op.Task == "" && about != nil {
		return about(op)
	}
	return op.Task
}

func stepError(op *Operation, step *Step) *api.Error {
	if step.State != api.StepFailed {
		return nil
	}
	return op.Error
}

// problem is the error of a step as it is stored and shown: with the code and
// the hint of the *api.Error in it, if there is one.
func problem(err error) *api.Error {
	out := &api.Error{Code: api.CodeInternal}
	if e, ok := errors.AsType[*api.Error](err); ok {
		*out = *e
	} else if errors.Is(err, context.DeadlineExceeded) {
		out.Code = api.CodeTimeout
	} else if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		out.Code, out.Hint = api.CodeDiskFull, "Free some space, then retrying goes on."
	}
	out.Message = err.Error()
	return out
}
