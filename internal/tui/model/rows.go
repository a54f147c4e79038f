package model

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Row is one line of the list of tasks: a heading, or a task.
type Row struct {
	ID      string // of the task; a heading's begins with a colon
	Heading string
	Count   int // of the tasks below a heading
	Folded  bool

	Task  *api.Task
	Depth int    // below how many others of its stack
	Last  []bool // for every depth: whether no sibling follows
}

// headWaiting is the heading of the tasks that wait for a person.
const headWaiting = ":waiting"

// RepoOfHeading is the repo a heading is of, "" for none.
func RepoOfHeading(id string) string {
	repo, _ := strings.CutPrefix(id, ":repo/")
	if repo == id {
		return ""
	}
	return repo
}

// Waits reports whether a task goes on only when a person does something.
func Waits(t *api.Task) bool { return t.Status == api.StatusWaiting || t.Status == api.StatusError }

// Rows are the tasks that the filter shows: those that wait for a person, the
// longest first, then those of every repo as trees, children below the task
// they stand on.
func (s *Store) Rows() []Row {
	if s.rows != nil {
		return s.rows
	}
	var waiting []*api.Task
	repos := map[string][]*api.Task{}
	for _, t := range s.tasks {
		switch {
		case !s.filter.Shows(t):
		case Waits(t):
			waiting = append(waiting, t)
		default:
			repos[t.Repo] = append(repos[t.Repo], t)
		}
	}
	rows := make([]Row, 0, len(s.tasks)+len(repos)+1)
	if len(waiting) > 0 {
		// One that asks comes before one that failed.
		slices.SortFunc(waiting, func(a, b *api.Task) int {
			return cmp.Or(-cmp.Compare(a.Status, b.Status), older(a, b))
		})
		rows = append(rows, Row{ID: headWaiting, Heading: "waits for you", Count: len(waiting)})
		for _, t := range waiting {
			rows = append(rows, Row{ID: t.ID, Task: t})
		}
	}
	for _, repo := range sortedKeys(repos) {
		tasks := repos[repo]
		rows = append(rows, Row{ID: ":repo/" + repo, Heading: repo, Count: len(tasks), Folded: s.folded[repo]})
		if !s.folded[repo] {
			rows = append(rows, trees(tasks)...)
		}
	}
	s.rows = rows
	return rows
}

// trees orders tasks as the stacks they are: a task whose parent is not among
// them is a root.
func trees(tasks []*api.Task) []Row {
	slices.SortFunc(tasks, older)
	byID := map[string]bool{}
	for _, t := range tasks {
		byID[t.ID] = true
	}
	children := map[string][]*api.Task{}
	for _, t := range tasks {
		parent, _ := t.Parent.Get()
		if !byID[parent] || parent == t.ID {
			parent = ""
		}
		children[parent] = append(children[parent], t)
	}
	rows := make([]Row, 0, len(tasks))
	seen := map[string]bool{}
	var visit func(of string, last []bool)
	visit = func(of string, last []bool) {
		for i, t := range children[of] {
			if seen[t.ID] {
				continue
			}
			seen[t.ID] = true
			mine := append(slices.Clone(last), i == len(children[of])-1)
			rows = append(rows, Row{ID: t.ID, Task: t, Depth: len(last), Last: mine})
			visit(t.ID, mine)
		}
	}
	visit("", nil)
	for _, t := range tasks { // parents in a circle have no root
		if !seen[t.ID] {
			seen[t.ID] = true
			rows = append(rows, Row{ID: t.ID, Task: t, Last: []bool{true}})
			visit(t.ID, []bool{true})
		}
	}
	return rows
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
