package task

import (
	"context"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/repoconfig"
	"github.com/hf-dev/hf/pkg/api"
)

// checkDue reports whether a task's check has to run: its last turn ended well, its
// result is not known, and nothing else is going on.
func checkDue(t *Task) bool {
	return t.Check != "" && t.Lifecycle == api.LifecycleReady && t.TurnStartedAt == nil &&
		t.Result != nil && t.Result.StopReason == api.StopEndTurn && t.Result.Check == nil
}

// StartCheck begins the task's check if it is due. It may be called at any time
// and any number of times.
func (s *Service) StartCheck(ctx context.Context, id string) error {
	var started string
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil || !checkDue(t) {
			return err
		}
		live, err := tx.LiveOperation(id)
		if err != nil || live != nil {
			return err
		}
		op := s.newOperation(t, KindCheck, s.cfg.Now())
		started = op.ID
		return tx.PutOperation(op)
	})
	if err == nil && started != "" {
		s.cfg.Runner().Enqueue(started)
	}
	return err
}

// StartChecks begins every check that is due, for a daemon that begins.
func (s *Service) StartChecks(ctx context.Context) error {
	tasks, _, err := s.List(ctx, Filter{})
	if err != nil {
		return err
	}
	for i := range tasks {
		if !checkDue(&tasks[i]) {
			continue
		}
		if err := s.StartCheck(ctx, tasks[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// runCheck runs the task's check command. That it fails is a result, not a
// failure of the operation.
func (s *Service) runCheck(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	cfg, err := s.trustedConfig(ctx, t, repo)
	if err != nil {
		cfg = repoconfig.Config{} // the check is the user's own; only the repository's env is left out
	}
	run.Progress(t.Check)
	exit, tail, err := s.runCommand(ctx, run, t, cfg, run.Op.ID+"-check", t.Check)
	if err != nil {
		return operation.WithLog(err, tail)
	}
	check := &api.CheckResult{Command: t.Check, ExitCode: exit, Output: tail}
	run.SetResult(check)
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(t.ID)
		if err != nil {
			return err
		}
		if t.Result != nil {
			result := *t.Result
			result.Check = check
			t.Result = &result
		}
		if err := tx.PutTask(t); err != nil {
			return err
		}
		_, err = tx.Event(api.EventCheckEnded, t.Workspace, t.ID, check)
		return err
	})
	if err != nil {
		return err
	}
	return s.cfg.Commands.Stop(ctx, run.Op.ID+"-")
}
