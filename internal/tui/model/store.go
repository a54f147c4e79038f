// Package model is the read model of the TUI: what hfd said last of every task
// of the workspace. One stream of events keeps it up to date; panes only read.
package model

import (
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Store is what is known, and what of it the person looks at. Only the program's
// own goroutine touches it.
type Store struct {
	tasks   map[string]*api.Task
	asked   map[string][]api.PermissionRequest // open ones, by task
	details map[string]*api.TaskDetail         // of tasks that something happened to
	events  []api.Event                        // the newest, oldest first

	selected string
	marked   map[string]bool
	filter   Filter
	folded   map[string]bool // repos of which no tasks are shown

	conn    Connection
	loaded  bool
	version int // of the rows and their marks
	rows    []Row
	counts  map[api.Status]int // by status; nil = to be counted
}

// keepEvents bounds the events that are kept.
const keepEvents = 2000

// Connection says how the stream of events is.
type Connection struct {
	Up  bool
	Err error // why not, when that is known
}

// NewStore returns a store of nothing.
func NewStore() *Store {
	return &Store{
		tasks: map[string]*api.Task{}, asked: map[string][]api.PermissionRequest{}, details: map[string]*api.TaskDetail{},
		marked: map[string]bool{}, folded: map[string]bool{},
	}
}

// Reset forgets everything: another workspace is turned to.
func (s *Store) Reset() {
	version := s.version
	*s = *NewStore()
	s.version = version + 1
}

// Update is what the feed learned. It is a message of the program.
type Update struct {
	Feed        int  // which one: that of a workspace that was left means nothing
	All         bool // Tasks is every live task there is
	Tasks       []api.Task
	Details     []api.TaskDetail
	Gone        []string
	Permissions []api.PermissionRequest // with All: every open one
	Events      []api.Event
	Conn        Connection
}

// Changed tells panes what an Update changed. It is a message of the program.
type Changed struct {
	Tasks  map[string]bool // ids; nil = perhaps all
	Events []api.Event
	Conn   bool // the connection came or went
}

// Touches reports whether a task may have changed.
func (c *Changed) Touches(id string) bool { return c.Tasks == nil || c.Tasks[id] }

// Apply takes an update in.
func (s *Store) Apply(u *Update) Changed {
	c := Changed{Tasks: map[string]bool{}, Events: u.Events, Conn: u.Conn.Up != s.conn.Up}
	s.conn = u.Conn
	if u.All {
		c.Tasks = nil
		s.loaded = true
		s.all(u)
	}
	for i := range u.Tasks {
		if !u.All {
			s.put(u.Tasks[i], c.Tasks)
		}
	}
	for i := range u.Details {
		d := &u.Details[i]
		s.details[d.ID] = d
		s.asked[d.ID] = d.Permissions
		s.put(d.Task, c.Tasks)
	}
	for _, id := range u.Gone {
		s.drop(id)
		if c.Tasks != nil {
			c.Tasks[id] = true
		}
	}
	s.events = append(s.events, u.Events...)
	if n := len(s.events) - keepEvents; n > 0 {
		s.events = slices.Delete(s.events, 0, n)
	}
	if u.All || len(u.Tasks)+len(u.Details)+len(u.Gone) > 0 {
		s.stale()
	}
	return c
}

// all replaces the live tasks. Those that are over stay: nobody told of them.
func (s *Store) all(u *Update) {
	for id, t := range s.tasks {
		if !Over(t) {
			delete(s.tasks, id)
		}
	}
	for i := range u.Tasks {
		s.tasks[u.Tasks[i].ID] = &u.Tasks[i]
	}
	clear(s.asked)
	for _, p := range u.Permissions {
		s.asked[p.Task] = append(s.asked[p.Task], p)
	}
	for id := range s.details {
		if s.tasks[id] == nil {
			delete(s.details, id)
		}
	}
}

func (s *Store) put(t api.Task, changed map[string]bool) {
	if had := s.tasks[t.ID]; had != nil && had.LastEvent > t.LastEvent {
		return // the answer to an older question
	}
	s.tasks[t.ID] = &t
	if changed != nil {
		changed[t.ID] = true
	}
}

func (s *Store) drop(id string) {
	delete(s.tasks, id)
	delete(s.asked, id)
	delete(s.details, id)
	delete(s.marked, id)
}

// Over reports whether a task is one of those that lists leave out.
func Over(t *api.Task) bool {
	return t.Status == api.StatusKilled || t.Status == api.StatusArchived
}

// Task returns a task, nil when it is not known.
func (s *Store) Task(id string) *api.Task { return s.tasks[id] }

// Detail returns what is known of a task besides its row, nil when nothing is.
func (s *Store) Detail(id string) *api.TaskDetail { return s.details[id] }

// Permissions are the open requests of a task, oldest first.
func (s *Store) Permissions(id string) []api.PermissionRequest { return s.asked[id] }

// Tasks lists every known task in no order.
func (s *Store) Tasks() []*api.Task {
	out := make([]*api.Task, 0, len(s.tasks))
	for _, t := range s.tasks {
		out = append(out, t)
	}
	return out
}

// Events are those of this session that are kept, oldest first.
func (s *Store) Events() []api.Event { return s.events }

// Conn says how the stream is; Loaded whether there was anything yet.
func (s *Store) Conn() Connection { return s.conn }

// Loaded reports whether the tasks were read once.
func (s *Store) Loaded() bool { return s.loaded }

// Selected is the task the person looks at, nil for none.
func (s *Store) Selected() *api.Task { return s.tasks[s.selected] }

// Select makes a task the one the person looks at. It reports whether that is
// another one than before.
func (s *Store) Select(id string) bool {
	was := s.selected
	s.selected = id
	return was != id
}

// Mark marks a task for an action on many, or takes the mark away.
func (s *Store) Mark(id string) {
	if s.marked[id] {
		delete(s.marked, id)
	} else if s.tasks[id] != nil {
		s.marked[id] = true
	}
	s.version++
}

// Marked reports whether a task is marked.
func (s *Store) Marked(id string) bool { return s.marked[id] }

// MarkShown marks every task that the filter shows.
func (s *Store) MarkShown() {
	for _, r := range s.Rows() {
		if r.Task != nil {
			s.marked[r.Task.ID] = true
		}
	}
	s.version++
}

// Unmark takes every mark away.
func (s *Store) Unmark() {
	clear(s.marked)
	s.version++
}

// Targets are the tasks an action is for: the marked ones, else the selected
// one.
func (s *Store) Targets() []*api.Task {
	var out []*api.Task
	for _, r := range s.Rows() {
		if r.Task != nil && s.marked[r.Task.ID] {
			out = append(out, r.Task)
		}
	}
	if len(out) == 0 {
		if t := s.Selected(); t != nil {
			out = append(out, t)
		}
	}
	return out
}

// Filter is what of the tasks is shown.
func (s *Store) Filter() Filter { return s.filter }

// SetFilter shows other tasks.
func (s *Store) SetFilter(f Filter) {
	s.filter = f
	s.stale()
}

// Fold hides the tasks of a repo, or shows them again.
func (s *Store) Fold(repo string) {
	s.folded[repo] = !s.folded[repo]
	s.stale()
}

// Folded reports whether the tasks of a repo are hidden.
func (s *Store) Folded(repo string) bool { return s.folded[repo] }

// Version changes with the rows and their marks.
func (s *Store) Version() int { return s.version }

// Counts counts the live tasks by their status.
func (s *Store) Counts() map[api.Status]int {
	if s.counts == nil {
		s.counts = map[api.Status]int{}
		for _, t := range s.tasks {
			s.counts[t.Status]++
		}
	}
	return s.counts
}

// Children are the tasks that stand on one, oldest first.
func (s *Store) Children(id string) []*api.Task {
	var out []*api.Task
	for _, t := range s.tasks {
		if p, ok := t.Parent.Get(); ok && p == id {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, older)
	return out
}

func older(a, b *api.Task) int {
	if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func (s *Store) stale() {
	s.version++
	s.rows, s.counts = nil, nil
}
