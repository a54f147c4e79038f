package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// ending is the arguments of an operation that ends or parks a task: what has
// to be known to bring it back.
type ending struct {
	Live         bool `json:"live,omitempty"` // its agent was running
	DeleteBranch bool `json:"deleteBranch,omitempty"`
}

// coming is the arguments of an operation that brings a task back.
type coming struct {
	ending               // what its end had noted
	From   api.Lifecycle `json:"from"` // where it goes back to when it cannot come
	Detach bool          `json:"detach,omitempty"`
}

// argsOf reads the arguments of an operation.
func argsOf[T any](op *operation.Operation) (v T, err error) {
	if len(op.Args) == 0 {
		return v, nil
	}
	if err := json.Unmarshal(op.Args, &v); err != nil {
		return v, fmt.Errorf("read the arguments of the operation: %w", err)
	}
	return v, nil
}

// runFree gives the disk space back where all that was there is saved. What is
// left over is kept until `hf prune` frees it.
func (s *Service) runFree(ctx context.Context, run *operation.Run) error {
	t, _, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	// The commands of the teardown, kept so that none runs twice, are done with.
	if err := s.cfg.Commands.Stop(ctx, run.Op.ID+"-"); err != nil {
		return err
	}
	p, err := s.provider(t.Provider)
	if err != nil {
		return err
	}
	keeper, ok := p.(sandbox.Keeper)
	if !ok {
		return nil
	}
	kept, err := keeper.Kept(ctx)
	if err != nil {
		return err
	}
	for _, k := range kept {
		if k.Task != t.ID {
			continue
		}
		freed, err := keeper.Free(ctx, k, sandbox.Free{})
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			s.cfg.Log.Error("free a sandbox", "task", t.ID, "path", k.Path, "err", err)
			run.Progress("kept in " + k.Path + ": " + err.Error())
		case !freed.Done:
			run.Progress("kept in " + k.Path + ": " + freed.Why)
		}
	}
	return nil
}

// BranchRef is the ref that keeps the tip of a task's branch that was deleted.
func BranchRef(task string) string { return "refs/hf/branches/" + task }

// runDelete deletes the task's branch when that was asked for. Its tip is kept.
func (s *Service) runDelete(ctx context.Context, run *operation.Run) error {
	args, err := argsOf[ending](run.Op)
	if err != nil {
		return err
	}
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	if t.Branch == "" || !exists(repo.GitDir) {
		return nil
	}
	if !args.DeleteBranch {
		run.Progress("branch " + t.Branch + " stays")
		return nil
	}
	g := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
	at, found, err := s.cfg.Git.Branch(ctx, g, t.Branch)
	if err != nil || !found {
		return err
	}
	if why, err := s.mustKeep(ctx, t, repo); err != nil || why != "" {
		run.Progress("branch " + t.Branch + " stays: " + why)
		return errors.Join(err, s.change(ctx, t.ID, func(t *Task) { t.Reason = "branch " + t.Branch + " stays: " + why }))
	}
	if err := s.cfg.Git.KeepRef(ctx, g, BranchRef(t.ID), at); err != nil {
		return err
	}
	if err := s.cfg.Git.DeleteBranch(ctx, g, t.Branch, at); err != nil {
		return err
	}
	run.Progress(fmt.Sprintf("branch %s deleted; its tip is kept in %s", t.Branch, BranchRef(t.ID)))
	return nil
}

// mustKeep says why a task's branch is not hf's to delete, or "".
func (s *Service) mustKeep(ctx context.Context, t *Task, repo *Repo) (string, error) {
	g := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
	if _, found, err := s.cfg.Git.Branch(ctx, g, t.Branch); err != nil || !found {
		return "", err
	}
	var ops []operation.Operation
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		ops, err = tx.OperationsOf(t.ID)
		return err
	})
	if err != nil {
		return "", err
	}
	why := "it is not known whether it was there before the task"
	for i := range ops {
		for _, step := range ops[i].Steps {
			var n names
			if ops[i].Kind != KindCreate || step.Name != StepName || json.Unmarshal(step.Result, &n) != nil {
				continue
			}
			if why = ""; n.Adopt {
				why = "it was there before the task"
			}
		}
	}
	if at, ok := s.cfg.Git.CheckedOut(g, t.Branch); why == "" && ok && at != t.Path {
		why = "it is checked out in " + at
	}
	return why, nil
}

// runRestore makes the sandbox as it was.
func (s *Service) runRestore(ctx context.Context, run *operation.Run) error {
	args, err := argsOf[coming](run.Op)
	if err != nil {
		return err
	}
	t, repo, err := s.load(ctx, run.Op.Task)
	if err != nil {
		return err
	}
	if !exists(repo.GitDir) {
		return &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("the repository %s is gone, and what was saved with it", repo.Path),
			Hint: fmt.Sprintf("If it was moved, put it back, then `hf retry %s`.", t.ID),
		}
	}
	g := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
	if err := s.bringBranchBack(ctx, run, t, g); err != nil {
		return err
	}
	p, err := s.provider(t.Provider)
	if err != nil {
		return err
	}
	back, err := p.Restore(ctx, specOf(t, repo), sandbox.Restore{Detach: args.Detach}, run.Progress)
	if err != nil {
		return err
	}
	run.SetResult(back)
	detail := back.Path + " on " + back.Detail
	if len(back.Missing) > 0 {
		detail += "; not saved, and gone: " + strings.Join(back.Missing[:min(3, len(back.Missing))], ", ")
		if more := len(back.Missing) - 3; more > 0 {
			detail += fmt.Sprintf(" and %d more", more)
		}
	}
	run.Progress(detail)
	return s.change(ctx, t.ID, func(t *Task) {
		t.Path, t.Missing = back.Path, ""
		// That the agent was ended is no failure of it.
		t.Activity, t.ActivityReason, t.ActivitySince, t.TurnStartedAt = api.ActivityExited, "restored; the next message starts the agent", s.cfg.Now(), nil
	})
}

// bringBranchBack makes a branch again that `hf kill --delete-branch` deleted.
func (s *Service) bringBranchBack(ctx context.Context, run *operation.Run, t *Task, g git.Repo) error {
	if t.Branch == "" {
		return nil
	}
	tip, err := s.cfg.Git.ResolveCommit(ctx, g, BranchRef(t.ID))
	if api.IsCode(err, api.CodeNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, found, err := s.cfg.Git.Branch(ctx, g, t.Branch); err != nil || found {
		return err
	}
	run.Progress("branch " + t.Branch + " again")
	return s.cfg.Git.CreateBranch(ctx, g, t.Branch, tip)
}

// runResume starts the agent again when it was running. One that cannot be
// started is tried again with the next message.
func (s *Service) runResume(ctx context.Context, run *operation.Run) error {
	args, err := argsOf[coming](run.Op)
	if err != nil || !args.Live {
		return err
	}
	err = s.runAgent(ctx, run)
	if err == nil || ctx.Err() != nil || errors.Is(err, operation.ErrParked) {
		return err
	}
	s.cfg.Log.Warn("start the agent of a restored task", "task", run.Op.Task, "err", err)
	run.Progress(err.Error() + "; the next message tries again")
	return nil
}
