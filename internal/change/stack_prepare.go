package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// keptActions is of how many actions the commits from before are kept.
const keptActions = 20

const keptPrefix = "refs/hf/stack/"

// keptRef keeps the commits from before an action.
func keptRef(action string) string { return keptPrefix + action }

// untrackedKey is the setting that says that a person took a branch out of its
// stack, so that hf does not put it back by itself.
func untrackedKey(repo, branch string) string { return "untracked/" + repo + "/" + branch }

// runPrepare makes sure that there are stacks to work on, and notes how
// everything is before the action.
func (s *Service) runPrepare(ctx context.Context, run *operation.Run) error {
	d, err := s.drive(ctx, run)
	if err != nil {
		return err
	}
	defer d.close()
	if _, err := d.row(ctx); !api.IsCode(err, api.CodeNotFound) {
		return err // it is done, or cannot be known
	}
	if err := d.settleOthers(ctx); err != nil {
		return err
	}
	program, err := s.cfg.Stacks.Program(ctx, d.in.Env)
	if err != nil {
		return err
	}
	run.Progress("git-spice " + program.Version)
	var notes []string
	if run.Op.Kind != string(api.StackUntrack) {
		if notes, err = d.trackTasks(ctx); err != nil {
			return err
		}
	}
	d.dropKept(ctx)
	before, err := s.cfg.Stacks.Snapshot(ctx, d.in.Repo, keptRef(d.action))
	if err != nil {
		return err
	}
	spice := &api.GitSpice{Path: program.Path, Version: program.Version, Hint: program.Hint}
	now := s.cfg.Now()
	return s.cfg.Store.Update(ctx, func(tx Tx) error {
		if err := putGitSpice(tx, spice); err != nil {
			return err
		}
		return tx.PutStackAction(&Action{
			Operation: d.action, Repo: d.repo.ID, Kind: api.StackActionKind(run.Op.Kind), State: ActionRunning, CreatedAt: now,
			Progress: Progress{Before: before},
			Report:   api.StackReport{Action: api.StackActionKind(run.Op.Kind), Operation: d.action, GitSpice: spice, Branches: []api.StackResult{}, Notes: notes},
		})
	})
}

// trackTasks makes a repo ready for stacks, and the branches of its tasks part
// of them: each on its parent's, or on the trunk. What cannot be is said, and
// keeps nothing else from being done.
func (d *driver) trackTasks(ctx context.Context) (notes []string, err error) {
	forest, err := d.prepared(ctx)
	if err != nil {
		return nil, err
	}
	var tasks map[string]*task.Task
	out := map[string]bool{}
	err = d.s.cfg.Store.View(ctx, func(tx Tx) error {
		if tasks, err = branchTasks(tx, d.repo.ID); err != nil {
			return err
		}
		for branch := range tasks {
			value, _, err := tx.Setting(untrackedKey(d.repo.ID, branch))
			if err != nil {
				return err
			}
			out[branch] = value != ""
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, branch := range bottomUp(tasks) {
		t := tasks[branch]
		_, tracked := forest.Branches[branch]
		_, onBranch := forest.Branches[t.Base]
		if tracked || out[branch] || branch == forest.Trunk || branch == d.args.Branch && d.run.Op.Kind == string(api.StackTrack) {
			continue
		}
		if !onBranch && t.Base != forest.Trunk {
			if branch == d.args.Branch {
				notes = append(notes, fmt.Sprintf("%s is in no stack: it stands on %s, which is in none either; `hf stack track %s` changes that", branch, t.Base, t.Base))
			}
			continue
		}
		if _, there, err := d.s.cfg.Git.Branch(ctx, d.in.Repo, branch); err != nil || !there {
			if err != nil {
				return nil, err
			}
			continue
		}
		d.run.Progress("tracks " + branch)
		if err := d.s.cfg.Stacks.Track(ctx, d.in, branch, t.Base); err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			notes = append(notes, fmt.Sprintf("%s is in no stack: %v", branch, err))
			continue
		}
		forest.Branches[branch] = stack.Branch{Name: branch, Base: t.Base}
	}
	return notes, nil
}

// prepared is the forest of a repo, which is made one with stacks where it is
// none yet.
func (d *driver) prepared(ctx context.Context) (stack.Forest, error) {
	forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
	if err != nil {
		return forest, err
	}
	if forest.Commit == "" {
		trunk, err := d.s.trunk(ctx, d.repo)
		if err != nil {
			return forest, err
		}
		remote, _, err := d.s.cfg.Git.Remote(ctx, d.in.Repo)
		if err != nil {
			return forest, err
		}
		d.run.Progress("prepares " + d.repo.Name + " for stacks on " + trunk)
		if err := d.s.cfg.Stacks.Init(ctx, d.in, trunk, remote); err != nil {
			return forest, err
		}
		if forest, err = d.s.cfg.Stacks.State(ctx, d.in.Repo); err != nil {
			return forest, err
		}
	}
	if forest.Branches == nil {
		forest.Branches = map[string]stack.Branch{}
	}
	return forest, nil
}

// trunk is the branch that the stacks of a repo stand on.
func (s *Service) trunk(ctx context.Context, repo *task.Repo) (string, error) {
	name, err := s.cfg.Git.DefaultBranch(ctx, gitOf(repo))
	if api.IsCode(err, api.CodeNotFound) && repo.DefaultBranch != "" {
		return repo.DefaultBranch, nil
	}
	return name, err
}

// bottomUp lists branches of tasks, each after that of its base.
func bottomUp(tasks map[string]*task.Task) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(branch string)
	visit = func(branch string) {
		t, ok := tasks[branch]
		if !ok || seen[branch] {
			return
		}
		seen[branch] = true
		visit(t.Base)
		out = append(out, branch)
	}
	for _, branch := range sorted(tasks) {
		visit(branch)
	}
	return out
}

// settleOthers looks at what earlier actions on the repo left: those whose
// conflicts somebody has dealt with wait for nothing any more, and those that
// nobody goes on with are put right.
func (d *driver) settleOthers(ctx context.Context) error {
	var open []Action
	live := map[string]bool{}
	err := d.s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		if open, err = tx.StackActions(d.repo.ID, []ActionState{ActionRunning, ActionStopped}); err != nil || len(open) == 0 {
			return err
		}
		ops, err := tx.LiveOperations()
		for i := range ops {
			if !d.s.onStacks(ops[i].Kind) {
				continue
			}
			args, err := argsOf[actionArgs](&ops[i])
			if err != nil {
				return err
			}
			live[ops[i].ID], live[args.Target] = true, true
		}
		return err
	})
	if err != nil || len(open) == 0 {
		return err
	}
	for i := range open {
		if open[i].State != ActionRunning || live[open[i].Operation] {
			continue
		}
		other := *d
		other.action, other.holds, other.results = open[i].Operation, nil, nil
		if err := other.recover(ctx); err != nil {
			return err
		}
		if err := other.finish(ctx, api.StackActionKind(open[i].Kind), nil); err != nil && ctx.Err() != nil {
			return err
		}
	}
	return d.forgetFinished(ctx)
}

// forgetFinished closes the actions that stopped on conflicts which wait no
// more: somebody went on with the rebases, or ended them.
func (d *driver) forgetFinished(ctx context.Context) error {
	rebases, err := d.s.cfg.Stacks.InProgress(ctx, d.in.Repo)
	if err != nil {
		return err
	}
	waits := func(a stack.Attempt) bool {
		return slices.ContainsFunc(rebases, func(r stack.Rebase) bool { return r.Worktree == a.Worktree && r.Branch == a.Branch })
	}
	return d.s.cfg.Store.Update(ctx, func(tx Tx) error {
		stopped, err := tx.StackActions(d.repo.ID, []ActionState{ActionStopped})
		if err != nil {
			return err
		}
		for i := range stopped {
			a := &stopped[i]
			if a.Operation == d.action || slices.ContainsFunc(a.Progress.Stopped, waits) {
				continue
			}
			a.State, a.Progress.Stopped, a.Report.Stopped = ActionDone, nil, false
			if err := tx.PutStackAction(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropKept lets go of the commits from before actions that are long past.
func (d *driver) dropKept(ctx context.Context) {
	var newest []Action
	err := d.s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		newest, err = tx.StackActions(d.repo.ID, nil)
		return err
	})
	if err != nil || len(newest) < keptActions {
		return
	}
	keep := map[string]bool{d.action: true}
	for _, a := range newest[:keptActions] {
		keep[a.Operation] = true
	}
	kept, err := d.s.cfg.Git.KeptRefs(ctx, d.in.Repo)
	for _, k := range kept {
		rest, ok := strings.CutPrefix(k.Name, keptPrefix)
		action, _, _ := strings.Cut(rest, "-")
		if !ok || keep[action] {
			continue
		}
		if err = d.s.cfg.Git.DropRef(ctx, d.in.Repo, k.Name, k.Commit); err != nil {
			break
		}
	}
	if err != nil && ctx.Err() == nil {
		d.s.cfg.Log.Warn("let go of old stack actions", "repo", d.repo.Name, "err", err)
	}
}
