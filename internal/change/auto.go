package change

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// attempts keeps hf from trying again by itself what did not work, until
// something about it changed.
type attempts struct {
	mu    sync.Mutex
	tried map[string]string
}

func newAttempts() *attempts { return &attempts{tried: map[string]string{}} }

// first reports whether something was not tried yet as it is, and notes that it
// is now.
func (a *attempts) first(what, as string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tried[what] == as {
		return false
	}
	a.tried[what] = as
	return true
}

// React does what follows by itself from an event: stacks are restacked where
// that is wanted, and what stood on a branch that went moves to its base. It may
// be told of an event any number of times.
func (s *Service) React(ctx context.Context, e api.Event) error {
	switch e.Kind { //nolint:exhaustive // nothing follows from the others
	case api.EventBranchesChanged:
		var b api.BranchesEvent
		if err := json.Unmarshal(e.Data, &b); err != nil {
			return err
		}
		return errors.Join(s.lookAtRebases(ctx, b.Repo), s.restackIdle(ctx, b.Repo))
	case api.EventTurnEnded:
		_, repo, err := s.taskAndRepo(ctx, e.Task)
		if err != nil {
			return err
		}
		return errors.Join(s.moveOrphans(ctx, repo), s.restackIdle(ctx, repo.ID))
	case api.EventOperationDone, api.EventOperationFailed:
		var op api.Operation
		if err := json.Unmarshal(e.Data, &op); err != nil {
			return err
		}
		return s.reactToEnd(ctx, &op)
	}
	return nil
}

func (s *Service) reactToEnd(ctx context.Context, op *api.Operation) error {
	if op.Repo != "" {
		return s.restackIdle(ctx, op.Repo)
	}
	if op.State != api.OperationDone {
		return nil
	}
	switch op.Kind {
	case task.KindArchive, task.KindKill:
		_, repo, err := s.taskAndRepo(ctx, op.Task)
		if err != nil {
			return err
		}
		return s.moveOrphans(ctx, repo)
	case task.KindRestore:
		return s.trackAgain(ctx, op.Task)
	}
	return nil
}

// lookAtRebases looks whether the rebases that wait for somebody do still.
func (s *Service) lookAtRebases(ctx context.Context, repo string) error {
	var waiting []string
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		tasks, err := tx.Tasks(task.Filter{RepoID: repo})
		for i := range tasks {
			if tasks[i].Rebase != nil {
				waiting = append(waiting, tasks[i].ID)
			}
		}
		return err
	})
	for _, id := range waiting {
		err = errors.Join(err, s.cfg.Tasks.Look(ctx, id))
	}
	return err
}

// restackIdle restacks what does not stand on its base any more and nobody works
// on, where the user wants that. Each branch is tried once for every state that
// it and its base are in.
func (s *Service) restackIdle(ctx context.Context, id string) error {
	if !s.cfg.Settings().AutoRestack {
		return nil
	}
	var repo *task.Repo
	var due []task.Task
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		live, err := tx.LiveOperations()
		if err != nil {
			return err
		}
		for i := range live {
			if live[i].Repo == id {
				return nil // its end comes here again
			}
		}
		if repo, err = tx.Repo(id); err != nil {
			return err
		}
		tasks, err := branchTasks(tx, id)
		if err != nil {
			return err
		}
		branches, err := tx.Branches(id)
		if err != nil {
			return err
		}
		for i := range branches {
			b := &branches[i]
			t := tasks[b.Name]
			if t == nil || b.NeedsRestack == nil || !*b.NeedsRestack || !s.atRest(tx, t, tasks) {
				continue
			}
			if s.tried.first("restack/"+t.ID, b.Head+b.BaseHead) {
				due = append(due, *t)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range due {
		t := &due[i]
		args := actionArgs{Task: t.ID, Branch: t.Branch, Scope: api.ScopeUpstack, Auto: true}
		_, startErr := s.begin(ctx, "auto-"+ids.New(), repo, string(api.StackRestackSubtree), t.Env, args)
		err = errors.Join(err, startErr)
	}
	return err
}

// atRest reports whether a branch may be restacked: nobody works on it, no rebase
// waits in it or below it, and the one below it stands as it should.
func (s *Service) atRest(tx Tx, t *task.Task, tasks map[string]*task.Task) bool {
	what, err := atWork(tx, t.ID)
	if err != nil || what != "" || t.Lifecycle != api.LifecycleReady || t.Rebase != nil {
		return false
	}
	below := tasks[t.Base]
	return below == nil || below.Rebase == nil && (below.NeedsRestack == nil || !*below.NeedsRestack)
}

// moveOrphans moves what stands on the branches of tasks that were archived or
// killed to the bases of those, where the branches are gone or merged.
func (s *Service) moveOrphans(ctx context.Context, repo *task.Repo) error {
	gone, err := s.bereft(ctx, repo)
	if err != nil {
		return err
	}
	for _, p := range gone {
		left, err := s.left(ctx, repo, &p.task)
		if err != nil {
			return err
		}
		if !left || !s.tried.first("unstack/"+p.task.ID, p.as) {
			continue
		}
		if _, err := s.cfg.Stacks.Program(ctx, task.Environ(p.env)); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := s.standElsewhere(ctx, repo, &p.task); err != nil { // hf's own record is all there is
				return err
			}
			continue
		}
		args := actionArgs{Task: p.child, Branch: p.task.Branch, Auto: true}
		if _, err := s.begin(ctx, "auto-"+ids.New(), repo, string(api.StackUnstack), p.env, args); err != nil {
			return err
		}
	}
	return nil
}

// parent is a task that has ended, and what stands on its branch.
type parent struct {
	task  task.Task
	child string // one of them
	env   api.Env
	as    string // how they are
}

// bereft are the tasks that have ended and have live ones standing on them.
func (s *Service) bereft(ctx context.Context, repo *task.Repo) (out []parent, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		all, err := tx.Tasks(task.Filter{RepoID: repo.ID, All: true})
		if err != nil {
			return err
		}
		live, err := branchTasks(tx, repo.ID)
		if err != nil {
			return err
		}
		branches, err := tx.Branches(repo.ID)
		if err != nil {
			return err
		}
		for i := range all {
			p := &all[i]
			if p.Lifecycle != api.LifecycleArchived && p.Lifecycle != api.LifecycleKilled || p.Branch == "" || live[p.Branch] != nil {
				continue
			}
			var of parent
			var as strings.Builder
			for _, name := range sorted(live) {
				if c := live[name]; c.Base == p.Branch && (c.Parent == p.ID || c.Parent == "") {
					of.child, of.env = c.ID, c.Env
					fmt.Fprintf(&as, "%s %s %t;", name, headOf(branches, name), c.TurnStartedAt != nil)
				}
			}
			if of.child != "" {
				of.task, of.as = *p, as.String()
				out = append(out, of)
			}
		}
		return nil
	})
	return out, err
}

func headOf(branches []branch.Branch, name string) string {
	for i := range branches {
		if branches[i].Name == name {
			return branches[i].Head
		}
	}
	return ""
}

// left reports whether a branch is gone, or what it was made for is done.
func (s *Service) left(ctx context.Context, repo *task.Repo, p *task.Task) (bool, error) {
	at, there, err := s.cfg.Git.Branch(ctx, gitOf(repo), p.Branch)
	if err != nil || !there {
		return err == nil, err
	}
	if _, has, err := s.cfg.Git.Branch(ctx, gitOf(repo), p.Base); err != nil || !has {
		return false, err
	}
	if at == p.BaseCommit {
		return false, nil // it made no commit: that it is contained says nothing
	}
	_, merged, err := s.cfg.Git.Merged(ctx, gitOf(repo), at, "refs/heads/"+p.Base)
	return merged, err
}

// standElsewhere notes that what stood on a branch stands on its base.
func (s *Service) standElsewhere(ctx context.Context, repo *task.Repo, p *task.Task) error {
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		tasks, err := branchTasks(tx, repo.ID)
		if err != nil {
			return err
		}
		for _, name := range sorted(tasks) {
			t := tasks[name]
			if t.Base != p.Branch {
				continue
			}
			before := *t
			t.Base, t.NamedBase, t.Parent = p.Base, p.NamedBase, ""
			if on := tasks[p.Base]; on != nil {
				t.Parent = on.ID
			}
			if err := tx.PutTask(t); err != nil {
				return err
			}
			if _, err := tx.Event(api.EventTaskChanged, t.Workspace, t.ID, task.Change(&before, t)); err != nil {
				return err
			}
		}
		return nil
	})
}

// trackAgain makes the branch of a task that came back part of its stack again,
// in a repo that has stacks.
func (s *Service) trackAgain(ctx context.Context, id string) error {
	t, repo, err := s.taskAndRepo(ctx, id)
	if err != nil {
		return err
	}
	forest, err := s.cfg.Stacks.State(ctx, gitOf(repo))
	if err != nil || forest.Commit == "" {
		return err
	}
	return s.TrackTask(ctx, id, t.Env)
}
