package task

import (
	"context"
	"fmt"
	"os"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// runStop ends the task's agent, its terminal and commands, with everything below them.
func (s *Service) runStop(ctx context.Context, run *operation.Run) error {
	if err := s.cfg.Sessions.Stop(ctx, run.Op.Task); err != nil {
		return err
	}
	if err := s.cfg.Terminals.Stop(ctx, run.Op.Task); err != nil {
		return err
	}
	var ops []operation.Operation
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		ops, err = tx.OperationsOf(run.Op.Task)
		return err
	})
	if err != nil {
		return err
	}
	for i := range ops {
		if ops[i].ID == run.Op.ID {
			continue
		}
		if err := s.cfg.Commands.Stop(ctx, ops[i].ID+"-"); err != nil {
			return fmt.Errorf("stop the commands of operation %s: %w", ops[i].Kind, err)
		}
	}
	return nil
}

// runTeardown runs the repository's teardown commands. What goes wrong in them
// is said, and keeps nothing alive.
func (s *Service) runTeardown(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	if !exists(t.Path) || t.BaseCommit == "" {
		return nil
	}
	cfg, err := s.trustedConfig(ctx, t, repo)
	if err != nil {
		run.Progress("teardown commands are not allowed, skipped")
		return nil
	}
	for i, command := range cfg.Teardown {
		run.Progress(fmt.Sprintf("%d/%d %s", i+1, len(cfg.Teardown), command))
		exit, tail, err := s.runCommand(ctx, run, t, cfg, fmt.Sprintf("%s-teardown-%d", run.Op.ID, i), command)
		if err != nil && ctx.Err() != nil {
			return operation.WithLog(err, tail)
		}
		if err != nil || exit != 0 {
			s.cfg.Log.Warn("teardown command", "task", t.ID, "command", command, "exit", exit, "err", err)
			run.Progress(fmt.Sprintf("%q ended with exit code %d, going on", command, exit))
		}
	}
	return nil
}

// runSave saves everything that is in the sandbox and nowhere else, and looks
// that it is there before anything is removed.
func (s *Service) runSave(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	keep := run.Op.Kind == KindArchive // a task that is parked must be able to come back
	if keep && (!exists(repo.GitDir) || t.Path == "") {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("the repository %s is gone: nothing can be saved into it", repo.Path),
			Hint: fmt.Sprintf("Bring it back, then `hf retry %s`; or `hf kill %s`.", t.ID, t.ID),
		}
	}
	if !exists(repo.GitDir) {
		run.Progress("the repository " + repo.Path + " is gone: nothing can be saved into it")
		return nil
	}
	if t.Path == "" {
		return nil
	}
	wt, err := s.openToSave(ctx, t, repo)
	if api.IsCode(err, api.CodeNotFound) && !keep {
		run.Progress("git has no record of " + t.Path)
		return nil // what it holds is set aside, not removed
	}
	if api.IsCode(err, api.CodeNotFound) {
		err = &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("git has no record of the worktree %s: somebody removed it", t.Path),
			Hint: fmt.Sprintf("`hf kill %s` ends the task; what was committed is on branch %s.", t.ID, t.Branch),
		}
	}
	if err != nil {
		return err
	}
	saved, err := s.cfg.Git.Salvage(ctx, wt, git.SavedRef(t.ID))
	if err != nil {
		return fmt.Errorf("save the work: %w", err)
	}
	run.SetResult(saved)
	run.Progress(saved.String())
	return nil
}

// openToSave opens the git side of a sandbox. Of a directory that somebody
// removed, git still has the index and HEAD.
func (s *Service) openToSave(ctx context.Context, t *Task, repo *Repo) (git.Worktree, error) {
	gone := !exists(t.Path)
	if err := os.MkdirAll(t.Path, 0o700); err != nil {
		return git.Worktree{}, fmt.Errorf("save the work: %w", err)
	}
	wt, err := s.cfg.Git.OpenWorktree(ctx, repo.GitDir, t.Path)
	if err != nil && gone {
		_ = os.Remove(t.Path) // it is empty
	}
	return wt, err
}

func (s *Service) runRemove(ctx context.Context, run *operation.Run) error {
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	if err := s.cfg.Commands.Stop(ctx, run.Op.ID+"-"); err != nil {
		return err
	}
	if !exists(repo.GitDir) {
		s.vault.forget(t.ID)
		return s.change(ctx, t.ID, func(t *Task) { t.Reason = leftBehind(t, repo) })
	}
	p, err := s.provider(t.Provider)
	if err != nil {
		return err
	}
	spec := specOf(t, repo)
	sb, ok, err := p.Probe(ctx, spec)
	if err != nil {
		return err
	}
	if !ok {
		sb = sandbox.Sandbox{Spec: spec, Path: t.Path}
	}
	if err := p.Destroy(ctx, sb); err != nil {
		return err
	}
	s.vault.forget(t.ID)
	return s.change(ctx, t.ID, func(t *Task) { t.Path = "" })
}

// leftBehind says what stays of a task whose repository is gone.
func leftBehind(t *Task, repo *Repo) string {
	if !exists(t.Path) {
		return "the repository " + repo.Path + " was gone"
	}
	return "the repository " + repo.Path + " was gone: the files stay in " + t.Path
}

// worktree opens the git side of a task's sandbox. ok is false when there is
// none.
func (s *Service) worktree(ctx context.Context, t *Task, repo *Repo) (wt git.Worktree, ok bool, err error) {
	if !exists(t.Path) {
		return wt, false, nil
	}
	wt, err = s.cfg.Git.OpenWorktree(ctx, repo.GitDir, t.Path)
	return wt, err == nil, err
}

func exists(path string) bool {
	if path == "" {
		return false
	}
	_, err := os.Lstat(path)
	return err == nil
}
