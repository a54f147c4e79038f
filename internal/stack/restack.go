package stack

import (
	"context"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// Restack puts each branch of a scope onto its base, bottom-up. The error is for
// what kept it from trying, or ended it; what came of branches until then is in
// the report.
func (e *Engine) Restack(ctx context.Context, in In, req RestackRequest) (Report, error) {
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return Report{}, err
	}
	names, err := scoped(f, req.Branch, req.Scope)
	if err != nil {
		return Report{}, err
	}
	return e.restack(ctx, in, names, req.OnConflict, req.DryRun, req.Hooks, nil)
}

// scoped lists the branches of a scope, each after its base.
func scoped(f Forest, branch string, scope Scope) ([]string, error) {
	if scope == All {
		return f.Order(), nil
	}
	if branch == f.Trunk && scope != Only {
		return f.Above(branch), nil
	}
	if _, ok := f.Branches[branch]; !ok {
		return nil, notTracked(branch)
	}
	switch scope {
	case Only:
		return []string{branch}, nil
	case Upstack:
		return f.Above(branch), nil
	default:
		path := f.Path(branch)
		return append(path, f.Above(branch)[1:]...), nil
	}
}

// restack goes through branches, each after its base. failed has those that
// something went wrong with before: what stands on them is not touched.
func (e *Engine) restack(ctx context.Context, in In, names []string, on OnConflict, dry bool, hooks Hooks, failed map[string]bool) (Report, error) {
	var rep Report
	if failed == nil {
		failed = map[string]bool{}
	}
	q, err := e.survey(ctx, in.Repo, names)
	if err != nil {
		return rep, err
	}
	rep.Before, rep.After = q.forest.Commit, q.forest.Commit
	moved := map[string]bool{}
	for _, name := range names {
		base := q.forest.Branches[name].Base
		var res Result
		switch {
		case failed[base]:
			res = Result{Kind: KindRestack, Branch: name, Base: base, Outcome: Blocked, BlockedBy: base, Error: blocked(name, base)}
		case q.fine[name] && !moved[base]:
			res = Result{Kind: KindRestack, Branch: name, Base: base, Outcome: UpToDate, From: q.tips[name], To: q.tips[name], Worktree: q.at[name]}
		default:
			res, err = e.run(ctx, in, step{kind: KindRestack, branch: name, onConflict: on, hooks: hooks}, dry)
			if err == nil && dry && moved[base] && res.Outcome == UpToDate {
				res.Outcome = Pending // its base is going to move
			}
		}
		if res.Outcome != "" {
			rep.Results = append(rep.Results, res)
		}
		moved[name] = res.Outcome == Pending || res.From != res.To
		failed[name] = !res.Outcome.Ok() && res.Outcome != Pending
		if err == nil && hooks.Done != nil && !dry {
			err = hooks.Done(ctx, res)
		}
		if err != nil {
			return e.closed(ctx, in.Repo, rep), err
		}
	}
	return e.closed(ctx, in.Repo, rep), nil
}

// overview is what a few processes say of many branches.
type overview struct {
	forest Forest
	tips   map[string]string
	at     map[string]string // the worktrees that have them
	fine   map[string]bool   // stands on its base, git-spice knows it, and neither waits in a rebase
}

// survey finds the branches that nothing is to be done for.
func (e *Engine) survey(ctx context.Context, repo git.Repo, names []string) (overview, error) {
	q := overview{at: map[string]string{}, fine: map[string]bool{}}
	var err error
	if q.forest, err = e.State(ctx, repo); err != nil {
		return q, err
	}
	if q.tips, err = e.git.Tips(ctx, repo); err != nil {
		return q, err
	}
	trees, err := e.trees(repo)
	if err != nil {
		return q, err
	}
	rebasing := map[string]bool{}
	for _, t := range trees {
		q.at[t.branch()] = t.Path
		rebasing[t.branch()] = t.rebasing
	}
	var pairs []git.Pair
	pair := func(name string) git.Pair {
		return git.Pair{Ours: q.tips[name], Theirs: q.tips[q.forest.Branches[name].Base]}
	}
	for _, name := range names {
		if p := pair(name); p.Ours != "" && p.Theirs != "" {
			pairs = append(pairs, p)
		}
	}
	relations, err := e.git.Relate(ctx, repo, pairs)
	if err != nil {
		return q, err
	}
	for _, name := range names {
		b, p := q.forest.Branches[name], pair(name)
		r, known := relations[p]
		q.fine[name] = known && r.Behind == 0 && b.BaseHash == p.Theirs && !rebasing[name] && !rebasing[b.Base]
	}
	return q, nil
}

// closed completes a report.
func (e *Engine) closed(ctx context.Context, repo git.Repo, rep Report) Report {
	ctx, cancel := cleanup(ctx)
	defer cancel()
	if at, err := e.stateCommit(ctx, repo); err == nil {
		rep.After = at
	}
	return rep
}

func (e *Engine) stateCommit(ctx context.Context, repo git.Repo) (string, error) {
	at, _, err := e.git.RefCommit(ctx, repo, dataRef)
	return at, err
}

// initialised is the forest of a repository that has stacks.
func (e *Engine) initialised(ctx context.Context, repo git.Repo) (Forest, error) {
	f, err := e.State(ctx, repo)
	if err == nil && f.Commit == "" {
		err = &api.Error{
			Code: api.CodeNotFound, Message: repo.Top + " has no stacks", Hint: "hf create --on makes one, or hf stack track",
		}
	}
	return f, err
}

// Reparent moves a branch with all above it onto another, and restacks those. A
// conflict of the branch itself puts everything back, unless it is to be left.
func (e *Engine) Reparent(ctx context.Context, in In, req ReparentRequest) (Report, error) {
	if req.OnConflict == "" {
		req.OnConflict = Abort
	}
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return Report{}, err
	}
	if err := checkOnto(f, req.Branch, req.Onto); err != nil {
		return Report{}, err
	}
	rep := Report{Before: f.Commit, After: f.Commit}
	above := f.Above(req.Branch)[1:]
	kind := KindReparent
	if f.Branches[req.Branch].Base == req.Onto {
		kind = KindRestack
	}
	res, err := e.run(ctx, in, step{kind: kind, branch: req.Branch, onto: req.Onto, onConflict: req.OnConflict, hooks: req.Hooks}, false)
	if res.Outcome != "" {
		rep.Results = append(rep.Results, res)
	}
	if err == nil && req.Done != nil {
		err = req.Done(ctx, res)
	}
	if err != nil {
		return e.closed(ctx, in.Repo, rep), err
	}
	if !res.Outcome.Ok() && !res.Left {
		return e.closed(ctx, in.Repo, rep), nil // nothing has changed: what is above stands as it stood
	}
	failed := map[string]bool{req.Branch: !res.Outcome.Ok()}
	more, err := e.restack(ctx, in, above, req.OnConflict, false, req.Hooks, failed)
	rep.Results, rep.After = slices.Concat(rep.Results, more.Results), more.After
	return rep, err
}

// checkOnto refuses a base that a branch cannot have.
func checkOnto(f Forest, branch, onto string) error {
	if branch == f.Trunk {
		return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s is the trunk: it stands on nothing", branch)}
	}
	if _, ok := f.Branches[branch]; !ok {
		return notTracked(branch)
	}
	if _, ok := f.Branches[onto]; !ok && onto != f.Trunk {
		return notTracked(onto)
	}
	if slices.Contains(f.Above(branch), onto) {
		return &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%s cannot stand on %s, which stands on it", branch, onto),
			Hint: "move " + onto + " away first",
		}
	}
	return nil
}
