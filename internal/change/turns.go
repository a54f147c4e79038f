package change

import (
	"context"
	"sync"

	"github.com/hf-dev/hf/internal/operation"
)

// turns lets one operation of a repo work at a time.
type turns struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // by repo: holds one token while somebody works
}

func newTurns() *turns { return &turns{busy: map[string]chan struct{}{}} }

// take waits until no other operation works on the repo of run's. The caller
// must call done once. It gives up when the runner parks.
func (t *turns) take(ctx context.Context, run *operation.Run) (done func(), err error) {
	t.mu.Lock()
	ch, ok := t.busy[run.Op.Repo]
	if !ok {
		ch = make(chan struct{}, 1)
		t.busy[run.Op.Repo] = ch
	}
	t.mu.Unlock()
	select {
	case ch <- struct{}{}:
		return func() { <-ch }, nil
	default:
	}
	run.Progress("waits for another action on this repo")
	select {
	case ch <- struct{}{}:
		return func() { <-ch }, nil
	case <-run.Parking():
		return nil, operation.ErrParked
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
