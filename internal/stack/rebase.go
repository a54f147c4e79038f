package stack

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// InProgress lists the rebases that wait in worktrees, the user's own included.
// It starts no process but to list unmerged files.
func (e *Engine) InProgress(ctx context.Context, repo git.Repo) ([]Rebase, error) {
	trees, err := e.trees(repo)
	if err != nil {
		return nil, err
	}
	var out []Rebase
	for _, t := range trees {
		if !t.rebasing {
			continue
		}
		r := Rebase{Worktree: t.Path, Branch: t.rebase.Branch, Onto: t.rebase.Onto, Commit: t.rebase.Commit, Stopped: t.rebase.Stopped}
		if t.Exists() {
			if r.Files, err = e.git.Unmerged(ctx, t.Worktree); err != nil {
				return nil, err
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// at finds a worktree by its directory.
func (e *Engine) at(repo git.Repo, path string) (tree, error) {
	trees, err := e.trees(repo)
	if err != nil {
		return tree{}, err
	}
	for _, t := range trees {
		if t.Path == path {
			return t, nil
		}
	}
	return tree{}, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("%s is not a worktree of %s", path, repo.Top)}
}

// Continue goes on with the rebase of an attempt that stopped on a conflict, or
// with what is left to do when somebody has finished that by hand. The result is
// a conflict again when files are unmerged still. What stands on the branch, and
// the branch itself when its base has moved on meanwhile, is for a Restack.
func (e *Engine) Continue(ctx context.Context, in In, a Attempt) (Result, error) {
	res := Result{Kind: a.Kind, Branch: a.Branch, Base: a.Base, Worktree: a.Worktree, From: a.Commit}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return res, err
	}
	defer l.release()
	ctx = l.on(ctx)
	t, err := e.at(in.Repo, a.Worktree)
	if err != nil {
		return res, err
	}
	v, err := e.seen(ctx, in.Repo, a)
	if err != nil {
		return res, err
	}
	s := step{kind: a.Kind, branch: a.Branch, onto: a.Base, onConflict: Leave}
	switch {
	case t.rebasing && t.rebase.Branch != a.Branch:
		return res, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("what waits in %s is not the rebase of %s", t.Path, a.Branch), Hint: "git status says there what it is",
		}
	case t.rebasing:
		files, err := e.git.Unmerged(ctx, t.Worktree)
		if err != nil {
			return res, err
		}
		if len(files) > 0 {
			res.Outcome, res.Left, res.Files = Conflict, true, files
			res.Error = conflictError(a.Branch, a.Base, t.Path, files, true)
			return res, nil
		}
		v.baseAt = t.rebase.Onto
		ran := e.git.RebaseContinue(ctx, t.Worktree)
		ctx2, cancel := cleanup(ctx)
		defer cancel()
		e.settle(ctx2, in.Repo, s, v, t.Worktree, said{}, ran, &res)
	default:
		e.byHand(ctx, s, t, &res)
	}
	if res.Outcome.Ok() {
		err = e.noteBase(ctx, l, in, v, a.Branch, t.Worktree)
	}
	return res, err
}

// byHand says what came of a rebase that somebody else has ended.
func (e *Engine) byHand(ctx context.Context, s step, t tree, res *Result) {
	branch, tip, err := e.git.Head(ctx, t.Worktree)
	switch {
	case err != nil:
		res.Outcome, res.Error = Failed, asError(err)
	case branch != s.branch:
		res.Outcome, res.Error = Failed, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s does not have %s checked out any more", t.Path, s.branch),
			Hint: "git switch " + s.branch + " there, then hf stack restack",
		}
	case tip == res.From:
		res.Outcome, res.To = Failed, tip
		res.Error = &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("no rebase waits in %s: somebody has ended it, and %s is as it was", t.Path, s.branch),
			Hint: "hf stack restack begins it again",
		}
	default:
		res.Outcome, res.To = Restacked, tip
	}
}

// seen is the sight of an attempt that was begun before.
func (e *Engine) seen(ctx context.Context, repo git.Repo, a Attempt) (v sight, err error) {
	if v.forest, err = e.State(ctx, repo); err != nil {
		return v, err
	}
	known, ok := v.forest.Branches[a.Branch]
	if !ok {
		return v, notTracked(a.Branch)
	}
	tips, err := e.git.Tips(ctx, repo, a.Branch, a.Base)
	if err != nil {
		return v, err
	}
	if tips[a.Branch] == "" || tips[a.Base] == "" {
		return v, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("%s or its base %s is not there any more", a.Branch, a.Base)}
	}
	v.known, v.base, v.at, v.baseAt = known, a.Base, tips[a.Branch], tips[a.Base]
	v.trees, err = e.trees(repo)
	return v, err
}

// Abort ends the rebase that waits in a worktree: its branch and uncommitted
// changes are as they were before. It is not an error when there is none.
func (e *Engine) Abort(ctx context.Context, in In, worktree string) error {
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return err
	}
	defer l.release()
	ctx = l.on(ctx)
	t, err := e.at(in.Repo, worktree)
	if err != nil || !t.rebasing {
		return err
	}
	note, err := e.abortRebase(ctx, t.Worktree)
	if err == nil && note != "" {
		err = &api.Error{Code: api.CodeConflict, Message: note, Hint: "resolve what is unmerged, then git stash drop"}
	}
	return err
}

// Recover puts right what a crash in the middle of an attempt left, and says what
// it found. What is still at work is waited for. A rebase that stopped on a
// conflict is left to whoever may be at it already, if the attempt was to.
func (e *Engine) Recover(ctx context.Context, in In, a Attempt) (Recovered, error) {
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return "", err
	}
	defer l.release()
	ctx = l.on(ctx)
	if err := e.git.RemoveScratch(ctx, in.Repo, e.scratchPath(in.Repo)); err != nil {
		return "", err
	}
	trees, err := e.trees(in.Repo)
	if err != nil {
		return "", err
	}
	t, held := holder(trees, a.Branch)
	if held && t.Exists() {
		e.dropStale(ctx, t.Worktree, a.Branch)
	}
	if held && t.rebasing && !a.Scratch {
		return e.recoverRebase(ctx, in.Repo, a, t)
	}
	v, err := e.seen(ctx, in.Repo, a)
	if err != nil {
		if api.IsCode(err, api.CodeNotFound) {
			return Nothing, nil // it is gone: the attempt will say so
		}
		return "", err
	}
	if v.at == a.Commit {
		e.restoreState(ctx, in.Repo, a.State, a.Branch)
		return Nothing, nil
	}
	if v.stands, err = e.git.IsAncestor(ctx, in.Repo, v.baseAt, v.at); err != nil {
		return "", err
	}
	// A rebase leaves the old commits behind; somebody who commits does not.
	grown, err := e.git.IsAncestor(ctx, in.Repo, a.Commit, v.at)
	if err != nil {
		return "", err
	}
	if !v.stands || grown && a.Kind == KindReparent {
		return Nothing, nil
	}
	if v.stands && (v.known.Base != v.base || v.known.BaseHash != v.baseAt) {
		if err := e.note(ctx, l, in, v, a.Branch); err != nil {
			return "", err
		}
	}
	return Finished, nil
}

func (e *Engine) recoverRebase(ctx context.Context, repo git.Repo, a Attempt, t tree) (Recovered, error) {
	if t.rebase.Stopped && a.OnConflict == Leave {
		e.restoreState(ctx, repo, a.State, a.Branch)
		return Waiting, nil
	}
	if !t.rebase.Half && t.rebase.Commit != a.Commit {
		return Waiting, nil // somebody has begun another one since
	}
	if _, err := e.abortRebase(ctx, t.Worktree); err != nil {
		return "", err
	}
	e.restoreState(ctx, repo, a.State, a.Branch)
	return PutBack, nil
}
