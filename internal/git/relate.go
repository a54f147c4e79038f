package git

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Pair is two commits.
type Pair struct{ Ours, Theirs string }

// Relation says how the commits of a pair relate.
type Relation struct {
	Ahead  int    // commits that only Ours has
	Behind int    // commits that only Theirs has
	Base   string // the commit they have in common, "" when there is none
	Time   int64  // when Ours was committed, in seconds since 1970
}

const (
	// relateLimit bounds how many commits are looked at to relate others.
	relateLimit = 50_000
	// relateEvery is how many commits are read between two looks whether they
	// are enough. It is also how many are read on when they are: clocks that
	// were wrong put commits into a wrong order.
	relateEvery = 128
)

// Relate says how pairs of commits relate, by one process whatever their number:
// git lists the history of them all, newest first, until nothing more can
// follow for any pair. A pair is left out of the answer when a commit of it is
// missing, or its histories part too far back to look.
func (r *Runner) Relate(ctx context.Context, repo Repo, pairs []Pair) (map[Pair]Relation, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	w := newWalk(pairs)
	err := r.run(ctx, call{
		in: repo.in(), args: relateArgs(),
		stdin: strings.NewReader(w.tips()), stdout: w, limit: bulkLimit, env: []string{"GIT_FLUSH=0"},
	})
	if err != nil && !w.enough {
		return nil, failed("compare branches", err)
	}
	return w.relations(), nil
}

func relateArgs() []string {
	return []string{"rev-list", "--ignore-missing", "--parents", "--timestamp", "--stdin"}
}

// bits is a set of tips. It is never changed: many commits share one.
type bits []uint64

func (b bits) has(i int) bool { return i>>6 < len(b) && b[i>>6]>>(i&63)&1 != 0 }

// both reports whether a pair of tips is in the set.
func (b bits) both(p tipPair) bool { return b.has(p.ours) && b.has(p.theirs) }

// same reports whether two sets are one and the same, which equal ones may not be.
func (b bits) same(c bits) bool { return len(b) > 0 && len(c) > 0 && &b[0] == &c[0] }

// union returns one of the two sets where that has all of both.
func (b bits) union(c bits) bits {
	switch {
	case len(b) == 0:
		return c
	case len(c) == 0 || b.same(c):
		return b
	}
	more, less := false, false
	for i := range b {
		more = more || c[i]&^b[i] != 0
		less = less || b[i]&^c[i] != 0
	}
	switch {
	case !more:
		return b
	case !less:
		return c
	}
	u := slices.Clone(b)
	for i := range u {
		u[i] |= c[i]
	}
	return u
}

// walked is a commit of a walk.
type walked struct {
	id      string
	parents []int32
	from    bits // the tips that have it
	time    int64
	read    bool // else it is only known as a parent
}

// tipPair is a pair by the numbers of its tips.
type tipPair struct{ ours, theirs int }

// walk reads what `git rev-list --timestamp --parents` prints, and knows when it
// has read enough.
type walk struct {
	pairs    []Pair
	numbered []tipPair
	tip      []string // by number
	commits  []walked
	index    map[string]int32
	order    []int32 // of the commits that were read
	unread   []int32 // the others, and some that were
	rest     []byte  // of a line that is not complete
	settled  bool    // at the last look nothing more could follow
	enough   bool
	limit    int // commits
}

// errEnough ends a walk.
var errEnough = errors.New("enough commits")

func newWalk(pairs []Pair) *walk {
	w := &walk{pairs: pairs, index: map[string]int32{}, limit: relateLimit}
	number := map[string]int{}
	of := func(id string) int {
		n, ok := number[id]
		if !ok {
			n = len(w.tip)
			number[id] = n
			w.tip = append(w.tip, id)
		}
		return n
	}
	for _, p := range pairs {
		w.numbered = append(w.numbered, tipPair{of(p.Ours), of(p.Theirs)})
	}
	for n, id := range w.tip {
		from := make(bits, (len(w.tip)+63)/64)
		from[n>>6] |= 1 << (n & 63)
		w.commits[w.at(id)].from = from
	}
	return w
}

// tips is what git is told to list the history of.
func (w *walk) tips() string { return strings.Join(w.tip, "\n") + "\n" }

// at is the index of a commit.
func (w *walk) at(id string) int32 {
	i, ok := w.index[id]
	if !ok {
		i = int32(len(w.commits)) //nolint:gosec // relateLimit bounds it
		w.index[id] = i
		w.commits = append(w.commits, walked{id: id})
		w.unread = append(w.unread, i)
	}
	return i
}

// Write takes more of the output. It refuses when it has enough, which ends git.
func (w *walk) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	for {
		line, rest, ok := bytes.Cut(w.rest, []byte{'\n'})
		if !ok {
			return len(p), nil
		}
		w.rest = rest
		w.add(strings.Fields(string(line)))
		if len(w.order)%relateEvery != 0 {
			continue
		}
		settled := w.isSettled()
		if w.enough = settled && w.settled || len(w.order) >= w.limit; w.enough {
			return 0, errEnough
		}
		w.settled = settled
	}
}

// add takes a commit: its time, its id, its parents.
func (w *walk) add(fields []string) {
	if len(fields) < 2 {
		return
	}
	i := w.at(fields[1])
	if w.commits[i].read {
		return
	}
	var parents []int32
	for _, id := range fields[2:] {
		parents = append(parents, w.at(id))
	}
	c := &w.commits[i]
	c.read, c.parents = true, parents
	c.time, _ = strconv.ParseInt(fields[0], 10, 64)
	w.order = append(w.order, i)
	w.pass(i)
}

// pass tells a commit's parents who has it, and theirs where those were read
// before their child.
func (w *walk) pass(i int32) {
	todo := []int32{i}
	for len(todo) > 0 {
		c := &w.commits[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		for _, p := range c.parents {
			parent := &w.commits[p]
			had := parent.from
			parent.from = had.union(c.from)
			if parent.read && !parent.from.same(had) {
				todo = append(todo, p)
			}
		}
	}
}

// isSettled reports whether each commit that is not read yet belongs to both
// sides of a pair or to none, for every pair.
func (w *walk) isSettled() bool {
	var seen []bits
	w.unread = slices.DeleteFunc(w.unread, func(i int32) bool { return w.commits[i].read })
	for _, i := range w.unread {
		c := &w.commits[i]
		if slices.ContainsFunc(seen, c.from.same) {
			continue
		}
		seen = append(seen, c.from)
		for _, p := range w.numbered {
			if c.from.has(p.ours) != c.from.has(p.theirs) {
				return false
			}
		}
	}
	return true
}

// relations is what the walk found.
func (w *walk) relations() map[Pair]Relation {
	count := map[*uint64]int{} // by set
	sets := map[*uint64]bits{}
	for _, i := range w.order {
		from := w.commits[i].from
		count[&from[0]]++
		sets[&from[0]] = from
	}
	open := w.open()
	bases := w.meetings()
	out := make(map[Pair]Relation, len(w.pairs))
	for n, p := range w.numbered {
		ours := &w.commits[w.index[w.tip[p.ours]]]
		if !ours.read || !w.commits[w.index[w.tip[p.theirs]]].read || openFor(open, p) {
			continue
		}
		rel := Relation{Time: ours.time}
		for key, from := range sets {
			switch has, other := from.has(p.ours), from.has(p.theirs); {
			case has && !other:
				rel.Ahead += count[key]
			case other && !has:
				rel.Behind += count[key]
			}
		}
		for _, m := range bases {
			if m.from.both(p) && !slices.ContainsFunc(m.children, func(c bits) bool { return c.both(p) }) {
				rel.Base = w.commits[m.commit].id
				break
			}
		}
		out[w.pairs[n]] = rel
	}
	return out
}

// open are the sets of commits that were not read.
func (w *walk) open() (open []bits) {
	if !w.enough {
		return nil // git came to the end: what is left is missing, as in a shallow clone
	}
	for i := range w.commits {
		if c := &w.commits[i]; !c.read && !slices.ContainsFunc(open, c.from.same) {
			open = append(open, c.from)
		}
	}
	return open
}

func openFor(open []bits, p tipPair) bool {
	return slices.ContainsFunc(open, func(b bits) bool { return b.has(p.ours) != b.has(p.theirs) })
}

// meeting is a commit that has more tips than some child of it.
type meeting struct {
	commit   int32
	from     bits
	children []bits
}

// meetings are the commits where histories meet, in the order of the walk: one
// that a child shares all its tips with is no merge base of any two.
func (w *walk) meetings() []meeting {
	plain := make([]bool, len(w.commits))
	children := map[int32][]bits{}
	for _, i := range w.order {
		c := &w.commits[i]
		for _, p := range c.parents {
			if c.from.same(w.commits[p].from) {
				plain[p] = true
			} else {
				children[p] = append(children[p], c.from)
			}
		}
	}
	var out []meeting
	add := func(i int32) {
		if !plain[i] {
			out = append(out, meeting{i, w.commits[i].from, children[i]})
		}
	}
	for _, i := range w.order {
		add(i)
	}
	for i := range w.commits {
		if !w.commits[i].read {
			add(int32(i)) //nolint:gosec // relateLimit bounds it
		}
	}
	return out
}
