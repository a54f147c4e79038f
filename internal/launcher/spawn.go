package launcher

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// Names of what a daemon does, on its command line.
const serveVerb = "serve"

// standDown is the exit status of a daemon whose state directory was taken
// away from under it: not a failure, but a reason to look again.
const standDown = 75

// keepErr is the size in bytes from which hfd.err is begun anew.
const keepErr = 256 << 10

// spawn binds the socket, writes the record and starts hfd with both the
// listener and the locked file, so that the lock passes to it without a gap.
func (s *search) spawn(lock *os.File) (*child, error) {
	path, err := s.daemonPath()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, missing(path, err)
	}
	var listener *os.File
	var socket string
	err = fault.Around("launcher.bind", func() (err error) {
		listener, socket, err = s.opts.Paths.Bind()
		return err
	})
	if err != nil {
		return nil, s.stateError(err)
	}
	defer func() { _ = listener.Close() }()
	rec := rundir.Record{Socket: socket, Phase: api.PhaseStarting, Build: s.opts.Build, Version: s.opts.Version}
	if err := rec.Identify(); err != nil {
		return nil, s.stateError(err)
	}
	if err := fault.Around("launcher.record", func() error { return s.opts.Paths.Save(rec, lock) }); err != nil {
		return nil, s.stateError(err)
	}
	errPath := s.opts.Paths.Err()
	stderr, from, err := openErr(errPath)
	if err != nil && filepath.Dir(socket) != s.opts.Paths.State {
		errPath = rundir.ErrBeside(socket)
		stderr, from, err = openErr(errPath)
	}
	if err != nil {
		return nil, s.stateError(err)
	}
	defer func() { _ = stderr.Close() }()
	p, err := xec.StartSession(xec.Cmd{
		Argv:   []string{path, serveVerb},
		Dir:    "/",
		Env:    s.daemonEnv(),
		Stderr: stderr,
		Files:  []*os.File{listener, lock},
	})
	if err != nil {
		return nil, missing(path, err)
	}
	fault.Pass("launcher.spawned")
	c := &child{path: path, err: errPath, from: from, ended: make(chan struct{})}
	go c.wait(p)
	return c, nil
}

func missing(path string, err error) error {
	e := &api.Error{
		Code: api.CodeUnavailable, Message: fmt.Sprintf("start hfd: %v", err),
		Hint: "install hf again, or set HF_DAEMON_BIN to the path of hfd",
	}
	if errors.Is(err, os.ErrNotExist) {
		e.Message = fmt.Sprintf("hfd is not where it belongs: %s does not exist", path)
	}
	return e
}

// openErr opens hfd's standard error for appending, and says where in it a
// new daemon begins.
func openErr(path string) (*os.File, int64, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err == nil && st.Size() > keepErr {
		return f, 0, f.Truncate(0)
	}
	if err != nil {
		_ = f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}

// daemonEnv is all that hfd gets of this process's variables: what names its
// files, and what a child of it needs where no request brought any. Nothing in
// it is a secret.
func (l *Launcher) daemonEnv() []string {
	names := []string{
		"HOME", "USER", "LOGNAME", "SHELL", "PATH", "TMPDIR", "TZ", "LANG", "LANGUAGE",
		"XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
		"HF_STATE_DIR", "HF_DATA_DIR", "HF_CONFIG", "HF_GIT_SPICE_BIN", "HF_FAULT", "GOCOVERDIR", "GORACE",
	}
	var env []string
	for _, kv := range l.opts.Environ {
		name, _, _ := strings.Cut(kv, "=")
		if slices.Contains(names, name) || strings.HasPrefix(name, "LC_") {
			env = append(env, kv)
		}
	}
	return env
}

// child is a daemon this process started.
type child struct {
	path  string
	err   string // its standard error
	from  int64  // where in that file it began
	ended chan struct{}
	state *os.ProcessState // once ended is closed
}

func (c *child) wait(p *xec.Process) {
	c.state, _ = p.Wait() // an error leaves no state: nothing is known then
	close(c.ended)
}

// failure says why the child ended, when it did so by its own fault. Being
// killed, being asked to stop and standing down are no faults.
func (c *child) failure() error {
	if c == nil {
		return nil
	}
	select {
	case <-c.ended:
	default:
		return nil
	}
	if c.state == nil || c.state.Success() || c.state.ExitCode() == standDown {
		return nil
	}
	if ws, ok := c.state.Sys().(syscall.WaitStatus); ok && ws.Signaled() &&
		(ws.Signal() == syscall.SIGKILL || ws.Signal() == syscall.SIGTERM) {
		return nil
	}
	e := &api.Error{
		Code:    api.CodeUnavailable,
		Message: fmt.Sprintf("%s ended while it started (%s)", c.path, c.state),
		Hint:    "see " + c.err,
	}
	if said := c.said(); said != "" {
		e.Message += ": " + said
	}
	return e
}

// said is the first line the child wrote to its standard error: of a crash it
// is the one that names it.
func (c *child) said() string {
	f, err := os.Open(c.err)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.NewSectionReader(f, c.from, 4<<10))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}
