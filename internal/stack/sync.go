package stack

import (
	"context"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// Sync fetches trunk and moves the local one on, never back. What stands on
// merged branches moves to their bases, and all is restacked. Nothing has changed
// when trunk cannot be moved on: its worktree has changes in the way, or it has
// commits of its own.
func (e *Engine) Sync(ctx context.Context, in In, req SyncRequest) (SyncReport, error) {
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return SyncReport{}, err
	}
	rep := SyncReport{Report: Report{Before: f.Commit, After: f.Commit}}
	if f.Remote != "" {
		if err := e.syncTrunk(ctx, in, f, req, &rep); err != nil {
			return rep, err
		}
	}
	gone, err := e.findMerged(ctx, in, f, req)
	if err != nil {
		return rep, err
	}
	moved, err := e.clearMerged(ctx, in, f, gone, req, &rep)
	if err != nil {
		return rep, err
	}
	for _, m := range slices.Backward(gone) { // the upper ones first: they stand on others
		if !m.Unpushed {
			err = e.letGo(ctx, in, req, &m)
		}
		rep.Merged = slices.Insert(rep.Merged, 0, m)
		if err != nil {
			return rep, err
		}
	}
	if req.NoRestack {
		rep.Report = e.closed(ctx, in.Repo, rep.Report)
		return rep, nil
	}
	failed := map[string]bool{}
	for _, r := range rep.Results {
		failed[r.Branch] = !r.Outcome.Ok()
	}
	now, err := e.State(ctx, in.Repo)
	if err != nil {
		return rep, err
	}
	for _, m := range gone { // restacked, it would lose the commits that say that it was merged
		moved[m.Branch] = moved[m.Branch] || !m.Unpushed
	}
	var names []string
	for _, name := range now.Order() {
		// What has just been moved, or could not be, needs no second try.
		if !moved[name] {
			names = append(names, name)
		}
	}
	more, err := e.restack(ctx, in, names, req.OnConflict, false, req.Hooks, failed)
	rep.Results, rep.After = append(rep.Results, more.Results...), more.After
	return rep, err
}

// syncTrunk moves the local trunk on to where the remote has it.
func (e *Engine) syncTrunk(ctx context.Context, in In, f Forest, req SyncRequest, rep *SyncReport) error {
	var theirs string
	var err error
	if req.NoFetch {
		theirs, _, err = e.git.RefCommit(ctx, in.Repo, "refs/remotes/"+f.Remote+"/"+f.Trunk)
	} else {
		theirs, err = e.git.FetchBranch(ctx, in.Repo, git.Via{Remote: f.Remote, Env: in.Env, Login: in.Login}, f.Trunk)
	}
	if err != nil || theirs == "" {
		return err
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return err
	}
	defer l.release()
	ctx = l.on(ctx)
	tips, err := e.git.Tips(ctx, in.Repo, f.Trunk)
	if err != nil {
		return err
	}
	ours := tips[f.Trunk]
	if ours == "" {
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("there is no local branch %q", f.Trunk), Hint: fmt.Sprintf("git branch %s %s/%s", f.Trunk, f.Remote, f.Trunk)}
	}
	behind, err := e.git.IsAncestor(ctx, in.Repo, ours, theirs)
	if err != nil {
		return err
	}
	if behind {
		if err := e.forward(ctx, in, f.Trunk, ours, theirs, req.Hooks); err != nil {
			return err
		}
		if ours != theirs {
			rep.Trunk = Move{Branch: f.Trunk, From: ours, To: theirs}
		}
		return nil
	}
	if rep.Ahead, err = e.git.CountCommits(ctx, in.Repo, ours, theirs); err != nil {
		return err
	}
	ahead, err := e.git.IsAncestor(ctx, in.Repo, theirs, ours)
	if err != nil || ahead {
		return err
	}
	return &api.Error{
		Code:    api.CodeConflict,
		Message: fmt.Sprintf("the local %s has %d commits that %s/%s has not, and the other way round: it was not touched", f.Trunk, rep.Ahead, f.Remote, f.Trunk),
		Hint:    fmt.Sprintf("git rebase %s/%s where %s is checked out, or move those commits to a branch of their own", f.Remote, f.Trunk, f.Trunk),
	}
}

// findMerged finds the branches whose work is in trunk, each after its base.
func (e *Engine) findMerged(ctx context.Context, in In, f Forest, req SyncRequest) ([]MergedBranch, error) {
	tips, err := e.git.Tips(ctx, in.Repo)
	if err != nil {
		return nil, err
	}
	trees, err := e.trees(in.Repo)
	if err != nil {
		return nil, err
	}
	var out []MergedBranch
	gone := map[string]bool{f.Trunk: true}
	for _, name := range f.Order() {
		b, at := f.Branches[name], tips[name]
		if at == "" {
			continue
		}
		m := MergedBranch{Branch: name, Base: b.Base, Commit: at, Fate: Keep}
		if t, held := holder(trees, name); held {
			m.Worktree = t.Path
		}
		if head, ok := req.Merged[name]; ok {
			m.How = "its pull request was merged"
			within, err := e.git.IsAncestor(ctx, in.Repo, at, head)
			m.Unpushed = at != head && (err != nil || !within)
			out = append(out, m)
			gone[name] = !m.Unpushed
			continue
		}
		// What stands on an unmerged branch is merged with that, not before.
		if !gone[b.Base] {
			continue
		}
		how, ok, err := e.inTrunk(ctx, in.Repo, b, at, tips[f.Trunk])
		if err != nil {
			return nil, err
		}
		if ok {
			m.How, gone[name] = how, true
			out = append(out, m)
		}
	}
	return out, nil
}

// inTrunk reports whether the work of a branch is in trunk. One without commits
// of its own has no work yet.
func (e *Engine) inTrunk(ctx context.Context, repo git.Repo, b Branch, at, trunk string) (how string, ok bool, err error) {
	if at == b.BaseHash || trunk == "" {
		return "", false, nil
	}
	if empty, err := e.git.IsAncestor(ctx, repo, at, b.BaseHash); err == nil && empty {
		return "", false, nil
	}
	return e.git.Merged(ctx, repo, at, trunk)
}

// clearMerged moves what stands on merged branches down to the first base that is
// not merged itself: in between its commits may not fit.
func (e *Engine) clearMerged(ctx context.Context, in In, f Forest, gone []MergedBranch, req SyncRequest, rep *SyncReport) (moved map[string]bool, err error) {
	merged := map[string]bool{}
	for _, m := range gone {
		merged[m.Branch] = !m.Unpushed
	}
	moved = map[string]bool{}
	for _, m := range gone {
		if m.Unpushed {
			continue
		}
		ground := m.Base
		for merged[ground] {
			ground = f.Branches[ground].Base
		}
		for _, child := range f.Children(m.Branch) {
			if merged[child] {
				continue
			}
			more, err := e.Reparent(ctx, in, ReparentRequest{Branch: child, Onto: ground, OnConflict: req.OnConflict, Hooks: req.Hooks})
			for _, r := range more.Results {
				moved[r.Branch] = true
			}
			rep.Results = append(rep.Results, more.Results...)
			if err != nil {
				return moved, err
			}
		}
	}
	return moved, nil
}

// letGo does with a merged branch what its fate says, once nothing stands on it
// any more.
func (e *Engine) letGo(ctx context.Context, in In, req SyncRequest, m *MergedBranch) error {
	f, err := e.State(ctx, in.Repo)
	if err != nil || len(f.Children(m.Branch)) > 0 {
		return err
	}
	fate := Untrack
	if req.Fate != nil {
		if fate, err = req.Fate(ctx, *m); err != nil || fate == Keep {
			return err
		}
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return err
	}
	defer l.release()
	ctx = l.on(ctx)
	m.Fate = Untrack
	if fate == Remove && m.Worktree == "" {
		if err := e.drop(ctx, in, m.Branch, m.Commit, req.Hooks); err != nil {
			return err
		}
		m.Fate = Remove
	}
	return e.untrack(ctx, l, in, m.Branch)
}
