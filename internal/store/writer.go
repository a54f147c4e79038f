package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"

	points "github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// maxBatch is how many updates may share a commit. It bounds what one of them
// waits for the others.
const maxBatch = 64

// request is one Update on its way through the writing goroutine.
type request struct {
	ctx  context.Context
	fn   func(*Tx) error
	seq  int64 // of the newest event it appended, 0 = none
	err  error
	done chan struct{} // closed when err is final
}

// Update runs fn in a transaction and returns when it is durable. If fn fails,
// panics or ends its goroutine, nothing of it is stored and its error is
// returned as it is. If ctx ends before fn began, fn is not run; after that
// the update is carried out. fn must not call Update or View, and must leave
// network, processes and waiting to others: every writer waits for it.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{})}
	if s.frozen.Load() {
		return errFrozen
	}
	select {
	case s.requests <- r:
		<-r.done
		return r.err
	case <-s.closing:
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// errFrozen answers updates that come too late for this daemon.
var errFrozen = &api.Error{Code: api.CodeUnavailable, Message: "hfd is about to begin anew", Retryable: true}

// Freeze refuses all later updates, until thaw.
func (s *Store) Freeze() (thaw func()) {
	s.frozen.Store(true)
	return func() { s.frozen.Store(false) }
}

// write is the writing goroutine. While it commits, updates gather for the
// next commit.
func (s *Store) write(ctx context.Context) {
	defer close(s.stopped)
	for {
		var batch []*request
		select {
		case r := <-s.requests:
			batch = append(batch, r)
		case <-s.closing:
			return
		}
		for len(batch) < maxBatch {
			select {
			case r := <-s.requests:
				batch = append(batch, r)
				continue
			default:
			}
			break
		}
		s.commit(ctx, batch)
	}
}

// commit runs a batch in one transaction and answers every request of it.
//
// Its context is never cancelled: SQLite answers an interrupted write by
// rolling back the whole transaction, with the work of other callers.
func (s *Store) commit(ctx context.Context, batch []*request) {
	var rest []*request // those after an error that took the transaction with it
	seq := int64(0)     // of the newest event in it
	err := func() error {
		if s.snapshot {
			return ErrReadOnly(filepath.Dir(s.source))
		}
		if _, err := s.writer.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
			return err
		}
		for i, r := range batch {
			if err := s.attempt(ctx, r); err != nil {
				batch, rest = batch[:i+1], batch[i+1:]
				return err
			}
			seq = max(seq, r.seq)
		}
		if err := points.Point("store.commit.before"); err != nil {
			return err
		}
		_, err := s.writer.exec(ctx, "COMMIT")
		return err
	}()
	if err != nil {
		s.log.Error("commit", "error", err, "updates", len(batch))
		_, _ = s.writer.exec(ctx, "ROLLBACK") // fails when SQLite already did
		err = s.cannotWrite(err)
	} else {
		s.committed(ctx, seq)
	}
	if err == nil {
		points.Pass("store.commit.after")
	}
	for _, r := range batch {
		if err != nil && r.err == nil {
			r.err = fmt.Errorf("write database: %w", err)
		} else if r.err != nil && (isFull(r.err) || isReadOnly(r.err)) && code(r.err) != 0 {
			r.err = s.cannotWrite(r.err)
		}
		close(r.done)
	}
	if err == nil && seq > 0 {
		s.wake()
	}
	if len(rest) > 0 {
		s.commit(ctx, rest)
	}
}

// committed is what follows a commit before anybody hears of it.
func (s *Store) committed(ctx context.Context, seq int64) {
	s.commits.Add(1)
	s.keepDurable(ctx)
	s.advance(seq)
	if s.Condition() == api.DatabaseReadOnly {
		s.setCondition(api.DatabaseOK)
	}
}

// attempt runs one request in a savepoint and notes its error. The error it
// returns itself is one that ended the whole transaction.
func (s *Store) attempt(ctx context.Context, r *request) error {
	if r.ctx.Err() != nil {
		r.err = context.Cause(r.ctx)
		return nil
	}
	if _, err := s.writer.exec(ctx, "SAVEPOINT request"); err != nil {
		return err
	}
	tx := &Tx{ctx: ctx, conn: s.writer, now: s.now}
	r.err = protect(r.fn, tx)
	if r.err != nil {
		if _, err := s.writer.exec(ctx, "ROLLBACK TO request"); err != nil {
			return errors.Join(err, r.err)
		}
	} else {
		r.seq = tx.seq
	}
	_, err := s.writer.exec(ctx, "RELEASE request")
	return err
}

// errExited is the error of a function that ended its goroutine, as a failing
// test does.
var errExited = errors.New("the transaction's function ended its goroutine")

// protect calls fn and makes an error of every way in which it does not
// return. It has a goroutine of its own, so that runtime.Goexit does not end
// the caller's.
func protect(fn func(*Tx) error, tx *Tx) error {
	done := make(chan error, 1)
	go func() {
		err := errExited
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic in a transaction: %v\n%s", p, debug.Stack())
			}
			done <- err
		}()
		err = fn(tx)
	}()
	return <-done
}
