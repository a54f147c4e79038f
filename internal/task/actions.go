package task

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

// Retry goes on with the failed operation of a task from the step that failed.
func (s *Service) Retry(ctx context.Context, request, id string, in api.TaskAction) (Receipt, error) {
	var receipt Receipt
	if err := s.Look(ctx, id); err != nil {
		return receipt, err
	}
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		if r, ok, err := replayed(tx, request); ok || err != nil {
			receipt = r
			return err
		}
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		op, err := tx.LastOperation(id)
		if err != nil {
			return err
		}
		if repair := s.repair(t); repair != nil {
			s.keepEnv(t, in.Env)
			if err := tx.PutTask(t); err != nil {
				return err
			}
			return s.accept(tx, request, t, repair, &receipt)
		}
		if op == nil || op.State != api.OperationFailed && op.State != api.OperationHalted {
			status, reason := Shown(t)
			e := &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("nothing of task %s failed: it is %s", t.ID, describe(status, reason))}
			if t.Lifecycle == api.LifecycleReady {
				e.Hint = fmt.Sprintf("`hf send %s` gives its agent a new message.", t.ID)
			}
			return e
		}
		s.keepEnv(t, in.Env)
		if err := tx.PutTask(t); err != nil {
			return err
		}
		operation.Reset(op, s.cfg.Now())
		return s.accept(tx, request, t, op, &receipt)
	})
	return s.enqueue(receipt, err)
}

// accept stores an operation as the answer to a request.
func (s *Service) accept(tx Tx, request string, t *Task, op *operation.Operation, receipt *Receipt) error {
	if err := tx.PutOperation(op); err != nil {
		return err
	}
	seq, err := tx.LastSeq()
	if err != nil {
		return err
	}
	t, err = tx.Task(t.ID)
	if err != nil {
		return err
	}
	receipt.Task, receipt.Operation, receipt.Seq = *t, op, seq
	return remember(tx, request, *receipt)
}

func (s *Service) enqueue(r Receipt, err error) (Receipt, error) {
	if err != nil {
		return Receipt{}, err
	}
	if r.Operation != nil {
		s.cfg.Runner().Enqueue(r.Operation.ID)
	}
	return r, nil
}

// Interrupt asks the task's agent to end its turn.
func (s *Service) Interrupt(ctx context.Context, _, id string, _ api.TaskAction) (Receipt, error) {
	var receipt Receipt
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		receipt.Task = *t
		receipt.Seq, err = tx.LastSeq()
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	if receipt.Task.TurnStartedAt == nil {
		return Receipt{}, &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no turn to interrupt", id)}
	}
	return receipt, s.cfg.Sessions.Interrupt(id)
}

func describe(status api.Status, reason string) string {
	if reason == "" {
		return string(status)
	}
	return fmt.Sprintf("%s (%s)", status, reason)
}
