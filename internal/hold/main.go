package hold

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/pkg/api"
)

// verdict is the line a holder answers its Spec with.
type verdict struct {
	Ready   *Info      `json:"ready,omitempty"`
	Problem *api.Error `json:"problem,omitempty"`
}

// Main is `hf hold`: it reads a Spec from stdin, starts the process, answers
// one line on stdout and holds until the process has ended and that was
// acknowledged. It changes this whole process (umask, working directory,
// descriptors, subreaper) and must be all it does. It returns the exit status.
func Main(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	// A hang-up ends nothing, and neither does that whoever started us is gone.
	// Caught rather than ignored, they are not ignored in the process either.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGPIPE)
	// A holder's heap is its buffers. What little is above them goes early.
	debug.SetGCPercent(20)

	h, err := begin(ctx, stdin, stderr)
	if err != nil {
		var problem *api.Error
		if !errors.As(err, &problem) {
			problem = &api.Error{Code: api.CodeInternal, Message: err.Error()}
			if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
				problem.Code, problem.Hint = api.CodeDiskFull, "Free some space, then retrying goes on."
			}
		}
		_, _ = stdout.Write(line(verdict{Problem: problem}))
		return 1
	}
	// Whoever started us may be gone already. Another will find the session.
	_, _ = stdout.Write(line(verdict{Ready: h.now()}))
	if err := letGo(); err != nil {
		h.complain(err)
	}
	debug.FreeOSMemory()
	h.run(ctx)
	return 0
}

func begin(ctx context.Context, stdin io.Reader, stderr io.Writer) (*holder, error) {
	if err := isolate(); err != nil {
		return nil, err
	}
	var spec Spec
	if err := json.NewDecoder(stdin).Decode(&spec); err != nil {
		return nil, fmt.Errorf("read what to hold: %w", err)
	}
	return newHolder(ctx, spec, stderr)
}

// isolate makes this process independent of where it was started.
func isolate() error {
	syscall.Umask(0o077)
	if err := closeInherited(); err != nil {
		return fmt.Errorf("close inherited files: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	return nil
}

// closeInherited closes what somebody left open for us by mistake, a lock for
// example. All that Go opened in this process is close-on-exec; what survived
// an exec is not.
func closeInherited() error {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	if err = errors.Join(err, dir.Close()); err != nil {
		return err
	}
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil || fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd)
		}
	}
	return nil
}

// letGo closes standard input and output: the pipes to whoever started us.
func letGo() error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = null.Close() }()
	for fd := range 2 {
		if err := unix.Dup3(int(null.Fd()), fd, 0); err != nil {
			return fmt.Errorf("let go of descriptor %d: %w", fd, err)
		}
	}
	return nil
}
