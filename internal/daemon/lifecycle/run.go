package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

// Exit statuses of a daemon.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
	exitLost   = 75 // the state directory was taken away: look again
)

// Other limits of a daemon's life.
const (
	linger       = time.Second      // of a daemon that could not open, to tell everybody who waits
	closeLimit   = 10 * time.Second // of the application
	replyLimit   = time.Second      // of the requests that asked for the end
	housekeeping = 30 * time.Second
)

// Run is the life of a daemon, from its first instruction on. args are the
// words after `hfd serve`. It returns the exit status.
func Run(ctx context.Context, cfg Config, args []string, stderr io.Writer) int {
	// Before anything can fork: a child that got the lock would keep it.
	syscall.CloseOnExec(listenerFD)
	syscall.CloseOnExec(lockFD)
	d, err := take(cfg, args)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer deafen()()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(signals)
	go reap(children(), ctx.Done())

	logErr := d.openLog(stderr)
	defer func() { _ = d.logFile.Close() }()
	if err := d.begin(); err != nil {
		d.log.Error("start", "error", err)
		fmt.Fprintln(stderr, err)
		return exitFailed
	}
	return d.live(ctx, signals, logErr)
}

// take makes sure that this process was started as a daemon is: with the
// listener and the locked file.
func take(cfg Config, args []string) (*Daemon, error) {
	d := &Daemon{
		cfg: cfg, started: time.Now(), flights: newFlights(), clients: clients{began: time.Now()},
		opened: make(chan struct{}), stop: make(chan struct{}), closed: make(chan struct{}),
		replace: make(chan candidate, 1), hash: sync.OnceValue(hashSelf),
	}
	ours, err := rundir.SameFile(lockFD, cfg.Paths.Lock())
	if err != nil || !ours || syscall.Flock(lockFD, syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil, errors.New("hfd is started by hf, which hands it its lock and its socket: run `hf backend start`")
	}
	if d.exe, err = os.Executable(); err != nil {
		return nil, err
	}
	umask, err := harden()
	if err != nil {
		return nil, err
	}
	d.umask = umask
	if len(args) == 2 && args[0] == "--handoff" {
		h, err := unseal(args[1])
		if err != nil {
			return nil, err
		}
		d.handoff, d.started, d.umask = h, h.Started, h.Umask
		fault.Pass("upgrade.exec.after")
	} else if len(args) > 0 {
		return nil, fmt.Errorf("hfd serve does not know %q", args)
	}
	// Until a process listens itself, clients are told that its starter does.
	if err := syscall.Listen(listenerFD, rundir.Backlog); err != nil {
		return nil, os.NewSyscallError("listen on the inherited socket", err)
	}
	return d, nil
}

// openLog begins the log. Without a file it is standard error.
func (d *Daemon) openLog(stderr io.Writer) error {
	s := d.cfg.Settings
	d.logLevel = new(slog.LevelVar)
	d.logLevel.Set(s.LogLevel)
	var failed rateLimit
	f, err := openLog(d.cfg.Paths.Log(), s.LogSize, s.LogFiles, func(err error) {
		if failed.allow() {
			fmt.Fprintln(stderr, err)
		}
	})
	if err != nil {
		f = &logFile{f: os.Stderr, max: 1 << 60, path: os.DevNull}
	}
	d.logFile = f
	h := slog.NewJSONHandler(f, &slog.HandlerOptions{Level: d.logLevel})
	d.log = slog.New(h).With("pid", os.Getpid())
	if err != nil && d.cfg.Paths.ReadOnly() {
		return nil // what there is can be shown all the same
	}
	return err
}

// begin records who we are and answers hello.
func (d *Daemon) begin() error {
	rec, ok := d.cfg.Paths.Record()
	if !ok {
		return errors.New("the lock file does not say where the socket is")
	}
	d.self = rundir.Record{Socket: rec.Socket, Phase: api.PhaseStarting, Build: d.cfg.Build, Version: d.cfg.Version}
	if err := d.self.Identify(); err != nil {
		return err
	}
	if err := fault.Around("lifecycle.record", func() error { return d.cfg.Paths.Save(d.self, lockFile{}) }); err != nil {
		return fmt.Errorf("write the lock record: %w", err)
	}
	d.forgetSelfcheck()
	d.clients.touch()
	d.socket, _ = identify(rec.Socket) // a foreign one will not be ours, and bound again
	d.server = &http.Server{
		Handler:           d.front(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(d.log.Handler(), slog.LevelWarn),
		ConnState:         d.clients.track,
	}
	d.log.Info("hfd begins", "version", d.cfg.Version, "build", d.cfg.Build, "upgrades", d.handoff.Upgrades, "socket", rec.Socket)
	return d.accept()
}

// accept serves connections until shut.
func (d *Daemon) accept() error {
	l, err := newListener(listenerFD, d.log)
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.listener = l
	d.mu.Unlock()
	go func() {
		if err := d.server.Serve(l); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			d.log.Error("accept connections", "error", err)
		}
	}()
	return nil
}

// shut takes no more connections. New ones wait in the kernel.
func (d *Daemon) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		_ = d.listener.Close() // of our copy: nothing is lost
		d.listener = nil
	}
}

// live waits for what may happen to a daemon and does it, one after the other.
func (d *Daemon) live(ctx context.Context, signals <-chan os.Signal, logErr error) int {
	opening, abort := context.WithCancel(ctx)
	defer abort()
	// Watched before anything else is done, and looked at once: what was taken
	// away before the watch began is noticed too.
	w := watch(ctx, d.log)
	w.add(d.cfg.Paths.State, d.socketDir())
	w.changed <- struct{}{}
	go d.open(opening, logErr)
	opened := d.opened
	var failed <-chan time.Time
	look := time.NewTimer(d.pause())
	defer look.Stop()
	for {
		select {
		case <-opened:
			opened = nil
			look.Reset(d.pause())
			if d.openErr != nil {
				failed = time.After(linger)
			}
		case <-failed:
			return d.end(ctx, abort, exitFailed, "the application did not open")
		case c := <-d.replace:
			err := d.become(ctx, c)
			d.log.Error("upgrade", "path", c.path, "error", err)
		case <-w.changed:
			if !d.heal(w) {
				return d.end(ctx, abort, exitLost, "the lock file was taken away")
			}
		case <-look.C:
			look.Reset(d.pause())
			if !d.heal(w) {
				return d.end(ctx, abort, exitLost, "the lock file was taken away")
			}
			if d.idle() {
				return d.end(ctx, abort, exitOK, "nothing to do")
			}
		case <-d.stop:
			return d.end(ctx, abort, exitOK, "asked to stop")
		case s := <-signals:
			return d.end(ctx, abort, exitOK, s.String())
		case <-ctx.Done():
			return d.end(ctx, abort, exitOK, ctx.Err().Error())
		}
	}
}

func (d *Daemon) open(ctx context.Context, logErr error) {
	defer close(d.opened)
	if d.openErr = logErr; logErr != nil {
		return
	}
	d.app, d.openErr = d.cfg.Open(ctx, d)
	if d.openErr != nil {
		d.log.Error("open", "error", d.openErr)
		return
	}
	d.handler = d.app.Handler()
	if ctx.Err() == nil { // nobody has told it to end
		d.SetPhase(api.PhaseServing)
	}
}

// end drains, closes the application and leaves. The lock goes with the
// process, not before.
func (d *Daemon) end(ctx context.Context, abort func(), status int, why string) int {
	d.log.Info("hfd ends", "why", why, "status", status)
	abort()
	d.SetPhase(api.PhaseDraining)
	d.shut()
	d.server.SetKeepAlivesEnabled(false)
	d.flights.drain(drainLimit)
	select {
	case <-d.opened:
	case <-time.After(closeLimit):
		d.log.Error("the application did not end opening")
		return status
	}
	if d.app != nil {
		fault.Pass("lifecycle.close")
		// The context this daemon lives by may have ended: closing has its own.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
		defer cancel()
		if err := d.app.Close(closing); err != nil {
			d.log.Error("close", "error", err)
		}
	}
	close(d.closed)
	d.flights.wait(replyLimit, true)
	_ = d.server.Close()
	if status == exitOK {
		d.cfg.Paths.Leave(d.self.Socket)
	}
	return status
}

// pause is how long nothing needs to be looked at.
func (d *Daemon) pause() time.Duration {
	if idle := d.cfg.Settings.Idle; idle > 0 {
		return min(housekeeping, max(idle/4, 10*time.Millisecond))
	}
	return housekeeping
}

// idle reports whether the daemon has been of no use for long enough.
func (d *Daemon) idle() bool {
	limit := d.cfg.Settings.Idle
	select {
	case <-d.opened:
	default:
		return false
	}
	return limit > 0 && d.openErr == nil && d.app.Sessions() == 0 && !d.app.Busy() && d.clients.gone(limit)
}

// clients counts the open connections.
type clients struct {
	n atomic.Int64
	// last is how long after began the number last changed. It is not the time:
	// a clock that is set forward must not end a daemon, one set back not keep it.
	last  atomic.Int64
	began time.Time
}

func (c *clients) track(_ net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		c.n.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.n.Add(-1)
	case http.StateActive, http.StateIdle:
	}
	c.touch()
}

func (c *clients) touch() { c.last.Store(int64(time.Since(c.began))) }

func (c *clients) gone(since time.Duration) bool {
	return c.n.Load() == 0 && time.Since(c.began)-time.Duration(c.last.Load()) > since
}
