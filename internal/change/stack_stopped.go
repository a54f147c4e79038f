package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Tasks talks to the agents of tasks, and parks them.
type Tasks interface {
	Archive(ctx context.Context, request, id string, in api.TaskAction) (task.Receipt, error)
	CheckMerged(ctx context.Context, run *operation.Run, id, dir string) (*api.CheckResult, error)
	Send(ctx context.Context, request, id string, in api.SendMessage) (session.Message, error)
	Look(ctx context.Context, id string) error
}

// stoppedAction finds the action that stopped on a conflict of a branch, or the
// only one that stopped where none is named.
func (s *Service) stoppedAction(ctx context.Context, repo *task.Repo, branch string) (string, error) {
	var found []Action
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		all, err := tx.StackActions(repo.ID, []ActionState{ActionStopped})
		for _, a := range all {
			if branch == "" || a.concerns(branch) {
				found = append(found, a)
			}
		}
		return err
	})
	if err != nil {
		return "", err
	}
	switch len(found) {
	case 0:
		of := "the stacks of " + repo.Name
		if branch != "" {
			of = "the stack of " + branch
		}
		return "", &api.Error{Code: api.CodeConflict, Message: "no action on " + of + " waits for a conflict to be resolved", Hint: "`hf stack` shows them"}
	case 1:
		return found[0].Operation, nil
	}
	var names []string
	for _, a := range found {
		for _, at := range a.Progress.Stopped {
			names = append(names, at.Branch)
		}
	}
	return "", &api.Error{
		Code: api.CodeAmbiguous, Message: fmt.Sprintf("%d actions on the stacks of %s are stopped, on %s", len(found), repo.Name, strings.Join(names, ", ")),
		Hint: "Name one of these, or its task.",
	}
}

// concerns reports whether an action stopped on a branch, or went by it.
func (a *Action) concerns(branch string) bool {
	return slices.ContainsFunc(a.Progress.Stopped, func(at stack.Attempt) bool { return at.Branch == branch }) ||
		slices.ContainsFunc(a.Progress.Results, func(r stack.Result) bool { return r.Branch == branch })
}

// runContinue goes on with an action that stopped: with its rebases, where that
// is not done already, and then with all that is above.
func (s *Service) runContinue(ctx context.Context, run *operation.Run) error {
	d, err := s.drive(ctx, run)
	if err != nil {
		return err
	}
	defer d.close()
	row, original, err := d.target(ctx)
	if err != nil {
		return err
	}
	if row.State == ActionDone && row.Progress.By == run.Op.ID {
		return row.Progress.err()
	}
	if row.State != ActionStopped && row.State != ActionRunning {
		return noLongerStopped(row)
	}
	if err := d.note(ctx, func(p *Progress) { p.By = run.Op.ID }); err != nil {
		return err
	}
	if err := d.setState(ctx, ActionRunning); err != nil {
		return err
	}
	if err := d.recover(ctx); err != nil {
		return err
	}
	if row, err = d.row(ctx); err != nil {
		return err
	}
	for _, at := range row.Progress.Stopped {
		if err := d.goOn(ctx, at); err != nil {
			if d.stopping == nil && ctx.Err() == nil {
				return d.finish(ctx, row.Kind, err)
			}
			return err
		}
	}
	if slices.ContainsFunc(d.results, func(r stack.Result) bool { return r.Left }) {
		return d.finish(ctx, row.Kind, nil) // what it met before is there still
	}
	return d.carryOut(ctx, row.Kind, original)
}

// goOn continues one rebase that stopped.
func (d *driver) goOn(ctx context.Context, at stack.Attempt) error {
	if err := d.busy(ctx, at.Branch, at.Worktree); err != nil {
		return err
	}
	if err := d.begin(ctx, at); err != nil {
		return err
	}
	r, err := d.s.cfg.Stacks.Continue(ctx, d.in, at)
	if err != nil {
		return err
	}
	return d.done(ctx, r)
}

// target is the action that an operation is about, with what it was asked for.
func (d *driver) target(ctx context.Context) (row *Action, original actionArgs, err error) {
	err = d.s.cfg.Store.View(ctx, func(tx Tx) error {
		if row, err = tx.StackAction(d.action); err != nil {
			return err
		}
		op, err := tx.Operation(d.action)
		if err != nil {
			return err
		}
		original, err = argsOf[actionArgs](op)
		return err
	})
	original.Auto = false // somebody is there now
	return row, original, err
}

func (d *driver) setState(ctx context.Context, state ActionState) error {
	return d.s.cfg.Store.Update(ctx, func(tx Tx) error {
		a, err := tx.StackAction(d.action)
		if err != nil {
			return err
		}
		a.State = state
		return tx.PutStackAction(a)
	})
}

func noLongerStopped(a *Action) error {
	return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("the action does not wait for a conflict any more: it is %s", a.State), Hint: "`hf stack` shows how the branches stand"}
}

// runAsk gives the conflict of a task's branch to its agent.
func (s *Service) runAsk(ctx context.Context, run *operation.Run) error {
	args, err := argsOf[actionArgs](run.Op)
	if err != nil {
		return err
	}
	d := &driver{s: s, run: run, action: args.Target, args: args}
	row, _, err := d.target(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(row.Progress.Stopped, func(at stack.Attempt) bool { return at.Branch == args.Branch })
	if row.State != ActionStopped || i < 0 {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("no rebase of %s waits for a conflict to be resolved", args.Branch), Hint: "`hf stack` shows where one does"}
	}
	var files []string
	for _, r := range row.Progress.Results {
		if r.Branch == args.Branch {
			files = r.Files
		}
	}
	env, err := s.callerEnv(run.Op)
	if err != nil {
		return err
	}
	msg, err := s.cfg.Tasks.Send(ctx, run.Op.ID+"/ask", args.Task, api.SendMessage{Text: question(row.Progress.Stopped[i], files, args.Message), Env: env})
	if err != nil {
		return err
	}
	run.SetResult(msg.ID)
	run.Progress(fmt.Sprintf("task %s is asked to resolve %s", args.Task, strings.Join(files, ", ")))
	return nil
}

// question is what an agent is told of a conflict. What the person adds comes
// first, since that is about this one.
func question(at stack.Attempt, files []string, more string) string {
	var b strings.Builder
	if more != "" {
		b.WriteString(strings.TrimSpace(more) + "\n\n")
	}
	fmt.Fprintf(&b, "A rebase of your branch %s onto %s (commit %.12s was its tip) has stopped in this worktree on a conflict.\n\n", at.Branch, at.Base, at.Commit)
	b.WriteString("Files in conflict:\n")
	for _, f := range files {
		fmt.Fprintf(&b, "- %s\n", f)
	}
	fmt.Fprintf(&b, `
Resolve them so that both sides keep their meaning: what came from %[1]s stays, and the change of this branch is made on top of it.
Then `+"`git add`"+` the files and run `+"`git -c core.editor=true rebase --continue`"+` (you may do that; it is part of this task). Should it stop again, go on in the same way until the rebase is done.
Do not abort or skip, do not switch branches, do not push, and change nothing else. If you cannot decide, say why and end your turn: a person will look.
`, at.Base)
	return b.String()
}

// runWait returns when the agent has done what it was asked, and says what is
// wrong when it has not.
func (s *Service) runWait(ctx context.Context, run *operation.Run) error {
	args, err := argsOf[actionArgs](run.Op)
	if err != nil {
		return err
	}
	var message string
	if !run.Done(StepAsk, &message) {
		return fmt.Errorf("resolve the conflict of %s: the message to its agent is lost", args.Branch)
	}
	m, err := s.answered(ctx, run, message)
	if err != nil {
		return err
	}
	if m.State == api.MessageFailed {
		return &api.Error{
			Code: api.CodeMergeStopped, Message: fmt.Sprintf("the agent of task %s did not get the message: %s; the rebase waits as before", args.Task, m.Error),
			Hint: fmt.Sprintf("`hf show %s` says more", args.Task),
		}
	}
	var repo *task.Repo
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		repo, err = tx.Repo(run.Op.Repo)
		return err
	})
	if err != nil {
		return err
	}
	rebases, err := s.cfg.Stacks.InProgress(ctx, gitOf(repo))
	if err != nil {
		return err
	}
	for _, r := range rebases {
		if r.Branch != args.Branch {
			continue
		}
		e := &api.Error{
			Code: api.CodeMergeStopped, Message: fmt.Sprintf("the turn of task %s ended, and the rebase of %s waits still", args.Task, args.Branch),
			Hint: fmt.Sprintf("`hf logs %[1]s` shows what the agent said; `hf stack resolve %[1]s -m TEXT` tells it more, `hf stack continue %[1]s` goes on when you resolved it in %[2]s, `hf stack abort %[1]s` puts everything back", args.Task, r.Worktree),
		}
		if len(r.Files) > 0 {
			e.Message += ": " + strings.Join(r.Files, ", ")
		}
		return e
	}
	return nil
}

// answered waits for the end of the turn of a message.
func (s *Service) answered(ctx context.Context, run *operation.Run, id string) (m *session.Message, err error) {
	woken, stop := s.cfg.Store.Watch()
	defer stop()
	for {
		var now string
		err := s.cfg.Store.View(ctx, func(tx Tx) error {
			if m, err = tx.Message(id); err != nil {
				return err
			}
			t, err := tx.Task(m.Task)
			if err == nil {
				status, reason := task.Shown(t)
				now = strings.TrimSpace(fmt.Sprintf("task %s is %s %s", t.ID, status, reason))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if m.State == api.MessageDone || m.State == api.MessageFailed {
			return m, nil
		}
		run.Progress(now)
		select {
		case <-woken:
		case <-run.Parking():
			return nil, operation.ErrParked
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
