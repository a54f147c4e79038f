// Package xec is the only place that starts processes. A command's environment
// is exactly what it is given: nothing is inherited from hf or hfd. Commands
// run in a process group of their own, and the whole group ends with them when
// the context does. Errors carry the end of the command's standard error.
package xec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultGrace is how long a group may take to end after SIGTERM.
const DefaultGrace = 2 * time.Second

// Cmd describes a command.
type Cmd struct {
	Argv   []string // required; Argv[0] is an absolute path or is found in Env's PATH
	Dir    string
	Env    []string // NAME=value, the whole environment
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer     // besides the tail kept for the error
	Files  []*os.File    // become fds 3, 4, …
	Grace  time.Duration // 0 = DefaultGrace
	Umask  *int          // nil = this process's
}

// Error is a command that ran and did not succeed.
type Error struct {
	Name   string // the program, without its arguments: they may be long or private
	Code   int    // exit code; -1 when a signal ended it
	Signal string
	Stderr string // the last lines, trimmed
	Cause  error  // the context's error, when that ended it
}

func (e *Error) Error() string {
	how := fmt.Sprintf("exit status %d", e.Code)
	switch {
	case e.Cause != nil:
		how = e.Cause.Error()
	case e.Signal != "":
		how = "ended by " + e.Signal
	}
	if e.Stderr == "" {
		return e.Name + ": " + how
	}
	return e.Name + ": " + how + ": " + e.Stderr
}

func (e *Error) Unwrap() error { return e.Cause }

// Run runs a command to its end.
func Run(ctx context.Context, c Cmd) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	cmd, err := build(c)
	if err != nil {
		return err
	}
	tail := &tailWriter{limit: 8 << 10}
	cmd.Stderr = tail
	if c.Stderr != nil {
		cmd.Stderr = io.MultiWriter(c.Stderr, tail)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // a grandchild that keeps our pipes open must not hold us up
	if err := start(cmd, c.Umask); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(c.Argv[0]), err)
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		endGroup(cmd.Process.Pid, grace(c.Grace))
	})
	err = cmd.Wait()
	if !stop() {
		<-ended // the leader may be gone before the rest of its group
		return failure(c, cmd, tail, context.Cause(ctx))
	}
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return failure(c, cmd, tail, nil)
	}
	return nil
}

// Output runs a command and returns its standard output.
func Output(ctx context.Context, c Cmd) ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	err := Run(ctx, c)
	return out.Bytes(), err
}

// Process is a command that was started and outlives the call.
type Process struct{ cmd *exec.Cmd }

// StartSession starts a command in a session of its own, so that neither a
// signal to this process's group nor a hang-up of its terminal reaches it.
func StartSession(c Cmd) (*Process, error) {
	cmd, err := build(c)
	if err != nil {
		return nil, err
	}
	cmd.Stderr = c.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := start(cmd, c.Umask); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(c.Argv[0]), err)
	}
	return &Process{cmd: cmd}, nil
}

// PID returns the process id. It is the process's own until Wait returns.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Wait waits for the end and returns how the process ended.
func (p *Process) Wait() (*os.ProcessState, error) {
	err := p.cmd.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		err = nil
	}
	return p.cmd.ProcessState, err
}

// Release gives up the process: it will be reaped by whoever inherits it.
func (p *Process) Release() error { return p.cmd.Process.Release() }

// Replace turns this process into another program. It returns only on error.
func Replace(argv, env []string) error {
	path, err := LookPath(argv[0], env)
	if err != nil {
		return err
	}
	return fmt.Errorf("exec %s: %w", path, syscall.Exec(path, argv, env))
}

// LookPath finds a program as Argv[0] does. Unlike exec.LookPath it searches
// the PATH of env, not this process's own.
func LookPath(name string, env []string) (string, error) {
	if strings.ContainsRune(name, '/') {
		if err := executable(name); err != nil {
			return "", &exec.Error{Name: name, Err: err}
		}
		return name, nil
	}
	for _, dir := range filepath.SplitList(getenv(env, "PATH")) {
		if !filepath.IsAbs(dir) {
			continue // the current directory may be anybody's
		}
		path := filepath.Join(dir, name)
		if executable(path) == nil {
			return path, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// IsNotFound reports whether err says that the program does not exist.
func IsNotFound(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist)
}

func build(c Cmd) (*exec.Cmd, error) {
	path, err := LookPath(c.Argv[0], c.Env)
	if err != nil {
		return nil, err
	}
	env := c.Env
	if env == nil {
		env = []string{} // nil would inherit
	}
	return &exec.Cmd{
		Path: path, Args: c.Argv, Dir: c.Dir, Env: env,
		Stdin: c.Stdin, Stdout: c.Stdout, ExtraFiles: c.Files,
	}, nil
}

// start starts a command with a file mode mask. The mask belongs to a process
// and not to a thread, unless the thread stops sharing it: this one does, and
// ends with its goroutine.
func start(cmd *exec.Cmd, umask *int) error {
	if umask == nil {
		return cmd.Start()
	}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			started <- fmt.Errorf("set the file mode mask: %w", err)
			return
		}
		unix.Umask(*umask)
		started <- cmd.Start()
	}()
	return <-started
}

func executable(path string) error {
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case st.IsDir() || st.Mode()&0o111 == 0:
		return os.ErrPermission
	}
	return nil
}

func getenv(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

func grace(d time.Duration) time.Duration {
	if d == 0 {
		return DefaultGrace
	}
	return d
}

// endGroup asks a process group to end and then makes it. It returns when no
// living process is left in the group. A group's number stays its own while anything
// is in it; after that nothing is signalled any more.
func endGroup(pid int, grace time.Duration) {
	_ = syscall.Kill(-pid, syscall.SIGTERM)
	for deadline := time.Now().Add(grace); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if syscall.Kill(-pid, 0) != nil {
			return
		}
	}
	// A killed process that nobody reaps stays in the group: do not wait for it.
	for range 100 {
		if syscall.Kill(-pid, syscall.SIGKILL) != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func failure(c Cmd, cmd *exec.Cmd, tail *tailWriter, cause error) error {
	e := &Error{Name: filepath.Base(c.Argv[0]), Code: cmd.ProcessState.ExitCode(), Stderr: tail.String(), Cause: cause}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		e.Signal = ws.Signal().String()
	}
	return e
}

// tailWriter keeps the last bytes written to it.
type tailWriter struct {
	buf   []byte
	limit int
}

func (w *tailWriter) Write(p []byte) (int, error) {
	w.buf = append(w.buf, p...)
	if over := len(w.buf) - w.limit; over > 0 {
		w.buf = append(w.buf[:0], w.buf[over:]...)
	}
	return len(p), nil
}

func (w *tailWriter) String() string { return strings.TrimSpace(string(w.buf)) }
