package task

import (
	"context"
	"errors"
	"fmt"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

// Look notes whether the sandbox of a task is where hf left it, and whether a
// rebase waits in it. Somebody may have removed or moved it, its disk may be
// away, git may have forgotten it: hf does nothing about it by itself, and shows
// it.
func (s *Service) Look(ctx context.Context, id string) error {
	t, repo, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	missing := s.missing(ctx, t, repo)
	rebase, changed := s.stoppedRebase(ctx, t, repo)
	if missing == t.Missing && !changed {
		return nil
	}
	return s.change(ctx, id, func(t *Task) {
		t.Missing = missing
		if changed {
			t.Rebase = rebase
		}
	})
}

// stoppedRebase looks for a rebase that waits in a sandbox, and reports whether
// that is news. What is in conflict is asked of git once for each rebase.
func (s *Service) stoppedRebase(ctx context.Context, t *Task, repo *Repo) (r *api.StoppedRebase, news bool) {
	if t.Path == "" || t.Lifecycle != api.LifecycleReady {
		return nil, t.Rebase != nil
	}
	wt, err := s.cfg.Git.OpenWorktree(ctx, repo.GitDir, t.Path)
	if err != nil {
		return nil, false // what is missing is shown otherwise
	}
	state, ok := wt.Rebasing()
	if !ok || !state.Stopped {
		return nil, t.Rebase != nil
	}
	if t.Rebase != nil {
		return t.Rebase, false
	}
	files, err := s.cfg.Git.Unmerged(ctx, wt)
	if err != nil {
		return nil, false
	}
	return &api.StoppedRebase{Files: files}, true
}

// look is Look where it is no matter whether that can be noted.
func (s *Service) look(ctx context.Context, id string) {
	if err := s.Look(ctx, id); err != nil {
		s.cfg.Log.DebugContext(ctx, "look at a sandbox", "task", id, "err", err)
	}
}

// LookAtAll looks at every task that should have a sandbox.
func (s *Service) LookAtAll(ctx context.Context) error {
	var tasks []Task
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		tasks, err = tx.Tasks(Filter{})
		return err
	})
	if err != nil {
		return err
	}
	var errs []error
	for i := range tasks {
		t := &tasks[i]
		if t.Lifecycle != api.LifecycleReady || t.Path == "" {
			continue
		}
		if exists(t.Path) != (t.Missing == "") || t.Rebase != nil {
			errs = append(errs, s.Look(ctx, t.ID))
		}
	}
	return errors.Join(errs...)
}

// missing says what of a task's sandbox is not there, "" for nothing.
func (s *Service) missing(ctx context.Context, t *Task, repo *Repo) string {
	switch {
	case t.Lifecycle != api.LifecycleReady || t.Path == "":
		return ""
	case !exists(repo.GitDir):
		return "its repository is missing: " + repo.GitDir
	case !exists(t.Path):
		return "its worktree is missing: " + t.Path
	}
	if _, err := s.cfg.Git.OpenWorktree(ctx, repo.GitDir, t.Path); api.IsCode(err, api.CodeNotFound) {
		return "git has no record of its worktree: " + t.Path
	}
	return ""
}

// lost is the error of what cannot be done without the sandbox.
func lost(t *Task, what string) error {
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("task %s: %s", t.ID, what),
		Hint: fmt.Sprintf("Bring it back to where it was; or `hf retry %s` makes a worktree of branch %s again, `hf kill %s` ends the task.", t.ID, t.Branch, t.ID),
	}
}

// repair is the operation that makes a missing worktree again, nil where
// nothing is missing.
func (s *Service) repair(t *Task) *operation.Operation {
	if t.Lifecycle != api.LifecycleReady || t.Missing == "" {
		return nil
	}
	return s.newOperation(t, KindRepair, s.cfg.Now())
}

// runRepair makes the worktree again: with what git's index of it says where
// that is kept, else from its branch. A directory that git knows nothing of is
// kept under another name.
func (s *Service) runRepair(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	if !exists(repo.GitDir) {
		return lost(t, s.missing(ctx, t, repo))
	}
	if err := s.runSandbox(ctx, run); err != nil {
		return err
	}
	return s.Look(ctx, t.ID)
}
