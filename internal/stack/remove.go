package stack

import (
	"context"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/pkg/api"
)

// Delete deletes a branch that no worktree has checked out. What is above moves
// to its base and loses its commits. Its commits are kept under refs/hf/, for
// Undo and for whoever did not mean it.
func (e *Engine) Delete(ctx context.Context, in In, req DeleteRequest) (Report, error) {
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return Report{}, err
	}
	b, ok := f.Branches[req.Branch]
	if !ok {
		if req.Branch == f.Trunk {
			return Report{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s is the trunk", req.Branch)}
		}
		return e.doneBefore(ctx, in, f, req.Branch, req.Before, func(tips map[string]string, _ string) bool { return tips[req.Branch] == "" })
	}
	tips, err := e.git.Tips(ctx, in.Repo, b.Name, b.Base)
	if err != nil {
		return Report{}, err
	}
	trees, err := e.trees(in.Repo)
	if err != nil {
		return Report{}, err
	}
	if t, held := holder(trees, b.Name); held {
		return Report{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s is checked out in %s", b.Name, t.Path),
			Hint: "archive the task that it belongs to, or switch to another branch there",
		}
	}
	at := tips[b.Name]
	if at != "" && !req.Force {
		if err := e.checkMerged(ctx, in, b, at, tips[b.Base]); err != nil {
			return Report{}, err
		}
	}
	rep, err := e.clear(ctx, in, f, b.Name, req.OnConflict, req.Hooks)
	if err != nil || rep.Err() != nil {
		return rep, err
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return rep, err
	}
	defer l.release()
	ctx = l.on(ctx)
	if at != "" {
		if err := e.drop(ctx, in, b.Name, at, req.Hooks); err != nil {
			return rep, err
		}
	}
	if err := e.untrack(ctx, l, in, b.Name); err != nil {
		return rep, err
	}
	rep.Results = append(rep.Results, Result{Kind: KindDelete, Branch: b.Name, Base: b.Base, Outcome: Deleted, From: at})
	return e.closed(ctx, in.Repo, rep), nil
}

// doneBefore is the report of an action that had come to its end when it was cut
// off: its branch was tracked before, and is as the action leaves it.
func (e *Engine) doneBefore(ctx context.Context, in In, f Forest, branch, before string, done func(tips map[string]string, base string) bool) (Report, error) {
	if before == "" {
		return Report{}, notTracked(branch)
	}
	old, err := e.stateAt(ctx, in.Repo, before)
	if err != nil {
		return Report{}, err
	}
	was, ok := old.Branches[branch]
	tips, err := e.git.Tips(ctx, in.Repo)
	if err != nil {
		return Report{}, err
	}
	if !ok || !done(tips, was.Base) {
		return Report{}, notTracked(branch)
	}
	return Report{Before: before, After: f.Commit}, nil
}

// checkMerged refuses to delete commits that are nowhere else.
func (e *Engine) checkMerged(ctx context.Context, in In, b Branch, at, base string) error {
	if base != "" {
		if _, ok, err := e.git.Merged(ctx, in.Repo, at, base); err != nil || ok {
			return err
		}
	}
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("%s has commits that %s has not", b.Name, b.Base), Hint: "--force deletes it all the same",
	}
}

// drop deletes a branch that nobody has checked out, and keeps its commits.
func (e *Engine) drop(ctx context.Context, in In, branch, at string, hooks Hooks) error {
	trees, err := e.trees(in.Repo)
	if err != nil {
		return err
	}
	if t, held := holder(trees, branch); held {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s is checked out in %s", branch, t.Path)}
	}
	if err := hooks.moves(ctx, Move{Branch: branch, From: at}); err != nil {
		return err
	}
	if err := e.git.KeepRef(ctx, in.Repo, "refs/hf/stack/deleted/"+at, at); err != nil {
		return err
	}
	return e.git.MoveRef(ctx, in.Repo, "refs/heads/"+branch, at, "", "hf: deleted from its stack")
}

// clear moves what stands directly on a branch to its base, with all above.
func (e *Engine) clear(ctx context.Context, in In, f Forest, branch string, on OnConflict, hooks Hooks) (Report, error) {
	rep := Report{Before: f.Commit, After: f.Commit}
	for _, child := range f.Children(branch) {
		more, err := e.Reparent(ctx, in, ReparentRequest{Branch: child, Onto: f.Branches[branch].Base, OnConflict: on, Hooks: hooks})
		rep.Results = append(rep.Results, more.Results...)
		if more.After != "" {
			rep.After = more.After
		}
		if err != nil {
			return rep, err
		}
	}
	return rep, nil
}

// Fold gives the commits of a branch to its base, which is never trunk. What is
// above stands on the base then. All of them must stand where they belong before.
func (e *Engine) Fold(ctx context.Context, in In, req FoldRequest) (Report, error) {
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return Report{}, err
	}
	b, ok := f.Branches[req.Branch]
	switch {
	case !ok && req.Branch == f.Trunk:
		return Report{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s is the trunk", req.Branch)}
	case !ok:
		return e.doneBefore(ctx, in, f, req.Branch, req.Before, func(tips map[string]string, base string) bool {
			folded, err := e.git.IsAncestor(ctx, in.Repo, tips[req.Branch], tips[base])
			return tips[req.Branch] == "" || err == nil && folded
		})
	case b.Base == f.Trunk:
		return Report{}, &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%s stands on %s, the trunk: folding would merge it there", b.Name, f.Trunk),
			Hint: "hf merge merges it, with its checks",
		}
	}
	if err := e.foldable(ctx, in, f, b); err != nil {
		return Report{}, err
	}
	if req.Busy != nil {
		if err := e.askHolder(ctx, in, b.Base, req.Hooks); err != nil {
			return Report{}, err
		}
	}
	rep := Report{Before: f.Commit, After: f.Commit}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return rep, err
	}
	defer l.release()
	ctx = l.on(ctx)
	tips, err := e.git.Tips(ctx, in.Repo, b.Name, b.Base)
	if err != nil {
		return rep, err
	}
	from, to := tips[b.Base], tips[b.Name]
	if err := e.forward(ctx, in, b.Base, from, to, req.Hooks); err != nil {
		return rep, err
	}
	rep.Results = append(rep.Results, Result{Kind: KindFold, Branch: b.Base, Base: f.Branches[b.Base].Base, Outcome: Restacked, From: from, To: to})
	for _, child := range f.Children(b.Name) {
		if err := e.anywhere(ctx, l, in, "branch", "track", child, "--base", b.Base); err != nil {
			return rep, err
		}
	}
	if err := e.untrack(ctx, l, in, b.Name); err != nil {
		return rep, err
	}
	if req.Delete {
		trees, err := e.trees(in.Repo)
		if err != nil {
			return rep, err
		}
		if _, held := holder(trees, b.Name); !held {
			if err := e.drop(ctx, in, b.Name, to, req.Hooks); err != nil {
				return rep, err
			}
			rep.Results = append(rep.Results, Result{Kind: KindDelete, Branch: b.Name, Base: b.Base, Outcome: Deleted, From: to})
		}
	}
	return e.closed(ctx, in.Repo, rep), nil
}

// foldable refuses a branch that does not stand on its base, or has something
// above that does not stand on it.
func (e *Engine) foldable(ctx context.Context, in In, f Forest, b Branch) error {
	names := append([]string{b.Name}, f.Children(b.Name)...)
	q, err := e.survey(ctx, in.Repo, names)
	if err != nil {
		return err
	}
	// A fold that was cut off has moved the base already.
	done := q.tips[b.Base] == q.tips[b.Name]
	wrong := slices.DeleteFunc(names, func(name string) bool { return q.fine[name] || done && name == b.Name })
	if len(wrong) > 0 {
		return &api.Error{
			Code: api.CodeConflict, Message: list(wrong) + " must be restacked first", Hint: "hf stack restack",
		}
	}
	return nil
}

func (e *Engine) askHolder(ctx context.Context, in In, branch string, hooks Hooks) error {
	trees, err := e.trees(in.Repo)
	if err != nil {
		return err
	}
	path := ""
	if t, held := holder(trees, branch); held {
		path = t.Path
	}
	return hooks.Busy(ctx, branch, path)
}

// forward moves a branch on to a later commit, in the worktree that has it
// checked out where there is one.
func (e *Engine) forward(ctx context.Context, in In, branch, from, to string, hooks Hooks) error {
	if from == to {
		return nil
	}
	later, err := e.git.IsAncestor(ctx, in.Repo, from, to)
	if err != nil {
		return err
	}
	if !later {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s has commits of its own", branch), Hint: "hf stack restack"}
	}
	trees, err := e.trees(in.Repo)
	if err != nil {
		return err
	}
	t, held := holder(trees, branch)
	if !held {
		if err := hooks.moves(ctx, Move{Branch: branch, From: from, To: to}); err != nil {
			return err
		}
		return e.git.MoveRef(ctx, in.Repo, "refs/heads/"+branch, from, to, "hf: fast-forward")
	}
	if why := t.ready(); why != nil {
		return why
	}
	files, err := e.inTheWay(ctx, in.Repo, t, from, to)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("uncommitted changes in %s are in the way of %s: %s", t.Path, branch, list(files)),
			Hint: "commit them there or move them away, then try again",
		}
	}
	if err := hooks.moves(ctx, Move{Branch: branch, From: from, To: to}); err != nil {
		return err
	}
	return e.git.FastForward(ctx, t.Worktree, to)
}
