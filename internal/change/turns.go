package change

import (
	"context"
	"slices"
	"sync"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

// turns lets one operation of a repo work at a time, in the order in which they
// asked. A turn is had until it is given back or the operation has ended, so
// that nobody works on the repo between two steps of another.
type turns struct {
	store Store

	mu      sync.Mutex
	queues  map[string][]string // by repo: operations, the one at work first
	changed chan struct{}       // closed when a queue got shorter
}

func newTurns(store Store) *turns {
	return &turns{store: store, queues: map[string][]string{}, changed: make(chan struct{})}
}

// take waits until no other operation works on the repo of run's. done gives
// the turn back; calling it is only needed by who lets others work before the
// operation ends. take gives up when the runner parks.
func (t *turns) take(ctx context.Context, run *operation.Run) (done func(), err error) {
	woken, stop := t.store.Watch()
	defer stop()
	for {
		first, changed := t.join(run.Op.Repo, run.Op.ID)
		if first == run.Op.ID {
			return func() { t.leave(run.Op.Repo, run.Op.ID) }, nil
		}
		ended, err := t.ended(ctx, first)
		if err != nil {
			return nil, err
		}
		if ended {
			t.leave(run.Op.Repo, first)
			continue
		}
		run.Progress("waits for another action on this repo")
		select {
		case <-changed:
		case <-woken: // it may have ended
		case <-run.Parking():
			return nil, operation.ErrParked
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// join enters an operation into the queue of a repo, unless it is there, and
// returns the one whose turn it is.
func (t *turns) join(repo, op string) (first string, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.queues[repo], op) {
		t.queues[repo] = append(t.queues[repo], op)
	}
	return t.queues[repo][0], t.changed
}

// leave takes an operation out of the queue of a repo.
func (t *turns) leave(repo, op string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queues[repo] = slices.DeleteFunc(t.queues[repo], func(o string) bool { return o == op })
	if len(t.queues[repo]) == 0 {
		delete(t.queues, repo)
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

// ended reports whether an operation works no more.
func (t *turns) ended(ctx context.Context, op string) (over bool, err error) {
	err = t.store.View(ctx, func(tx Tx) error {
		o, err := tx.Operation(op)
		if err == nil {
			over = o.State != api.OperationPending && o.State != api.OperationRunning
		}
		return err
	})
	return over, err
}
