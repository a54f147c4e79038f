package task

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// Terminals runs the own terminals of agents, at most one a task.
type Terminals interface {
	Start(ctx context.Context, task string, cmd api.Command, columns, rows int) error
	Stop(ctx context.Context, task string) error
	Running(task string) bool
	Settled(ctx context.Context, task string) (running bool, err error)
	Tasks() []string
	Dir(task string) string
}

// terminalReason is what the reason of a task says whose agent is in its own
// terminal: what it does there, nobody knows.
const terminalReason = "in its own terminal"

// backLimit bounds how long it takes to undo the start of a terminal.
const backLimit = 10 * time.Second

// OpenTerminal makes sure that a task's agent runs in its own terminal and says
// where that is. An agent is never in two places at a time: the one that hf
// talks to is ended first, and is started again, in the same conversation, by the
// first message after the terminal has ended.
func (s *Service) OpenTerminal(ctx context.Context, id string, in api.OpenTerminal) (api.Terminal, error) {
	select { // one at a time
	case <-s.opening:
		defer func() { s.opening <- struct{}{} }()
	case <-ctx.Done():
		return api.Terminal{}, context.Cause(ctx)
	}
	out := api.Terminal{Task: id, Dir: s.cfg.Terminals.Dir(id), DetachKey: s.cfg.Settings().DetachKey}
	if err := s.Look(ctx, id); err != nil {
		return out, err
	}
	running, err := s.cfg.Terminals.Settled(ctx, id)
	if err != nil || running {
		return out, err
	}
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := mayOpen(t); err != nil {
			return err
		}
		s.keepEnv(t, in.Env)
		return tx.PutTask(t)
	})
	if err != nil {
		return out, err
	}
	cmd, note, err := s.terminalCommand(ctx, id)
	if err != nil {
		return out, err
	}
	out.Note = note
	return out, s.startTerminal(ctx, id, cmd, in.Columns, in.Rows)
}

// startTerminal puts a terminal in the place of the task's agent.
func (s *Service) startTerminal(ctx context.Context, id string, cmd api.Command, columns, rows int) error {
	release, err := s.takeOver(ctx, id)
	if err != nil {
		return err
	}
	defer release()
	if err = s.cfg.Sessions.Stop(ctx, id); err == nil {
		err = s.cfg.Terminals.Start(ctx, id, cmd, columns, rows)
	}
	if err == nil {
		err = s.mayStay(ctx, id)
	}
	if err == nil {
		return nil
	}
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), backLimit)
	defer cancel()
	return errors.Join(noTerminal(err), s.cfg.Terminals.Stop(back, id), s.leaveTerminal(back, id, "its terminal could not be started"))
}

// mayStay refuses where an operation began while a terminal was started, such as
// one that ends the task: it may have looked for a terminal before there was one.
func (s *Service) mayStay(ctx context.Context, id string) error {
	return s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if t.Lifecycle == api.LifecycleReady && t.Activity != api.ActivityTerminal {
			return nil // it has ended
		}
		if err := mayOpen(t); err != nil {
			return err
		}
		return mayStart(tx, t)
	})
}

// mayStart refuses while an operation on the task is in progress.
func mayStart(tx Tx, t *Task) error {
	live, err := tx.LiveOperation(t.ID)
	if err != nil || live == nil {
		return err
	}
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("the %s of task %s is not done", live.Kind, t.ID),
		Hint: fmt.Sprintf("`hf show %s` says where it is.", t.ID), Retryable: true,
	}
}

// noTerminal adds to the error of a program that is not there what to do.
func noTerminal(err error) error {
	if e, ok := errors.AsType[*api.Error](err); ok && e.Code == api.CodeAgentMissing {
		return &api.Error{Code: e.Code, Message: e.Message, Hint: "Install it; terminal below [agents.NAME] in the configuration names another."}
	}
	return err
}

// terminalCommand is how to run the agent's own terminal in the sandbox, and what
// is to be known of it.
func (s *Service) terminalCommand(ctx context.Context, id string) (cmd api.Command, note string, err error) {
	t, repo, err := s.load(ctx, id)
	if err != nil {
		return cmd, "", err
	}
	conversation, err := s.lastConversation(ctx, t)
	if err != nil {
		return cmd, "", err
	}
	profile, err := s.profileOf(t)
	if err != nil {
		return cmd, "", err
	}
	argv, resumes, err := profile.OwnTerminal(conversation, t.Permission, t.Mode)
	if err != nil {
		return cmd, "", err
	}
	cmd, err = s.agentCommand(ctx, t, repo, profile, sandbox.Command{Argv: argv, TTY: true})
	if conversation != "" && !resumes {
		note = fmt.Sprintf("the terminal of %s cannot go on with the conversation so far: it begins another", t.Agent)
	}
	return cmd, note, err
}

// mayOpen refuses where there is no agent that could have a terminal, or one
// that is at work.
func mayOpen(t *Task) error {
	hint := fmt.Sprintf("`hf wait %s` waits for it.", t.ID)
	switch t.Lifecycle { //nolint:exhaustive // the others change by themselves
	case api.LifecycleArchived, api.LifecycleKilled:
		hint = fmt.Sprintf("`hf restore %s` brings it back.", t.ID)
	case api.LifecycleError:
		return mayTalk(t)
	}
	switch {
	case t.Lifecycle != api.LifecycleReady:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is %s: its agent has no terminal", t.ID, t.Lifecycle), Hint: hint}
	case t.Missing != "":
		return lost(t, t.Missing)
	case t.TurnStartedAt != nil:
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("the agent of task %s is in the middle of a turn, which its terminal would cut off", t.ID),
			Hint: fmt.Sprintf("`hf interrupt %[1]s` ends the turn, `hf wait %[1]s` waits for it.", t.ID),
		}
	case t.Activity == api.ActivityStarting:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("the agent of task %s is being started", t.ID), Hint: hint, Retryable: true}
	}
	return nil
}

// takeOver notes that a task's agent is in its own terminal from now on, where
// nothing else goes on in its sandbox. No turn begins until release, nor after it
// while that is noted.
func (s *Service) takeOver(ctx context.Context, id string) (release func(), err error) {
	free, err := s.cfg.Sessions.Hold(ctx, id)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			free()
		}
	}()
	if err := s.cfg.Sessions.CatchUp(ctx, id); err != nil {
		return nil, err
	}
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := mayOpen(t); err != nil {
			return err
		}
		if err := mayStart(tx, t); err != nil {
			return err
		}
		before := *t
		t.Activity, t.ActivityReason, t.ActivitySince = api.ActivityTerminal, "", s.cfg.Now()
		return s.putChanged(tx, &before, t)
	})
	if err != nil {
		return nil, err
	}
	// Whoever else holds the outbox looks at the task after that, as we do.
	if s.cfg.Sessions.Held(id) > 1 {
		err = &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("something goes on in the worktree of task %s: its branch is being moved", id), Hint: "Try again when that is done.", Retryable: true}
		return nil, errors.Join(err, s.leaveTerminal(ctx, id, ""))
	}
	return free, nil
}

// leaveTerminal notes that a task's agent is no longer in its own terminal. The
// messages that came meanwhile start it.
func (s *Service) leaveTerminal(ctx context.Context, id, reason string) error {
	var start string
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil || t.Activity != api.ActivityTerminal {
			return err
		}
		before := *t
		t.Activity, t.ActivityReason, t.ActivitySince = api.ActivityExited, reason, s.cfg.Now()
		if s.cfg.Sessions.Current(id) != "" {
			t.Activity = api.ActivityIdle
		}
		pending, _, err := outbox(tx, t)
		if err != nil {
			return err
		}
		if pending {
			if start, err = s.startIfNone(tx, t); err != nil {
				return err
			}
		}
		return s.putChanged(tx, &before, t)
	})
	if err == nil && start != "" {
		s.cfg.Runner().Enqueue(start)
	}
	return err
}

// TerminalEnded is told of each terminal that has ended, and how: nil where
// nobody saw it.
func (s *Service) TerminalEnded(ctx context.Context, id string, how *api.ExitEvent) {
	if err := s.Refresh(ctx, id); err != nil { // it changed something, perhaps
		s.cfg.Log.DebugContext(ctx, "look at what a terminal changed", "task", id, "err", err)
	}
	if err := s.leaveTerminal(ctx, id, endedReason(how)); err != nil && !api.IsCode(err, api.CodeNotFound) {
		s.cfg.Log.Error("note the end of a terminal", "task", id, "err", err)
	}
}

func endedReason(how *api.ExitEvent) string {
	const next = "; the next message starts the agent"
	if how != nil && how.Code != nil && *how.Code == 0 {
		return "its own terminal ended" + next
	}
	return "its own terminal ended " + exitText(how) + next
}

// AdoptTerminals makes what is noted of tasks agree with the terminals that run,
// for a daemon that begins.
func (s *Service) AdoptTerminals(ctx context.Context) error {
	tasks, _, err := s.List(ctx, Filter{})
	if err != nil {
		return err
	}
	stray := map[string]bool{}
	for _, id := range s.cfg.Terminals.Tasks() {
		stray[id] = true
	}
	var errs []error
	for i := range tasks {
		t := &tasks[i]
		running := stray[t.ID]
		if t.Lifecycle == api.LifecycleReady {
			delete(stray, t.ID)
		}
		switch {
		case t.Activity == api.ActivityTerminal && !running:
			errs = append(errs, s.leaveTerminal(ctx, t.ID, endedReason(nil)))
		case t.Activity != api.ActivityTerminal && running && t.Lifecycle == api.LifecycleReady: // the database is an older one
			errs = append(errs, s.cfg.Sessions.Stop(ctx, t.ID), s.change(ctx, t.ID, func(t *Task) {
				t.Activity, t.ActivityReason, t.ActivitySince, t.TurnStartedAt = api.ActivityTerminal, "", s.cfg.Now(), nil
			}))
		case t.Activity == api.ActivityTerminal: // one daemon noted it, and died before it ended the agent
			errs = append(errs, s.cfg.Sessions.Stop(ctx, t.ID))
		}
	}
	for id := range stray { // of tasks that have ended, or that nobody knows
		errs = append(errs, s.cfg.Terminals.Stop(ctx, id))
	}
	return errors.Join(errs...)
}
