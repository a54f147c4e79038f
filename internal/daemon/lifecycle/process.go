package lifecycle

import (
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The descriptors a daemon is started with. They keep their numbers for the
// life of the process, so that it can hand them to the next build.
const (
	listenerFD = 3
	lockFD     = 4
	handoffFD  = 5 // only of a build that replaced another in place
)

// lockFile writes to the locked file.
type lockFile struct{}

// WriteAt implements io.WriterAt.
func (lockFile) WriteAt(p []byte, off int64) (int, error) { return syscall.Pwrite(lockFD, p, off) }

// harden sets up what every hfd is to be before it does anything else. It
// returns the file mode mask it was started with.
func harden() (umask int, err error) {
	umask = syscall.Umask(0o077)
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return umask, os.NewSyscallError("setrlimit core", err)
	}
	// Memory holds people's variables: no other process of theirs may read it,
	// nor may a crash write it down.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return umask, os.NewSyscallError("prctl dumpable", err)
	}
	return umask, nil
}

// deafen makes the process survive the end of the terminal and the readers of
// its pipes. The signals are taken, not ignored: what is ignored would be so
// in every agent too. The Go runtime raised the limit of open files when it
// began, and gives children the old one back.
func deafen() (undo func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP, syscall.SIGPIPE)
	return func() { signal.Stop(c) }
}

// children lists the processes this one is the parent of, before it has
// started any: those that the build before it left.
func children() []int {
	self := strconv.Itoa(os.Getpid())
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil
	}
	var pids []int
	for _, t := range tasks {
		b, err := os.ReadFile("/proc/" + self + "/task/" + t.Name() + "/children")
		if err != nil {
			continue
		}
		for f := range strings.FieldsSeq(string(b)) {
			if pid, err := strconv.Atoi(f); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// reap collects the given children when they end, until done is closed. Nobody
// else in this process waits for them.
func reap(pids []int, done <-chan struct{}) {
	if len(pids) == 0 {
		return
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGCHLD)
	defer signal.Stop(c)
	for {
		var left []int
		for _, pid := range pids {
			got, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			if got == 0 && err == nil {
				left = append(left, pid)
			}
		}
		if pids = left; len(pids) == 0 {
			return
		}
		select {
		case <-c:
		case <-done:
			return
		}
	}
}
