package change

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// takeIn is a branch that takes in what others pushed to it.
type takeIn struct {
	run    *operation.Run
	repo   *task.Repo
	branch string
	base   string // what it stands on
	state  string // refs/spice/data; "" without git-spice
	leave  bool   // a conflict waits in the worktree
	busy   func(ctx context.Context, branch, worktree string) error
	begin  func(ctx context.Context, a stack.Attempt) error // nil: nobody records it
	said   string                                           // what was taken in
}

// takeIn brings into a branch the commits of somebody else that the remote has of
// it, as they were fetched. No commit of either side gets lost: the branch moves
// on to theirs where it has no more; new commits of theirs on top of what hf
// pushed go on top of a branch that was rewritten since; in every other case the
// branch's own commits are rebased onto theirs. It returns nil when there was
// nothing to take in.
func (s *Service) takeIn(ctx context.Context, in *takeIn) (*stack.Result, error) {
	g := gitOf(in.repo)
	remote, _, err := s.cfg.Git.Remote(ctx, g)
	if err != nil || remote == "" {
		return nil, err
	}
	var f fetched
	if in.run.Done(StepFetch, &f) && f.Theirs == "" {
		return nil, nil
	}
	theirs, err := s.cfg.Git.ResolveCommit(ctx, g, "refs/remotes/"+remote+"/"+in.branch)
	if api.IsCode(err, api.CodeNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ours, there, err := s.cfg.Git.Branch(ctx, g, in.branch)
	if err != nil || !there {
		return nil, err
	}
	known, err := s.remoteBranch(ctx, in.repo.ID, remote, in.branch)
	if err != nil {
		return nil, err
	}
	if nothing, err := s.hasAll(ctx, in, remote, ours, theirs, known); err != nil || nothing {
		return nil, err
	}
	w, out, err := s.cfg.Git.WorktreeOf(g, in.branch)
	if err != nil {
		return nil, err
	}
	if err := in.busy(ctx, in.branch, w.Path); err != nil {
		return nil, err
	}
	r, err := s.combine(ctx, in, w, out, ours, theirs, known)
	if err != nil || r.Error != nil && r.Outcome != stack.Stashed {
		return r, err
	}
	in.said = fmt.Sprintf("%s took in what others pushed to %s/%s", in.branch, remote, in.branch)
	in.run.Progress(in.said)
	return r, s.NoteSeen(ctx, in.repo, remote, in.branch, theirs)
}

// hasAll reports whether a branch has all that the remote has of it: the commits
// themselves, the same changes, or a later state of what hf had pushed.
func (s *Service) hasAll(ctx context.Context, in *takeIn, remote, ours, theirs string, known RemoteBranch) (bool, error) {
	g := gitOf(in.repo)
	has, err := s.cfg.Git.Contains(ctx, g, ours, theirs)
	if err == nil && !has {
		has = theirs == known.Seen || theirs == known.Pushed
		if !has {
			has, err = s.cfg.Git.PushedFromHere(ctx, g, remote, in.branch, theirs)
		}
		if err != nil || has {
			return has, err
		}
		if behind, err := s.cfg.Git.Contains(ctx, g, theirs, ours); err != nil || behind {
			return false, err
		}
		has, err = s.cfg.Git.AllAlike(ctx, g, ours, theirs)
	}
	if err != nil || !has {
		return false, err
	}
	return true, s.NoteSeen(ctx, in.repo, remote, in.branch, theirs)
}

// combine makes one branch of both.
func (s *Service) combine(ctx context.Context, in *takeIn, w git.Worktree, out bool, ours, theirs string, known RemoteBranch) (*stack.Result, error) {
	g := gitOf(in.repo)
	r := &stack.Result{Kind: stack.KindRestack, Branch: in.branch, Base: in.base, From: ours, Outcome: stack.Restacked}
	if out {
		r.Worktree = w.Path
	}
	behind, err := s.cfg.Git.Contains(ctx, g, theirs, ours)
	if err != nil {
		return nil, err
	}
	if behind {
		r.To = theirs
		return r, s.cfg.Git.Advance(ctx, g, in.branch, ours, theirs)
	}
	if onTop, err := s.onTop(ctx, g, ours, theirs, known); err != nil || onTop {
		if err != nil {
			return nil, err
		}
		r.To, err = s.rebaseAside(ctx, in.run, in.repo, theirs, ours, known.Seen)
		if conflict, ok := errors.AsType[*git.ConflictError](err); ok {
			return nil, pickByHand(in, w, known.Seen, theirs, conflict.Files)
		}
		if err != nil {
			return nil, err
		}
		return r, s.cfg.Git.Advance(ctx, g, in.branch, ours, r.To)
	}
	fork, ok, err := s.cfg.Git.MergeBase(ctx, g, ours, theirs)
	if err == nil && !ok {
		err = &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("what the remote has of %s and the local branch have nothing in common", in.branch)}
	}
	if err != nil {
		return nil, err
	}
	if in.begin != nil {
		a := stack.Attempt{
			Kind: stack.KindRestack, Branch: in.branch, Base: in.base, Worktree: r.Worktree, Commit: ours, State: in.state,
			OnConflict: stack.Abort, At: s.cfg.Now(), Scratch: !out,
		}
		if in.leave {
			a.OnConflict = stack.Leave
		}
		if err := in.begin(ctx, a); err != nil {
			return nil, err
		}
	}
	return r, s.ontoTheirs(ctx, in, w, out, theirs, fork, r)
}

// onTop reports whether theirs is new work on top of what hf pushed, and ours a
// rewritten state of that.
func (s *Service) onTop(ctx context.Context, g git.Repo, ours, theirs string, known RemoteBranch) (bool, error) {
	if known.Seen == "" {
		return false, nil
	}
	built, err := s.cfg.Git.Contains(ctx, g, theirs, known.Seen)
	if err != nil || !built {
		return false, err
	}
	has, err := s.cfg.Git.Contains(ctx, g, ours, known.Seen)
	return !has, err
}

func pickByHand(in *takeIn, w git.Worktree, from, to string, files []string) error {
	return &api.Error{
		Code: api.CodeMergeStopped,
		Message: fmt.Sprintf("%s was rewritten here, and what others pushed to it since conflicts in %s; nothing was changed",
			in.branch, strings.Join(files, ", ")),
		Hint: fmt.Sprintf("git -C %s cherry-pick %.12s..%.12s brings their commits over, then sync again", w.Path, from, to),
	}
}

// ontoTheirs rebases a branch's own commits onto theirs, where it is checked out.
func (s *Service) ontoTheirs(ctx context.Context, in *takeIn, w git.Worktree, out bool, theirs, fork string, r *stack.Result) error {
	g := gitOf(in.repo)
	if !out || w.Main() {
		at, err := s.rebaseAside(ctx, in.run, in.repo, r.From, theirs, fork)
		if conflict, ok := errors.AsType[*git.ConflictError](err); ok {
			r.Outcome, r.Files = stack.Conflict, conflict.Files
			r.Error = &api.Error{
				Code:    api.CodeMergeStopped,
				Message: fmt.Sprintf("%s conflicts with what others pushed to it in %s; nothing was changed", in.branch, strings.Join(conflict.Files, ", ")),
				Hint:    fmt.Sprintf("git -C %s rebase %.12s, then sync again", in.repo.Path, theirs),
			}
			return nil
		}
		if err != nil {
			return err
		}
		r.To = at
		if out {
			return s.cfg.Git.ResetKeep(ctx, w, r.From, at)
		}
		return s.cfg.Git.MoveRef(ctx, g, "refs/heads/"+in.branch, r.From, at, "sync: by hf")
	}
	r.Files, r.Error = s.rebaseIn(ctx, w, in.branch, theirs, fork, in.leave)
	var err error
	if _, r.To, err = s.cfg.Git.Head(ctx, w); err != nil {
		return err
	}
	switch {
	case r.Error == nil:
	case r.Error.Code == api.CodeMergeStopped:
		r.Outcome, r.Left, r.To = stack.Conflict, in.leave, r.From
	case len(r.Files) > 0:
		r.Outcome = stack.Stashed
	default:
		r.Outcome = stack.Failed
	}
	return nil
}

// rebaseIn rebases what a worktree has checked out. The error of a conflict is
// api.CodeMergeStopped with its files; with leave it waits there. Files with
// another error are changes that were not committed and do not fit any more.
func (s *Service) rebaseIn(ctx context.Context, w git.Worktree, branch, onto, fork string, leave bool) (files []string, failed *api.Error) {
	err := s.cfg.Git.RebaseOnto(ctx, w, onto, fork)
	files, look := s.cfg.Git.Unmerged(context.WithoutCancel(ctx), w)
	_, rebasing := w.Rebasing()
	switch {
	case look != nil:
		return nil, asError(errors.Join(err, look))
	case !rebasing && len(files) > 0:
		return files, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s was rebased, but its uncommitted changes do not fit: %s", branch, strings.Join(files, ", ")),
			Hint: fmt.Sprintf("resolve them in %s, then git stash drop", w.Path),
		}
	case !rebasing:
		return nil, asError(err)
	case len(files) > 0 && leave && ctx.Err() == nil:
		return files, &api.Error{
			Code: api.CodeMergeStopped, Message: fmt.Sprintf("the rebase of %s stopped on conflicts in %s", branch, strings.Join(files, ", ")),
			Hint: fmt.Sprintf("resolve them in %s (git add the files, git rebase --continue), then sync again; git rebase --abort puts everything back", w.Path),
		}
	}
	if abort := s.cfg.Git.RebaseAbort(context.WithoutCancel(ctx), w); abort != nil {
		return files, asError(errors.Join(err, abort))
	}
	if len(files) > 0 {
		return files, &api.Error{
			Code: api.CodeMergeStopped, Message: fmt.Sprintf("the rebase of %s conflicts in %s; everything is as it was", branch, strings.Join(files, ", ")),
			Hint: fmt.Sprintf("git -C %s rebase %.12s", w.Path, onto),
		}
	}
	return nil, asError(err)
}

// rebasePlain rebases a task's branch without git-spice: the commits since fork
// onto another commit, and says what came of it. quiet says that its agent is kept
// quiet already.
func (s *Service) rebasePlain(ctx context.Context, run *operation.Run, t *task.Task, repo *task.Repo, onto, fork string, quiet bool) (said string, err error) {
	g := gitOf(repo)
	to, err := s.cfg.Git.ResolveCommit(ctx, g, onto)
	if err != nil {
		return "", err
	}
	w, out, err := s.cfg.Git.WorktreeOf(g, t.Branch)
	if err != nil {
		return "", err
	}
	if !quiet {
		release, err := s.quiet(ctx, run, t, false)
		if err != nil {
			return "", err
		}
		defer release()
	}
	if out {
		if err := s.takeUp(ctx, w, t.Branch); err != nil {
			return "", err
		}
	}
	at, err := s.tip(ctx, t, repo)
	if err != nil {
		return "", err
	}
	if on, err := s.cfg.Git.Contains(ctx, g, at, to); err != nil || on {
		return t.Branch + " stands on its base", err
	}
	in := &takeIn{run: run, repo: repo, branch: t.Branch, base: t.Base, leave: true}
	r := &stack.Result{Branch: t.Branch, From: at}
	if err := s.ontoTheirs(ctx, in, w, out, to, fork, r); err != nil {
		return "", err
	}
	if r.Error != nil {
		return "", r.Error
	}
	return fmt.Sprintf("%s %.7s..%.7s", t.Branch, r.From, r.To), nil
}

// takeUp looks at a rebase that was under way in a worktree: one that waits for a
// person is an error, one of a git that died is ended.
func (s *Service) takeUp(ctx context.Context, w git.Worktree, branch string) error {
	state, rebasing := w.Rebasing()
	if !rebasing {
		return nil
	}
	files, err := s.cfg.Git.Unmerged(ctx, w)
	if err != nil {
		return err
	}
	if state.Stopped {
		return &api.Error{
			Code: api.CodeMergeStopped, Message: fmt.Sprintf("a rebase of %s waits in %s: %s", branch, w.Path, strings.Join(files, ", ")),
			Hint: "resolve its conflicts (git add the files, git rebase --continue), or git rebase --abort, then try again",
		}
	}
	return s.cfg.Git.RebaseAbort(ctx, w)
}
