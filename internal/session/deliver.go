package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/pkg/api"
)

// write gives the agent what it is due: steps of the handshake, answers to its
// own requests, decided permissions, an interrupt, the next prompt. Everything
// written stands in the journal, and that it stands there is what says it was
// written: after a crash it is looked up, not remembered.
func (v *supervisor) write(ctx context.Context) error {
	if v.connection() == nil {
		return nil
	}
	for _, out := range v.machine.Due() {
		if err := v.writeDue(ctx, out); err != nil {
			return err
		}
	}
	if err := v.writeAnswers(ctx); err != nil {
		return err
	}
	if v.takeInterrupt() {
		return v.writeCancel(ctx)
	}
	return v.writePrompt(ctx)
}

func (v *supervisor) writeDue(ctx context.Context, out acp.Outgoing) error {
	line := out.Line
	if out.FS != nil {
		line = v.serveFile(out.FS)
	}
	return v.once(ctx, out.Key, line)
}

func (v *supervisor) writeAnswers(ctx context.Context) error {
	facts := v.machine.Facts()
	if len(facts.OpenPermissions) == 0 {
		return nil
	}
	open := map[string]bool{}
	for _, p := range facts.OpenPermissions {
		open[p.ID] = true
	}
	var asked []Permission
	err := v.m.cfg.Store.View(ctx, func(tx Tx) (err error) {
		asked, err = tx.PermissionsOfSession(v.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("read permissions: %w", err)
	}
	for _, p := range asked {
		if p.State != api.PermissionAnswered || !open[p.ID] {
			continue
		}
		line, err := v.machine.Answer(p.ID, p.Answer)
		if err != nil {
			v.log.Warn("answer permission", "permission", p.ID, "err", err)
			continue
		}
		if err := fault.Around("session.answer", func() error { return v.once(ctx, "answer/"+p.ID, line) }); err != nil {
			return err
		}
	}
	return nil
}

func (v *supervisor) writeCancel(ctx context.Context) error {
	lines, err := v.machine.Cancel()
	if err != nil {
		return err
	}
	for _, line := range lines {
		if err := fault.Around("session.cancel", func() error { return v.input(ctx, line) }); err != nil {
			return err
		}
	}
	return nil
}

// writePrompt delivers the next message when the agent is free for it: never
// two prompts at once. An open question takes the message as its answer.
func (v *supervisor) writePrompt(ctx context.Context) error {
	facts := v.machine.Facts()
	if !facts.Ready || facts.Turn != "" && facts.Question == "" {
		return nil
	}
	if held, err := v.heldByLimit(ctx, facts); held || err != nil {
		return err
	}
	msg, err := v.nextMessage(ctx)
	if err != nil || msg == nil || v.sent[promptKey(msg.ID)] {
		return err
	}
	if facts.Question != "" {
		return v.answerQuestion(ctx, facts.Question, msg)
	}
	line, err := v.machine.Prompt(msg.ID, msg.Text)
	if err != nil {
		return err
	}
	return fault.Around("session.prompt", func() error { return v.once(ctx, promptKey(msg.ID), line) })
}

// heldByLimit reports whether a usage limit keeps the outbox closed. Where
// nobody said when it resets, only a message that was written since then opens
// it: what waited before must not be spent on a limit that still holds.
func (v *supervisor) heldByLimit(ctx context.Context, facts acp.Facts) (held bool, err error) {
	if !v.limited || facts.LimitReset != nil {
		return v.limited, nil
	}
	held = true
	err = v.m.cfg.Store.View(ctx, func(tx Tx) error {
		msgs, err := tx.MessagesOf(v.task)
		for _, m := range msgs {
			pending := m.State == api.MessageAccepted || m.State == api.MessageQueued
			if pending && m.CreatedAt.After(facts.Since) {
				held = false
			}
		}
		return err
	})
	return held, err
}

func (v *supervisor) nextMessage(ctx context.Context) (msg *Message, err error) {
	err = v.m.cfg.Store.View(ctx, func(tx Tx) (err error) {
		msg, err = tx.NextMessage(v.task)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	return msg, nil
}

// answerQuestion gives a message to the question the agent asked. The answer
// has no turn of its own: the message is done when it is written.
func (v *supervisor) answerQuestion(ctx context.Context, question string, msg *Message) error {
	line, err := v.machine.AnswerQuestion(question, msg.Text)
	if err != nil {
		return err
	}
	if err := fault.Around("session.reply", func() error { return v.once(ctx, promptKey(msg.ID), line) }); err != nil {
		return err
	}
	now := v.m.cfg.Now()
	return v.m.cfg.Store.Update(ctx, func(tx Tx) error {
		msg.State, msg.Session, msg.DeliveredAt, msg.EndedAt = api.MessageDone, v.id, &now, &now
		if err := tx.PutMessage(msg); err != nil {
			return err
		}
		return tx.Event(api.EventMessageState, v.task, Brief(msg))
	})
}

// once writes a line that must reach the agent one time only.
func (v *supervisor) once(ctx context.Context, key string, line []byte) error {
	if v.sent[key] {
		return nil
	}
	if err := v.input(ctx, line); err != nil {
		return err
	}
	v.sent[key] = true
	return nil
}

// input writes a line. A stale sequence number means that somebody else wrote
// meanwhile: the journal is read again before anything else is written.
func (v *supervisor) input(ctx context.Context, line []byte) error {
	conn := v.connection()
	if conn == nil {
		return errors.New("the holder is not connected")
	}
	err := fault.Around("session.input", func() error { return conn.Input(ctx, conn.Info().LastSeq+1, line) })
	if errors.Is(err, hold.ErrStale) {
		v.poke()
		return fmt.Errorf("the journal moved on: %w", err)
	}
	return err
}

func promptKey(message string) string { return "prompt/" + message }
