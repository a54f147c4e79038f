package change

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Sessions keeps agents from beginning turns.
type Sessions interface {
	Hold(ctx context.Context, task string) (release func(), err error)
	CatchUp(ctx context.Context, task string) error
}

// driver carries out a step of an action on stacks: it keeps what is known of
// the action in the store as the engine goes from branch to branch.
type driver struct {
	s      *Service
	run    *operation.Run
	action string // the operation whose action this is
	args   actionArgs
	repo   *task.Repo
	in     stack.In
	env    api.Env // the caller's

	results  []stack.Result // of this step
	holds    []func()
	stopping error // why nothing more is begun
}

// drive takes the turn of an operation on its repo. The caller closes the
// driver.
func (s *Service) drive(ctx context.Context, run *operation.Run) (*driver, error) {
	if _, err := s.turns.take(ctx, run); err != nil {
		return nil, err
	}
	args, err := argsOf[actionArgs](run.Op)
	if err != nil {
		return nil, err
	}
	env, err := s.callerEnv(run.Op)
	if err != nil {
		return nil, err
	}
	d := &driver{s: s, run: run, action: run.Op.ID, args: args}
	if args.Target != "" {
		d.action = args.Target
	}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		d.repo, err = tx.Repo(run.Op.Repo)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.in, d.env = stack.In{Repo: gitOf(d.repo), Env: task.Environ(env)}, env
	return d, nil
}

// close lets agents begin their turns again.
func (d *driver) close() {
	for _, release := range d.holds {
		release()
	}
	d.holds = nil
	d.s.unfinished.release(d.action)
}

// row reads what is stored of the action.
func (d *driver) row(ctx context.Context) (a *Action, err error) {
	err = d.s.cfg.Store.View(ctx, func(tx Tx) error {
		a, err = tx.StackAction(d.action)
		return err
	})
	return a, err
}

// note changes what is stored of the action.
func (d *driver) note(ctx context.Context, fn func(p *Progress)) error {
	return d.s.cfg.Store.Update(ctx, func(tx Tx) error {
		a, err := tx.StackAction(d.action)
		if err != nil {
			return err
		}
		fn(&a.Progress)
		return tx.PutStackAction(a)
	})
}

func (d *driver) hooks() stack.Hooks {
	return stack.Hooks{Busy: d.busy, Begin: d.begin, Done: d.done, Move: d.move}
}

// busy waits until nobody works in the worktree of a branch, and keeps it so. A
// worktree that is no task's is its owner's own business.
func (d *driver) busy(ctx context.Context, branch, _ string) error {
	if err := d.park(); err != nil {
		return err
	}
	if err := d.s.NoteIncluded(ctx, d.repo, branch); err != nil { // once it is rewritten nobody can tell
		return err
	}
	t, err := d.s.taskOf(ctx, d.repo, branch)
	if err != nil || t == nil {
		return err
	}
	release, err := d.s.cfg.Sessions.Hold(ctx, t.ID)
	if err != nil {
		return err
	}
	d.holds = append(d.holds, release)
	if d.args.Now {
		return nil
	}
	woken, stop := d.s.cfg.Store.Watch()
	defer stop()
	for {
		if err := d.s.cfg.Sessions.CatchUp(ctx, t.ID); err != nil {
			return err
		}
		var what string
		err := d.s.cfg.Store.View(ctx, func(tx Tx) (err error) {
			what, err = atWork(tx, t.ID)
			return err
		})
		if err != nil || what == "" {
			return err
		}
		if d.args.Auto {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is at work: %s", t.ID, what), Retryable: true}
		}
		d.run.Progress(fmt.Sprintf("%s: waits for %s of task %s", branch, what, t.ID))
		select {
		case <-woken:
		case <-d.run.Parking():
			return d.park()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// atWork says what of a task is going on in its worktree, "" for nothing.
func atWork(tx Tx, id string) (string, error) {
	t, err := tx.Task(id)
	if err != nil {
		return "", err
	}
	if t.TurnStartedAt != nil {
		return "the turn", nil
	}
	if t.Activity == api.ActivityTerminal {
		return "the agent's own terminal", nil
	}
	op, err := tx.LiveOperation(id)
	if err != nil || op == nil {
		return "", err
	}
	for _, step := range op.Steps {
		if step.Name == task.StepPrompt && step.State == api.StepStarted {
			return "", nil // it is the outbox that is waited for, which is held
		}
	}
	return "the " + op.Kind, nil
}

// park notes that the daemon is about to go, and returns that as an error.
func (d *driver) park() error {
	select {
	case <-d.run.Parking():
		d.stopping = operation.ErrParked
	default:
	}
	return d.stopping
}

// begin records what is about to happen to a branch.
func (d *driver) begin(ctx context.Context, a stack.Attempt) error {
	if err := d.park(); err != nil {
		return err
	}
	d.run.Progress(fmt.Sprintf("%s onto %s", a.Branch, a.Base))
	// Recorded and not begun, then begun and perhaps done with nobody knowing.
	return fault.Around("change.attempt", func() error {
		return d.note(ctx, func(p *Progress) { p.Attempt = &a })
	})
}

// done records what came of a branch. Where nothing changed that can be found
// out again.
func (d *driver) done(ctx context.Context, r stack.Result) error {
	if d.stopping != nil {
		return d.stopping
	}
	d.results = append(d.results, r)
	if r.From == r.To && !r.Left {
		return nil
	}
	return fault.Around("change.moved", func() error {
		return d.note(ctx, func(p *Progress) { p.add(r) })
	})
}

// add takes in what came of a branch. One that was moved before stays so.
func (p *Progress) add(r stack.Result) {
	at := p.Attempt
	if at != nil && at.Branch == r.Branch {
		p.Attempt = nil
	} else {
		at = nil
	}
	// A conflict without an attempt of this action is one that waited already.
	if !r.Left || at != nil {
		p.Stopped = slices.DeleteFunc(p.Stopped, func(a stack.Attempt) bool { return a.Branch == r.Branch })
	}
	if r.Left && at != nil {
		p.Stopped = append(p.Stopped, *at)
	}
	i := slices.IndexFunc(p.Results, func(old stack.Result) bool { return old.Branch == r.Branch })
	if i < 0 {
		p.Results = append(p.Results, r)
		return
	}
	old := p.Results[i]
	if old.From != "" && old.From != old.To && old.To != "" {
		r.From = old.From
		if r.Outcome == stack.UpToDate {
			r.Outcome, r.Error = old.Outcome, old.Error
		}
		if r.To == "" {
			r.To = old.To
		}
	}
	p.Results[i] = r
}

// recover puts right what a daemon left that died in the middle of a branch.
func (d *driver) recover(ctx context.Context) error {
	row, err := d.row(ctx)
	if err != nil || row.Progress.Attempt == nil {
		return err
	}
	a := *row.Progress.Attempt
	d.run.Progress("looks at what became of " + a.Branch)
	found, err := d.s.cfg.Stacks.Recover(ctx, d.in, a)
	if err != nil {
		return err
	}
	r := stack.Result{Kind: a.Kind, Branch: a.Branch, Base: a.Base, From: a.Commit, To: a.Commit}
	if !a.Scratch {
		r.Worktree = a.Worktree
	}
	switch found {
	case stack.Finished:
		at, _, err := d.s.cfg.Git.Branch(ctx, d.in.Repo, a.Branch)
		if err != nil {
			return err
		}
		r.Outcome, r.To = stack.Restacked, at
	case stack.Waiting:
		r.Outcome, r.Left = stack.Conflict, true
		if r.Files, err = d.unmerged(ctx, a.Worktree); err != nil {
			return err
		}
	case stack.Nothing, stack.PutBack:
		return d.note(ctx, func(p *Progress) { p.Attempt = nil })
	}
	return d.note(ctx, func(p *Progress) { p.add(r) })
}

// unmerged lists the files that wait in a worktree for somebody to resolve them.
func (d *driver) unmerged(ctx context.Context, worktree string) ([]string, error) {
	rebases, err := d.s.cfg.Stacks.InProgress(ctx, d.in.Repo)
	for _, r := range rebases {
		if r.Worktree == worktree {
			return r.Files, err
		}
	}
	return nil, err
}

// unfinished keeps the agents quiet in whose worktrees a daemon died that was
// rebasing, until the action goes on.
type unfinished struct{ holds chan map[string][]func() }

func newUnfinished() *unfinished {
	u := &unfinished{holds: make(chan map[string][]func(), 1)}
	u.holds <- map[string][]func(){}
	return u
}

func (u *unfinished) add(action string, release func()) {
	all := <-u.holds
	all[action] = append(all[action], release)
	u.holds <- all
}

func (u *unfinished) release(action string) {
	all := <-u.holds
	mine := all[action]
	delete(all, action)
	u.holds <- all
	for _, release := range mine {
		release()
	}
}

// Resume makes ready for going on with the actions that an earlier daemon did
// not finish: their repos are theirs first, and no agent begins a turn in a
// worktree that was being rebased. It must be called before sessions are
// adopted and operations resumed.
func (s *Service) Resume(ctx context.Context) error {
	type left struct{ action, task string }
	var quiet []left
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		live, err := tx.LiveOperations()
		if err != nil {
			return err
		}
		by := map[string]bool{} // the actions that somebody goes on with
		for i := range live {
			op := &live[i]
			if op.Repo == "" {
				continue
			}
			if slices.ContainsFunc(op.Steps, func(st operation.Step) bool { return st.State != api.StepPending }) {
				s.turns.join(op.Repo, op.ID)
			}
			by[op.ID] = true
			if !s.onStacks(op.Kind) {
				continue
			}
			args, err := argsOf[actionArgs](op)
			if err != nil {
				return err
			}
			by[args.Target] = true
		}
		actions, err := tx.StackActions("", []ActionState{ActionRunning})
		if err != nil {
			return err
		}
		for i := range actions {
			a := &actions[i]
			if a.Progress.Attempt == nil || !by[a.Operation] {
				continue
			}
			repo, err := tx.Repo(a.Repo)
			if err != nil {
				return err
			}
			if t, err := taskOf(tx, repo, a.Progress.Attempt.Branch); err != nil {
				return err
			} else if t != nil {
				quiet = append(quiet, left{a.Operation, t.ID})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, q := range quiet {
		release, err := s.cfg.Sessions.Hold(ctx, q.task)
		if err != nil {
			return err
		}
		s.unfinished.add(q.action, release)
	}
	return nil
}

// branchTasks are the live tasks of a repo by their branches.
func branchTasks(tx Tx, repo string) (map[string]*task.Task, error) {
	tasks, err := tx.Tasks(task.Filter{RepoID: repo})
	if err != nil {
		return nil, err
	}
	out := make(map[string]*task.Task, len(tasks))
	for i := range tasks {
		if tasks[i].Branch != "" {
			out[tasks[i].Branch] = &tasks[i]
		}
	}
	return out, nil
}

// everTasks are the branches that are, or were, of tasks of a repo.
func (s *Service) everTasks(ctx context.Context, repo string) (map[string]bool, error) {
	out := map[string]bool{}
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		tasks, err := tx.Tasks(task.Filter{RepoID: repo, All: true})
		for i := range tasks {
			out[tasks[i].Branch] = true
		}
		return err
	})
	return out, err
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
