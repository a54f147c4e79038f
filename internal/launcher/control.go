package launcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

const (
	askLimit  = 3 * time.Second  // for the answer to what needs no time
	stopLimit = 15 * time.Second // for a daemon to end after it was asked to
)

// Look describes the daemon without starting one. Where none answers, Running
// is false and Why says what was found.
func (l *Launcher) Look(ctx context.Context) (api.Backend, error) {
	p := l.opts.Paths
	seen := api.Backend{
		Schema: api.Schema, StateDir: p.State, Database: p.Database(), Log: p.Log(), Config: p.Config,
	}
	if rec, ok := p.Record(); ok {
		seen.Socket = rec.Socket
		if _, alive := rec.Alive(); alive {
			seen.PID, seen.Version, seen.Build, seen.Phase = rec.PID, rec.Version, rec.Build, rec.Phase
		}
	}
	var b api.Backend
	err := l.ask(ctx, func(ctx context.Context, c *client.Client) (err error) {
		b, err = c.Backend(ctx)
		return err
	})
	var e *api.Error
	switch {
	case err == nil:
		l.compare(&b)
		return b, nil
	case IsNotRunning(err):
		seen.PID, seen.Version, seen.Build, seen.Phase = 0, "", 0, ""
		seen.Why = errNotRunning.Error()
		return seen, nil
	case errors.As(err, &e) && e.Code == api.CodeUnavailable:
		seen.Why = e.Message
		return seen, nil
	}
	return api.Backend{}, err
}

// ask makes one request of a daemon that is there. It is one that is answered
// at once: a daemon that does not is hung, even if it said hello before.
func (l *Launcher) ask(ctx context.Context, request func(context.Context, *client.Client) error) error {
	looking := *l
	looking.opts.NoSpawn, looking.opts.Force = true, false
	conn, _, err := looking.Ensure(ctx)
	if err != nil {
		return err
	}
	rec, _ := l.opts.Paths.Record()
	limited, cancel := context.WithTimeoutCause(ctx, askLimit, hungError(rec))
	defer cancel()
	c := over(conn)
	defer func() { _ = c.Close() }()
	return request(limited, c)
}

// compare says whether the daemon is another build than this program.
func (l *Launcher) compare(b *api.Backend) {
	var why string
	switch {
	case b.Build < l.opts.Build:
		b.Outdated = true
		why = fmt.Sprintf("hf is build %d; the next command that needs hfd upgrades it in place", l.opts.Build)
	case b.Build > l.opts.Build:
		why = fmt.Sprintf("hf is the older build %d", l.opts.Build)
	}
	b.Why = strings.Trim(b.Why+"; "+why, "; ")
}

// Stop asks the daemon to end and waits until it has. It returns false when
// there was none. With Force a daemon that does not answer, or does not end,
// is killed.
func (l *Launcher) Stop(ctx context.Context) (was bool, err error) {
	rec, _ := l.opts.Paths.Record()
	err = l.ask(ctx, func(ctx context.Context, c *client.Client) error {
		rec, _ = l.opts.Paths.Record()
		return c.Stop(ctx, api.Stop{})
	})
	var e *api.Error
	switch {
	case err == nil:
	case IsNotRunning(err):
		return false, nil
	case !errors.As(err, &e) || e.Code != api.CodeUnavailable:
		return true, err
	case e.Retryable: // it is going already
	case !l.opts.Force:
		return true, err
	default:
		return true, l.kill(ctx, rec)
	}
	if l.released(ctx, stopLimit, rec) {
		return true, nil
	}
	if ctx.Err() != nil {
		return true, context.Cause(ctx)
	}
	if l.opts.Force {
		return true, l.kill(ctx, rec)
	}
	return true, hungError(rec)
}

// kill ends the recorded daemon, when it is still the process that was
// recorded, and waits until its lock is free.
func (l *Launcher) kill(ctx context.Context, rec rundir.Record) error {
	p, err := os.FindProcess(rec.PID) // holds the process, not its number
	if err != nil {
		return fmt.Errorf("find hfd pid %d: %w", rec.PID, err)
	}
	defer func() { _ = p.Release() }()
	if _, alive := rec.Alive(); alive {
		if err := p.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("kill hfd pid %d: %w", rec.PID, err)
		}
		l.opts.Notice(fmt.Sprintf("killed hfd pid %d, which did not answer", rec.PID))
	}
	if !l.released(ctx, totalLimit, rec) {
		return hungError(rec)
	}
	return nil
}

// released waits until the recorded daemon has ended, and its lock with it.
// Another one may have taken its place by then, for a client that asked again.
func (l *Launcher) released(ctx context.Context, limit time.Duration, rec rundir.Record) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if held, err := rundir.Held(l.opts.Paths.Lock()); err == nil && !held {
			return true
		}
		if now, ok := l.opts.Paths.Record(); ok && rec.PID != 0 && now.PID != rec.PID {
			return true // it has been written by who got the lock after it
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
}
