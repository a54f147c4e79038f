package change

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// runAction carries an action out. After a crash it looks first what became of
// the branch that was being moved, and then goes through all again: what is as
// it should be stays.
func (s *Service) runAction(ctx context.Context, run *operation.Run) error {
	d, err := s.drive(ctx, run)
	if err != nil {
		return err
	}
	defer d.close()
	row, err := d.row(ctx)
	if err != nil {
		return err
	}
	if row.State != ActionRunning {
		return row.Progress.err() // it was done, and that not noted
	}
	if err := d.recover(ctx); err != nil {
		return err
	}
	return d.carryOut(ctx, row.Kind, d.args)
}

// err is what was not well in the end.
func (p *Progress) err() error {
	if p.Error == nil {
		return nil
	}
	return p.Error
}

// carryOut does what an action is to do, and notes what came of it.
func (d *driver) carryOut(ctx context.Context, kind api.StackActionKind, args actionArgs) error {
	err := d.perform(ctx, kind, args)
	switch {
	case d.stopping != nil:
		return d.stopping
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return d.finish(ctx, kind, err)
}

// perform has the engine do it.
func (d *driver) perform(ctx context.Context, kind api.StackActionKind, args actionArgs) error {
	on := stack.Leave
	if args.Auto {
		on = stack.Abort
	}
	stacks := d.s.cfg.Stacks
	var rep stack.Report
	var err error
	switch kind {
	case api.StackRestackRepo:
		rep, err = stacks.Restack(ctx, d.in, stack.RestackRequest{Scope: stack.All, OnConflict: on, Hooks: d.hooks()})
	case api.StackRestackSubtree, api.StackRebaseBranch:
		scope := stack.Scope(args.Scope) // they are called the same
		if kind == api.StackRebaseBranch {
			scope = stack.Only
		}
		rep, err = stacks.Restack(ctx, d.in, stack.RestackRequest{Branch: args.Branch, Scope: scope, OnConflict: on, Hooks: d.hooks()})
	case api.StackReparentBranch:
		rep, err = stacks.Reparent(ctx, d.in, stack.ReparentRequest{Branch: args.Branch, Onto: args.Onto, OnConflict: on, Hooks: d.hooks()})
	case api.StackFold:
		rep, err = d.fold(ctx, args)
	case api.StackSyncRepo:
		rep, err = d.sync(ctx, on)
	case api.StackSyncBranch:
		rep, err = d.syncBranch(ctx, args, on)
	case api.StackMerge, api.StackActionKind(KindMerged), api.StackUnstack:
		rep, err = d.moveAbove(ctx, args.Branch, on)
	case api.StackTrack:
		err = d.track(ctx, args)
	case api.StackUntrack:
		err = d.untrack(ctx, args.Branch)
	default:
		return fmt.Errorf("%s is no action on branches", kind)
	}
	for _, r := range rep.Results { // those that no hook was told of
		if !slices.ContainsFunc(d.results, func(have stack.Result) bool { return have.Branch == r.Branch }) {
			d.results = append(d.results, r)
		}
	}
	return err
}

func (d *driver) track(ctx context.Context, args actionArgs) error {
	base := args.Onto
	if base == "" {
		t, err := d.s.taskOf(ctx, d.repo, args.Branch)
		if err != nil {
			return err
		}
		forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
		if err != nil {
			return err
		}
		base = forest.Trunk
		if known, ok := forest.Branches[args.Branch]; ok {
			base = known.Base
		} else if t != nil && t.Base != "" {
			base = t.Base
		}
	}
	if err := d.s.cfg.Stacks.Track(ctx, d.in, args.Branch, base); err != nil {
		return err
	}
	d.results = append(d.results, stack.Result{Branch: args.Branch, Base: base, Outcome: tracked})
	return d.s.cfg.Store.Update(ctx, func(tx Tx) error { return tx.PutSetting(untrackedKey(d.repo.ID, args.Branch), "") })
}

func (d *driver) untrack(ctx context.Context, branch string) error {
	forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
	if err != nil {
		return err
	}
	if _, known := forest.Branches[branch]; !known {
		_, there, err := d.s.cfg.Git.Branch(ctx, d.in.Repo, branch)
		switch {
		case err != nil:
			return err
		case branch == forest.Trunk:
			return &api.Error{Code: api.CodeInvalid, Message: branch + " is the trunk: all stacks stand on it"}
		case !there:
			return &api.Error{
				Code: api.CodeNotFound, Message: fmt.Sprintf("there is no branch %q, and no stack has one of that name", branch),
				Hint: "`hf stack` shows the ones that are in stacks",
			}
		}
	}
	if err := d.s.cfg.Stacks.Untrack(ctx, d.in, branch); err != nil {
		return err
	}
	d.results = append(d.results, stack.Result{Branch: branch, Outcome: untracked})
	return d.keepOut(ctx, branch)
}

// keepOut notes that hf is not to make a branch part of a stack by itself.
func (d *driver) keepOut(ctx context.Context, branches ...string) error {
	if len(branches) == 0 {
		return nil
	}
	return d.s.cfg.Store.Update(ctx, func(tx Tx) error {
		for _, b := range branches {
			if err := tx.PutSetting(untrackedKey(d.repo.ID, b), "1"); err != nil {
				return err
			}
		}
		return nil
	})
}

// The outcomes that only hf has.
const (
	tracked   stack.Outcome = "tracked"
	untracked stack.Outcome = "untracked"
	folded    stack.Outcome = "folded"
)

// fold gives a branch's commits to its base. The branch of a task stays: it is
// only no part of the stack any more.
func (d *driver) fold(ctx context.Context, args actionArgs) (stack.Report, error) {
	ever, err := d.s.everTasks(ctx, d.repo.ID)
	if err != nil {
		return stack.Report{}, err
	}
	row, err := d.row(ctx)
	if err != nil {
		return stack.Report{}, err
	}
	rep, err := d.s.cfg.Stacks.Fold(ctx, d.in, stack.FoldRequest{
		Branch: args.Branch, Delete: !ever[args.Branch], Before: row.Progress.Before.State, Hooks: d.hooks(),
	})
	if err == nil {
		d.results = append(d.results, stack.Result{Branch: args.Branch, Outcome: folded})
		err = d.keepOut(ctx, args.Branch)
	}
	return rep, err
}

// sync brings the repo's trunk and stacks up to date with its remote.
func (d *driver) sync(ctx context.Context, on stack.OnConflict) (stack.Report, error) {
	ever, err := d.s.everTasks(ctx, d.repo.ID)
	if err != nil {
		return stack.Report{}, err
	}
	if err := d.signIn(ctx); err != nil {
		return stack.Report{}, err
	}
	merged, err := d.mergedHeads(ctx)
	if err != nil {
		return stack.Report{}, err
	}
	rep, err := d.s.cfg.Stacks.Sync(ctx, d.in, stack.SyncRequest{
		Merged: merged, OnConflict: on, Hooks: d.hooks(),
		// What a task was made for stays, so that it can be looked at and restored.
		Fate: func(ctx context.Context, m stack.MergedBranch) (stack.Fate, error) {
			m.Fate = stack.Remove
			if ever[m.Branch] || m.Worktree != "" {
				m.Fate = stack.Untrack
			}
			return m.Fate, d.letsGo(ctx, m)
		},
	})
	if moves := rep.Moves(); len(moves) > 0 || len(rep.Merged) > 0 {
		err = errors.Join(err, d.note(context.WithoutCancel(ctx), func(p *Progress) {
			p.Moves = merge(p.Moves, moves)
			p.Merged = mergeGone(p.Merged, rep.Merged)
		}))
	}
	var done []string // their work is: they are in no stack any more
	for _, m := range rep.Merged {
		if m.Fate == stack.Untrack && !m.Unpushed {
			done = append(done, m.Branch)
		}
	}
	err = errors.Join(err, d.keepOut(context.WithoutCancel(ctx), done...))
	if err == nil {
		d.retarget(ctx, rep.Merged)
	}
	return rep.Report, err
}

// retarget has the pull requests of what stood on merged branches be merged into
// what these were merged into. What does not work is only told: the branches
// have moved, and submitting them sets it right, too.
func (d *driver) retarget(ctx context.Context, merged []stack.MergedBranch) {
	into := map[string]string{}
	for _, m := range merged {
		if !m.Unpushed {
			into[m.Branch] = m.Base
		}
	}
	if len(into) == 0 {
		return
	}
	f, err := d.s.forgeOf(ctx, d.repo, d.env)
	if err != nil || f == nil {
		return // it has none, or none that can be asked
	}
	var all []string
	for _, m := range merged {
		base := into[m.Branch]
		for range into { // that may be merged, too
			if next, ok := into[base]; ok {
				base = next
			}
		}
		open, err := d.s.knownOnto(ctx, d.repo, m.Branch)
		if err == nil && base != "" {
			var said []string
			said, err = f.retarget(ctx, slices.Sorted(maps.Keys(open)), m.Branch, base)
			all = append(all, said...)
		}
		if err != nil {
			all = append(all, fmt.Sprintf("pull requests onto %s stay so: %v", m.Branch, err))
		}
	}
	d.run.Progress(strings.Join(all, "; "))
	d.s.cfg.Pulls.Nudge(d.repo.ID)
}

// mergedHeads are the branches whose pull requests were merged, with the commits
// that were.
func (d *driver) mergedHeads(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	err := d.s.cfg.Store.View(ctx, func(tx Tx) error {
		pulls, err := tx.PullRequests(d.repo.ID)
		for i := range pulls { // by number: the newest of a branch counts
			delete(out, pulls[i].Branch)
			if pulls[i].State == api.PullRequestMerged && pulls[i].Head != "" {
				out[pulls[i].Branch] = pulls[i].Head
			}
		}
		return err
	})
	return out, err
}

// merge joins moves of two rounds: a branch came from where it was first.
func merge(first, then []stack.Move) []stack.Move {
	for _, m := range then {
		i := slices.IndexFunc(first, func(old stack.Move) bool { return old.Branch == m.Branch })
		if i < 0 {
			first = append(first, m)
			continue
		}
		first[i].To = m.To
	}
	return first
}
