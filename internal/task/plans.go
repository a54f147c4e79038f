package task

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// The kinds of operation. They are stored: a changed plan gets a new kind.
const (
	KindCreate  = "create"
	KindStart   = "start" // starts an agent again for a task that has none
	KindCheck   = "check"
	KindArchive = "archive"
	KindRestore = "restore"
	KindRepair  = "repair" // of a worktree that went missing
	KindKill    = "kill"
)

// The steps. They are stored: never rename one.
const (
	StepName     = "name"
	StepBranch   = "branch"
	StepSandbox  = "sandbox"
	StepSetup    = "setup"
	StepAgent    = "agent"
	StepPrompt   = "prompt"
	StepCheck    = "check"
	StepStop     = "stop"
	StepTeardown = "teardown"
	StepSave     = "save"
	StepRemove   = "remove"
	StepFree     = "free" // the disk space of what was removed, where all of it is saved
	StepDelete   = "branch-delete"
	StepRestore  = "restore"
	StepResume   = "resume"
)

// Plans returns the plans of every kind of operation on a task.
func (s *Service) Plans() []operation.Plan[Tx] {
	limits := s.cfg.Settings()
	return []operation.Plan[Tx]{
		{Kind: KindCreate, Changed: s.provisioning, Steps: []operation.Definition{
			{Name: StepName, Run: s.runName},
			{Name: StepBranch, Run: s.runBranch},
			{Name: StepSandbox, Run: s.runSandbox},
			{Name: StepSetup, Run: s.runSetup, Limit: limits.SetupLimit},
			{Name: StepAgent, Run: s.runAgent, Limit: limits.AgentLimit},
			{Name: StepPrompt, Run: s.runPrompt, Limit: limits.AgentLimit},
		}},
		{Kind: KindStart, Changed: s.working, Steps: []operation.Definition{
			{Name: StepAgent, Run: s.runAgent, Limit: limits.AgentLimit},
		}},
		{Kind: KindRepair, Changed: s.working, Steps: []operation.Definition{
			{Name: StepStop, Run: s.runStop}, // an agent in a directory that is gone
			{Name: StepSandbox, Run: s.runRepair},
		}},
		{Kind: KindCheck, Changed: s.working, Steps: []operation.Definition{
			{Name: StepCheck, Run: s.runCheck, Limit: limits.CheckLimit},
		}},
		{Kind: KindKill, Changed: s.killing, Steps: []operation.Definition{
			{Name: StepStop, Run: s.runStop},
			{Name: StepTeardown, Run: s.runTeardown, Limit: limits.SetupLimit},
			{Name: StepSave, Run: s.runSave},
			{Name: StepRemove, Run: s.runRemove},
			{Name: StepFree, Run: s.runFree},
			{Name: StepDelete, Run: s.runDelete},
		}},
		{Kind: KindArchive, Changed: s.archiving, Steps: []operation.Definition{
			{Name: StepStop, Run: s.runStop},
			{Name: StepTeardown, Run: s.runTeardown, Limit: limits.SetupLimit},
			{Name: StepSave, Run: s.runSave},
			{Name: StepRemove, Run: s.runRemove},
			{Name: StepFree, Run: s.runFree},
		}},
		{Kind: KindRestore, Changed: s.restoring, Steps: []operation.Definition{
			{Name: StepRestore, Run: s.runRestore},
			{Name: StepResume, Run: s.runResume, Limit: limits.AgentLimit},
		}},
	}
}

// newOperation is an operation of a kind, with the steps of its plan.
func (s *Service) newOperation(t *Task, kind string, now time.Time) *operation.Operation {
	op := &operation.Operation{
		ID: ids.New(), Task: t.ID, Workspace: t.Workspace, Kind: kind,
		State: api.OperationPending, CreatedAt: now, UpdatedAt: now,
	}
	for _, p := range s.Plans() {
		if p.Kind != kind {
			continue
		}
		for _, step := range p.Steps {
			op.Steps = append(op.Steps, operation.Step{Name: step.Name, State: api.StepPending})
		}
	}
	return op
}

// provisioning shows a create operation on its task.
func (s *Service) provisioning(tx Tx, op *operation.Operation, step *operation.Step) error {
	return s.follow(tx, op, step, EventProvision, EventReady)
}

// killing shows a kill operation on its task.
func (s *Service) killing(tx Tx, op *operation.Operation, step *operation.Step) error {
	if err := s.follow(tx, op, step, EventKill, EventKilled); err != nil || op.State != api.OperationDone {
		return err
	}
	t, err := tx.Task(op.Task)
	if err != nil {
		return err
	}
	return failMessages(tx, t, "the task was killed", s.cfg.Now()) // one that its agent gave back meanwhile
}

// archiving shows an archive operation on its task. Messages that wait stay in
// the outbox.
func (s *Service) archiving(tx Tx, op *operation.Operation, step *operation.Step) error {
	return s.follow(tx, op, step, EventArchive, EventArchived)
}

// restoring shows a restore operation on its task. One that was refused before
// it made anything leaves the task as it was.
func (s *Service) restoring(tx Tx, op *operation.Operation, step *operation.Step) error {
	refused := op.State == api.OperationFailed && (op.Error.Code == api.CodeConflict || op.Error.Code == api.CodeNotFound)
	if !refused {
		return s.follow(tx, op, step, EventRestore, EventRestored)
	}
	args, err := argsOf[coming](op)
	if err != nil {
		return err
	}
	t, err := tx.Task(op.Task)
	if err != nil || t.Path != "" {
		return errors.Join(err, s.follow(tx, op, step, EventRestore, EventRestored))
	}
	before := *t
	back := EventArchived
	if args.From == api.LifecycleKilled {
		back = EventKilled
	}
	if err := t.move(back); err != nil {
		return err
	}
	t.Step, t.Reason = "", "not restored: "+op.Error.Message
	return s.putChanged(tx, &before, t)
}

// follow moves the task's life cycle with an operation: begin when it runs,
// done when it is done, error when it failed.
func (s *Service) follow(tx Tx, op *operation.Operation, step *operation.Step, begin, done Event) error {
	t, err := tx.Task(op.Task)
	if err != nil {
		return err
	}
	before := *t
	switch op.State {
	case api.OperationPending:
		return nil
	case api.OperationRunning:
		if step != nil {
			t.Step = step.Name
		} else {
			t.Reason = "" // from now on it is what a step says
		}
		err = t.move(begin)
	case api.OperationDone:
		t.Step = "" // a reason is one that a step gave
		if done == EventArchived || done == EventKilled {
			now := s.cfg.Now()
			t.EndedAt = &now
		} else {
			t.EndedAt = nil
		}
		err = t.move(done)
	case api.OperationFailed, api.OperationHalted:
		t.Reason = op.Error.Message
		err = t.move(EventFail)
	}
	if err != nil {
		return err
	}
	return s.putChanged(tx, &before, t)
}

// working shows an operation that leaves the life cycle as it is.
func (s *Service) working(tx Tx, op *operation.Operation, step *operation.Step) error {
	t, err := tx.Task(op.Task)
	if err != nil {
		return err
	}
	before := *t
	switch op.State {
	case api.OperationRunning:
		if step != nil {
			t.Step = step.Name
		}
	case api.OperationDone:
		t.Step = ""
		if op.Kind == KindRepair { // hf itself ended the agent; the next message starts it
			t.Activity, t.ActivityReason, t.ActivitySince = "", "", s.cfg.Now()
		}
	case api.OperationFailed, api.OperationHalted:
		t.Step = ""
		if op.Kind == KindCheck && t.Result != nil {
			result := *t.Result
			result.Check = &api.CheckResult{Command: t.Check, ExitCode: -1, Output: op.Error.Message}
			t.Result = &result
		}
		if op.Kind == KindStart {
			t.Activity, t.ActivityReason, t.ActivitySince = api.ActivityFailed, op.Error.Message, s.cfg.Now()
			if err := failMessages(tx, t, op.Error.Message, s.cfg.Now()); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	return s.putChanged(tx, &before, t)
}

// failMessages ends the messages that wait for an agent that will not come.
func failMessages(tx Tx, t *Task, why string, now time.Time) error {
	msgs, err := tx.MessagesOf(t.ID)
	if err != nil {
		return err
	}
	for i := range msgs {
		m := &msgs[i]
		if m.State != api.MessageAccepted && m.State != api.MessageQueued {
			continue
		}
		m.State, m.Error, m.EndedAt = api.MessageFailed, why, &now
		if err := tx.PutMessage(m); err != nil {
			return err
		}
		if err := announceMessage(tx, t, m); err != nil {
			return err
		}
	}
	return nil
}

// move applies the table of states. An event that changes nothing is none.
func (t *Task) move(e Event) error {
	next, err := Next(t.Lifecycle, e)
	if err != nil {
		return err
	}
	t.Lifecycle = next
	return nil
}

// putChanged stores a task and says in an event what it now is, when that
// changed.
func (s *Service) putChanged(tx Tx, before, t *Task) error {
	if err := tx.PutTask(t); err != nil {
		return err
	}
	was, wasReason := Shown(before)
	status, reason := Shown(t)
	if was == status && wasReason == reason && before.Lifecycle == t.Lifecycle {
		return nil
	}
	_, err := tx.Event(api.EventTaskChanged, t.Workspace, t.ID, Change(before, t))
	return err
}

// Change is what events say a task now is, and was.
func Change(before, t *Task) api.TaskChange {
	was, _ := Shown(before)
	status, reason := Shown(t)
	return api.TaskChange{Status: status, Was: was, Reason: reason, Lifecycle: t.Lifecycle, Activity: t.Activity}
}

// load reads the task of an operation and its repo.
func (s *Service) load(ctx context.Context, id string) (t *Task, repo *Repo, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if t, err = tx.Task(id); err != nil {
			return err
		}
		repo, err = tx.Repo(t.RepoID)
		return err
	})
	return t, repo, err
}

// change reads a task, changes it and stores it, in one transaction.
func (s *Service) change(ctx context.Context, id string, fn func(*Task)) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		before := *t
		fn(t)
		return s.putChanged(tx, &before, t)
	})
}

// await returns when done says so. done is asked again after every commit that
// appended an event.
func (s *Service) await(ctx context.Context, done func(tx Tx) (bool, error)) error {
	woken, stop := s.cfg.Store.Watch()
	defer stop()
	for {
		var ok bool
		err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
			ok, err = done(tx)
			return err
		})
		if err != nil || ok {
			return err
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func specOf(t *Task, repo *Repo) sandbox.Spec {
	return sandbox.Spec{Task: t.ID, Slug: t.slug(), Repo: repo.Path, GitDir: repo.GitDir, Branch: t.Branch}
}

func elapsed(since time.Time, now time.Time) string {
	return fmt.Sprintf("%ds", int(now.Sub(since).Seconds()))
}
