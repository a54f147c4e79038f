package hold

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// agent is the held process, and the reaper of all below it.
type agent struct {
	pid   int
	start uint64
	path  string

	stdin          *os.File // write end
	stdout, stderr *os.File // read ends; of a terminal, one file is all and stderr is nil
	tty            *tty     // nil unless the process has a terminal

	mu     sync.Mutex // held while reaping: a number not reaped is nobody else's
	reaped bool
	ended  journal.Ended // once exited is closed

	exited chan struct{} // closed when the process was reaped
	alone  chan struct{} // closed when no descendant is left; none can come after
}

// startAgent starts the process. All its descendants are reaped from then on.
func startAgent(spec *Spec) (*agent, error) {
	name := spec.Argv[0]
	if strings.ContainsRune(name, '/') && !filepath.IsAbs(name) {
		name = filepath.Join(spec.Cwd, name)
	}
	path, err := xec.LookPath(name, spec.Env)
	if err != nil {
		return nil, &api.Error{Code: api.CodeAgentMissing, Message: fmt.Sprintf("there is no program %q: %v", name, err)}
	}
	a := &agent{path: path, exited: make(chan struct{}), alone: make(chan struct{})}
	var theirs [3]int
	if spec.Terminal != nil {
		err = a.terminal(*spec.Terminal, &theirs)
	} else {
		err = a.pipes(&theirs)
	}
	if err != nil {
		return nil, err
	}
	started := make(chan error)
	go func() {
		// The kernel sends the parent-death signal when the thread that forked
		// ends, so it must be one that does not end before the holder. This one
		// is kept for the reaping.
		runtime.LockOSThread()
		err := a.fork(spec, theirs)
		started <- err
		if err == nil {
			a.reap()
		}
	}()
	err = <-started
	for _, fd := range theirs {
		_ = unix.Close(fd)
	}
	if err != nil {
		a.closePipes()
		return nil, &api.Error{Code: api.CodeAgent, Message: fmt.Sprintf("start %s: %v", path, err)}
	}
	return a, nil
}

func (a *agent) fork(spec *Spec, files [3]int) error {
	umask := spec.Umask
	if umask == 0 {
		umask = defaultUmask
	}
	// Nothing else makes files yet. The limit of open files, which Go raises
	// for itself, is put back in a child by syscall.ForkExec.
	own := syscall.Umask(umask)
	defer syscall.Umask(own)
	env := spec.Env
	if env == nil {
		env = []string{}
	}
	// The leader of a session leads a group, too.
	sys := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if spec.Terminal != nil {
		sys = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0, Pdeathsig: syscall.SIGKILL}
	}
	pid, err := syscall.ForkExec(a.path, spec.Argv, &syscall.ProcAttr{
		Dir: spec.Cwd, Env: env,
		Files: []uintptr{uintptr(files[0]), uintptr(files[1]), uintptr(files[2])},
		Sys:   sys,
	})
	if err != nil {
		return err
	}
	a.pid = pid
	p, _ := lookUp(pid) // a child that was not reaped is there
	a.start = p.start
	return nil
}

// pipes makes the three pipes. Our ends do not block, so that Go needs no
// thread for them; theirs do, as programs expect.
func (a *agent) pipes(theirs *[3]int) error {
	for i := range theirs {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			a.closePipes()
			for _, fd := range theirs[:i] {
				_ = unix.Close(fd)
			}
			return fmt.Errorf("make pipe: %w", err)
		}
		ours := p[0]
		theirs[i] = p[1]
		if i == 0 {
			ours, theirs[i] = p[1], p[0]
		}
		_ = unix.SetNonblock(ours, true)
		f := os.NewFile(uintptr(ours), "pipe")
		switch i {
		case 0:
			a.stdin = f
		case 1:
			a.stdout = f
		case 2:
			a.stderr = f
		}
	}
	return nil
}

func (a *agent) closePipes() {
	for _, f := range []*os.File{a.stdin, a.stdout, a.stderr} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// reap reaps every child until there is none. As the holder is a subreaper,
// none means that no descendant of any degree is left.
func (a *agent) reap() {
	for {
		// First only look: nothing is reaped outside the lock.
		err := unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOWAIT, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil: // ECHILD
			close(a.alone)
			return
		}
		a.mu.Lock()
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
		// Its number passes to another once it is reaped, to a descendant perhaps.
		if err == nil && pid == a.pid && !a.reaped {
			a.reaped = true
			a.ended = endedBy(ws)
			close(a.exited)
		}
		a.mu.Unlock()
	}
}

func endedBy(ws syscall.WaitStatus) journal.Ended {
	if ws.Signaled() {
		return journal.Ended{Code: -1, Signal: unix.SignalName(ws.Signal())}
	}
	return journal.Ended{Code: ws.ExitStatus()}
}

// signalGroup signals the process's group.
func (a *agent) signalGroup(sig syscall.Signal) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reaped {
		return ErrExited
	}
	if err := unix.Kill(-a.pid, sig); !errors.Is(err, unix.ESRCH) {
		return err
	}
	return ErrExited // it left its group
}

// signalAll signals every descendant there is.
func (a *agent) signalAll(sigs ...syscall.Signal) {
	below, err := descendants(os.Getpid())
	if err != nil {
		return
	}
	for _, sig := range sigs {
		for _, p := range below {
			p.signal(sig)
		}
	}
}

// killAll ends every descendant. All that are there are stopped first, so that
// they cannot fork while their siblings are killed. What was forked before
// they stopped comes to this process when its parent is dead, and is killed as
// its child, in rounds that are shorter than a process can live.
func (a *agent) killAll() {
	a.signalAll(syscall.SIGSTOP, syscall.SIGKILL)
	var known []int
	wait := minRound
	for {
		children, err := a.killChildren()
		if err != nil { // a kernel without lists of children
			a.signalAll(syscall.SIGSTOP, syscall.SIGKILL)
		}
		if wait = min(2*wait, maxRound); !subset(children, known) {
			wait = minRound
		}
		known = children
		select {
		case <-a.alone:
			return
		case <-time.After(wait):
		}
	}
}

const (
	minRound = 100 * time.Microsecond
	maxRound = time.Second // for what cannot die before the kernel lets go of it
)

// killChildren kills this process's own children and returns their numbers.
// They stay their numbers for as long as nothing is reaped.
func (a *agent) killChildren() ([]int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		return nil, errors.ErrUnsupported
	}
	var children []int
	for _, list := range lists {
		b, err := os.ReadFile(list)
		if err != nil {
			continue // a thread that ended
		}
		for f := range bytes.FieldsSeq(b) {
			if pid, err := strconv.Atoi(string(f)); err == nil {
				children = append(children, pid)
				_ = unix.Kill(pid, unix.SIGKILL)
			}
		}
	}
	return children, nil
}

func subset(part, whole []int) bool {
	return !slices.ContainsFunc(part, func(n int) bool { return !slices.Contains(whole, n) })
}
