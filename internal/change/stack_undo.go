package change

import (
	"context"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// lastAction finds the newest action that changed anything and is not undone.
func (s *Service) lastAction(ctx context.Context, repo *task.Repo) (id string, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		all, err := tx.StackActions(repo.ID, []ActionState{ActionDone, ActionStopped})
		if err != nil {
			return err
		}
		for _, a := range all[:min(len(all), keptActions)] {
			if a.State == ActionStopped || len(a.Progress.moves()) > 0 || a.Kind != api.StackSubmit && a.Progress.After != a.Progress.Before.State {
				id = a.Operation
				return nil
			}
		}
		return &api.Error{Code: api.CodeConflict, Message: "there is no action on the stacks of " + repo.Name + " to undo", Hint: "`hf history` shows what was done"}
	})
	return id, err
}

// runPutBack undoes an action: one that stopped, by aborting its rebases, and
// one that is done. Everything is as it was before it then.
func (s *Service) runPutBack(ctx context.Context, run *operation.Run) error {
	d, err := s.drive(ctx, run)
	if err != nil {
		return err
	}
	defer d.close()
	row, _, err := d.target(ctx)
	if err != nil {
		return err
	}
	end := ActionUndone
	if run.Op.Kind == string(api.StackAbort) {
		end = ActionAborted
	}
	if row.State == end && row.Progress.By == run.Op.ID {
		return nil // it was done, and that not noted
	}
	if row.State != ActionStopped && row.State != ActionDone || end == ActionAborted && row.State != ActionStopped {
		return noLongerStopped(row)
	}
	moves := row.Progress.moves()
	aborted, err := d.abortRebases(ctx, row, &moves)
	if err != nil {
		return d.stoppedOr(ctx, err)
	}
	undone, err := s.cfg.Stacks.Undo(ctx, d.in, stack.UndoRequest{
		Before: row.Progress.Before, Moves: moves, After: row.Progress.After, Left: row.Progress.left(), Keep: keptRef(d.action) + "-undone", Hooks: stack.Hooks{Busy: d.busy},
	})
	if err != nil {
		return d.stoppedOr(ctx, err)
	}
	return d.putBack(ctx, end, aborted, undone)
}

func (d *driver) stoppedOr(ctx context.Context, err error) error {
	if d.stopping != nil {
		return d.stopping
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// abortRebases ends the rebases that an action stopped in. What somebody brought
// to an end meanwhile is a move as any other.
func (d *driver) abortRebases(ctx context.Context, row *Action, moves *[]stack.Move) (aborted []stack.Attempt, err error) {
	for _, at := range row.Progress.Stopped {
		if err := d.busy(ctx, at.Branch, at.Worktree); err != nil {
			return nil, err
		}
		d.run.Progress("ends the rebase of " + at.Branch)
		if err := d.s.cfg.Stacks.Abort(ctx, d.in, at.Worktree); err != nil {
			return nil, err
		}
		aborted = append(aborted, at)
		tip, there, err := d.s.cfg.Git.Branch(ctx, d.in.Repo, at.Branch)
		if err != nil {
			return nil, err
		}
		if there && tip != at.Commit && !slices.ContainsFunc(*moves, func(m stack.Move) bool { return m.Branch == at.Branch }) {
			*moves = append(*moves, stack.Move{Branch: at.Branch, From: at.Commit, To: tip})
		}
	}
	return aborted, nil
}

// putBack notes that everything is as it was.
func (d *driver) putBack(ctx context.Context, end ActionState, aborted []stack.Attempt, undone stack.UndoReport) error {
	forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
	if err != nil {
		return err
	}
	err = d.s.cfg.Store.Update(ctx, func(tx Tx) error {
		a, err := tx.StackAction(d.action)
		if err != nil {
			return err
		}
		tasks, err := branchTasks(tx, d.repo.ID)
		if err != nil {
			return err
		}
		a.Report.Branches, a.Report.Stopped, a.Report.Notes = []api.StackResult{}, false, nil
		for _, m := range undone.Moved {
			a.Report.Branches = append(a.Report.Branches, api.StackResult{Branch: m.Branch, Outcome: api.OutcomeRestored, Before: m.From, After: m.To, Detail: "to where it was"})
		}
		for _, at := range aborted {
			if !slices.ContainsFunc(undone.Moved, func(m stack.Move) bool { return m.Branch == at.Branch }) {
				a.Report.Branches = append(a.Report.Branches, api.StackResult{
					Branch: at.Branch, Outcome: api.OutcomeRestored, Path: at.Worktree, Detail: "its rebase was ended",
				})
			}
		}
		var results []stack.Result
		for i := range a.Report.Branches {
			results = append(results, stack.Result{Branch: a.Report.Branches[i].Branch})
			if t := tasks[a.Report.Branches[i].Branch]; t != nil {
				a.Report.Branches[i].Task = t.ID
			}
		}
		if undone.Kept != "" {
			a.Report.Notes = append(a.Report.Notes, fmt.Sprintf("what was moved away is kept in %s", undone.Kept))
		}
		if len(a.Report.Branches) == 0 {
			a.Report.Notes = append(a.Report.Notes, fmt.Sprintf("%s had moved no branch; how the branches stand on one another is as it was before", a.Kind))
		}
		a.State, a.Progress.Stopped, a.Progress.Error, a.Progress.By = end, nil, nil, d.run.Op.ID
		if err := tx.PutStackAction(a); err != nil {
			return err
		}
		if err := d.follow(tx, forest, tasks, results); err != nil {
			return err
		}
		return d.tell(tx, api.EventStackUndone, api.StackActionKind(d.run.Op.Kind), a)
	})
	if err == nil {
		d.look(ctx)
	}
	return err
}
