// Package terminal keeps the own terminals of agents, one for each task that has
// one. A holder has each, so that it outlives the daemon and everybody who looked
// at it, and is found again by the daemon that follows.
package terminal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// grace is how long a terminal has to end when its task does.
	grace = 3 * time.Second
	// redial is how long to wait before asking a silent holder again.
	redial = 500 * time.Millisecond
)

// Config is what a Keeper works with. All fields are required.
type Config struct {
	HF     string                   // the hf binary, which is the holder
	Dir    string                   // one directory for each terminal is made below it
	Socket func(name string) string // where a holder listens
	Umask  int                      // the user's: the daemon's own is stricter
	// Ended is told of each that has ended, once it is gone for good. how is nil
	// where nobody saw it.
	Ended func(ctx context.Context, task string, how *api.ExitEvent)
	Log   *slog.Logger
}

// Keeper keeps the terminals of this daemon.
type Keeper struct {
	cfg    Config
	ctx    context.Context // ends the watching, not the terminals
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu   sync.Mutex
	live map[string]*kept // by task
}

// kept is a terminal that runs.
type kept struct {
	info hold.Info
	done chan struct{} // closed when it is gone, or this daemon is about to be
}

// New returns a keeper that keeps nothing yet. ctx bounds its whole life.
func New(ctx context.Context, cfg Config) *Keeper {
	ctx, cancel := context.WithCancel(ctx)
	return &Keeper{cfg: cfg, ctx: ctx, cancel: cancel, live: map[string]*kept{}}
}

// Close lets go of every terminal. They go on.
func (k *Keeper) Close() {
	k.cancel()
	k.wg.Wait()
}

// Dir is the directory of a task's terminal, by which hold.Attach finds it.
func (k *Keeper) Dir(task string) string { return filepath.Join(k.cfg.Dir, task) }

func (k *Keeper) socket(task string) string { return k.cfg.Socket("t" + task) }

// Adopt takes up what earlier daemons started. What ended meanwhile is gone when
// it returns, and nobody is told of it.
func (k *Keeper) Adopt() error {
	entries, err := os.ReadDir(k.cfg.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for terminals: %w", err)
	}
	for _, e := range entries {
		task, dir := e.Name(), k.Dir(e.Name())
		// A daemon that died while it started the holder may have got it going yet.
		if _, err := hold.Fence(dir); err != nil {
			k.cfg.Log.Warn("look at a terminal", "task", task, "err", err)
			continue
		}
		info, alive := hold.Alive(dir)
		_, ended, _ := hold.ReadExit(dir)
		if alive && !ended {
			k.follow(task, info)
			continue
		}
		if err := k.forget(k.ctx, task); err != nil {
			k.cfg.Log.Warn("clear up after a terminal", "task", task, "err", err)
		}
	}
	return nil
}

// Start starts a terminal for a task that has none.
func (k *Keeper) Start(ctx context.Context, task string, cmd api.Command, columns, rows int) error {
	if k.Running(task) {
		return &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("task %s has a terminal", task)}
	}
	if err := k.forget(ctx, task); err != nil {
		return fmt.Errorf("clear up after the last terminal: %w", err)
	}
	info, err := hold.Start(ctx, hold.StartOptions{HF: k.cfg.HF, Spec: hold.Spec{
		Session: task, Dir: k.Dir(task), Socket: k.socket(task), Argv: cmd.Argv, Env: cmd.Env, Cwd: cmd.Dir, Umask: k.cfg.Umask, Terminal: &hold.Size{Columns: columns, Rows: rows},
	}})
	if problem, ok := errors.AsType[*api.Error](err); ok {
		err = problem // it says what a person can do something about
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(k.Dir(task)))
	}
	k.follow(task, info)
	return nil
}

// follow watches a terminal until it ends.
func (k *Keeper) follow(task string, info hold.Info) {
	one := &kept{info: info, done: make(chan struct{})}
	k.mu.Lock()
	k.live[task] = one
	k.mu.Unlock()
	k.wg.Go(func() {
		defer close(one.done)
		how, err := k.await(task)
		if err != nil {
			return // this daemon goes, and the terminal stays
		}
		ctx := context.WithoutCancel(k.ctx)
		if err := k.forget(ctx, task); err != nil {
			k.cfg.Log.Warn("clear up after a terminal", "task", task, "err", err)
		}
		k.mu.Lock()
		delete(k.live, task)
		k.mu.Unlock()
		k.cfg.Ended(ctx, task, how)
	})
}

// await returns when a terminal has ended, with how, or nil where its holder
// died.
func (k *Keeper) await(task string) (*api.ExitEvent, error) {
	dir := k.Dir(task)
	for {
		_, alive := hold.Alive(dir)
		how, ended, err := hold.ReadExit(dir)
		switch {
		case err == nil && ended:
			return exitOf(how), nil
		case !alive:
			return nil, nil
		}
		if err := k.wait(dir); err != nil {
			return nil, err
		}
	}
}

func exitOf(how journal.Ended) *api.ExitEvent {
	if how.Signal != "" {
		return &api.ExitEvent{Signal: how.Signal}
	}
	return &api.ExitEvent{Code: &how.Code}
}

// wait returns when a terminal may have ended.
func (k *Keeper) wait(dir string) error {
	conn, err := hold.Dial(k.ctx, dir)
	if err != nil {
		select {
		case <-time.After(redial):
			return nil
		case <-k.ctx.Done():
			return k.ctx.Err()
		}
	}
	defer func() { _ = conn.Close() }()
	if conn.Info().Exit != nil {
		return nil
	}
	select { // its journal grows by its end only
	case <-conn.Notify():
		return nil
	case <-k.ctx.Done():
		return k.ctx.Err()
	}
}

// forget lets the holder of a terminal that has ended go and removes all there
// is of it. One that runs is left alone, and is an error.
func (k *Keeper) forget(ctx context.Context, task string) error {
	dir := k.Dir(task)
	if _, alive := hold.Alive(dir); alive {
		conn, err := hold.Dial(ctx, dir)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if err := conn.AckExit(ctx); err != nil {
			return err
		}
	}
	if err := hold.Clear(dir, k.socket(task)); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// Running reports whether a task has a terminal.
func (k *Keeper) Running(task string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.live[task] != nil
}

// Settled reports whether a task has a terminal that goes on. Where one has ended
// it returns when nothing of it is left and its end was told.
func (k *Keeper) Settled(ctx context.Context, task string) (running bool, err error) {
	k.mu.Lock()
	one := k.live[task]
	k.mu.Unlock()
	if one == nil {
		return false, nil
	}
	_, alive := hold.Alive(k.Dir(task))
	if _, ended, _ := hold.ReadExit(k.Dir(task)); alive && !ended {
		return true, nil
	}
	select {
	case <-one.done:
		return false, nil
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
}

// Tasks lists the tasks that have a terminal.
func (k *Keeper) Tasks() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]string, 0, len(k.live))
	for task := range k.live {
		out = append(out, task)
	}
	return out
}

// Status describes the terminals.
func (k *Keeper) Status() []api.SessionStatus {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]api.SessionStatus, 0, len(k.live))
	for task, one := range k.live {
		out = append(out, api.SessionStatus{
			ID: "terminal of " + task, Task: task, Activity: api.ActivityTerminal, HolderPID: one.info.PID, AgentPID: one.info.AgentPID,
		})
	}
	return out
}

// Stop ends a task's terminal with everything below it and returns when nothing
// of it is left. It is not an error when there is none.
func (k *Keeper) Stop(ctx context.Context, task string) error {
	k.mu.Lock()
	one := k.live[task]
	k.mu.Unlock()
	if one == nil {
		return nil
	}
	err := hold.Stop(ctx, k.Dir(task), grace)
	if _, alive := hold.Alive(k.Dir(task)); err != nil && alive {
		return fmt.Errorf("stop the terminal: %w", err)
	}
	select {
	case <-one.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
