package stack

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// aside rebases the commits of a branch in the scratch worktree, and moves the
// branch when all of them went well: one that nobody has checked out, or that
// the user has in their main worktree, which is never left in the middle of
// something.
func (e *Engine) aside(ctx context.Context, l *lock, in In, s step, v sight, res *Result) {
	fail := func(outcome Outcome, err error) { res.Outcome, res.Error = outcome, asError(err) }
	w, done, err := e.scratchTree(ctx, in.Repo, v.at)
	if err != nil {
		fail(Failed, err)
		return
	}
	defer done()
	ran := e.rebaseOnto(ctx, in.Repo, w, v)
	ctx, cancel := cleanup(ctx)
	defer cancel()
	if r, ok := w.Rebasing(); ok {
		files, err := e.git.Unmerged(ctx, w)
		if err == nil && r.Stopped && len(files) > 0 && !stoppedFromOutside(ran) {
			res.Files = files
			fail(Conflict, conflictError(s.branch, v.base, "", files, false))
			return
		}
		if ran == nil {
			ran = fmt.Errorf("the rebase of %s did not come to its end", s.branch)
		}
	}
	if ran != nil {
		fail(Failed, ran)
		return
	}
	_, tip, err := e.git.Head(ctx, w)
	if err != nil {
		fail(Failed, err)
		return
	}
	if stands, err := e.git.IsAncestor(ctx, in.Repo, v.baseAt, tip); err != nil || !stands {
		fail(Failed, fmt.Errorf("the rebase of %s did not put it onto %s", s.branch, v.base))
		return
	}
	if err := e.moveBranch(ctx, in.Repo, s.branch, v.at, tip); err != nil {
		fail(outcomeOf("", asError(err)), err)
		if api.IsCode(err, api.CodeConflict) {
			res.Outcome = Dirty
		}
		return
	}
	res.Outcome, res.To = Restacked, tip
	if err := e.noteBase(ctx, l, in, v, s.branch, w); err != nil {
		fail(Failed, err)
	}
}

// rebaseOnto rebases what a worktree has checked out onto the base of a step.
func (e *Engine) rebaseOnto(ctx context.Context, repo git.Repo, w git.Worktree, v sight) error {
	since, err := e.forkPoint(ctx, repo, v)
	if err != nil {
		return err
	}
	if v.stands {
		// All that is its base's is in the new base: it was moved there before.
		if moved, err := e.git.IsAncestor(ctx, repo, since, v.baseAt); err != nil || moved {
			return err
		}
	}
	limited, cancel := context.WithTimeoutCause(ctx, e.limits.Restack, &api.Error{
		Code: api.CodeTimeout, Message: fmt.Sprintf("the rebase of %s took longer than %s and was ended", v.known.Name, e.limits.Restack), Retryable: true,
	})
	defer cancel()
	return e.git.RebaseOnto(limited, w, v.baseAt, since)
}

// forkPoint is the last commit of a branch that is its base's and not its own:
// what git-spice recorded, unless the branch was rebased since with plain git.
func (e *Engine) forkPoint(ctx context.Context, repo git.Repo, v sight) (string, error) {
	recorded := v.known.BaseHash
	if own, err := e.git.IsAncestor(ctx, repo, recorded, v.at); err != nil || !own {
		recorded = "" // it may not even exist any more
	}
	base := v.baseAt
	if v.known.Base != v.base {
		tips, err := e.git.Tips(ctx, repo, v.known.Base)
		if err != nil {
			return "", err
		}
		base = tips[v.known.Base]
	}
	common := ""
	if base != "" {
		var err error
		if common, _, err = e.git.MergeBase(ctx, repo, base, v.at); err != nil {
			return "", err
		}
	}
	switch {
	case recorded == "" && common == "":
		return "", &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s has nothing in common with its base %s", v.known.Name, v.known.Base),
			Hint: "hf stack track " + v.known.Name + " with the base that it has",
		}
	case common == "":
		return recorded, nil
	case recorded == "":
		if point, ok := e.git.ForkPoint(ctx, repo, v.known.Base, v.at); ok {
			return point, nil
		}
		return common, nil
	}
	if later, err := e.git.IsAncestor(ctx, repo, recorded, common); err != nil || later {
		return common, err
	}
	return recorded, nil
}

// moveBranch moves a branch that is still at a commit, in the worktree that has
// it checked out where there is one.
func (e *Engine) moveBranch(ctx context.Context, repo git.Repo, branch, from, to string) error {
	if from == to {
		return nil
	}
	trees, err := e.trees(repo)
	if err != nil {
		return err
	}
	t, held := holder(trees, branch)
	if !held {
		return e.git.MoveRef(ctx, repo, "refs/heads/"+branch, from, to, "hf: moved in its stack")
	}
	if why := t.ready(); why != nil {
		return why
	}
	files, err := e.inTheWay(ctx, repo, t, from, to)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("uncommitted changes in %s are in the way: %s", t.Path, list(files)),
			Hint: "commit them there or move them away, then try again",
		}
	}
	return e.git.ResetKeep(ctx, t.Worktree, from, to)
}

// inTheWay lists the uncommitted files of a worktree that would be written over
// on the way from one commit to another.
func (e *Engine) inTheWay(ctx context.Context, repo git.Repo, t tree, from, to string) ([]string, error) {
	dirty, err := e.git.UncommittedFiles(ctx, t.Worktree)
	if err != nil || len(dirty) == 0 {
		return nil, err
	}
	changed, err := e.git.ChangedFiles(ctx, repo, from, to)
	if err != nil {
		return nil, err
	}
	moves := make(map[string]bool, len(changed))
	for _, file := range changed {
		moves[file] = true
	}
	var out []string
	for _, file := range dirty {
		if moves[file] {
			out = append(out, file)
		}
	}
	return out, nil
}
