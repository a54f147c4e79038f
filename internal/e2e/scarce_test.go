package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/pkg/api"
)

// limit sets a limit of a running process and returns what sets it back.
func limit(t *testing.T, pid, resource int, soft uint64) (back func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Prlimit(pid, resource, nil, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(pid, resource, &unix.Rlimit{Cur: soft, Max: old.Max}, nil); err != nil {
		t.Fatal(err)
	}
	return func() { _ = unix.Prlimit(pid, resource, &old, nil) } // it may have ended
}

// Where hfd can open nothing more, or gets no memory, work fails visibly or is
// done later. It is never lost, and goes on when there is enough again.
func TestScarceResources(t *testing.T) {
	for name, scarce := range map[string]struct {
		resource int
		soft     func(pid int) uint64
	}{
		"descriptors": {unix.RLIMIT_NOFILE, func(pid int) uint64 {
			open, _ := filepath.Glob("/proc/" + itoa(pid) + "/fd/*")
			return uint64(len(open)) + 3
		}},
		"memory": {unix.RLIMIT_AS, func(int) uint64 { return 64 << 20 }},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.idle(m.create("say: hi", "--branch", "before"))
			pid := m.backend().PID
			back := limit(t, pid, scarce.resource, scarce.soft(pid))
			began := time.Now()
			r := m.try("create", "--agent", "demo", "--branch", "meanwhile", "--wait", "--timeout", "20s", "write a: b")
			t.Logf("after %s: exit %d\n%s", time.Since(began), r.code, r.err)
			if r.code != 0 && !strings.Contains(r.err, "hf: ") {
				t.Errorf("exit %d, and it says\n%s", r.code, r.err)
			}
			back()
			m.hf("list")
			m.nothingUnseen()
			if r := m.try("show", "meanwhile"); r.code == 10 { // refused: nothing of it is there
				m.hf("create", "--agent", "demo", "--branch", "meanwhile", "--no-wait", "write a: b")
			}
			m.until("the task is done", 60*time.Second, func() bool {
				d := m.task("meanwhile")
				if d.Status == api.StatusError {
					_ = m.try("retry", "meanwhile", "--no-wait")
				}
				return d.Status == api.StatusIdle && d.Result != nil
			})
			m.hf("send", "before", "--wait", "say: still here")
			log, err := os.ReadFile(filepath.Join(m.dir, "state", "hfd.log"))
			if err != nil || strings.Count(string(log), "\n") > 400 {
				t.Errorf("the log has %d lines (%v): it spins", strings.Count(string(log), "\n"), err)
			}
		})
	}
}

// Whatever the runtime directory is, there is one daemon, and its socket lies
// where only the user can reach it; also when the state directory's path is too
// long for one.
func TestOddRuntimeDirectories(t *testing.T) {
	m := newMachine(t)
	deep := filepath.Join(m.dir, strings.Repeat("deep/", 30))
	open := filepath.Join(m.dir, "open")
	for _, dir := range []string{deep, open} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(m.dir, "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	for i, v := range m.env {
		if strings.HasPrefix(v, "HF_STATE_DIR=") {
			m.env[i] = "HF_STATE_DIR=" + filepath.Join(deep, "state")
		}
	}
	base := append(slices.Clip(m.env), "TMPDIR="+m.dir)
	pid := 0
	for name, value := range map[string]string{
		"none": "", "its own": own, "another": filepath.Join(m.dir, "home"), "missing": filepath.Join(m.dir, "nowhere"), "too long": deep, "open to all": open,
	} {
		m.env = append(slices.Clip(base), "XDG_RUNTIME_DIR="+value)
		b := m.backend()
		if !b.Running {
			m.hf("list")
			b = m.backend()
		}
		if pid == 0 {
			pid = b.PID
		}
		if b.PID != pid {
			t.Errorf("with %s (%s): daemon %d, want %d", name, value, b.PID, pid)
		}
		st, err := os.Stat(filepath.Dir(b.Socket))
		if err != nil || st.Mode().Perm() != 0o700 || len(b.Socket) > 107 {
			t.Errorf("with %s: the socket is %s: %v, %v", name, b.Socket, st, err)
		}
	}
	m.hf("create", "--agent", "demo", "--wait", "say: hi")
	m.hasOneDaemon()
}
