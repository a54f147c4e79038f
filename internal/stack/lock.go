package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// lockFile is the file in the common git directory that is locked while an
// action changes a stack.
const lockFile = "hf-stack.lock"

// lock is the right to change the stacks of a repository.
type lock struct {
	// file is the locked one. Programs that are started get it, and their children
	// inherit it: when all of them are gone, and not before, another process gets
	// the lock, also when this one was killed.
	file   *os.File
	unlock func()
}

// on makes all that runs with a context hold the lock.
func (l *lock) on(ctx context.Context) context.Context { return git.Inherit(ctx, l.file) }

// release gives the lock up, also where a program has left something behind that
// holds the file still: what runs in the background has nothing to do with it.
func (l *lock) release() {
	_ = unix.Flock(int(l.file.Fd()), unix.LOCK_UN)
	_ = l.file.Close()
	l.unlock()
}

// lock waits for the stacks of a repository. Other work of hf's on the
// repository goes on meanwhile: that waits for single commands only.
func (e *Engine) lock(ctx context.Context, repo git.Repo) (*lock, error) {
	limited, cancel := context.WithTimeoutCause(ctx, e.limits.Locked, &api.Error{
		Code: api.CodeTimeout, Message: "another program has been working on the stacks of " + repo.Top + " for " + e.limits.Locked.String(),
		Hint: "an earlier git-spice or git of hf's may still run there; try again when it has ended", Retryable: true,
	})
	defer cancel()
	path := filepath.Join(repo.GitDir, lockFile)
	unlock, err := e.git.Locks().Lock(limited, path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		unlock()
		return nil, fmt.Errorf("lock the stacks of %s: %w", repo.Top, err)
	}
	l := &lock{file: file, unlock: unlock}
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			l.release()
			return nil, fmt.Errorf("lock the stacks of %s: %w", repo.Top, err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-limited.Done():
			timer.Stop()
			l.release()
			return nil, context.Cause(limited)
		case <-timer.C:
		}
	}
}
