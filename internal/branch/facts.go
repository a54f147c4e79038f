package branch

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// statLimit is how many branches of a repository are compared file by file.
// Where there are more, those of tasks and stacks are.
const statLimit = 1000

// known is what hf found out about commits, which never change. What it could
// not find out is there too, as nil.
type known struct {
	relations map[git.Pair]*git.Relation
	changes   map[git.Pair]*git.Change
	merges    map[git.Pair][]string // files; both ways round are one, see between
}

func newKnown() *known {
	return &known{relations: map[git.Pair]*git.Relation{}, changes: map[git.Pair]*git.Change{}, merges: map[git.Pair][]string{}}
}

// picture is the branches of a repository at one moment.
type picture struct {
	repo   *task.Repo
	trunk  string
	origin string // the commit that branches are merged into in the end
	lines  []*line
	byName map[string]*line
	known  *known
	at     git.Repo
	now    time.Time
}

func newPicture(repo *task.Repo, r refs, forest stack.Forest, tasks []task.Task, k *known, now time.Time) *picture {
	p := &picture{
		repo: repo, trunk: trunkOf(r, forest, repo), known: k, now: now,
		at: git.Repo{Top: repo.Path, GitDir: repo.GitDir}, byName: map[string]*line{},
	}
	p.origin = r.commit(p.trunk, true)
	p.lines = lines(r, forest, p.trunk, tasks)
	for _, l := range p.lines {
		p.byName[l.name] = l
	}
	return p
}

// pairs are the comparisons that the picture is made of.
func (p *picture) pairs() []git.Pair {
	var out []git.Pair
	add := func(l *line, with ...string) {
		for _, commit := range with {
			if commit != "" {
				out = append(out, git.Pair{Ours: l.head, Theirs: commit})
			}
		}
	}
	for _, l := range p.lines {
		add(l, l.against, l.onto, l.pushed)
		if l.otherwise != nil {
			add(l, l.since, l.otherwise.against, l.otherwise.onto)
		}
		if l.task != nil && l.base != "" {
			add(l, p.origin, p.bottom(l).against)
		}
	}
	return out
}

// relate finds out how commits relate, for those pairs of which it is not known.
func (p *picture) relate(ctx context.Context, g Git) error {
	keep, missing := map[git.Pair]*git.Relation{}, map[git.Pair]bool{}
	hopeless := map[string]bool{} // what parted too far back to look parts even farther when its base moves
	for pair, rel := range p.known.relations {
		hopeless[pair.Ours] = hopeless[pair.Ours] || rel == nil
	}
	for _, l := range p.lines {
		if l.task != nil || l.tracked {
			delete(hopeless, l.head)
		}
	}
	for _, pair := range p.pairs() {
		rel, ok := p.known.relations[pair]
		switch {
		case ok || hopeless[pair.Ours]:
			keep[pair] = rel
		default:
			missing[pair] = true
		}
	}
	found, err := g.Relate(ctx, p.at, slices.Collect(maps.Keys(missing)))
	if err != nil {
		return err
	}
	for pair := range missing {
		keep[pair] = nil
		if rel, ok := found[pair]; ok {
			keep[pair] = &rel
		}
	}
	p.known.relations = keep
	for _, l := range p.lines {
		if l.otherwise == nil {
			continue
		}
		if rel := p.relation(l, l.since); rel == nil || rel.Behind > 0 {
			*l = *l.otherwise // the branch is none that the record can be of
		}
	}
	return nil
}

// relation is how a branch relates to a commit, nil when that is not known.
func (p *picture) relation(l *line, with string) *git.Relation {
	if with == "" {
		return nil
	}
	return p.known.relations[git.Pair{Ours: l.head, Theirs: with}]
}

// own is what the commits of a branch changed: against the commit it has in
// common with its base or, without one, against the base.
func (p *picture) own(l *line) (git.Pair, bool) {
	rel := p.relation(l, l.against)
	if rel == nil || len(p.lines) > statLimit && l.task == nil && !l.tracked {
		return git.Pair{}, false
	}
	return git.Pair{Ours: l.head, Theirs: cmp.Or(rel.Base, l.against)}, true
}

// change finds out what branches changed.
func (p *picture) change(ctx context.Context, g Git) error {
	keep, missing := map[git.Pair]*git.Change{}, map[git.Pair]bool{}
	for _, l := range p.lines {
		pair, ok := p.own(l)
		if !ok {
			continue
		}
		if c, ok := p.known.changes[pair]; ok {
			keep[pair] = c
		} else {
			missing[pair] = true
		}
	}
	found, err := g.Changes(ctx, p.at, slices.Collect(maps.Keys(missing)))
	if err != nil {
		return err
	}
	for pair := range missing {
		keep[pair] = nil
		if c, ok := found[pair]; ok {
			keep[pair] = &c
		}
	}
	p.known.changes = keep
	return nil
}

// changed is what a branch changed, nil when that is not known.
func (p *picture) changed(l *line) *git.Change {
	pair, ok := p.own(l)
	if !ok {
		return nil
	}
	return p.known.changes[pair]
}

// rows is the picture as it is kept. conflicts are those by branch.
func (p *picture) rows(conflicts map[string][]api.Conflict) []Branch {
	stale := p.stale()
	out := make([]Branch, 0, len(p.lines))
	for _, l := range p.lines {
		b := Branch{Repo: p.repo.ID, BaseHead: l.against, Branch: api.Branch{
			Name: l.name, Head: l.head, Base: l.base, Tracked: l.tracked, Upstream: l.follows,
			Unpushed: p.unpushed(l), Conflicts: conflicts[l.name], ObservedAt: p.now,
		}}
		if l.task != nil {
			b.Task = l.task.ID
		}
		if rel := p.relation(l, l.against); rel != nil {
			b.Ahead, b.Behind = &rel.Ahead, &rel.Behind
		}
		if rel := p.anyRelation(l); rel != nil {
			b.CommittedAt = new(time.Unix(rel.Time, 0).UTC())
		}
		if c := p.changed(l); c != nil {
			b.Diff = &c.Stat
		}
		if s, ok := stale[l.name]; ok {
			b.NeedsRestack = &s
		}
		out = append(out, b)
	}
	return out
}

// anyRelation is a relation of the branch with whatever.
func (p *picture) anyRelation(l *line) *git.Relation {
	return cmp.Or(p.relation(l, l.against), p.relation(l, l.pushed), p.relation(l, l.onto), p.relation(l, p.origin))
}

// unpushed is how many commits of a branch its upstream does not have; all its
// own where it was never pushed.
func (p *picture) unpushed(l *line) *int {
	with := l.pushed
	if with == "" {
		with = l.against
	}
	if rel := p.relation(l, with); rel != nil {
		return &rel.Ahead
	}
	return nil
}

// stale says of each branch that can be restacked whether it needs to be: its
// base has commits that it does not have, or the base needs to be itself.
func (p *picture) stale() map[string]bool {
	out := map[string]bool{}
	open := map[string]bool{} // against cycles, which git-spice does not allow
	var look func(l *line) (stale, known bool)
	look = func(l *line) (bool, bool) {
		if s, ok := out[l.name]; ok || open[l.name] {
			return s, ok
		}
		open[l.name] = true
		rel := p.relation(l, l.onto)
		if rel == nil {
			return false, false
		}
		stale := rel.Behind > 0
		if base := p.byName[l.base]; base != nil && !stale {
			stale, _ = look(base)
		}
		out[l.name] = stale
		return stale, true
	}
	for _, l := range p.lines {
		look(l)
	}
	return out
}
