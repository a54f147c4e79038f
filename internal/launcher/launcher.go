// Package launcher connects hf to the user's hfd and starts one where there is
// none. However many clients look at once, however the last hfd ended and
// whatever files it left, exactly one hfd runs: the one that inherited the
// lock and the listener from the client that took the lock.
package launcher

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

// How long the parts of finding a daemon may take.
const (
	connectLimit = time.Second
	helloLimit   = 2 * time.Second
	totalLimit   = 10 * time.Second
	hungHellos   = 2 // unanswered ones that make a serving daemon a hung one
	minWait      = 2 * time.Millisecond
	maxWait      = 50 * time.Millisecond
)

// Options says who connects and how far it may go. All but Notice and the
// four modes are required.
type Options struct {
	Paths   rundir.Paths
	Environ []string // this process's variables: HF_DAEMON_BIN is looked up in it, hfd gets a few of it
	Exe     string   // this program's own path, links resolved: hfd lies beside it
	Build   int64
	Version string

	NoSpawn bool         // only look: neither start nor upgrade a daemon
	LetRest bool         // start one that died, but none that was told to stop
	Force   bool         // kill a daemon that hangs
	Notice  func(string) // told a line that a person should see; may be nil
}

// Launcher is a dial hook for client.New. It is safe for concurrent use.
type Launcher struct{ opts Options }

// New returns a launcher. It touches nothing yet.
func New(opts Options) *Launcher {
	if opts.Notice == nil {
		opts.Notice = func(string) {}
	}
	return &Launcher{opts: opts}
}

// errNotRunning is what a launcher that only looks finds without a daemon.
var errNotRunning = errors.New("hfd is not running")

// IsNotRunning reports whether err says that no daemon runs.
func IsNotRunning(err error) bool { return errors.Is(err, errNotRunning) }

// notRunningError is an *api.Error that errors.Is can tell from the others.
type notRunningError struct{ err *api.Error }

func (n *notRunningError) Error() string   { return n.err.Message }
func (n *notRunningError) Unwrap() []error { return []error{n.err, errNotRunning} }

// Ensure returns a connection to a daemon that has just answered hello, and
// what it said. The caller owns the connection. Errors are *api.Error or the
// context's.
func (l *Launcher) Ensure(ctx context.Context) (net.Conn, api.Hello, error) {
	s := search{Launcher: l, began: time.Now()}
	for wait := minWait; ; wait = min(2*wait, maxWait) {
		if ctx.Err() != nil { // nobody wants a daemon started any more
			return nil, api.Hello{}, context.Cause(ctx)
		}
		conn, hello, err := s.look(ctx)
		if conn != nil || err != nil {
			return conn, hello, err
		}
		if time.Since(s.began) > totalLimit {
			return nil, api.Hello{}, s.unreachable()
		}
		select {
		case <-ctx.Done():
			return nil, api.Hello{}, context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// search is one call of Ensure.
type search struct {
	*Launcher
	began time.Time
	hung  int    // hellos that were not answered
	child *child // the daemon this call started last
	asked bool   // for an upgrade, and was answered
	peer  error  // why the socket's owner is not to be trusted
}

// look makes one attempt. It returns neither connection nor error when it is
// to be called again.
func (s *search) look(ctx context.Context) (net.Conn, api.Hello, error) {
	rec, known := s.opts.Paths.Record()
	if known && rec.Socket != "" {
		conn, hello, err := probe(ctx, rec.Socket)
		switch {
		case err == nil:
			return s.settle(ctx, conn, hello)
		case ctx.Err() != nil:
			return nil, api.Hello{}, context.Cause(ctx)
		case errors.Is(err, errHung):
			return nil, api.Hello{}, s.unanswered(ctx, rec)
		case errors.Is(err, errBusy):
			return nil, api.Hello{}, nil
		}
		s.peer = nil
		if _, ok := errors.AsType[*api.Error](err); ok && !errors.Is(err, errNoHello) {
			s.peer = err
		}
	}
	if err := s.child.failure(); err != nil {
		return nil, api.Hello{}, err
	}
	if s.opts.NoSpawn || s.opts.LetRest && rec.Phase == api.PhaseDraining {
		return nil, api.Hello{}, s.absent()
	}
	return nil, api.Hello{}, s.spawnIfFree()
}

// absent is the end of a search that may not start a daemon, unless somebody
// holds the lock: then one is starting, stopping or mending its socket.
func (s *search) absent() error {
	held, err := rundir.Held(s.opts.Paths.Lock())
	switch {
	case err != nil:
		return s.stateError(err)
	case held:
		return nil
	}
	return &notRunningError{&api.Error{
		Code: api.CodeUnavailable, Message: errNotRunning.Error(),
		Hint: "the next command that needs it starts it",
	}}
}

// spawnIfFree starts a daemon when nobody holds the lock.
func (s *search) spawnIfFree() error {
	if err := rundir.CheckLocal(s.opts.Paths.State); err != nil {
		return err
	}
	if err := rundir.MakeDir(s.opts.Paths.State); err != nil {
		return err
	}
	lock, free, err := rundir.TryLock(s.opts.Paths.Lock())
	if err != nil {
		return s.stateError(err)
	}
	if !free {
		return nil
	}
	defer func() { _ = lock.Close() }() // the daemon has its own copy
	// The daemon that this lock was free of may have been seen before it was
	// taken: what hung is gone, and a failed child is not this one.
	s.hung = 0
	s.child, err = s.spawn(lock)
	return err
}

// unanswered counts a hello that was not answered. A daemon that is starting
// has the whole time; one that serves has not.
func (s *search) unanswered(ctx context.Context, rec rundir.Record) error {
	s.hung++
	switch {
	case s.hung < hungHellos:
		return nil
	case s.opts.Force:
		s.hung = 0
		return s.kill(ctx, rec)
	case rec.Phase != api.PhaseServing:
		return nil
	}
	return hungError(rec)
}

// unreachable is the end of a search that ran out of time.
func (s *search) unreachable() error {
	if s.peer != nil {
		return s.peer
	}
	rec, _ := s.opts.Paths.Record()
	return hungError(rec)
}

func hungError(rec rundir.Record) error {
	e := &api.Error{
		Code:    api.CodeUnavailable,
		Message: "something holds hfd's lock but does not answer",
		Hint:    "`hf backend restart --force` replaces it; agents go on",
	}
	if host, err := os.Hostname(); err == nil && rec.Host != "" && rec.Host != host {
		e.Message = fmt.Sprintf("hfd runs on the host %s, and its state directory cannot be shared", rec.Host)
		e.Hint = "set HF_STATE_DIR to a directory on this machine"
		return e
	}
	if p, alive := rec.Alive(); alive {
		e.Message = fmt.Sprintf("hfd pid %d (state %s) accepts but does not answer", rec.PID, stateName(p.State))
	}
	return e
}

func stateName(letter string) string {
	switch letter {
	case "T", "t":
		return letter + ", stopped"
	case "D":
		return letter + ", waiting for a disk"
	case "R":
		return letter + ", running"
	case "S":
		return letter + ", sleeping"
	case "Z":
		return letter + ", ended"
	default:
		return letter
	}
}

// stateError says what is wrong with the state directory.
func (s *search) stateError(err error) error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	e := &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("take hfd's lock: %v", err)}
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		e.Hint = "hf must be able to write " + s.opts.Paths.State + "; set HF_STATE_DIR to a directory it can write"
	}
	return e
}

// daemonPath is where hfd is: HF_DAEMON_BIN, or beside this program.
func (l *Launcher) daemonPath() (string, error) {
	if path := l.getenv("HF_DAEMON_BIN"); path != "" {
		if !filepath.IsAbs(path) {
			return "", &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("HF_DAEMON_BIN is %q, not an absolute path", path)}
		}
		return path, nil
	}
	return filepath.Join(filepath.Dir(l.opts.Exe), "hfd"), nil
}

func (l *Launcher) getenv(name string) string {
	for _, kv := range slices.Backward(l.opts.Environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
