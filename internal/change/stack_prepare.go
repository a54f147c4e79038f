package change

import (
	"context"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// keptActions is of how many actions the commits from before are kept.
const keptActions = 20

const keptPrefix = "refs/hf/stack/"

// keptRef keeps the commits from before an action.
func keptRef(action string) string { return keptPrefix + action }

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
		except := ""
		if run.Op.Kind == string(api.StackTrack) {
			except = d.args.Branch
		}
		if notes, err = s.trackTasks(ctx, d.in, d.repo, tracking{except: except, wanted: d.args.Branch, progress: run.Progress}); err != nil {
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
			live[ops[i].ID] = true
			if !d.s.onStacks(ops[i].Kind) {
				continue
			}
			args, err := argsOf[actionArgs](&ops[i])
			if err != nil {
				return err
			}
			live[args.Target] = true
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
