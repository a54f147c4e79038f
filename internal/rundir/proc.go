package rundir

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Process is what /proc knows of one.
type Process struct {
	State     string // one letter: R running, S sleeping, D disk, T stopped, Z zombie
	StartTime uint64 // clock ticks since boot; with the boot id it tells a recycled pid
}

// LookUp reads a process's state.
func LookUp(pid int) (Process, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, err
	}
	// The name, in parentheses, may hold spaces and parentheses of its own.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 20 {
		return Process{}, fmt.Errorf("read /proc/%d/stat: %d fields", pid, len(fields))
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return Process{}, fmt.Errorf("read /proc/%d/stat: %w", pid, err)
	}
	return Process{State: fields[0], StartTime: start}, nil
}

// BootID is the kernel's name for this boot, "" where it has none.
func BootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// Identify fills in who this process is.
func (r *Record) Identify() error {
	p, err := LookUp(os.Getpid())
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	r.PID, r.StartTime, r.BootID, r.Host = os.Getpid(), p.StartTime, BootID(), host
	return nil
}

// Alive returns the recorded process, and false when it has ended, even if
// nobody has reaped it or its number has passed to another.
func (r *Record) Alive() (Process, bool) {
	p, err := LookUp(r.PID)
	ended := p.State == "Z" || p.State == "X"
	return p, err == nil && !ended && r.PID > 0 && p.StartTime == r.StartTime && r.BootID == BootID()
}
