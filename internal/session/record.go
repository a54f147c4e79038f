package session

import (
	"context"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// record stores what the entries mean together with the offset they reach to,
// in one transaction: after a crash nothing is missing and nothing counted
// twice. Chunks of text alone need no commit, since folding them again is
// harmless.
func (v *supervisor) record(ctx context.Context, entries []api.Entry) error {
	facts := v.machine.Facts()
	for _, e := range entries {
		if e.Kind == api.EntryUser {
			delete(v.sent, promptKey(e.Turn))
		}
	}
	was := v.quiet
	activity, reason, since := v.activity(facts)
	entries = append(v.unsaved, entries...)
	if len(entries) > 0 || activity != v.s.Activity || reason != v.s.Reason || facts.ACPID != v.s.ACPID {
		if err := v.commit(ctx, entries, facts, was, activity, reason, since); err != nil {
			v.unsaved, v.quiet = entries, was
			return err
		}
	}
	v.unsaved = nil
	v.mu.Lock()
	v.shown, v.offset, v.folded = facts, v.machine.SafeOffset(), v.reader.Offset()
	v.shown.Activity, v.shown.Reason = activity, reason
	v.mu.Unlock()
	v.m.changed.wake(v.task)
	return nil
}

func (v *supervisor) commit(ctx context.Context, entries []api.Entry, facts acp.Facts, was quiet, activity api.Activity, reason string, since time.Time) error {
	next := v.s
	next.Offset, next.Snapshot, next.ACPID = v.machine.SafeOffset(), v.machine.Snapshot(), facts.ACPID
	next.Activity, next.Reason, next.Since = activity, reason, since
	if err := fault.Point("session.fold.before"); err != nil {
		return err
	}
	err := v.m.cfg.Store.Update(ctx, func(tx Tx) error {
		var result *api.TurnResult
		for _, e := range entries {
			r, err := v.apply(tx, &next, e)
			if err != nil {
				return err
			}
			if r != nil {
				result = r
			}
		}
		if err := tx.PutSession(&next); err != nil {
			return err
		}
		if err := v.sayQuiet(tx, was, v.quiet); err != nil {
			return err
		}
		return tx.Observe(Observation{
			Task: v.task, Session: v.id, Activity: activity, Reason: reason, Since: since,
			TurnStart: turnStart(facts), Result: result,
		})
	})
	if err == nil {
		v.s = next
		fault.Pass("session.fold.after")
	}
	return err
}

// apply makes one entry's effect in the store. It returns the result of the
// turn that the entry ended, if it ended one.
func (v *supervisor) apply(tx Tx, s *Session, e api.Entry) (*api.TurnResult, error) {
	switch e.Kind {
	case api.EntryUser:
		return nil, v.applyTurn(tx, e, func(m *Message) (api.EventKind, any) {
			m.State, m.Session, m.DeliveredAt = api.MessageDelivered, v.id, &e.Time
			return api.EventTurnStarted, Brief(m)
		})
	case api.EntryTurnEnd:
		if again, err := v.giveBack(tx, e); again || err != nil {
			return nil, err
		}
		result := turnResult(e)
		err := v.applyTurn(tx, e, func(m *Message) (api.EventKind, any) {
			m.State, m.StopReason, m.EndedAt = api.MessageDone, e.StopReason, &e.Time
			if failed(e.StopReason) {
				m.State, m.Error = api.MessageFailed, result.Message
			}
			return api.EventTurnEnded, result
		})
		return result, err
	case api.EntryPermission, api.EntryQuestion:
		return nil, v.applyPermission(tx, e, api.EventPermissionAsked)
	case api.EntryResolved:
		if err := v.applyAnswer(tx, e); err != nil {
			return nil, err
		}
		return nil, v.applyPermission(tx, e, api.EventPermissionResolved)
	case api.EntryExit:
		s.Exit, s.EndedAt = e.Exit, &e.Time
		exit := api.ExitEvent{Session: v.id}
		if e.Exit != nil {
			exit = *e.Exit
			exit.Session = v.id
		}
		return nil, tx.Event(api.EventSessionEnded, v.task, exit)
	default:
		return nil, nil
	}
}

// givenBack is what a message says that is in the outbox a second time.
const givenBack = "the agent ended before it began; the message is given to the next one"

// unheard is how shortly before the agent's end a message must have been
// written for it to count as never read.
const unheard = 2 * time.Second

// giveBack puts a message back into the outbox whose agent ended without a word
// after it: it was written to a process that was dead or dying. That is done
// once, for the message may be what the agent died of.
func (v *supervisor) giveBack(tx Tx, e api.Entry) (bool, error) {
	if e.StopReason != api.StopInterrupted || !v.over.Load() || v.asked.Load() {
		return false, nil
	}
	msg, err := tx.Message(e.Turn)
	if api.IsCode(err, api.CodeNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	said := v.machine.Facts().LastProgress
	if msg.DeliveredAt == nil || !said.Before(*msg.DeliveredAt) || e.Time.Sub(*msg.DeliveredAt) > unheard || msg.Error == givenBack {
		return false, nil
	}
	msg.State, msg.DeliveredAt, msg.Error = api.MessageQueued, nil, givenBack
	if err := tx.PutMessage(msg); err != nil {
		return false, err
	}
	return true, tx.Event(api.EventMessageState, v.task, Brief(msg))
}

// applyTurn changes the message whose turn the entry begins or ends. A prompt
// hf did not send, or one it no longer knows, has none.
func (v *supervisor) applyTurn(tx Tx, e api.Entry, change func(*Message) (api.EventKind, any)) error {
	msg, err := tx.Message(e.Turn)
	if api.IsCode(err, api.CodeNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	kind, data := change(msg)
	if err := tx.PutMessage(msg); err != nil {
		return err
	}
	if err := tx.Event(api.EventMessageState, v.task, Brief(msg)); err != nil {
		return err
	}
	return tx.Event(kind, v.task, data)
}

// applyAnswer ends the message that answered a question: it has no turn of its
// own. That it was written stands in the journal, and that it is done here, so
// that it is never given to the agent a second time.
func (v *supervisor) applyAnswer(tx Tx, e api.Entry) error {
	if e.MessageID == "" {
		return nil
	}
	msg, err := tx.Message(e.MessageID)
	if api.IsCode(err, api.CodeNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	delete(v.sent, promptKey(msg.ID))
	msg.State, msg.Session, msg.DeliveredAt, msg.EndedAt = api.MessageDone, v.id, &e.Time, &e.Time
	if err := tx.PutMessage(msg); err != nil {
		return err
	}
	return tx.Event(api.EventMessageState, v.task, Brief(msg))
}

func (v *supervisor) applyPermission(tx Tx, e api.Entry, kind api.EventKind) error {
	if e.Permission == nil {
		return nil
	}
	p := &Permission{PermissionRequest: *e.Permission, Session: v.id}
	p.Task = v.task
	if known, err := tx.Permission(p.ID); err == nil {
		state, resolved := p.State, p.ResolvedAt
		*p = *known
		p.State, p.ResolvedAt = state, resolved
	} else if !api.IsCode(err, api.CodeNotFound) {
		return err
	}
	p.ResolvedBy = resolver(p)
	if err := tx.PutPermission(p); err != nil {
		return err
	}
	return tx.Event(kind, v.task, p.PermissionRequest)
}

// resolver says who ended a permission request. A person's answer was stored
// before the agent got it; the policy's is given by the machine alone.
func resolver(p *Permission) api.Resolver {
	switch p.State {
	case api.PermissionOpen, api.PermissionAnswered:
		return ""
	case api.PermissionCancelled:
		return api.ResolvedByAgent
	case api.PermissionAllowed, api.PermissionDenied:
	}
	if p.Answer != "" || p.Kind == api.PermissionKindInput {
		return api.ResolvedByPerson
	}
	return api.ResolvedByPolicy
}

// lost records a session whose holder died without a record of its end: what
// was in progress is interrupted, never done.
func (v *supervisor) lost(ctx context.Context) error {
	v.over.Store(true)
	now := v.m.cfg.Now()
	next := v.s
	next.EndedAt, next.Since = &now, now
	next.Activity = api.ActivityFailed
	fault.Pass("session.lost")
	next.Reason = "interrupted: the process that held the agent died; the next message starts the agent again"
	err := v.m.cfg.Store.Update(ctx, func(tx Tx) error {
		result, err := interruptTurns(tx, v.task, v.id, now)
		if err != nil {
			return err
		}
		if err := closePermissions(tx, v.task, v.id, now); err != nil {
			return err
		}
		if err := tx.PutSession(&next); err != nil {
			return err
		}
		if err := tx.Event(api.EventSessionEnded, v.task, api.ExitEvent{Session: v.id}); err != nil {
			return err
		}
		return tx.Observe(Observation{Task: v.task, Session: v.id, Activity: next.Activity, Reason: next.Reason, Since: now, Result: result})
	})
	if err == nil {
		v.s = next
		v.m.clear(v.id)
	}
	return err
}

func interruptTurns(tx Tx, task, session string, now time.Time) (*api.TurnResult, error) {
	msgs, err := tx.MessagesOf(task)
	if err != nil {
		return nil, err
	}
	var result *api.TurnResult
	for i := range msgs {
		msg := &msgs[i]
		if msg.Session != session || msg.State != api.MessageDelivered {
			continue
		}
		msg.State, msg.StopReason, msg.EndedAt = api.MessageFailed, api.StopInterrupted, &now
		msg.Error = "the agent ended in the middle of the turn"
		result = &api.TurnResult{StopReason: api.StopInterrupted, Message: msg.Error, EndedAt: now}
		if err := tx.PutMessage(msg); err != nil {
			return nil, err
		}
		if err := tx.Event(api.EventMessageState, task, Brief(msg)); err != nil {
			return nil, err
		}
		if err := tx.Event(api.EventTurnEnded, task, result); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func closePermissions(tx Tx, task, session string, now time.Time) error {
	asked, err := tx.PermissionsOfSession(session)
	if err != nil {
		return err
	}
	for i := range asked {
		p := &asked[i]
		if p.State != api.PermissionOpen && p.State != api.PermissionAnswered {
			continue
		}
		p.State, p.ResolvedAt, p.ResolvedBy = api.PermissionCancelled, &now, api.ResolvedByAgent
		if err := tx.PutPermission(p); err != nil {
			return err
		}
		if err := tx.Event(api.EventPermissionResolved, task, p.PermissionRequest); err != nil {
			return err
		}
	}
	return nil
}

// unknown shows that the holder lives but does not answer: one failed probe
// changes nothing else.
func (v *supervisor) unknown(ctx context.Context, cause error) {
	if v.s.Activity == api.ActivityUnknown {
		return
	}
	next := v.s
	next.Activity, next.Since = api.ActivityUnknown, v.m.cfg.Now()
	next.Reason = "the process that holds the agent does not answer: " + cause.Error()
	err := v.m.cfg.Store.Update(ctx, func(tx Tx) error {
		if err := tx.PutSession(&next); err != nil {
			return err
		}
		return tx.Observe(Observation{Task: v.task, Session: v.id, Activity: next.Activity, Reason: next.Reason, Since: next.Since})
	})
	if err == nil {
		v.s = next
	}
}

// activity is what the facts show at this time: a usage limit ends by the
// clock, not by a word of the agent.
func (v *supervisor) activity(f acp.Facts) (api.Activity, string, time.Time) {
	if f.Exit != nil && v.overfull {
		return api.ActivityFailed, v.farewellNote, f.Since
	}
	if f.Exit != nil && v.farewellNote != "" {
		return api.ActivityExited, v.farewellNote, f.Since
	}
	v.limited = f.Activity == api.ActivityLimited
	if v.limited && f.LimitReset != nil && !v.m.cfg.Now().Before(*f.LimitReset) {
		v.limited = false
		return api.ActivityIdle, "the usage limit was reset", *f.LimitReset
	}
	if silent := v.listen(f); silent != "" {
		return f.Activity, silent, f.Since
	}
	return f.Activity, f.Reason, f.Since
}

// untilReset is how long the outbox waits for a usage limit, or 0.
func (v *supervisor) untilReset() time.Duration {
	reset := v.machine.Facts().LimitReset
	if !v.limited || reset == nil {
		return 0
	}
	return max(reset.Sub(v.m.cfg.Now()), time.Millisecond)
}

func turnStart(f acp.Facts) *time.Time {
	if f.Turn == "" {
		return nil
	}
	t := f.TurnStart
	return &t
}

func turnResult(e api.Entry) *api.TurnResult {
	r := &api.TurnResult{StopReason: e.StopReason, EndedAt: e.Time}
	if e.Error != nil {
		r.Message = e.Error.Message
	}
	return r
}

func failed(r api.StopReason) bool {
	return r == api.StopError || r == api.StopLimit || r == api.StopInterrupted
}
