package branch

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// fileLimit is how many files of a conflict are named.
const fileLimit = 200

// between names the merge of two commits, whichever comes first.
func between(a, b string) git.Pair {
	if b < a {
		a, b = b, a
	}
	return git.Pair{Ours: a, Theirs: b}
}

// merge is two sides that have to be merged to see whether they conflict. theirs
// is nil for what the stack of ours stands on in the end.
type merge struct{ ours, theirs *line }

// merges are those of live tasks' branches with what their stacks stand on, such
// as the trunk, where both have commits of their own; and with one another, where
// they changed the same files.
func (p *picture) merges() []merge {
	var live []*line
	for _, l := range p.lines {
		if l.task != nil && l.base != "" {
			live = append(live, l)
		}
	}
	var out []merge
	for i, a := range live {
		if rel := p.relation(a, p.bottom(a).against); rel != nil && rel.Base != "" && rel.Ahead > 0 && rel.Behind > 0 {
			out = append(out, merge{ours: a})
		}
		for _, b := range live[i+1:] {
			if p.meet(a, b) {
				out = append(out, merge{a, b})
			}
		}
	}
	return out
}

// meet reports whether two branches have to be merged to see whether they
// conflict.
func (p *picture) meet(a, b *line) bool {
	if a.head == b.head || p.standsOn(a, b) || p.standsOn(b, a) {
		return false // a restack says how these get on
	}
	for _, l := range []*line{a, b} {
		if rel := p.relation(l, p.origin); rel == nil || rel.Base == "" {
			return false // they have nothing in common
		}
	}
	x, y := p.changed(a), p.changed(b)
	return x != nil && y != nil && x.Paths.Touches(y.Paths)
}

// standsOn reports whether a branch is below another in its stack.
func (p *picture) standsOn(l, below *line) bool {
	for range p.lines {
		if l = p.byName[l.base]; l == nil {
			return false
		}
		if l == below {
			return true
		}
	}
	return false
}

// bottom is the lowest branch of a stack, given one of it.
func (p *picture) bottom(l *line) *line {
	for range p.lines {
		below := p.byName[l.base]
		if below == nil || below.base == "" || below.task == nil && !below.tracked {
			break
		}
		l = below
	}
	return l
}

func (p *picture) pair(m merge) git.Pair {
	if m.theirs == nil {
		return between(m.ours.head, p.bottom(m.ours).against)
	}
	return between(m.ours.head, m.theirs.head)
}

// unmerged are the merges that nobody has tried yet.
func (p *picture) unmerged(merges []merge) []git.Pair {
	missing := map[git.Pair]bool{}
	for _, m := range merges {
		pair := p.pair(m)
		if _, tried := p.known.merges[pair]; !tried {
			missing[pair] = true
		}
	}
	return slices.Collect(maps.Keys(missing))
}

// mergeAll tries the merges that nobody has tried yet, and forgets those that
// matter no more.
func (p *picture) mergeAll(ctx context.Context, g Git, merges []merge) error {
	missing := p.unmerged(merges)
	found, err := g.MergeFiles(ctx, p.at, missing)
	if err != nil {
		return err
	}
	keep := map[git.Pair][]string{}
	for _, m := range merges {
		pair := p.pair(m)
		keep[pair] = p.known.merges[pair]
	}
	for _, pair := range missing {
		keep[pair] = found[pair]
	}
	p.known.merges = keep
	return nil
}

// conflicts is what merging live tasks' branches would stop at, by branch. A
// branch that would stop at nothing has an empty list.
func (p *picture) conflicts(merges []merge) map[string][]api.Conflict {
	out := map[string][]api.Conflict{}
	for _, l := range p.lines {
		if l.task != nil && l.base != "" && p.relation(l, l.against) != nil {
			out[l.name] = []api.Conflict{}
		}
	}
	for _, m := range merges {
		files := p.files(m)
		if len(files) == 0 {
			continue
		}
		files = files[:min(len(files), fileLimit)]
		if m.theirs == nil {
			out[m.ours.name] = append(out[m.ours.name], api.Conflict{With: p.bottom(m.ours).base, Files: files})
			continue
		}
		out[m.ours.name] = append(out[m.ours.name], api.Conflict{With: m.theirs.name, Task: m.theirs.task.ID, Files: files})
		out[m.theirs.name] = append(out[m.theirs.name], api.Conflict{With: m.ours.name, Task: m.ours.task.ID, Files: files})
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b api.Conflict) int { // what it stands on first
			if a.Task == "" || b.Task == "" {
				return len(a.Task) - len(b.Task)
			}
			return strings.Compare(a.With, b.With)
		})
	}
	return out
}

// files are the files of a conflict that belong to it: those that both branches
// changed themselves, not those of what they stand on.
func (p *picture) files(m merge) []string {
	all := p.known.merges[p.pair(m)]
	if m.theirs == nil && p.bottom(m.ours) == m.ours {
		return all
	}
	changed := func(file string, lines ...*line) bool {
		for _, l := range lines {
			if c := p.changed(l); c == nil || !c.Paths.Has(file) {
				return false
			}
		}
		return true
	}
	if m.theirs == nil {
		return slices.DeleteFunc(slices.Clone(all), func(f string) bool { return !changed(f, m.ours) })
	}
	both := slices.DeleteFunc(slices.Clone(all), func(f string) bool { return !changed(f, m.ours, m.theirs) })
	if len(both) > 0 {
		return both
	}
	// A file where the other has a directory, or one that was moved.
	return slices.DeleteFunc(slices.Clone(all), func(f string) bool {
		f, _, _ = strings.Cut(f, "~") // git puts the one aside as NAME~BRANCH
		return !changed(f, m.ours) && !changed(f, m.theirs)
	})
}
