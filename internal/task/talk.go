package task

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/pkg/api"
)

// catchUpLimit bounds how long an answer waits for its question to be stored.
const catchUpLimit = 10 * time.Second

// Send puts a message into a task's outbox. It is durable when Send returns;
// its state says whether the agent can take it at once. An agent that has ended
// is started again.
func (s *Service) Send(ctx context.Context, request, id string, in api.SendMessage) (session.Message, error) {
	if err := CheckPrompt(in.Text); err != nil {
		return session.Message{}, err
	}
	if err := s.Look(ctx, id); err != nil {
		return session.Message{}, err
	}
	next := session.Message{ID: ids.New(), Task: id, Text: in.Text, State: api.MessageAccepted}
	var err error
	if next.Attachments, err = s.keepFiles(id, next.ID, in.Attachments); err != nil {
		return session.Message{}, err
	}
	var msg session.Message
	var start string
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		if known, ok, err := replayedMessage(tx, request); ok || err != nil {
			msg = known
			return err
		}
		t, err := tx.Task(id)
		if err != nil {
			return err
		}
		if err := mayTalk(t); err != nil {
			return err
		}
		if t.Missing != "" {
			return lost(t, t.Missing)
		}
		if err := s.cfg.Sessions.CheckAnswer(id, in.Text, len(next.Attachments)); err != nil {
			return err
		}
		before := *t
		next.CreatedAt = s.cfg.Now()
		if err = s.queueMessage(tx, t, &next); err != nil {
			return err
		}
		msg = next
		s.keepEnv(t, in.Env)
		if start, err = s.startIfNone(tx, t); err != nil {
			return err
		}
		if err := s.putChanged(tx, &before, t); err != nil {
			return err
		}
		if err := tx.PutSetting(lastKey(t.Workspace), t.ID); err != nil {
			return err
		}
		return rememberMessage(tx, request, msg.ID)
	})
	s.settleFiles(id, &next, msg.ID == next.ID, err)
	if err != nil {
		return session.Message{}, err
	}
	if start != "" {
		s.cfg.Runner().Enqueue(start)
	}
	s.cfg.Sessions.Wake(id)
	return msg, nil
}

func mayTalk(t *Task) error {
	switch t.Lifecycle {
	case api.LifecycleReady, api.LifecycleQueued, api.LifecycleProvisioning:
		return nil
	case api.LifecycleError:
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s stopped at step %s: %s", t.ID, t.Step, t.Reason), Hint: fmt.Sprintf("`hf retry %s` goes on from there.", t.ID)}
	default:
		hint := ""
		if t.Lifecycle == api.LifecycleArchived || t.Lifecycle == api.LifecycleKilled {
			hint = fmt.Sprintf("`hf restore %s` brings it back.", t.ID)
		}
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s is %s: nobody would read the message", t.ID, t.Lifecycle), Hint: hint}
	}
}

func (s *Service) queueMessage(tx Tx, t *Task, msg *session.Message) error {
	msgs, err := tx.MessagesOf(t.ID)
	if err != nil {
		return err
	}
	waiting := t.TurnStartedAt != nil || t.Lifecycle != api.LifecycleReady || t.Activity == api.ActivityLimited || s.cfg.Sessions.Current(t.ID) == ""
	for i := range msgs {
		waiting = waiting || msgs[i].State == api.MessageAccepted || msgs[i].State == api.MessageQueued
	}
	if waiting {
		msg.State = api.MessageQueued
	}
	if err := tx.PutMessage(msg); err != nil {
		return err
	}
	return announceMessage(tx, t, msg)
}

// announceMessage says in an event what became of a message, without its text.
func announceMessage(tx Tx, t *Task, msg *session.Message) error {
	_, err := tx.Event(api.EventMessageState, t.Workspace, t.ID, session.Brief(msg))
	return err
}

// startIfNone makes an operation that starts the agent when none runs, in its
// own terminal neither, and no operation is about to.
func (s *Service) startIfNone(tx Tx, t *Task) (string, error) {
	if t.Lifecycle != api.LifecycleReady || t.Activity == api.ActivityTerminal || s.cfg.Sessions.Current(t.ID) != "" {
		return "", nil
	}
	live, err := tx.LiveOperation(t.ID)
	if err != nil || live != nil && live.Kind != KindCheck {
		return "", err
	}
	if live != nil {
		return "", &api.Error{Code: api.CodeConflict, Message: "the check is running and the agent has ended", Hint: "Send the message when the check is done.", Retryable: true}
	}
	t.Activity, t.ActivityReason, t.ActivitySince = api.ActivityStarting, "", s.cfg.Now()
	op := s.newOperation(t, KindStart, t.ActivitySince)
	return op.ID, tx.PutOperation(op)
}

// StartPending starts an agent for messages that its predecessor did not live
// to take. An agent that ended before it took anything is not followed by
// another: its messages fail. It may be called at any time.
func (s *Service) StartPending(ctx context.Context, id string) error {
	var start string
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		t, err := tx.Task(id)
		if err != nil || t.Lifecycle != api.LifecycleReady || t.Activity == api.ActivityTerminal || t.Session == "" || s.cfg.Sessions.Current(id) != "" {
			return err
		}
		if live, err := tx.LiveOperation(id); err != nil || live != nil {
			return err
		}
		pending, useful, err := outbox(tx, t)
		if err != nil || !pending {
			return err
		}
		if !useful {
			return failMessages(tx, t, "the agent ended before it took the message", s.cfg.Now())
		}
		before := *t
		if start, err = s.startIfNone(tx, t); err != nil {
			return err
		}
		return s.putChanged(tx, &before, t)
	})
	if err == nil && start != "" {
		s.cfg.Runner().Enqueue(start)
	}
	return err
}

// StartAllPending is StartPending for every task, for a daemon that begins.
func (s *Service) StartAllPending(ctx context.Context) error {
	tasks, _, err := s.List(ctx, Filter{})
	if err != nil {
		return err
	}
	for i := range tasks {
		if err := s.StartPending(ctx, tasks[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// StartUnheard starts an agent for each task that never had one and has a
// message for it, once: for a daemon that has just brought tasks back.
func (s *Service) StartUnheard(ctx context.Context) error {
	tasks, _, err := s.List(ctx, Filter{Lifecycles: []api.Lifecycle{api.LifecycleReady}})
	if err != nil {
		return err
	}
	for i := range tasks {
		var start string
		err := s.cfg.Store.Update(ctx, func(tx Tx) error {
			t, err := tx.Task(tasks[i].ID)
			if err != nil || t.Session != "" {
				return err
			}
			pending, _, err := outbox(tx, t)
			if err != nil || !pending {
				return err
			}
			before := *t
			if start, err = s.startIfNone(tx, t); err != nil {
				return err
			}
			return s.putChanged(tx, &before, t)
		})
		if err != nil {
			return err
		}
		if start != "" {
			s.cfg.Runner().Enqueue(start)
		}
	}
	return nil
}

// outbox reports whether messages of a task wait for an agent, and whether its
// last session ever took one.
func outbox(tx Tx, t *Task) (pending, useful bool, err error) {
	msgs, err := tx.MessagesOf(t.ID)
	for i := range msgs {
		m := &msgs[i]
		pending = pending || m.State == api.MessageAccepted || m.State == api.MessageQueued
		useful = useful || m.Session == t.Session
	}
	return pending, useful, err
}

func rememberMessage(tx Tx, request, id string) error {
	if request == "" {
		return nil
	}
	b, err := json.Marshal(id)
	if err != nil {
		return err
	}
	return tx.Remember(request, b)
}

func replayedMessage(tx Tx, request string) (session.Message, bool, error) {
	if request == "" {
		return session.Message{}, false, nil
	}
	b, ok, err := tx.Replay(request)
	if err != nil || !ok {
		return session.Message{}, false, err
	}
	var id string
	if err := json.Unmarshal(b, &id); err != nil {
		return session.Message{}, false, fmt.Errorf("read the stored answer: %w", err)
	}
	m, err := tx.Message(id)
	if err != nil {
		return session.Message{}, false, err
	}
	return *m, true, nil
}

// Message returns one message of a task.
func (s *Service) Message(ctx context.Context, task, id string) (msg session.Message, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		m, err := tx.Message(id)
		if err != nil {
			return err
		}
		if m.Task != task {
			return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("task %s has no message %q", task, id)}
		}
		msg = *m
		return nil
	})
	return msg, err
}

// Permissions lists the open permission requests of a task.
func (s *Service) Permissions(ctx context.Context, task string) (out []session.Permission, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if _, err := tx.Task(task); err != nil {
			return err
		}
		out, err = tx.OpenPermissions(task)
		return err
	})
	return out, err
}

// OpenPermissions lists the open permission requests of all tasks of a workspace.
func (s *Service) OpenPermissions(ctx context.Context, workspace string) (out []session.Permission, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		out, err = tx.OpenPermissionsIn(workspace)
		return err
	})
	return out, err
}

// Resolve answers a permission request. The decision is durable when Resolve
// returns, and is taken once: a second, different one is refused.
//
// Who follows the transcript may answer what is not stored yet: a request that
// nobody knows is looked for again once all that was said is.
func (s *Service) Resolve(ctx context.Context, request, task, id string, in api.ResolvePermission) (session.Permission, error) {
	out, err := s.resolve(ctx, request, task, id, in)
	if !api.IsCode(err, api.CodeNotFound) {
		return out, err
	}
	waiting, cancel := context.WithTimeout(ctx, catchUpLimit)
	defer cancel()
	if s.cfg.Sessions.CatchUp(waiting, task) != nil {
		return out, err
	}
	return s.resolve(ctx, request, task, id, in)
}

func (s *Service) resolve(ctx context.Context, request, task, id string, in api.ResolvePermission) (session.Permission, error) {
	var out session.Permission
	err := s.cfg.Store.Update(ctx, func(tx Tx) error {
		p, err := tx.Permission(id)
		if err != nil || p.Task != task {
			return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("task %s has no permission request %q", task, id), Hint: fmt.Sprintf("`hf show %s` lists the open ones.", task)}
		}
		out = *p
		if _, repeated, err := tx.Replay(request); repeated || err != nil {
			return err
		}
		option, err := choose(p, in)
		if err != nil {
			return err
		}
		if p.State != api.PermissionOpen {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("permission request %s was %s already", id, p.State)}
		}
		p.State, p.Answer = api.PermissionAnswered, option
		out = *p
		t, err := tx.Task(task)
		if err != nil {
			return err
		}
		if err := tx.PutSetting(lastKey(t.Workspace), t.ID); err != nil {
			return err
		}
		if err := tx.PutPermission(p); err != nil || request == "" {
			return err
		}
		return tx.Remember(request, nil)
	})
	if err != nil {
		return session.Permission{}, err
	}
	s.cfg.Sessions.Wake(task)
	return out, nil
}

// choose picks the offered option that means the answer.
func choose(p *session.Permission, in api.ResolvePermission) (string, error) {
	if in.Option != "" {
		var offered []string
		for _, o := range p.Options {
			if o.ID == in.Option {
				return o.ID, nil
			}
			offered = append(offered, o.ID)
		}
		return "", invalid("the agent offers no answer %q, only %s", in.Option, strings.Join(offered, ", "))
	}
	kinds := []string{"reject_once", "reject_always"}
	if in.Allow {
		kinds = []string{"allow_once", "allow_always"}
	}
	if in.Always {
		kinds[0], kinds[1] = kinds[1], kinds[0]
	}
	for _, kind := range kinds {
		for _, o := range p.Options {
			if o.Kind == kind {
				return o.ID, nil
			}
		}
	}
	if p.Kind == api.PermissionKindInput {
		return "", &api.Error{
			Code: api.CodeInvalid, Message: "the agent asks a question, which cannot be allowed",
			Hint: fmt.Sprintf("Answer it by `hf send %s ANSWER`, or decline it by `hf deny %s`.", p.Task, p.Task),
		}
	}
	return "", invalid("the agent offers no such answer")
}
