package git

import (
	"context"
	"path/filepath"
	"sync"
)

// Locks is one mutex a repository, named by its common git directory. It
// guards refs and worktrees against hf's own other work on the repository.
type Locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // holds one token while locked
}

// NewLocks returns locks that nobody holds.
func NewLocks() *Locks { return &Locks{held: map[string]chan struct{}{}} }

// Lock waits for a repository's mutex, or for the end of the context. The
// caller must call unlock once.
func (l *Locks) Lock(ctx context.Context, gitDir string) (unlock func(), err error) {
	l.mu.Lock()
	key := filepath.Clean(gitDir)
	ch, ok := l.held[key]
	if !ok {
		ch = make(chan struct{}, 1)
		l.held[key] = ch
	}
	l.mu.Unlock()
	select {
	case ch <- struct{}{}:
		return func() { <-ch }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
