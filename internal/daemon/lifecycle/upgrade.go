package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
	"golang.org/x/sys/unix"
)

// How long the parts of an upgrade may take.
const (
	checkLimit    = 5 * time.Second  // the new binary's self-check
	snapshotLimit = 30 * time.Second // the copy of the database for it
	drainLimit    = 2 * time.Second
	parkLimit     = 5 * time.Second
	forgetFailed  = time.Minute // after which a binary that failed is tried again
)

// upgrader makes sure of one upgrade at a time and remembers the last binary
// that was no good, so that not every command of a newer hf tries it again.
type upgrader struct {
	mu     sync.Mutex
	failed candidate
	at     time.Time
	why    *api.Error
}

// candidate is a binary to become. Two are equal when they are the same file
// with the same content.
type candidate struct {
	path     string
	dev, ino uint64
	size     int64
	made     syscall.Timespec
}

// Checked is what `hfd selfcheck` prints: who it is.
type Checked struct {
	Build    int64  `json:"build"`
	Version  string `json:"version"`
	ProtoMin int    `json:"protoMin"`
	ProtoMax int    `json:"protoMax"`
}

// Report prints what a self-check that found nothing wrong answers.
func Report(w io.Writer, build int64, version string) error {
	return json.NewEncoder(w).Encode(Checked{Build: build, Version: version, ProtoMin: api.ProtoMin, ProtoMax: api.ProtoMax})
}

// Upgrade checks the binary at in.Path and has it take this process's place.
// No error means that it is about to: the phase is draining, and the listener
// stays open all the while. When the exec fails after all, this build goes on.
func (d *Daemon) Upgrade(ctx context.Context, in api.Upgrade) error {
	select {
	case <-d.opened:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	d.upgrades.mu.Lock()
	defer d.upgrades.mu.Unlock()
	if d.phase() == api.PhaseDraining {
		return goingAway()
	}
	if d.openErr != nil {
		return startError(d.openErr)
	}
	if in.Build <= d.cfg.Build {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("build %d is not newer than the running build %d", in.Build, d.cfg.Build)}
	}
	c, err := examine(in.Path)
	if err != nil {
		return err
	}
	if c == d.upgrades.failed && time.Since(d.upgrades.at) < forgetFailed {
		return d.upgrades.why
	}
	d.log.Info("upgrade asked for", "path", c.path, "build", in.Build)
	if err := d.selfcheck(ctx, c); err != nil {
		d.log.Warn("upgrade refused", "path", c.path, "error", err)
		e, known := errors.AsType[*api.Error](err)
		if _, passing := errors.AsType[*hindered](err); known && !passing {
			d.upgrades.failed, d.upgrades.at, d.upgrades.why = c, time.Now(), e
		}
		return err
	}
	fault.Pass("upgrade.checked")
	d.SetPhase(api.PhaseDraining)
	d.replace <- c
	return nil
}

// examine makes sure that nobody else can have put the binary there.
func examine(path string) (candidate, error) {
	bad := func(why string) (candidate, error) {
		return candidate{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("hfd cannot become %s: %s", path, why)}
	}
	if !filepath.IsAbs(path) {
		return bad("the path is not absolute")
	}
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return bad("it does not exist")
	}
	if err != nil {
		return bad(err.Error())
	}
	var st syscall.Stat_t
	if err := syscall.Lstat(target, &st); err != nil {
		return bad(err.Error())
	}
	switch {
	case st.Mode&syscall.S_IFMT != syscall.S_IFREG:
		return bad("it is not a regular file")
	case int(st.Uid) != os.Geteuid() && st.Uid != 0:
		return bad(fmt.Sprintf("it belongs to user %d", st.Uid))
	case st.Mode&0o022 != 0:
		return bad("its group or others may write to it")
	case st.Mode&0o100 == 0:
		return bad("it is not executable")
	}
	return candidate{path: target, dev: st.Dev, ino: st.Ino, size: st.Size, made: st.Mtim}, nil
}

// selfcheck runs the new binary on a copy of the database.
func (d *Daemon) selfcheck(ctx context.Context, c candidate) error {
	argv := []string{c.path, "selfcheck"}
	if s, ok := d.app.(Snapshotter); ok {
		db := filepath.Join(d.cfg.Paths.State, selfcheckFile)
		defer d.forgetSelfcheck()
		d.forgetSelfcheck() // left by a crash
		limited, cancel := context.WithTimeout(ctx, snapshotLimit)
		defer cancel()
		if err := fault.Around("upgrade.snapshot", func() error { return s.Snapshot(limited, db) }); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return &hindered{&api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("the database cannot be copied for the self-check of %s: %v", c.path, err)}}
		}
		argv = append(argv, "--db", db)
	}
	limited, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	out, err := xec.Output(limited, xec.Cmd{Argv: argv, Dir: "/", Env: d.cfg.Environ, Grace: 100 * time.Millisecond})
	if ctx.Err() != nil {
		return context.Cause(ctx) // of the one who asked; nothing is known of the binary
	}
	if err != nil {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("hfd cannot become %s: its self-check failed: %v", c.path, err)}
	}
	var got Checked
	if err := json.Unmarshal(out, &got); err != nil {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("hfd cannot become %s: its self-check says nothing that makes sense", c.path)}
	}
	if got.Build <= d.cfg.Build {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("hfd cannot become %s: its build %d is not newer than the running build %d", c.path, got.Build, d.cfg.Build)}
	}
	return nil
}

// hindered is why a binary could not be looked at: not its own fault, and not
// that of the daemon, which goes on as it is.
type hindered struct{ why *api.Error }

func (h *hindered) Error() string { return h.why.Message }
func (h *hindered) Unwrap() error { return h.why }

// selfcheckFile is the copy of the database that a newer build tries its
// migrations on. It is made below this name, and so is what it makes of it.
const selfcheckFile = "selfcheck.db"

// forgetSelfcheck removes what a self-check left, of a daemon that died in it
// too.
func (d *Daemon) forgetSelfcheck() {
	left, err := filepath.Glob(filepath.Join(d.cfg.Paths.State, selfcheckFile+"*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	if err != nil {
		d.log.Warn("remove what a self-check left", "error", err)
	}
}

// become replaces this process by the candidate. It returns only when that did
// not work, and then everything is as it was.
func (d *Daemon) become(ctx context.Context, c candidate) error {
	d.shut()
	d.server.SetKeepAlivesEnabled(false)
	d.flights.drain(drainLimit)
	defer func() {
		d.SetPhase(api.PhaseServing)
		d.flights.reopen()
		d.server.SetKeepAlivesEnabled(true)
		if err := d.accept(); err != nil {
			d.log.Error("accept again", "error", err)
			d.stopOnce.Do(func() { close(d.stop) })
		}
	}()
	limited, cancel := context.WithTimeout(ctx, parkLimit)
	defer cancel()
	if err := d.app.Park(limited); err != nil {
		return fmt.Errorf("park the work: %w", err)
	}
	fault.Pass("upgrade.parked")
	defer d.app.Resume()
	h := d.handoff
	h.Upgrades, h.Started, h.Umask, h.From, h.App = h.Upgrades+1, d.started, d.umask, d.cfg.Build, d.app.Handoff()
	var f *os.File
	err := fault.Around("upgrade.handoff", func() (err error) {
		f, err = seal(h)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	d.SetPhase(api.PhaseStarting) // for those who wait for an answer
	d.log.Info("becoming another build", "path", c.path, "upgrades", h.Upgrades)
	if err := fault.Point("upgrade.exec.before"); err != nil {
		return err
	}
	return handOver(c.path, d.cfg.Environ, int(f.Fd()))
}

// handOver execs path with the listener, the lock and the handoff open. No
// child may be started meanwhile: it would get them too, and the lock would be
// held for as long as it lives.
func handOver(path string, environ []string, handoff int) error {
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	for _, fd := range []int{listenerFD, lockFD, handoff} {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("keep descriptor %d open: %w", fd, err)
		}
	}
	defer func() {
		for _, fd := range []int{listenerFD, lockFD, handoff} {
			syscall.CloseOnExec(fd)
		}
	}()
	return xec.Replace([]string{path, "serve", "--handoff", strconv.Itoa(handoff)}, environ)
}
