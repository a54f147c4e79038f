package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// finish notes what came of an action, in one transaction: its report, the
// tasks as they stand on one another now, and the event. It returns what is
// wrong in the end.
func (d *driver) finish(ctx context.Context, kind api.StackActionKind, failed error) error {
	forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
	if err != nil {
		return errors.Join(failed, err)
	}
	var problem error
	err = d.s.cfg.Store.Update(ctx, func(tx Tx) error {
		a, err := tx.StackAction(d.action)
		if err != nil {
			return err
		}
		tasks, err := branchTasks(tx, d.repo.ID)
		if err != nil {
			return err
		}
		p := &a.Progress
		for _, r := range d.results {
			p.add(r)
		}
		stopped, err := tx.StackActions(d.repo.ID, []ActionState{ActionStopped})
		if err != nil {
			return err
		}
		p.leaveToOthers(stopped)
		p.sort(forest.Order())
		p.After, p.Attempt = forest.Commit, nil
		a.Report.Branches = d.rows(p, tasks)
		a.Report.Stopped = len(p.Stopped) > 0
		problem = p.verdict(failed, tasks)
		p.Error = asError(problem)
		a.State = p.state(problem)
		if err := tx.PutStackAction(a); err != nil {
			return err
		}
		if err := d.follow(tx, forest, tasks, p.Results); err != nil {
			return err
		}
		event := api.EventStackDone
		if a.Report.Stopped {
			event = api.EventStackStopped
		}
		return d.tell(tx, event, kind, a)
	})
	if err != nil {
		return errors.Join(failed, err)
	}
	d.look(ctx)
	return problem
}

// look has the branches looked at now, so that whoever waited for the action is
// shown what came of it. The poller does it all the same, a moment later.
func (d *driver) look(ctx context.Context) {
	if err := d.s.cfg.Look(ctx, d.repo.ID); err != nil && ctx.Err() == nil {
		d.s.cfg.Log.Warn("look at branches", "repo", d.repo.ID, "err", err)
	}
}

// leaveToOthers tells the rebases that hf stopped in, which it can continue and
// abort, from those that somebody else is in the middle of.
func (p *Progress) leaveToOthers(stopped []Action) {
	for i := range p.Results {
		r := &p.Results[i]
		on := func(at stack.Attempt) bool { return at.Branch == r.Branch }
		if r.Outcome != stack.Conflict || !r.Left || slices.ContainsFunc(p.Stopped, on) ||
			slices.ContainsFunc(stopped, func(a Action) bool { return slices.ContainsFunc(a.Progress.Stopped, on) }) {
			continue
		}
		r.Outcome, r.Left = stack.Dirty, false
		r.Error = &api.Error{
			Code:    api.CodeConflict,
			Message: fmt.Sprintf("%s is in the middle of a rebase in %s that hf did not begin; it was not touched", r.Branch, r.Worktree),
			Hint:    "git rebase --continue or git rebase --abort there ends it; then try again",
		}
	}
}

// sort puts the results into the order of the stacks, bottom-up. What is in none
// any more comes first.
func (p *Progress) sort(order []string) {
	slices.SortStableFunc(p.Results, func(a, b stack.Result) int {
		return cmp.Compare(slices.Index(order, a.Branch), slices.Index(order, b.Branch))
	})
}

// state is where an action is that ended with a problem, or without.
func (p *Progress) state(problem error) ActionState {
	switch {
	case len(p.Stopped) > 0:
		return ActionStopped
	case problem != nil && len(p.moves()) == 0 && p.After == p.Before.State:
		return ActionFailed
	}
	return ActionDone
}

// verdict is what a person has to know of what is not well: a conflict first.
func (p *Progress) verdict(failed error, tasks map[string]*task.Task) error {
	for _, r := range p.Results {
		if r.Outcome == stack.Conflict {
			return conflicted(r, tasks)
		}
	}
	if failed != nil {
		return failed
	}
	return stack.Report{Results: p.Results}.Err()
}

// conflicted says where a rebase stopped and what the ways on are.
func conflicted(r stack.Result, tasks map[string]*task.Task) error {
	e := &api.Error{
		Code: api.CodeMergeStopped,
		Message: fmt.Sprintf("%s onto %s stopped on %s: %s", r.Branch, r.Base, count(len(r.Files), "file in conflict", "files in conflict"),
			strings.Join(r.Files, ", ")),
	}
	if !r.Left {
		e.Hint = "everything of this branch is as it was"
		if r.Error != nil && r.Error.Hint != "" {
			e.Hint = r.Error.Hint
		}
		return e
	}
	name := ""
	if t := tasks[r.Branch]; t != nil {
		name = " " + t.ID
	}
	e.Hint = fmt.Sprintf("resolve it in %s (git add the files, git rebase --continue), then `hf stack continue%s`; or `hf stack abort%s` puts everything back", r.Worktree, name, name)
	if name != "" {
		e.Hint += fmt.Sprintf("; or `hf stack resolve%s` gives it to its agent", name)
	}
	return e
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func asError(err error) *api.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*api.Error](err); ok {
		out := *e
		out.Message = err.Error()
		return &out
	}
	return &api.Error{Code: api.CodeInternal, Message: err.Error()}
}

// rows are the results as the contract has them.
func (d *driver) rows(p *Progress, tasks map[string]*task.Task) []api.StackResult {
	out := make([]api.StackResult, 0, len(p.Results)+len(p.Merged))
	for _, m := range p.Moves {
		if !slices.ContainsFunc(p.Merged, func(b stack.MergedBranch) bool { return b.Branch == m.Branch }) &&
			!slices.ContainsFunc(p.Results, func(r stack.Result) bool { return r.Branch == m.Branch }) {
			out = append(out, api.StackResult{Branch: m.Branch, Outcome: api.OutcomeMoved, Before: m.From, After: m.To, Detail: "as the remote has it"})
		}
	}
	for _, m := range p.Merged {
		row := api.StackResult{Branch: m.Branch, Base: m.Base, Outcome: api.OutcomeMerged, Detail: m.How, Before: m.Commit, Path: m.Worktree}
		if m.Unpushed {
			row.Detail += "; it has commits that were not merged, and stays in the stack"
		}
		out = append(out, row)
	}
	for _, r := range p.Results {
		row := resultRow(r)
		submittedRow(&row, p.Submitted)
		out = append(out, row)
	}
	for i := range out {
		if t := tasks[out[i].Branch]; t != nil {
			out[i].Task = t.ID
		}
	}
	return out
}

func resultRow(r stack.Result) api.StackResult {
	row := api.StackResult{
		Branch: r.Branch, Base: r.Base, Before: r.From, After: r.To, Files: r.Files, Path: r.Worktree, Outcome: api.StackOutcome(r.Outcome),
	}
	if r.Error != nil {
		row.Detail = r.Error.Message
	}
	switch r.Outcome { //nolint:exhaustive // the others are called the same
	case stack.Restacked:
		if r.Kind == stack.KindReparent {
			row.Outcome = api.OutcomeMoved
		}
	case stack.Stashed:
		row.Outcome = api.OutcomeRestacked
	case stack.Blocked:
		if r.BlockedBy != "" {
			row.Detail = r.BlockedBy + " below it is not done"
		}
	}
	return row
}

// follow makes the tasks of a repo stand on one another as their branches do.
func (d *driver) follow(tx Tx, forest stack.Forest, tasks map[string]*task.Task, results []stack.Result) error {
	news := map[string]bool{}                // needs a restack
	waits := map[string]*api.StoppedRebase{} // nil = none any more
	notes := map[string]string{}
	for _, r := range results {
		if d.args.Auto && r.Error != nil && !r.Left && (r.Outcome == stack.Conflict || r.Outcome == stack.Dirty || r.Outcome == stack.Failed) {
			notes[r.Branch] = "not restacked: " + r.Error.Message
		}
		if r.Kind != "" {
			news[r.Branch] = !r.Outcome.Ok()
		}
		waits[r.Branch] = nil
		if r.Left {
			waits[r.Branch] = &api.StoppedRebase{Base: r.Base, Files: append([]string{}, r.Files...)}
		}
	}
	for _, branch := range sorted(tasks) {
		t := tasks[branch]
		before := *t
		if rebase, touched := waits[branch]; touched {
			t.Rebase, t.StackNote = rebase, notes[branch]
		}
		if b, ok := forest.Branches[branch]; ok {
			t.Parent = ""
			if parent := tasks[b.Base]; parent != nil {
				t.Parent = parent.ID
			}
			if t.Base != b.Base {
				t.Base, t.NamedBase = b.Base, b.Base != forest.Trunk
			}
		}
		if stale, ok := news[branch]; ok {
			t.NeedsRestack = &stale
		}
		same := t.NeedsRestack == before.NeedsRestack || t.NeedsRestack != nil && before.NeedsRestack != nil && *t.NeedsRestack == *before.NeedsRestack
		if t.Parent == before.Parent && t.Base == before.Base && same && t.Rebase == nil && before.Rebase == nil && t.StackNote == before.StackNote {
			continue
		}
		if err := tx.PutTask(t); err != nil {
			return err
		}
		if _, err := tx.Event(api.EventTaskChanged, t.Workspace, t.ID, task.Change(&before, t)); err != nil {
			return err
		}
	}
	return nil
}

// tell says in an event what an action did.
func (d *driver) tell(tx Tx, event api.EventKind, kind api.StackActionKind, a *Action) error {
	_, err := tx.Event(event, d.repo.Workspace, d.args.Task, api.StackEvent{
		Repo: d.repo.ID, Operation: a.Operation, Action: kind, Report: a.Report, Error: a.Progress.Error,
	})
	return err
}
