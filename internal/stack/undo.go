package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// Snapshot reads where the refs of a repository's stacks are, and keeps their
// commits under keep, a ref below refs/hf/, unless that is "".
func (e *Engine) Snapshot(ctx context.Context, repo git.Repo, keep string) (Snapshot, error) {
	f, err := e.State(ctx, repo)
	if err != nil {
		return Snapshot{}, err
	}
	tips, err := e.git.Tips(ctx, repo)
	if err != nil {
		return Snapshot{}, err
	}
	s := Snapshot{State: f.Commit, Trunk: f.Trunk, Branches: map[string]string{}}
	for name, at := range tips {
		if _, ok := f.Branches[name]; ok || name == f.Trunk {
			s.Branches[name] = at
		}
	}
	trees, err := e.trees(repo)
	if err != nil {
		return Snapshot{}, err
	}
	for _, t := range trees {
		c := Checkout{Path: t.Path, Branch: t.Branch, Commit: tips[t.Branch]}
		if t.rebasing {
			c.Rebasing = t.rebase.Branch
		}
		if t.Branch == "" && t.Exists() {
			if _, c.Commit, err = e.git.Head(ctx, t.Worktree); err != nil {
				return Snapshot{}, err
			}
		}
		s.Trees = append(s.Trees, c)
	}
	if keep == "" {
		return s, nil
	}
	s.Kept = keep
	commits := slices.Sorted(maps.Values(s.Branches))
	if f.Commit != "" {
		commits = append(commits, f.Commit)
	}
	return s, e.git.KeepCommits(ctx, repo, keep, "where the branches of the stacks were", commits...)
}

// undo is one Undo.
type undo struct {
	e     *Engine
	in    In
	req   UndoRequest
	tips  map[string]string
	trees []tree
	moves []Move // each branch once, and only what is not back yet
}

// Undo puts back every ref that an action moved, and ends the rebases that it
// left. When one has moved on since, or uncommitted changes are in the way,
// nothing is moved and the error says which. It may be called again.
func (e *Engine) Undo(ctx context.Context, in In, req UndoRequest) (UndoReport, error) {
	u := &undo{e: e, in: in, req: req}
	if req.Busy != nil {
		if err := u.ask(ctx); err != nil {
			return UndoReport{}, err
		}
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return UndoReport{}, err
	}
	defer l.release()
	ctx = l.on(ctx)
	if err := u.look(ctx); err != nil {
		return UndoReport{}, err
	}
	if err := u.check(ctx); err != nil {
		return UndoReport{}, err
	}
	var rep UndoReport
	if err := u.keep(ctx, &rep); err != nil {
		return rep, err
	}
	if err := u.abort(ctx, &rep); err != nil {
		return rep, err
	}
	for _, m := range u.moves {
		if err := u.back(ctx, m); err != nil {
			return rep, err
		}
		rep.Moved = append(rep.Moved, Move{Branch: m.Branch, From: m.To, To: m.From})
	}
	rep.State, err = u.state(ctx, l)
	return rep, err
}

// ask waits for those who work on the branches.
func (u *undo) ask(ctx context.Context) error {
	trees, err := u.e.trees(u.in.Repo)
	if err != nil {
		return err
	}
	for _, m := range merged(u.req.Moves) {
		path := ""
		if t, ok := holder(trees, m.Branch); ok {
			path = t.Path
		}
		if err := u.req.Busy(ctx, m.Branch, path); err != nil {
			return err
		}
	}
	return nil
}

// merged makes one move of several of the same branch.
func merged(moves []Move) []Move {
	var out []Move
	for _, m := range moves {
		i := slices.IndexFunc(out, func(o Move) bool { return o.Branch == m.Branch })
		if i < 0 {
			out = append(out, m)
			continue
		}
		out[i].To = m.To
	}
	return out
}

func (u *undo) look(ctx context.Context) (err error) {
	if u.tips, err = u.e.git.Tips(ctx, u.in.Repo); err != nil {
		return err
	}
	if u.trees, err = u.e.trees(u.in.Repo); err != nil {
		return err
	}
	for _, m := range merged(u.req.Moves) {
		if u.tips[m.Branch] != m.From {
			u.moves = append(u.moves, m)
		}
	}
	return nil
}

// check refuses when anything cannot be put back.
func (u *undo) check(ctx context.Context) error {
	var on, dirty []string
	for _, m := range u.moves {
		if u.tips[m.Branch] != m.To {
			on = append(on, m.Branch)
			continue
		}
		t, held := holder(u.trees, m.Branch)
		if !held || t.rebasing && slices.Contains(u.req.Left, m.Branch) {
			continue
		}
		if why := t.ready(); why != nil {
			return why
		}
		if m.From == "" {
			continue
		}
		files, err := u.e.inTheWay(ctx, u.in.Repo, t, m.To, m.From)
		if err != nil {
			return err
		}
		for _, file := range files {
			dirty = append(dirty, t.Path+"/"+file)
		}
	}
	switch {
	case len(on) > 0:
		return &api.Error{
			Code: api.CodeConflict, Message: "nothing was undone: somebody has moved " + strings.Join(on, ", ") + " since",
			Hint: fmt.Sprintf("where they were before is kept in %s", u.req.Before.Kept),
		}
	case len(dirty) > 0:
		return &api.Error{
			Code: api.CodeConflict, Message: "nothing was undone: uncommitted changes are in the way: " + list(dirty),
			Hint: "commit them there or move them away, then try again",
		}
	}
	return nil
}

// keep makes sure that nothing is lost of what is moved away.
func (u *undo) keep(ctx context.Context, rep *UndoReport) error {
	var commits []string
	for _, m := range u.moves {
		if m.To != "" {
			commits = append(commits, m.To)
		}
	}
	if u.req.Keep == "" || len(commits) == 0 {
		return nil
	}
	rep.Kept = u.req.Keep
	return u.e.git.KeepCommits(ctx, u.in.Repo, u.req.Keep, "what an undo moved away", commits...)
}

// abort ends the rebases that the action left.
func (u *undo) abort(ctx context.Context, rep *UndoReport) error {
	for _, t := range u.trees {
		if !t.rebasing || !slices.Contains(u.req.Left, t.rebase.Branch) {
			continue
		}
		if _, err := u.e.abortRebase(ctx, t.Worktree); err != nil {
			return err
		}
		rep.Aborted = append(rep.Aborted, t.Path)
	}
	return nil
}

// back puts one branch back.
func (u *undo) back(ctx context.Context, m Move) error {
	if m.From == "" || m.To == "" {
		if _, held := holder(u.trees, m.Branch); held && m.From == "" {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s is checked out: it stays", m.Branch)}
		}
		return u.e.git.MoveRef(ctx, u.in.Repo, "refs/heads/"+m.Branch, m.To, m.From, "hf: undo")
	}
	return u.e.moveBranch(ctx, u.in.Repo, m.Branch, m.To, m.From)
}

// state puts git-spice's data back: all of it when nobody has changed it since
// the action, else what it says of the branches that the action changed.
func (u *undo) state(ctx context.Context, l *lock) (whole bool, err error) {
	now, err := u.e.stateCommit(ctx, u.in.Repo)
	before := u.req.Before.State
	switch {
	case err != nil:
		return false, err
	case now == before || before == "":
		return true, nil
	case now == u.req.After:
		return true, u.e.git.MoveRef(ctx, u.in.Repo, dataRef, now, before, "hf: undo")
	}
	old, err := u.e.stateAt(ctx, u.in.Repo, before)
	if err != nil {
		return false, err
	}
	f, err := u.e.State(ctx, u.in.Repo)
	if err != nil {
		return false, err
	}
	touched := map[string]bool{}
	for _, m := range u.req.Moves {
		touched[m.Branch] = true
	}
	after, err := u.e.stateAt(ctx, u.in.Repo, u.req.After)
	if err != nil {
		return false, err
	}
	for _, name := range old.Order() {
		was, is := old.Branches[name], f.Branches[name]
		changed := after.Branches[name].Base != was.Base
		if !changed && !touched[name] && !touched[was.Base] || is.Base == was.Base && is.BaseHash == was.BaseHash || u.tipless(ctx, name, was.Base) {
			continue
		}
		if err := u.e.anywhere(ctx, l, u.in, "branch", "track", name, "--base", was.Base); err != nil {
			return false, err
		}
	}
	return false, nil
}

// tipless reports whether one of some branches is not there.
func (u *undo) tipless(ctx context.Context, names ...string) bool {
	tips, err := u.e.git.Tips(ctx, u.in.Repo, names...)
	return err != nil || len(tips) < len(names)
}

// stateAt reads git-spice's data as it was at a commit.
func (e *Engine) stateAt(ctx context.Context, repo git.Repo, commit string) (Forest, error) {
	at, files, err := e.git.ReadTree(ctx, repo, commit)
	if err != nil || at == "" {
		return Forest{Branches: map[string]Branch{}}, err
	}
	return parseState(at, files)
}
