package stack

import (
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// row is one line of the tree: a branch, or what the branches below it stand on.
type row struct {
	id   string
	base string // of a heading
	b    *api.StackBranch
	last []bool // for every depth: whether no sibling follows
}

// sync makes the rows anew. The cursor stays on its branch, or goes to that of
// the selected task.
func (p *Pane) sync() {
	p.trees++
	f := p.forest()
	p.rows = p.arrange(&f.stack)
	ids := make([]string, len(p.rows))
	for i := range p.rows {
		ids[i] = p.rows[i].id
	}
	p.list.Sync(ids, func(i int) bool { return p.rows[i].b == nil })
	if !p.seek {
		return
	}
	for i := range p.rows {
		if b := p.rows[i].b; b != nil && b.Task == p.task && p.task != "" {
			p.list.Home() // with the heading above it where there is room
			p.list.Select(p.rows[i].id)
			p.seek = false
		}
	}
}

// stem is a branch that stands on none of the tree, and all above it.
type stem []api.StackBranch

// arrange draws up the stems: the one of the selected task first, then those
// that stand on the same, then the others as they are told.
func (p *Pane) arrange(s *api.Stack) []row {
	var stems []stem
	for i := range s.Branches {
		if s.Branches[i].Depth == 0 || len(stems) == 0 {
			stems = append(stems, nil)
		}
		stems[len(stems)-1] = append(stems[len(stems)-1], s.Branches[i])
	}
	first := p.first(stems)
	if first >= 0 {
		base := stems[first][0].Base
		mine := stems[first]
		stems = slices.Delete(stems, first, first+1)
		slices.SortStableFunc(stems, func(a, b stem) int { return order(a, base) - order(b, base) })
		stems = slices.Insert(stems, 0, mine)
	}
	var rows []row
	for i, st := range stems {
		if base := st[0].Base; i == 0 || base != stems[i-1][0].Base {
			rows = append(rows, row{id: ":on/" + base, base: base})
		}
		end := i+1 == len(stems) || stems[i+1][0].Base != st[0].Base
		rows = append(rows, st.rows(end)...)
	}
	return rows
}

func order(s stem, base string) int {
	if s[0].Base == base {
		return 0
	}
	return 1
}

// first is the stem that comes first, -1 where it does not matter. It is chosen
// once, so that nothing moves while the cursor goes from one to the next.
func (p *Pane) first(stems []stem) int {
	at := slices.IndexFunc(stems, func(s stem) bool { return s[0].Name == p.own && p.own != "" })
	if at >= 0 {
		return at
	}
	at = slices.IndexFunc(stems, func(s stem) bool {
		return slices.ContainsFunc(s, func(b api.StackBranch) bool { return b.Task == p.task && p.task != "" })
	})
	if at >= 0 {
		p.own = stems[at][0].Name
	}
	return at
}

// rows are the rows of a stem; end says whether none follows on the same base.
func (s stem) rows(end bool) []row {
	out := make([]row, len(s))
	for i := range s {
		b := &s[i]
		last := make([]bool, b.Depth+1)
		for d := range last {
			last[d] = d == 0 && end || d > 0 && !s.more(i, d)
		}
		out[i] = row{id: b.Name, b: b, last: last}
	}
	return out
}

// more reports whether another branch comes at a depth below i, before one that
// is less deep.
func (s stem) more(i, depth int) bool {
	for _, next := range s[i+1:] {
		if next.Depth <= depth {
			return next.Depth == depth
		}
	}
	return false
}

// stoppedTasks are the tasks of the repo whose rebase waits for somebody.
func (p *Pane) stoppedTasks() []*api.Task {
	var out []*api.Task
	for _, t := range p.d.Store.Tasks() {
		if t.Repo == p.repo && t.Rebase != nil {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *api.Task) int { return strings.Compare(a.Branch, b.Branch) })
	return out
}
