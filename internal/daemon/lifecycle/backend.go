package lifecycle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

const selfExe = "/proc/self/exe"

func (d *Daemon) pid() int { return os.Getpid() }

func (d *Daemon) socketDir() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return filepath.Dir(d.self.Socket)
}

// Backend describes the daemon. It asks nothing that could wait.
func (d *Daemon) Backend(context.Context) (api.Backend, error) {
	d.mu.Lock()
	self := d.self
	d.mu.Unlock()
	p := d.cfg.Paths
	started := d.started.UTC()
	b := api.Backend{
		Schema: api.Schema, Running: true, PID: self.PID, Version: self.Version, Build: self.Build, Hash: d.hash(),
		Phase: self.Phase, Socket: self.Socket, StateDir: p.State, Database: p.Database(), Log: p.Log(), Config: p.Config,
		StartedAt: &started, UptimeMS: time.Since(started).Milliseconds(), RSSBytes: residentMemory(), Upgrades: d.handoff.Upgrades,
	}
	b.Exe, b.Why = d.exe, replaced(d.exe)
	b.Outdated = b.Why != ""
	select {
	case <-d.opened:
		if d.openErr != nil {
			b.Why = startError(d.openErr).Message
		} else {
			b.Sessions, b.Notices = d.app.Sessions(), d.notices()
		}
	default:
	}
	return b, nil
}

// Inspect fills in what the lifecycle knows: the backend, the requests in
// progress and the goroutines. The rest is the application's.
func (d *Daemon) Inspect(ctx context.Context) (api.Inspect, error) {
	b, err := d.Backend(ctx)
	if err != nil {
		return api.Inspect{}, err
	}
	in := api.Inspect{
		Backend: b, Operations: []api.Operation{}, Sessions: []api.SessionStatus{}, Pollers: []api.PollerStatus{},
		Goroutines: goroutines(),
	}
	in.Requests, in.Streams = d.flights.counts()
	return in, nil
}

// replaced says why what is at the path this program was started from is
// another one now, "" when it is not.
func replaced(path string) string {
	ours, err := os.Stat(selfExe)
	if err != nil {
		return ""
	}
	there, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return path + " was removed since hfd started"
	case err == nil && !os.SameFile(ours, there):
		return path + " was replaced since hfd started"
	}
	return ""
}

// hashSelf is the SHA-256 of the running binary, "" when it cannot be read.
func hashSelf() string {
	f, err := os.Open(selfExe)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// residentMemory is in bytes, 0 when the kernel does not say.
func residentMemory() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// goroutines returns the stack of each.
func goroutines() []string {
	buf := make([]byte, 64<<10)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
		buf = make([]byte, 2*len(buf))
	}
}
