package change

import (
	"context"
	"slices"

	"github.com/hf-dev/hf/internal/stack"
)

// What an action is about to do besides rebasing is noted first: after a crash it
// finds that done, and could not tell any more that it was its own doing.

// move notes that a branch is about to be moved. Where it was before the action
// is what counts for an undo.
func (d *driver) move(ctx context.Context, m stack.Move) error {
	if err := d.park(); err != nil {
		return err
	}
	return d.note(ctx, func(p *Progress) { p.Moves = merge(p.Moves, []stack.Move{m}) })
}

// letsGo notes that a merged branch is about to leave its stack.
func (d *driver) letsGo(ctx context.Context, m stack.MergedBranch) error {
	if err := d.park(); err != nil {
		return err
	}
	return d.note(ctx, func(p *Progress) { p.Merged = mergeGone(p.Merged, []stack.MergedBranch{m}) })
}

// mergeGone joins the merged branches of two rounds.
func mergeGone(first, then []stack.MergedBranch) []stack.MergedBranch {
	for _, m := range then {
		i := slices.IndexFunc(first, func(old stack.MergedBranch) bool { return old.Branch == m.Branch })
		if i < 0 {
			first = append(first, m)
			continue
		}
		first[i] = m
	}
	return first
}
