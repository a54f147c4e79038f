// Package held runs shell commands under a holder, so that they outlive the
// daemon and are found again by the one that follows it. Their output and exit
// stand in a journal, like an agent's.
package held

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// tailSize bounds what is kept of a command's output, in bytes.
	tailSize = 4 << 10
	grace    = 3 * time.Second
)

// errHolderDied is the end of a command that nobody saw.
var errHolderDied = errors.New("the process that held the command died")

// Commands runs commands by name. All fields are required.
type Commands struct {
	HF     string                   // the hf binary, which is the holder
	Dir    string                   // one directory for each running command is made below it
	Socket func(name string) string // where a command's holder listens
	Umask  int                      // the user's: the daemon's own is stricter
	// JournalMax is how many bytes a command may write before it is ended, 0 = no
	// matter how many.
	JournalMax int64
	Parking    func(error) bool // reports whether a context ended only because the daemon hands over
}

// Run runs a command to its end, or attaches to the one of that name that was
// started before. One that ended well is remembered until Stop, and is not run
// again; one that failed is. Run gives the end of what it printed to output
// whenever there is more of it, and returns the exit code (-1 when a signal ended
// it) and that end. When ctx ends the command is ended too, unless the daemon
// merely hands over.
func (c Commands) Run(ctx context.Context, name string, cmd api.Command, output func(tail string)) (int, string, error) {
	dir := filepath.Join(c.Dir, name)
	if err := c.ensure(ctx, dir, name, cmd); err != nil {
		return 0, "", err
	}
	if _, alive := hold.Alive(dir); !alive {
		return c.recall(ctx, dir, output)
	}
	conn, err := hold.Dial(ctx, dir)
	if err != nil {
		return 0, "", fmt.Errorf("reach the command: %w", err)
	}
	defer func() { _ = conn.Close() }()
	ended, tail, err := c.follow(ctx, conn, dir, output)
	if err != nil {
		if ctx.Err() == nil || !c.Parking(context.Cause(ctx)) {
			err = errors.Join(err, c.end(context.WithoutCancel(ctx), dir))
		}
		return 0, tail, err
	}
	if err := conn.AckExit(ctx); err != nil {
		return 0, tail, err
	}
	return c.conclude(dir, ended, tail)
}

// recall returns how a command ended that nobody holds any more.
func (c Commands) recall(ctx context.Context, dir string, output func(string)) (int, string, error) {
	ended, tail, err := c.follow(ctx, nil, dir, output)
	if err != nil {
		return 0, tail, errors.Join(err, c.forget(dir))
	}
	return c.conclude(dir, ended, tail)
}

// conclude forgets a command that failed, so that the next try runs it.
func (c Commands) conclude(dir string, ended journal.Ended, tail string) (int, string, error) {
	if ended.Signal != "" {
		ended.Code = -1
	}
	if ended.Code == 0 {
		return 0, tail, nil
	}
	return ended.Code, tail, c.forget(dir)
}

// ensure starts the command unless it runs or has run.
func (c Commands) ensure(ctx context.Context, dir, name string, cmd api.Command) error {
	if known, err := c.known(ctx, dir); known || err != nil {
		return err
	}
	// What is left of an earlier try ended with its holder, or was never begun.
	if err := c.forget(dir); err != nil {
		return fmt.Errorf("clear the last try: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make command directory: %w", err)
	}
	if err := fault.Point("held.start"); err != nil {
		return err
	}
	_, err := hold.Start(ctx, hold.StartOptions{HF: c.HF, Spec: hold.Spec{
		Session: name, Dir: dir, Socket: c.Socket(name), Argv: cmd.Argv, Env: cmd.Env, Cwd: cmd.Dir, Umask: c.Umask, JournalMax: c.JournalMax,
	}})
	if problem, ok := errors.AsType[*api.Error](err); ok && problem.Code == api.CodeExists {
		_, err = c.known(ctx, dir) // one that a daemon started with its last breath
	}
	return err
}

// known reports whether the command runs or has run. Of one that is about to
// run it waits for the outcome.
func (c Commands) known(ctx context.Context, dir string) (bool, error) {
	for {
		starting := hold.Held(dir)
		if _, alive := hold.Alive(dir); alive {
			return true, nil
		}
		if _, exited, err := hold.ReadExit(dir); exited || err != nil {
			return exited, err
		}
		if !starting {
			return false, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// follow reads the journal until the command has ended. Without a connection it
// must have.
func (c Commands) follow(ctx context.Context, conn *hold.Conn, dir string, output func(string)) (journal.Ended, string, error) {
	r, err := journal.Open(filepath.Join(dir, hold.JournalFile))
	if err != nil {
		return journal.Ended{}, "", err
	}
	defer func() { _ = r.Close() }()
	var tail string
	for {
		rec, err := r.Next()
		if limit := c.JournalMax; conn != nil && limit > 0 && r.Offset() >= limit {
			return journal.Ended{}, tail, &api.Error{
				Code: api.CodeSetup, Message: fmt.Sprintf("the command wrote more than %d MiB and was ended", limit>>20),
				Hint: "it may write less, or backend.journal_max in the configuration allow more",
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			if conn == nil {
				ended, err := lost(dir)
				return ended, strings.TrimSpace(tail), err
			}
			if err := wait(ctx, conn, dir); err != nil {
				return journal.Ended{}, tail, err
			}
			continue
		case err != nil:
			return journal.Ended{}, tail, err
		}
		switch rec.Kind {
		case journal.Out, journal.Err:
			tail = keepTail(tail + string(rec.Data))
			output(tail)
		case journal.Exit:
			ended, _, err := hold.ReadExit(dir)
			return ended, strings.TrimSpace(tail), err
		default:
		}
	}
}

// lost returns how a command ended whose holder died before the journal said so:
// it had written that down by then, or nobody knows.
func lost(dir string) (journal.Ended, error) {
	ended, known, err := hold.ReadExit(dir)
	if err == nil && !known {
		err = errHolderDied
	}
	return ended, err
}

// wait returns when the journal may have grown.
func wait(ctx context.Context, conn *hold.Conn, dir string) error {
	select {
	case _, ok := <-conn.Notify():
		if _, alive := hold.Alive(dir); !ok && !alive {
			return errHolderDied
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Stop ends every command whose name begins with prefix, with all below it, and
// forgets it.
func (c Commands) Stop(ctx context.Context, prefix string) error {
	dirs, err := filepath.Glob(filepath.Join(c.Dir, prefix+"*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, c.end(ctx, dir))
	}
	return errors.Join(errs...)
}

func (c Commands) end(ctx context.Context, dir string) error {
	if _, alive := hold.Alive(dir); alive {
		conn, err := hold.Dial(ctx, dir)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if err := conn.Stop(ctx, grace); err != nil {
			return err
		}
		if err := conn.AckExit(ctx); err != nil {
			return err
		}
	}
	return c.forget(dir)
}

// forget removes all there is of a command that nobody holds.
func (c Commands) forget(dir string) error {
	if err := hold.Clear(dir, c.Socket(filepath.Base(dir))); err != nil {
		return err
	}
	return fault.Around("held.forget", func() error { return os.RemoveAll(dir) })
}

func keepTail(s string) string {
	if len(s) <= tailSize {
		return s
	}
	return s[len(s)-tailSize:]
}
