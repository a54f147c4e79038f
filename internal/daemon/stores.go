package daemon

import (
	"context"
	"strconv"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// taskStore is the store as tasks see it.
type taskStore struct{ *store.Store }

func (s taskStore) Update(ctx context.Context, fn func(task.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s taskStore) View(ctx context.Context, fn func(task.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// sessionStore is the store as sessions see it.
type sessionStore struct{ *store.Store }

func (s sessionStore) Update(ctx context.Context, fn func(session.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(sessionTx{tx}) })
}

func (s sessionStore) View(ctx context.Context, fn func(session.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(sessionTx{tx}) })
}

// sessionTx adds to a transaction what joins a session to its task.
type sessionTx struct{ *store.Tx }

func (tx sessionTx) Event(kind api.EventKind, id string, data any) error {
	t, err := tx.Task(id)
	if err != nil {
		return err
	}
	_, err = tx.Tx.Event(kind, t.Workspace, id, data)
	return err
}

func (tx sessionTx) Observe(o session.Observation) error {
	t, err := tx.Task(o.Task)
	if err != nil {
		return err
	}
	before := *t
	if o.Activity == api.ActivityStarting && t.Session != o.Session {
		t.Session = o.Session
	}
	if t.Session != o.Session {
		return nil // an earlier session has nothing more to say of the task
	}
	if t.Activity == api.ActivityTerminal && o.Activity != api.ActivityStarting {
		return nil // the end of the process that the terminal takes the place of
	}
	t.Activity, t.ActivityReason, t.ActivitySince, t.TurnStartedAt = o.Activity, o.Reason, o.Since, o.TurnStart
	if o.Result != nil {
		t.Result = o.Result
	}
	if err := tx.PutTask(t); err != nil {
		return err
	}
	was, wasReason := task.Shown(&before)
	status, reason := task.Shown(t)
	if before.Activity == t.Activity && was == status && wasReason == reason {
		return nil
	}
	_, err = tx.Tx.Event(api.EventSessionActivity, t.Workspace, t.ID, task.Change(&before, t))
	return err
}

// branchStore is the store as branches see it.
type branchStore struct{ *store.Store }

func (s branchStore) Update(ctx context.Context, fn func(branch.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s branchStore) View(ctx context.Context, fn func(branch.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// changeStore is the store as changes see it.
type changeStore struct{ *store.Store }

func (s changeStore) Update(ctx context.Context, fn func(change.Tx) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (s changeStore) View(ctx context.Context, fn func(change.Tx) error) error {
	return s.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// eventStore is the store as the stream of events sees it.
type eventStore struct{ *store.Store }

func (s eventStore) Events(ctx context.Context, after int64, id string, limit int) (out []api.Event, err error) {
	err = s.View(ctx, func(tx *store.Tx) error {
		out, err = tx.Events(after, id, limit)
		return err
	})
	return out, err
}

// reacted is the setting that says up to which event everything that follows
// from them was done.
const reacted = "reacted"

// reactedTo is the event after which to go on: the newest where nothing was
// noted yet.
func (s eventStore) reactedTo(ctx context.Context) (seq int64, err error) {
	err = s.View(ctx, func(tx *store.Tx) error {
		text, known, err := tx.Setting(reacted)
		if err != nil || !known {
			seq, err = tx.LastSeq()
			return err
		}
		seq, err = strconv.ParseInt(text, 10, 64)
		return err
	})
	return seq, err
}

func (s eventStore) noteReacted(ctx context.Context, seq int64) error {
	return s.Update(ctx, func(tx *store.Tx) error {
		return tx.PutSetting(reacted, strconv.FormatInt(seq, 10))
	})
}

func (s eventStore) LastSeq(ctx context.Context) (seq int64, err error) {
	err = s.View(ctx, func(tx *store.Tx) error {
		seq, err = tx.LastSeq()
		return err
	})
	return seq, err
}
