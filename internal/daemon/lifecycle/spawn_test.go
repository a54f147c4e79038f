package lifecycle_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

func apiError(err error) *api.Error {
	e, _ := errors.AsType[*api.Error](err)
	return e
}

const crowd = 100

// stampede releases many clients together, or within jitter of each other.
// Each makes n mutations with a pause of up to jitter between them, half of
// them on a new connection.
func (w *world) stampede(n int, jitter time.Duration) {
	w.t.Helper()
	var wg sync.WaitGroup
	gate := make(chan struct{})
	var failed atomic.Int64
	var first atomic.Pointer[string]
	for range crowd {
		wg.Go(func() {
			c := client.New(w.launcher(1).Ensure, client.Options{})
			defer func() { _ = c.Close() }()
			<-gate
			for i := range n {
				if jitter > 0 {
					time.Sleep(rand.N(jitter))
				}
				if i%2 == 1 {
					_ = c.Close()
				}
				if _, err := c.CreateTask(w.t.Context(), api.CreateTask{Prompt: "x"}); err != nil {
					failed.Add(1)
					s := err.Error()
					first.CompareAndSwap(nil, &s)
				}
			}
		})
	}
	close(gate)
	wg.Wait()
	if f := failed.Load(); f > 0 {
		w.t.Errorf("%d of %d requests failed, the first: %s", f, crowd*n, *first.Load())
	}
}

func TestManyClientsFindOneDaemon(t *testing.T) {
	worlds := []struct {
		name   string
		jitter time.Duration
		before func(w *world)
	}{
		{"cold", 0, func(*world) {}},
		{"stale socket", 0, (*world).staleSocket},
		{"recycled pid", 0, func(w *world) {
			w.staleSocket()
			w.record(rundir.Record{PID: os.Getpid(), StartTime: 1, BootID: rundir.BootID(), Socket: filepath.Join(w.paths.State, "hfd.sock"), Phase: api.PhaseServing})
		}},
		{"stale socket and jitter", 200 * time.Millisecond, (*world).staleSocket},
		{"garbage in the lock", 0, func(w *world) { w.put("hfd.lock", strings.Repeat("\x00garbage{", 300)) }},
	}
	for _, tt := range worlds {
		t.Run(tt.name, func(t *testing.T) {
			for range rounds(4, 4, 1) {
				w := newWorld(t)
				w.install(1, "")
				tt.before(w)
				w.stampede(1, tt.jitter)
				if pids := w.started(); len(pids) != 1 || !alive(pids[0]) {
					t.Errorf("daemons started: %v, want one that lives", pids)
				}
				w.onlyOne()
				w.once(crowd)
				w.killAll()
			}
		})
	}
}

// TestManyProcessesFindOneDaemon is the same with whole programs.
func TestManyProcessesFindOneDaemon(t *testing.T) {
	n := rounds(crowd, crowd/2, 20)
	for _, stale := range []bool{false, true} {
		w := newWorld(t)
		w.install(1, "")
		if stale {
			w.staleSocket()
		}
		var hfs []*os.Process
		for range n {
			hfs = append(hfs, w.run(0, nil, "client", "x"))
		}
		for _, p := range hfs {
			if st, err := p.Wait(); err != nil || !st.Success() {
				t.Errorf("a client: %v, %v", st, err)
			}
		}
		if pids := w.started(); len(pids) != 1 || !alive(pids[0]) {
			t.Errorf("daemons started: %v, want one that lives", pids)
		}
		w.onlyOne()
		w.once(n)
	}
}

// staleSocket leaves what a killed daemon leaves.
func (w *world) staleSocket() {
	w.t.Helper()
	if err := rundir.MakeDir(w.paths.State); err != nil {
		w.t.Fatal(err)
	}
	path := filepath.Join(w.paths.State, "hfd.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		w.t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
	w.record(rundir.Record{PID: 1 << 30, Socket: path, Phase: api.PhaseServing})
}

func (w *world) record(r rundir.Record) {
	w.t.Helper()
	f, err := os.OpenFile(w.paths.Lock(), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := r.Write(f); err != nil {
		w.t.Fatal(err)
	}
}

func TestKilledWhileIdle(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	w.up(1)
	var took []time.Duration
	n := rounds(50, 20, 5)
	for range n {
		pids := w.started()
		_ = syscall.Kill(pids[len(pids)-1], syscall.SIGKILL)
		began := time.Now()
		w.up(1)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	t.Logf("from the kill to the answer: p50 %v, worst %v", took[n/2], took[n-1])
	if got := len(w.started()); got != n+1 {
		t.Errorf("%d daemons for %d kills", got, n)
	}
	w.onlyOne()
}

func TestKilledUnderLoad(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	w.up(1)
	done := make(chan struct{})
	var kills int
	var wg sync.WaitGroup
	wg.Go(func() {
		for killed := 0; ; {
			pids := w.started()
			if pid := pids[len(pids)-1]; pid != killed { // one that has begun: else none ever would
				time.Sleep(rand.N(230 * time.Millisecond))
				_ = syscall.Kill(pid, syscall.SIGKILL)
				killed = pid
				kills++
			}
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	n := rounds(20, 8, 3)
	w.stampede(n, 500*time.Millisecond)
	close(done)
	wg.Wait()
	t.Logf("%d requests, %d kills, %d daemons", crowd*n, kills, len(w.started()))
	if kills == 0 && !testing.Short() {
		t.Error("nothing was killed")
	}
	w.onlyOne()
	w.once(crowd * n)
}

func TestStartErrorReachesEverybodyAtOnce(t *testing.T) {
	tests := []struct {
		name, behaviour string
		code            api.Code
		says            string
	}{
		{"the application cannot open", "corrupt", api.CodeCorrupt, "the database is damaged"},
		{"the program crashes", "crash", api.CodeUnavailable, "crashed as it was told to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.install(1, tt.behaviour)
			var wg sync.WaitGroup
			errs := make([]error, 10)
			began := time.Now()
			for i := range errs {
				wg.Go(func() {
					_, errs[i] = w.client(1).Tasks(t.Context(), client.TaskFilter{})
				})
			}
			wg.Wait()
			for _, err := range errs {
				if code(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.says) {
					t.Errorf("error %v (code %q), want code %q and %q", err, code(err), tt.code, tt.says)
				}
			}
			if took := time.Since(began); took > noticed {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestNoDaemonToStart(t *testing.T) {
	w := newWorld(t)
	_, err := w.client(1).Tasks(t.Context(), client.TaskFilter{})
	if code(err) != api.CodeUnavailable || !strings.Contains(fmt.Sprint(err), filepath.Join(w.dir, "1", "hfd")) {
		t.Errorf("error %v, want one that names the missing hfd", err)
	}
	w.install(2, "")
	w.env["HF_DAEMON_BIN"] = filepath.Join(w.dir, "2", "hfd")
	if _, err := w.client(1).Tasks(t.Context(), client.TaskFilter{}); err != nil {
		t.Errorf("with HF_DAEMON_BIN: %v", err)
	}
}

func TestLookingStartsNothing(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	l := w.launcher(1)
	if _, _, err := w.launcher(1, noSpawn).Ensure(t.Context()); !launcher.IsNotRunning(err) {
		t.Errorf("error %v, want that it is not running", err)
	}
	if b, err := l.Look(t.Context()); err != nil || b.Running || b.Why == "" {
		t.Errorf("look: %+v, %v", b, err)
	}
	if was, err := l.Stop(t.Context()); was || err != nil {
		t.Errorf("stop: %v, %v", was, err)
	}
	if _, err := os.Stat(w.paths.State); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state directory was made: %v", err)
	}
}

func TestStopAndStartAgain(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	l := w.launcher(1)
	b, err := l.Look(t.Context())
	if err != nil || !b.Running || b.PID != pid || b.Outdated || b.Hash == "" || b.RSSBytes == 0 || b.StateDir != w.paths.State {
		t.Errorf("look: %+v, %v", b, err)
	}
	if was, err := l.Stop(t.Context()); !was || err != nil {
		t.Fatalf("stop: %v, %v", was, err)
	}
	if held, err := rundir.Held(w.paths.Lock()); held || err != nil {
		t.Errorf("after stop the lock is held: %v, %v", held, err)
	}
	if again := w.up(1); again == pid {
		t.Errorf("pid %d is still there", pid)
	}
}

func TestSlowOpeningIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install(1, "slow")
	conn, hello, err := w.launcher(1).Ensure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if hello.Phase == api.PhaseServing {
		t.Errorf("hello waited for the application: phase %q", hello.Phase)
	}
	if !slices.Contains(hello.Env, "PROBE_*") {
		t.Errorf("the first hello asks for %q", hello.Env)
	}
	if _, err := w.client(1).Tasks(t.Context(), client.TaskFilter{}); err != nil {
		t.Error(err)
	}
}

func TestIdleDaemonEndsAndComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install(1, "")
	w.put("idle", "100")
	w.put("sessions", "1")
	pid := w.up(1)
	time.Sleep(400 * time.Millisecond) // nothing announces what does not happen
	if !alive(pid) {
		t.Fatal("it ended with a live session")
	}
	c := w.client(1)
	if _, err := c.Tasks(t.Context(), client.TaskFilter{}); err != nil {
		t.Fatal(err)
	}
	w.put("sessions", "0")
	time.Sleep(400 * time.Millisecond)
	if !alive(pid) {
		t.Fatal("it ended with a client connected")
	}
	_ = c.Close()
	w.until(5*time.Second, "ended", func() bool { return !alive(pid) })
	if again := w.up(1); again == pid {
		t.Error("the same pid came back")
	}
	w.onlyOne()
}

func TestScrubbedAndPrivate(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil { // closed to all but root
		if strings.Contains(string(env), "canary") {
			t.Error("the daemon has the starter's secrets")
		}
	} else if !os.IsPermission(err) || os.Geteuid() == 0 {
		t.Error(err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(limits)) {
		f := strings.Fields(line)
		if strings.HasPrefix(line, "Max core file size") && (f[4] != "0" || f[5] != "0") ||
			strings.HasPrefix(line, "Max open files") && f[3] != f[4] {
			t.Errorf("limit %q", line)
		}
	}
	_ = filepath.WalkDir(w.paths.State, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
}

func TestReadOnlyStateDirectory(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	if err := os.Mkdir(w.paths.State, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("hf-test", w.paths.State, "tmpfs", syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	defer func() { _ = syscall.Unmount(w.paths.State, 0) }()
	if err := os.Chmod(w.paths.State, 0o700); err == nil {
		t.Error("it is not read-only")
	}
	began := time.Now()
	_, err := w.client(1).Tasks(t.Context(), client.TaskFilter{})
	if e := apiError(err); e == nil || !strings.Contains(e.Message, "read-only") || !strings.Contains(e.Hint, "HF_STATE_DIR") {
		t.Errorf("error %+v", err)
	}
	if took := time.Since(began); took > noticed {
		t.Errorf("it took %v", took)
	}
}
