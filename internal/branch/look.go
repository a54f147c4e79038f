package branch

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// manyMerges is how many merges may hold up what else there is to tell.
const manyMerges = 24

// place is a repository that is looked at, with what was seen at the last look.
// turn guards it: it holds one token while nobody looks.
type place struct {
	id   string
	turn chan struct{}

	stamp  uint64
	facts  uint64 // of the tasks
	refs   []git.Ref
	forest stack.Forest
	known  *known
	rows   []Branch            // as they are kept; nil before the first look
	forks  map[string]string   // where branches of tasks part from their bases
	watch  func(dirs []string) // is told where refs are; may be nil

	rebased []string // tasks, since somebody was told
	failed  error
	fails   int       // in a row
	again   time.Time // when a look that failed is tried again although nothing changed
}

func newPlace(id string) *place {
	p := &place{id: id, turn: make(chan struct{}, 1), known: newKnown()}
	p.turn <- struct{}{}
	return p
}

// look brings what is known of a repo's branches up to date. Unless told, it
// does not ask git when no file of a ref changed; where it could not be looked at,
// only now and then.
func (s *Service) look(ctx context.Context, p *place, told bool) error {
	select {
	case <-p.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := s.lookNow(ctx, p, told)
	rebased := p.rebased
	p.rebased = nil
	p.turn <- struct{}{}
	for _, id := range rebased {
		s.cfg.Rebased(ctx, id)
	}
	return err
}

func (s *Service) lookNow(ctx context.Context, p *place, told bool) error {
	repo, tasks, err := s.subject(ctx, p)
	if err != nil {
		return err
	}
	at := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
	stamp, dirs, err := s.cfg.Git.Stamp(at)
	if err != nil {
		if p.stamp = 0; p.watch != nil {
			p.watch(nil)
		}
		return err
	}
	facts := stampTasks(repo, tasks)
	retry := p.failed != nil && !s.cfg.Now().Before(p.again)
	if !told && !retry && p.stamp == stamp && p.facts == facts {
		if p.failed == nil { // somebody else may have written what tasks show
			return s.keep(ctx, p, slices.Clone(p.rows), tasks)
		}
		return p.failed
	}
	if p.watch != nil {
		p.watch(dirs) // before the refs are read, so that none moves unseen
	}
	err = s.see(ctx, p, repo, tasks, p.facts == facts)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		// It may have been moved away under the look: git tells of that in many ways.
		if _, _, gone := s.cfg.Git.Stamp(at); errors.Is(gone, fs.ErrNotExist) {
			p.stamp = 0
			return gone
		}
	}
	p.stamp, p.facts, p.failed = stamp, facts, err
	if p.fails++; err == nil {
		p.fails = 0
	}
	p.again = s.cfg.Now().Add(min(10*time.Second<<min(p.fails, 8), 10*time.Minute))
	return err
}

// subject reads the repo, its live tasks and, the first time, what is kept.
func (s *Service) subject(ctx context.Context, p *place) (repo *task.Repo, tasks []task.Task, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if repo, err = tx.Repo(p.id); err != nil {
			return err
		}
		if tasks, err = tx.Tasks(task.Filter{RepoID: p.id}); err != nil {
			return err
		}
		if p.rows == nil {
			p.rows, err = tx.Branches(p.id)
		}
		return err
	})
	return repo, slices.DeleteFunc(tasks, func(t task.Task) bool { return !live(&t) }), err
}

// live reports whether a task has a branch that somebody works on.
func live(t *task.Task) bool {
	switch t.Lifecycle {
	case api.LifecycleArchiving, api.LifecycleArchived, api.LifecycleKilling, api.LifecycleKilled:
		return false
	default:
		return t.Branch != ""
	}
}

// stampTasks tells one state of what tasks say of branches from another.
func stampTasks(repo *task.Repo, tasks []task.Task) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%q %q", repo.GitDir, repo.DefaultBranch)
	for i := range tasks {
		t := &tasks[i]
		_, _ = fmt.Fprintf(h, " %q %q %q %q %v %q", t.ID, t.Branch, t.Base, t.BaseCommit, t.NamedBase, t.Parent)
	}
	return h.Sum64()
}

// see reads the refs and works out what they mean, if they are others than
// before or the tasks are.
func (s *Service) see(ctx context.Context, p *place, repo *task.Repo, tasks []task.Task, sameTasks bool) error {
	at := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
	list, err := s.cfg.Git.Refs(ctx, at, "refs/heads", "refs/remotes", spiceRef)
	if err != nil {
		return err
	}
	if sameTasks && p.failed == nil && p.refs != nil && slices.Equal(list, p.refs) {
		return s.keep(ctx, p, slices.Clone(p.rows), tasks)
	}
	// Without git-spice's record all that hf knows itself still holds.
	unread := s.readForest(ctx, p, at, list)
	pic := newPicture(repo, sortRefs(list, p.forest.Remote), p.forest, tasks, p.known, s.cfg.Now())
	if err := pic.relate(ctx, s.cfg.Git); err != nil {
		return err
	}
	if err := pic.change(ctx, s.cfg.Git); err != nil {
		return err
	}
	merges := pic.merges()
	if len(pic.unmerged(merges)) > manyMerges {
		if err := s.keep(ctx, p, pic.rows(conflictsOf(p.rows)), tasks); err != nil {
			return err
		}
	}
	if err := pic.mergeAll(ctx, s.cfg.Git, merges); err != nil {
		return err
	}
	if err := s.keep(ctx, p, pic.rows(pic.conflicts(merges)), tasks); err != nil {
		return err
	}
	p.refs = list
	p.fork(pic)
	return unread
}

// fork notes where branches of tasks part from their bases, and of which that is
// another commit than before.
func (p *place) fork(pic *picture) {
	before := p.forks
	p.forks = map[string]string{}
	for _, l := range pic.lines {
		rel := pic.relation(l, l.against)
		if l.task == nil || rel == nil {
			continue
		}
		p.forks[l.task.ID] = rel.Base
		if was, ok := before[l.task.ID]; ok && was != rel.Base {
			p.rebased = append(p.rebased, l.task.ID)
		}
	}
}

// stopWatching ends what the place tells of where refs are.
func (p *place) stopWatching() {
	<-p.turn
	p.watch = nil
	p.turn <- struct{}{}
}

// readForest reads git-spice's record when it is another than before.
func (s *Service) readForest(ctx context.Context, p *place, at git.Repo, list []git.Ref) error {
	commit := ""
	if i := slices.IndexFunc(list, func(r git.Ref) bool { return r.Name == spiceRef }); i >= 0 {
		commit = list[i].Commit
	}
	if commit == p.forest.Commit && p.failed == nil {
		return nil
	}
	if commit == "" {
		p.forest = stack.Forest{}
		return nil
	}
	forest, err := s.cfg.Stacks.State(ctx, at)
	if err != nil {
		p.forest = stack.Forest{}
		return err
	}
	p.forest = forest
	return nil
}

func conflictsOf(rows []Branch) map[string][]api.Conflict {
	out := map[string][]api.Conflict{}
	for i := range rows {
		out[rows[i].Name] = rows[i].Conflicts
	}
	return out
}

// keep writes what changed, in one transaction, and tells of it in one event.
func (s *Service) keep(ctx context.Context, p *place, rows []Branch, tasks []task.Task) error {
	was := map[string]*Branch{}
	for i := range p.rows {
		was[p.rows[i].Name] = &p.rows[i]
	}
	var put []int
	for i := range rows {
		old := was[rows[i].Name]
		delete(was, rows[i].Name)
		if old != nil && same(old, &rows[i]) {
			rows[i].ObservedAt = old.ObservedAt
			continue
		}
		put = append(put, i)
	}
	tell := outdated(tasks, rows)
	if len(put) == 0 && len(was) == 0 && len(tell) == 0 {
		p.rows = rows
		return nil
	}
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		changed := api.BranchesEvent{Repo: p.id, Branches: []string{}}
		for _, i := range put {
			if err := tx.PutBranch(&rows[i]); err != nil {
				return err
			}
			changed.Branches = append(changed.Branches, rows[i].Name)
		}
		for name := range was {
			if err := tx.DropBranch(p.id, name); err != nil {
				return err
			}
			changed.Branches = append(changed.Branches, name)
		}
		for id, show := range tell {
			if err := show.put(tx, id); err != nil {
				return err
			}
			if show.branch != nil && !slices.Contains(changed.Branches, show.branch.Name) {
				changed.Branches = append(changed.Branches, show.branch.Name)
			}
		}
		repo, err := tx.Repo(p.id)
		if err != nil {
			return err
		}
		slices.Sort(changed.Branches)
		_, err = tx.Event(api.EventBranchesChanged, repo.Workspace, "", changed)
		return err
	})
	if err == nil {
		p.rows = rows
	}
	return err
}

// same reports whether two rows say the same.
func same(a, b *Branch) bool {
	x, y := *a, *b
	x.ObservedAt, y.ObservedAt = time.Time{}, time.Time{}
	return reflect.DeepEqual(&x, &y)
}

// outdated are the tasks whose rows do not show what is known of their branches,
// with what they should show.
func outdated(tasks []task.Task, rows []Branch) map[string]shown {
	byTask, ofBranch := map[string]*Branch{}, map[string]string{}
	for i := range rows {
		if rows[i].Task != "" {
			byTask[rows[i].Task] = &rows[i]
			ofBranch[rows[i].Name] = rows[i].Task
		}
	}
	out := map[string]shown{}
	for i := range tasks {
		t := &tasks[i]
		var s shown
		if b := byTask[t.ID]; b != nil {
			s = shown{branch: b, parent: ofBranch[b.Base]}
			if base := byName(rows, b.Base); base != nil {
				s.trunk = base.Base == ""
			}
		}
		if !s.on(t) {
			out[t.ID] = s
		}
	}
	return out
}

func byName(rows []Branch, name string) *Branch {
	i, ok := slices.BinarySearchFunc(rows, name, func(b Branch, name string) int { return strings.Compare(b.Name, name) })
	if !ok {
		return nil
	}
	return &rows[i]
}

// shown is what a task shows of its branch.
type shown struct {
	branch *Branch // nil where there is none
	parent string  // the task whose branch it stands on, "" for none
	trunk  bool    // it stands on the trunk
}

// on reports whether a task shows it.
func (s shown) on(t *task.Task) bool {
	b := s.branch
	if b == nil {
		b = &Branch{}
	}
	if b.Tracked && (t.Base != b.Base || t.Parent != s.parent) {
		return false
	}
	return reflect.DeepEqual([]any{t.Ahead, t.Behind, t.Unpushed, t.NeedsRestack, t.Conflicts},
		[]any{b.Ahead, b.Behind, b.Unpushed, b.NeedsRestack, b.Conflicts})
}

// put makes a task show it. What a branch of a stack stands on is as git-spice
// has it: somebody may have moved it without hf.
func (s shown) put(tx Tx, id string) error {
	t, err := tx.Task(id)
	if err != nil || s.on(t) {
		return err
	}
	b := s.branch
	if b == nil || !live(t) || t.Branch != b.Name {
		b = &Branch{}
	}
	t.Ahead, t.Behind, t.Unpushed, t.NeedsRestack, t.Conflicts = b.Ahead, b.Behind, b.Unpushed, b.NeedsRestack, b.Conflicts
	if b.Tracked {
		t.Parent = s.parent
	}
	if b.Tracked && t.Base != b.Base {
		t.Base, t.NamedBase = b.Base, !s.trunk
	}
	return tx.PutTask(t)
}
