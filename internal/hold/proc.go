package hold

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// process is one process as /proc shows it. Its number and start time together
// are its identity.
type process struct {
	pid   int
	ppid  int
	start uint64 // clock ticks since boot
	state byte   // Z is a zombie
}

func lookUp(pid int) (process, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	// The name, in parentheses, may hold spaces and parentheses of its own.
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 20 {
		return process{}, fmt.Errorf("read /proc/%d/stat: %d fields", pid, len(f))
	}
	ppid, err := strconv.Atoi(string(f[1]))
	if err != nil {
		return process{}, err
	}
	start, err := strconv.ParseUint(string(f[19]), 10, 64)
	return process{pid: pid, ppid: ppid, start: start, state: f[0][0]}, err
}

// descendants returns every living process below root. A process can escape
// one look by being forked meanwhile, so look again.
func descendants(root int) ([]process, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	names, err := dir.Readdirnames(-1)
	if err = errors.Join(err, dir.Close()); err != nil {
		return nil, err
	}
	children := map[int][]process{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, err := lookUp(pid); err == nil {
			children[p.ppid] = append(children[p.ppid], p)
		}
	}
	var found []process
	for next := []int{root}; len(next) > 0; {
		below := children[next[0]]
		next = next[1:]
		for _, p := range below {
			next = append(next, p.pid)
			if p.state != 'Z' {
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// signal reaches this very process or nobody: its number may have passed to
// another since it was seen.
func (p process) signal(sig syscall.Signal) {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err == nil {
		defer func() { _ = unix.Close(fd) }()
	}
	// With the descriptor open first, the answer is about what it refers to.
	if now, err := lookUp(p.pid); err != nil || now.start != p.start {
		return
	}
	switch {
	case err == nil:
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM): // an old kernel, a strict container
		_ = unix.Kill(p.pid, sig)
	}
}
