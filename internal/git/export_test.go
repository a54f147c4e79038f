package git

import (
	"context"
	"strings"
)

// RelateWithin is Relate that looks at so many commits at most, and says how many
// it read.
func RelateWithin(ctx context.Context, r *Runner, repo Repo, pairs []Pair, limit int) (map[Pair]Relation, int, error) {
	w := newWalk(pairs)
	w.limit = limit
	err := r.run(ctx, call{in: repo.in(), args: relateArgs(), stdin: strings.NewReader(w.tips()), stdout: w})
	if w.enough {
		err = nil
	}
	return w.relations(), len(w.order), err
}

// MergeOneByOne makes a runner do as with a git that merges one pair at a time.
func (r *Runner) MergeOneByOne(ctx context.Context) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	r.many = false
	return nil
}
