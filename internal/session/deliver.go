package session

import (
	"context"
	"errors"
	"fmt"
	"os"

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
	answer := map[string]func(Permission) ([]byte, error){}
	for _, p := range facts.OpenPermissions {
		answer[p.ID] = func(p Permission) ([]byte, error) { return v.machine.Answer(p.ID, p.Answer) }
	}
	for _, q := range facts.Questions {
		answer[q.ID] = func(p Permission) ([]byte, error) { return v.machine.DeclineQuestion(p.ID) }
	}
	if len(answer) == 0 {
		return nil
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
		if p.State != api.PermissionAnswered || answer[p.ID] == nil {
			continue
		}
		line, err := answer[p.ID](p)
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
			v.interrupt() // it was asked for, and is not done
			return err
		}
	}
	return nil
}

// writePrompt delivers the next message when the agent is free for it: never
// two prompts at once. An open question takes a message as its answer.
func (v *supervisor) writePrompt(ctx context.Context) error {
	facts := v.machine.Facts()
	if len(facts.Questions) > 0 {
		return v.answerQuestion(ctx, &facts.Questions[0])
	}
	if !facts.Ready || facts.Turn != "" {
		return nil
	}
	if held, err := v.heldByLimit(ctx, facts); held || err != nil {
		return err
	}
	leave, open := v.m.gates.enter(v.task)
	if !open {
		return nil // whoever holds it wakes this session
	}
	defer leave()
	msg, err := v.nextMessage(ctx)
	if err != nil || msg == nil || v.sent[promptKey(msg.ID)] {
		return err
	}
	out := acp.Message{ID: msg.ID, Text: msg.Text}
	if out.Files, err = readFiles(msg.Attachments); err != nil {
		return v.failMessage(ctx, msg, err)
	}
	if out.Context, err = v.recap(ctx, facts, msg.ID); err != nil {
		return err
	}
	line, err := v.machine.Prompt(out)
	if err != nil {
		return err
	}
	return v.once(ctx, promptKey(msg.ID), line)
}

// readFiles reads the files that go with a message.
func readFiles(attachments []Attachment) ([]acp.File, error) {
	files := make([]acp.File, 0, len(attachments))
	for _, a := range attachments {
		data, err := os.ReadFile(a.Path)
		if err != nil {
			return nil, fmt.Errorf("read the attachment %q: %w", a.Name, err)
		}
		files = append(files, acp.File{Attachment: a.Attachment, Path: a.Path, Data: data})
	}
	return files, nil
}

// failMessage gives a message up that can never be delivered.
func (v *supervisor) failMessage(ctx context.Context, msg *Message, cause error) error {
	now := v.m.cfg.Now()
	err := v.m.cfg.Store.Update(ctx, func(tx Tx) error {
		msg.State, msg.Error, msg.EndedAt = api.MessageFailed, cause.Error(), &now
		if err := tx.PutMessage(msg); err != nil {
			return err
		}
		return tx.Event(api.EventMessageState, v.task, Brief(msg))
	})
	v.poke() // for the next one
	return err
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

// answerQuestion gives the next message to the question the agent asked. One
// that was written before the question is no answer to it: it waits for the end
// of the turn.
func (v *supervisor) answerQuestion(ctx context.Context, q *acp.Question) error {
	var msg *Message
	err := v.m.cfg.Store.View(ctx, func(tx Tx) error {
		msgs, err := tx.MessagesOf(v.task)
		for i := range msgs {
			m := &msgs[i]
			if msg == nil && (m.State == api.MessageAccepted || m.State == api.MessageQueued) && m.CreatedAt.After(q.At) {
				msg = m
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	if msg == nil || v.sent[promptKey(msg.ID)] {
		return nil
	}
	line, err := v.machine.AnswerQuestion(q.ID, msg.Text, msg.ID)
	if err != nil { // it was asked after the message had been looked at
		return v.failMessage(ctx, msg, err)
	}
	return v.once(ctx, promptKey(msg.ID), line)
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
