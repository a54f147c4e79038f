package task

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

// Archive parks a task: its agent ends, all work in its sandbox is saved, and
// the sandbox is removed. Restore brings it back.
func (s *Service) Archive(ctx context.Context, request, id string, _ api.TaskAction) (Receipt, error) {
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if _, known, err := tx.Replay(request); known || err != nil {
			return err
		}
		return mayArchive(t)
	})
	if err != nil {
		return Receipt{}, err
	}
	if err := s.cancelLive(ctx, id, KindArchive); err != nil {
		return Receipt{}, err
	}
	return s.end(ctx, request, id, KindArchive, false)
}

func mayArchive(t *Task) error {
	switch t.Lifecycle { //nolint:exhaustive // the table of states knows the rest
	case api.LifecycleReady, api.LifecycleArchiving:
		return nil
	case api.LifecycleArchived:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is archived already", t.ID), Hint: fmt.Sprintf("`hf restore %s` brings it back.", t.ID)}
	case api.LifecycleError:
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("task %s stopped at step %s: %s", t.ID, t.Step, t.Reason),
			Hint: fmt.Sprintf("`hf retry %s` goes on from there; `hf kill %s` ends it and saves its work.", t.ID, t.ID),
		}
	}
	_, err := Next(t.Lifecycle, EventArchive)
	return err
}

// Kill ends a task: its agent, its sandbox. All work in it is saved first, and
// its branch stays unless the request says otherwise.
func (s *Service) Kill(ctx context.Context, request, id string, in api.TaskAction) (Receipt, error) {
	if in.DeleteBranch {
		if err := s.mayDelete(ctx, id); err != nil {
			return Receipt{}, err
		}
	}
	if err := s.cancelLive(ctx, id, KindKill); err != nil {
		return Receipt{}, err
	}
	return s.end(ctx, request, id, KindKill, in.DeleteBranch)
}

// mayDelete refuses to end a task with its branch when that has to stay.
func (s *Service) mayDelete(ctx context.Context, id string) error {
	t, repo, err := s.load(ctx, id)
	if err != nil || t.Branch == "" || !exists(repo.GitDir) {
		return err
	}
	why, err := s.mustKeep(ctx, t, repo)
	if err != nil || why == "" {
		return err
	}
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("branch %q is not deleted: %s", t.Branch, why),
		Hint: "Without --delete-branch the task ends and its branch stays.",
	}
}

// end begins an operation that ends or parks a task.
func (s *Service) end(ctx context.Context, request, id, kind string, deleteBranch bool) (Receipt, error) {
	var receipt Receipt
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		if r, ok, err := replayed(tx, request); ok || err != nil {
			receipt = r
			return err
		}
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if t.Lifecycle == api.LifecycleKilled {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is killed already", id), Hint: "`hf list --all` shows ended tasks, too."}
		}
		live, err := tx.LiveOperation(id)
		if err != nil {
			return err
		}
		if live != nil && live.Kind == kind {
			return s.accept(tx, request, t, live, &receipt) // two who want the same
		}
		op := s.newOperation(t, kind, s.cfg.Now())
		op.Args, err = json.Marshal(ending{Live: s.cfg.Sessions.Current(id) != "", DeleteBranch: deleteBranch})
		if err != nil {
			return err
		}
		if kind == KindKill {
			err = s.beginKill(tx, t, op.CreatedAt)
		} else {
			err = s.begin(tx, t, EventArchive)
		}
		if err != nil {
			return err
		}
		return s.accept(tx, request, t, op, &receipt)
	})
	return s.enqueue(receipt, err)
}

// begin closes a task to everything but the operation that begins.
func (s *Service) begin(tx Tx, t *Task, e Event) error {
	before := *t
	if err := t.move(e); err != nil {
		return err
	}
	return s.putChanged(tx, &before, t)
}

// beginKill closes a task to everything but its end.
func (s *Service) beginKill(tx Tx, t *Task, now time.Time) error {
	before := *t
	if err := t.move(EventKill); err != nil {
		return err
	}
	if err := failMessages(tx, t, "the task was killed", now); err != nil {
		return err
	}
	return s.putChanged(tx, &before, t)
}

// cancelLive stops an operation in progress, so that an end never waits for it;
// but not one of the same kind.
func (s *Service) cancelLive(ctx context.Context, id, kind string) error {
	var live *operation.Operation
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		live, err = tx.LiveOperation(id)
		return err
	})
	if err != nil || live == nil || live.Kind == kind {
		return err
	}
	return s.cfg.Runner().Cancel(ctx, live.ID)
}

// Restore brings an archived or killed task back as it was, as long as what was
// saved of it is kept.
func (s *Service) Restore(ctx context.Context, request, id string, in api.TaskAction) (Receipt, error) {
	var receipt Receipt
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		if r, ok, err := replayed(tx, request); ok || err != nil {
			receipt = r
			return err
		}
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		live, err := tx.LiveOperation(id)
		if err != nil {
			return err
		}
		if live != nil && live.Kind == KindRestore {
			return s.accept(tx, request, t, live, &receipt)
		}
		if err := mayRestore(tx, t); err != nil {
			return err
		}
		args := coming{From: t.Lifecycle, Detach: in.Detach}
		if args.ending, err = lastEnding(tx, id); err != nil {
			return err
		}
		if t.Lifecycle == api.LifecycleError {
			if args.From, err = cameFrom(tx, id); err != nil {
				return err
			}
		}
		op := s.newOperation(t, KindRestore, s.cfg.Now())
		if op.Args, err = json.Marshal(args); err != nil {
			return err
		}
		s.keepEnv(t, in.Env)
		if err := s.begin(tx, t, EventRestore); err != nil {
			return taken(tx, t, err)
		}
		if err := tx.PutSetting(lastKey(t.Workspace), t.ID); err != nil {
			return err
		}
		return s.accept(tx, request, t, op, &receipt)
	})
	return s.enqueue(receipt, err)
}

// mayRestore refuses what is not ended, or stopped on its way back for another
// reason than can be tried again in another way.
func mayRestore(tx Tx, t *Task) error {
	switch t.Lifecycle { //nolint:exhaustive // the table of states knows the rest
	case api.LifecycleArchived, api.LifecycleKilled:
		return nil
	case api.LifecycleReady, api.LifecycleQueued, api.LifecycleProvisioning:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is neither archived nor killed", t.ID), Hint: fmt.Sprintf("`hf show %s` says where it is.", t.ID)}
	case api.LifecycleError:
		last, err := tx.LastOperation(t.ID)
		if err != nil || last != nil && last.Kind == KindRestore {
			return err
		}
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s stopped at step %s: %s", t.ID, t.Step, t.Reason), Hint: fmt.Sprintf("`hf retry %s` goes on from there.", t.ID)}
	}
	_, err := Next(t.Lifecycle, EventRestore)
	return err
}

// cameFrom is where the restore that failed would have brought the task back
// from.
func cameFrom(tx Tx, id string) (api.Lifecycle, error) {
	last, err := tx.LastOperation(id)
	if err != nil || last == nil {
		return api.LifecycleArchived, err
	}
	args, err := argsOf[coming](last)
	return args.From, err
}

// lastEnding is what was noted when the task ended.
func lastEnding(tx Tx, id string) (out ending, err error) {
	ops, err := tx.OperationsOf(id)
	for i := range ops { // oldest first
		if ops[i].Kind != KindArchive && ops[i].Kind != KindKill {
			continue
		}
		e, err := argsOf[ending](&ops[i])
		if err != nil {
			return out, err
		}
		e.Live = e.Live && ops[i].Kind == KindArchive // who killed it wanted no agent
		out = e
	}
	return out, err
}

// taken names the task that has the branch now, where that is what is wrong.
func taken(tx Tx, t *Task, err error) error {
	if !api.IsCode(err, api.CodeExists) {
		return err
	}
	others, findErr := tx.FindTasks(t.Workspace, t.Branch)
	if findErr != nil {
		return err
	}
	for i := range others {
		if o := &others[i]; o.ID != t.ID && o.RepoID == t.RepoID && o.Branch == t.Branch {
			return &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("branch %q belongs to task %s now", t.Branch, o.ID),
				Hint: fmt.Sprintf("End that one first: hf archive %s.", o.ID),
			}
		}
	}
	return err
}
