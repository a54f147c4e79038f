package change

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// ofTask reads a task that has a branch, and its repo.
func (s *Service) ofTask(ctx context.Context, id string) (t *task.Task, repo *task.Repo, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if t, err = tx.Task(id); err != nil {
			return err
		}
		repo, err = tx.Repo(t.RepoID)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if t.Branch == "" || t.Lifecycle == api.LifecycleQueued || t.Lifecycle == api.LifecycleProvisioning {
		return nil, nil, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no branch yet", t.ID),
			Hint: fmt.Sprintf("`hf wait %s` waits until it has", t.ID), Retryable: true,
		}
	}
	return t, repo, nil
}

// subject is what an operation about one task works on, and its caller's
// variables: those of the task where the operation has none of its own.
func (s *Service) subject(ctx context.Context, run *operation.Run) (t *task.Task, repo *task.Repo, env api.Env, err error) {
	args, err := argsOf[about](run.Op)
	if err != nil {
		return nil, nil, nil, err
	}
	if t, repo, err = s.ofTask(ctx, args.Task); err != nil {
		return nil, nil, nil, err
	}
	if env, err = s.callerEnv(run.Op); err == nil && len(env) == 0 {
		env = t.Env
	}
	return t, repo, env, err
}

// tip is the commit of a task's branch.
func (s *Service) tip(ctx context.Context, t *task.Task, repo *task.Repo) (string, error) {
	commit, exists, err := s.cfg.Git.Branch(ctx, gitOf(repo), t.Branch)
	if err == nil && !exists {
		err = &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("branch %s of task %s is gone", t.Branch, t.ID),
			Hint: fmt.Sprintf("git -C %s reflog may know where it was", repo.Path),
		}
	}
	return commit, err
}

// dirty reports whether a task's worktree has changes that are not committed, as
// far as can be told.
func (s *Service) dirty(ctx context.Context, t *task.Task, repo *task.Repo) bool {
	if t.Path == "" {
		return false
	}
	wt, err := s.cfg.Git.OpenWorktree(ctx, repo.GitDir, t.Path)
	if err != nil {
		return false
	}
	dirty, err := s.cfg.Git.Dirty(ctx, wt)
	return err == nil && dirty
}

// underway names what a task's worktree is in the middle of, such as a rebase, as
// far as can be told; "" = nothing.
func (s *Service) underway(ctx context.Context, t *task.Task, repo *task.Repo) string {
	if t.Path == "" {
		return ""
	}
	wt, err := s.cfg.Git.OpenWorktree(ctx, repo.GitDir, t.Path)
	if err != nil {
		return ""
	}
	if _, rebasing := wt.Rebasing(); rebasing {
		return "a rebase"
	}
	return wt.Underway()
}

// uncommitted counts the files of a task's worktree that are not committed, as
// far as can be told.
func (s *Service) uncommitted(ctx context.Context, t *task.Task, repo *task.Repo) int {
	if t.Path == "" {
		return 0
	}
	wt, err := s.cfg.Git.OpenWorktree(ctx, repo.GitDir, t.Path)
	if err != nil {
		return 0
	}
	files, err := s.cfg.Git.UncommittedFiles(ctx, wt)
	if err != nil {
		return 0
	}
	return len(files)
}

// ended forgets what only an operation in progress needs.
func (s *Service) ended(_ Tx, op *operation.Operation, _ *operation.Step) error {
	if op.State != api.OperationPending && op.State != api.OperationRunning {
		s.callers.drop(op.ID)
	}
	return nil
}
