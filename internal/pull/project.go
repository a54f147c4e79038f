package pull

import (
	"context"
	"slices"
	"time"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// news is what a look found out about a repo.
type news struct {
	repo    string
	changed []api.PullRequest
	gone    []int // known ones that are there no more
	// whole says that every open one is known now: a task without one has none.
	whole bool
	// first says that nobody looked before: what is found then is no news,
	// unless it is a task's.
	first bool
}

// projection is one transaction in which news become rows, what tasks show, and
// events.
type projection struct {
	tx    Tx
	repo  *task.Repo
	now   time.Time
	tasks []task.Task // of the repo, live ones first, then the newest
	rows  []api.PullRequest
}

func (s *Service) apply(ctx context.Context, n *news) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		p, err := s.project(tx, n.repo)
		if err != nil {
			return err
		}
		for i := range n.changed {
			if err := p.changed(&n.changed[i], n.first); err != nil {
				return err
			}
		}
		for _, number := range n.gone {
			if err := p.gone(number); err != nil {
				return err
			}
		}
		if err := p.adopt(); err != nil {
			return err
		}
		return p.show(n.whole)
	})
}

func (s *Service) project(tx Tx, repo string) (*projection, error) {
	p := &projection{tx: tx, now: s.cfg.Now().UTC().Truncate(time.Microsecond)}
	var err error
	if p.repo, err = tx.Repo(repo); err != nil {
		return nil, err
	}
	if p.rows, err = tx.PullRequests(repo); err != nil {
		return nil, err
	}
	p.tasks, err = tasksOf(tx, repo)
	return p, err
}

// tasksOf returns the tasks of a repo that can have a pull request: live ones
// first.
func tasksOf(tx Tx, repo string) ([]task.Task, error) {
	tasks, err := tx.Tasks(task.Filter{RepoID: repo, All: true})
	if err != nil {
		return nil, err
	}
	tasks = slices.DeleteFunc(tasks, func(t task.Task) bool { return t.Branch == "" || t.Lifecycle == api.LifecycleKilled })
	slices.SortStableFunc(tasks, func(a, b task.Task) int { return rank(&a) - rank(&b) })
	return tasks, nil
}

func rank(t *task.Task) int {
	if t.Lifecycle == api.LifecycleArchived {
		return 1
	}
	return 0
}

// ownerOf is the task that a pull request belongs to, "" for none. One that
// ended before a task began is of an earlier branch of that name.
func (p *projection) ownerOf(pr *api.PullRequest) string {
	for i := range p.tasks {
		t := &p.tasks[i]
		if t.Branch == pr.Branch && (!pr.Ended() || pr.UpdatedAt.After(t.CreatedAt)) {
			return t.ID
		}
	}
	return ""
}

func (p *projection) index(number int) int {
	return slices.IndexFunc(p.rows, func(r api.PullRequest) bool { return r.Number == number })
}

// changed stores what a pull request now is, and says what is news of it.
func (p *projection) changed(pr *api.PullRequest, first bool) error {
	i := p.index(pr.Number)
	var was *api.PullRequest
	if i >= 0 {
		was = &p.rows[i]
	}
	pr.Task = p.ownerOf(pr)
	if was != nil && pr.Ended() && was.Task != "" {
		pr.Task = was.Task
	}
	if was == nil && pr.Ended() && pr.Task == "" {
		return nil // it is nothing to anybody
	}
	if pr.Mergeable == nil && was != nil && was.Head == pr.Head && was.Base == pr.Base && !pr.Ended() {
		pr.Mergeable = was.Mergeable // the forge thinks about it again
	}
	if e, ok := transition(p.repo.ID, was, pr); ok && (was != nil || pr.Task != "" || !first) {
		if _, err := p.tx.Event(api.EventPullRequestChanged, p.repo.Workspace, pr.Task, e); err != nil {
			return err
		}
	}
	if pr.Ended() && pr.Task == "" {
		return p.drop(i)
	}
	if i >= 0 {
		p.rows[i] = *pr
	} else {
		p.rows = append(p.rows, *pr)
	}
	return p.tx.PutPullRequest(p.repo.ID, pr)
}

// gone forgets a pull request that the forge has no more.
func (p *projection) gone(number int) error {
	i := p.index(number)
	if i < 0 {
		return nil
	}
	was, now := p.rows[i], p.rows[i]
	now.State, now.Draft, now.Checks, now.Review = api.PullRequestNone, false, api.ChecksNone, api.ReviewNone
	now.CheckRuns, now.UnresolvedThreads, now.Mergeable = nil, 0, nil
	if e, ok := transition(p.repo.ID, &was, &now); ok {
		if _, err := p.tx.Event(api.EventPullRequestChanged, p.repo.Workspace, was.Task, e); err != nil {
			return err
		}
	}
	return p.drop(i)
}

func (p *projection) drop(i int) error {
	number := p.rows[i].Number
	p.rows = slices.Delete(p.rows, i, i+1)
	return p.tx.DropPullRequest(p.repo.ID, number)
}

// adopt gives open pull requests to tasks that got their branch after they were
// seen.
func (p *projection) adopt() error {
	for i := range p.rows {
		pr := &p.rows[i]
		if pr.Ended() {
			continue
		}
		owner := p.ownerOf(pr)
		if owner == pr.Task {
			continue
		}
		pr.Task = owner
		if err := p.tx.PutPullRequest(p.repo.ID, pr); err != nil {
			return err
		}
	}
	return nil
}

// show puts what lists show of pull requests on their tasks.
func (p *projection) show(whole bool) error {
	for i := range p.tasks {
		t := &p.tasks[i]
		pull := api.None[api.PullRequestSummary]()
		if best := task.BestPull(p.rows, t.ID); best != nil {
			pull = api.Some(best.PullRequestSummary)
		} else if !whole {
			continue
		}
		if sameShown(t.Pull, pull) {
			continue
		}
		t.Pull = pull
		if err := p.tx.PutTask(t); err != nil {
			return err
		}
	}
	return nil
}

// sameShown reports whether lists need not be told: when something was seen is
// no change of it.
func sameShown(a, b api.Opt[api.PullRequestSummary]) bool {
	x, hasX := a.Get()
	y, hasY := b.Get()
	if a.IsZero() != b.IsZero() || hasX != hasY {
		return false
	}
	x.ObservedAt, y.ObservedAt = time.Time{}, time.Time{}
	return x == y
}

// transition says what is news of a pull request, if anything is. was is nil for
// one that was not known.
func transition(repo string, was, now *api.PullRequest) (e api.PullRequestEvent, news bool) {
	e = api.PullRequestEvent{
		Repo: repo, Now: now.PullRequestSummary, Title: now.Title, Branch: now.Branch, Head: now.Head,
		Failed: now.Failing(), Threads: now.UnresolvedThreads,
	}
	conflicts := now.Mergeable != nil && !*now.Mergeable && !now.Ended()
	if was == nil {
		e.Conflicts = conflicts
		return e, true
	}
	e.Was = new(was.PullRequestSummary)
	e.ThreadsWere = was.UnresolvedThreads
	e.Conflicts = conflicts && (was.Mergeable == nil || *was.Mergeable)
	before := was.Failing()
	moreFail := slices.ContainsFunc(e.Failed, func(name string) bool { return !slices.Contains(before, name) })
	news = was.State != now.State || was.Draft != now.Draft || was.Checks != now.Checks || was.Review != now.Review ||
		moreFail || len(e.Failed) > 0 && was.Head != now.Head || e.Threads > e.ThreadsWere || e.Conflicts
	return e, news
}

// markStale notes on the tasks of a repo whether what is shown of their pull
// requests can be old. seen is when they were last looked at.
func (s *Service) markStale(ctx context.Context, repo string, stale bool, seen time.Time) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		p, err := s.project(tx, repo)
		if err != nil {
			return err
		}
		for i := range p.rows {
			pr := &p.rows[i]
			if pr.Ended() || pr.Stale == stale {
				continue
			}
			pr.Stale = stale
			if stale && seen.After(pr.ObservedAt) {
				pr.ObservedAt = seen
			}
			if err := tx.PutPullRequest(repo, pr); err != nil {
				return err
			}
		}
		for i := range p.tasks {
			t := &p.tasks[i]
			best := task.BestPull(p.rows, t.ID)
			if best == nil || sameShown(t.Pull, api.Some(best.PullRequestSummary)) {
				continue
			}
			t.Pull = api.Some(best.PullRequestSummary)
			if err := tx.PutTask(t); err != nil {
				return err
			}
			// It is the same task, shown otherwise: lists that are watched read it again.
			if _, err := tx.Event(api.EventTaskChanged, t.Workspace, t.ID, task.Change(t, t)); err != nil {
				return err
			}
		}
		return nil
	})
}
