package lifecycle_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
	"golang.org/x/sys/unix"
)

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %d: %v", pid, err)
	}
}

// freeze stops a process and waits until every thread of it stands.
func (w *world) freeze(pid int) {
	w.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		w.t.Fatal(err)
	}
	w.until(5*time.Second, "stopped", func() bool {
		tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, path := range tasks {
			b, err := os.ReadFile(path)
			if err != nil || !strings.HasPrefix(string(b[strings.LastIndexByte(string(b), ')'):]), ") T") {
				return false
			}
		}
		return err == nil && len(tasks) > 0
	})
}

// run starts the probe in a mode of its own, as the given user; 0 is this one.
func (w *world) run(uid int, stdout *os.File, args ...string) *os.Process {
	w.t.Helper()
	attr := &os.ProcAttr{Dir: "/", Env: w.environ(), Files: []*os.File{nil, stdout, os.Stderr}}
	if uid != 0 {
		attr.Sys = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	hfd := hfdOf(filepath.Join(w.dir, "1", "hf"))
	p, err := os.StartProcess(hfd, append([]string{hfd}, args...), attr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = p.Kill()
		_, _ = p.Wait()
	})
	return p
}

func TestClientsKilledInMidRequest(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	n := rounds(200, 60, 20)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 20)
	for range n {
		slots <- struct{}{}
		p := w.run(0, nil, "client", "sleep", "100ms")
		wg.Go(func() {
			time.Sleep(rand.N(60 * time.Millisecond)) // the moment is what varies
			_ = p.Kill()
			<-slots
		})
	}
	wg.Wait()
	c := w.client(1)
	w.until(10*time.Second, "without requests", func() bool {
		in, err := c.Inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return in.Requests == 1 // this one
	})
	if got := w.up(1); got != pid {
		t.Errorf("pid %d, want %d", got, pid)
	}
	t.Logf("%d of %d killed clients had their effect", len(w.lines("effects")), n)
	w.descriptors(pid)
}

func TestHungDaemon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	w.freeze(pid)
	began := time.Now()
	var seen api.Backend
	var lookErr error
	var wg sync.WaitGroup
	wg.Go(func() { seen, lookErr = w.launcher(1).Look(t.Context()) })
	_, err := w.client(1).Tasks(t.Context(), client.TaskFilter{})
	wg.Wait()
	if took := time.Since(began); took > noticed {
		t.Errorf("it took %v", took)
	}
	e := apiError(err)
	if e == nil || e.Code != api.CodeUnavailable || !strings.Contains(e.Message, strconv.Itoa(pid)) ||
		!strings.Contains(e.Message, "T, stopped") || !strings.Contains(e.Hint, "restart --force") {
		t.Errorf("error %+v", err)
	}
	if lookErr != nil || seen.Running || seen.PID != pid || !strings.Contains(seen.Why, "does not answer") {
		t.Errorf("look: %+v, %v", seen, lookErr)
	}
	if got := len(w.started()); got != 1 {
		t.Errorf("%d daemons were started", got)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if got := w.up(1); got != pid {
		t.Errorf("pid %d, want %d", got, pid)
	}
}

// TestDaemonHangsAfterHello is stopped between hello and the answer.
func TestDaemonHangsAfterHello(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	c := client.New(w.launcher(1).Ensure, client.Options{Vigil: 500 * time.Millisecond})
	time.AfterFunc(200*time.Millisecond, func() { _ = syscall.Kill(pid, syscall.SIGSTOP) })
	_, err := c.CreateTask(t.Context(), api.CreateTask{Prompt: "sleep 400ms"})
	if e := apiError(err); e == nil || !strings.Contains(e.Message, "does not answer") {
		t.Errorf("error %v", err)
	}
}

func TestForceReplacesAHungDaemon(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for name, get := range map[string]func(w *world) error{
		"stop": func(w *world) error {
			_, err := w.launcher(1, force).Stop(t.Context())
			return err
		},
		"any request": func(w *world) error {
			_, err := w.client(1, force).Tasks(t.Context(), client.TaskFilter{})
			return err
		},
	} {
		w := newWorld(t)
		w.install(1, "")
		pid := w.up(1)
		w.freeze(pid)
		wg.Go(func() {
			if err := get(w); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if held, _ := rundir.Held(w.paths.Lock()); held == (name == "stop") {
				t.Errorf("%s: the lock is held: %v", name, held)
			}
			w.onlyOne()
		})
	}
	wg.Wait()
}

func TestSocketIsBoundAgain(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	for _, spoil := range []struct {
		name string
		do   func(path string) error
	}{
		{"removed", os.Remove},
		{"replaced by a file", func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, nil, 0o600))
		}},
		{"replaced by another socket", func(path string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path + ".x"})
			if err != nil {
				return err
			}
			l.SetUnlinkOnClose(false)
			return errors.Join(l.Close(), os.Rename(path+".x", path))
		}},
	} {
		t.Run(spoil.name, func(t *testing.T) {
			if err := spoil.do(filepath.Join(w.paths.State, "hfd.sock")); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if got := w.up(1); got != pid {
				t.Errorf("pid %d, want %d", got, pid)
			}
			if took := time.Since(began); took > noticed {
				t.Errorf("it took %v", took)
			}
		})
	}
	w.onlyOne()
}

// longPath makes the state directory's path too long for a socket.
func (w *world) longPath() {
	w.t.Helper()
	w.env["HF_STATE_DIR"] = filepath.Join(w.dir, strings.Repeat("l", 90), "s")
	w.env["TMPDIR"] = filepath.Join(w.dir, "t")
	if err := os.MkdirAll(w.env["TMPDIR"], 0o700); err != nil {
		w.t.Fatal(err)
	}
	w.resolve()
}

func TestRuntimeDirectoryIsTakenAway(t *testing.T) {
	w := newWorld(t)
	w.longPath()
	run := filepath.Join(w.dir, "r")
	w.env["XDG_RUNTIME_DIR"] = run
	w.resolve()
	w.install(1, "")
	pid := w.up(1)
	rec, _ := rundir.ReadRecord(w.paths.Lock())
	if !strings.HasPrefix(rec.Socket, run+"/") {
		t.Fatalf("the socket is %s, want it below %s", rec.Socket, run)
	}
	for range 3 {
		if err := os.RemoveAll(run); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if got := w.up(1); got != pid {
			t.Errorf("pid %d, want %d", got, pid)
		}
		if took := time.Since(began); took > noticed {
			t.Errorf("it took %v", took)
		}
	}
	// It cannot be made again: the daemon moves to the temp dir.
	if err := errors.Join(os.RemoveAll(run), os.WriteFile(run, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if got := w.up(1); got != pid {
		t.Errorf("pid %d, want %d", got, pid)
	}
}

// noticed bounds what the daemon is told by the kernel: far above what it takes
// on a busy machine, far below the housekeeping that would find it otherwise.
const noticed = 15 * time.Second

func TestStateDirectoryIsTakenAwayAtTheStart(t *testing.T) {
	w := newWorld(t)
	w.install(1, "loses its state")
	c := w.client(1)
	var answered sync.WaitGroup
	answered.Go(func() { _, _ = c.Tasks(t.Context(), client.TaskFilter{}) }) // what it is told depends on who is faster
	var pid int
	w.until(noticed, "begun", func() bool {
		b, _ := os.ReadFile(filepath.Join(w.dir, "1", "lost"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return pid != 0
	})
	w.install(1, "") // for the one that is started in its place
	w.until(noticed, "gone", func() bool { return !alive(pid) })
	answered.Wait()
}

func TestStateDirectoryIsTakenAway(t *testing.T) {
	for _, how := range []struct {
		name string
		do   func(w *world) error
	}{
		{"deleted", func(w *world) error { return os.RemoveAll(w.paths.State) }},
		{"moved", func(w *world) error { return os.Rename(w.paths.State, w.paths.State+".old") }},
		{"its parent moved", func(w *world) error {
			return os.Rename(filepath.Dir(w.paths.State), filepath.Dir(w.paths.State)+".old")
		}},
		{"replaced", func(w *world) error {
			return errors.Join(os.Rename(w.paths.State, w.paths.State+".old"), os.Mkdir(w.paths.State, 0o700))
		}},
	} {
		t.Run(how.name, func(t *testing.T) {
			w := newWorld(t)
			w.env["HF_STATE_DIR"] = filepath.Join(w.dir, "p", "s")
			w.resolve()
			w.install(1, "")
			pid := w.up(1)
			if err := how.do(w); err != nil {
				t.Fatal(err)
			}
			w.until(noticed, "gone", func() bool { return !alive(pid) })
			if left, err := os.ReadDir(w.paths.State); len(left) > 0 {
				t.Errorf("something was made again: %v, %v", left, err)
			}
			if got := w.up(1); got == pid {
				t.Errorf("the daemon without a directory answers")
			}
		})
	}
}

func TestOutOfDescriptors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.install(1, "")
	pid := w.up(1)
	var old unix.Rlimit
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Skip(err)
	}
	limit := unix.Rlimit{Cur: uint64(len(open)) + 5, Max: 1 << 12}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, &old); err != nil {
		t.Skip(err)
	}
	sock := filepath.Join(w.paths.State, "hfd.sock")
	var conns []net.Conn
	for range 50 {
		c, err := net.Dial("unix", sock)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	before := ticks(t, pid)
	time.Sleep(time.Second) // how much it does in a time is the question
	if used := ticks(t, pid) - before; used > 30 {
		t.Errorf("it used %d ticks of a CPU in a second", used)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	if got := w.up(1); got != pid {
		t.Errorf("pid %d, want %d", got, pid)
	}
	warned := 0
	for _, l := range w.lines("hfd.log") {
		if strings.Contains(l, "cannot accept") {
			warned++
		}
	}
	if warned != 1 {
		t.Errorf("%d lines in the log, want 1", warned)
	}
}

// ticks is the CPU time of a process, in hundredths of a second.
func ticks(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')'):]))
	user, _ := strconv.Atoi(f[12])
	system, _ := strconv.Atoi(f[13])
	return user + system
}

func TestStartedByHand(t *testing.T) {
	w := newWorld(t)
	w.install(1, "")
	p := w.run(0, nil, "serve")
	st, err := p.Wait()
	if err != nil || st.ExitCode() != 2 {
		t.Errorf("%v, %v; want exit status 2", st, err)
	}
	if _, err := os.Stat(w.paths.State); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it made its directory: %v", err)
	}
}
