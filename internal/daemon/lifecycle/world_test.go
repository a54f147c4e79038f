package lifecycle_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// probeBin is the built testdata/probe; set by TestMain.
var probeBin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("/tmp", "hfp")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if err := os.Chmod(dir, 0o755); err != nil { // another user runs it, too
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		probeBin = filepath.Join(dir, "probe")
		argv := []string{"go", "build", "-o", probeBin}
		if raceEnabled {
			argv = append(argv, "-race")
		}
		argv = append(argv, "./testdata/probe")
		if err := xec.Run(context.Background(), xec.Cmd{Argv: argv, Env: os.Environ()}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// rounds scales a test to the time there is.
func rounds(full, race, short int) int {
	switch {
	case testing.Short():
		return short
	case raceEnabled:
		return race
	}
	return full
}

// world is a machine's user with a state directory and builds of hf and hfd.
type world struct {
	t     *testing.T
	dir   string
	env   map[string]string
	paths rundir.Paths

	mu      sync.Mutex
	notices []string
}

// newWorld makes a user with nothing but the state directory's parent.
func newWorld(t *testing.T) *world {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hfw") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: dir, env: map[string]string{
		"HOME": dir, "PATH": os.Getenv("PATH"), "HF_STATE_DIR": filepath.Join(dir, "s"), "SECRET_TOKEN": "canary",
		"GORACE": "atexit_sleep_ms=0", // a second at the end of every process, otherwise
	}}
	w.resolve()
	t.Cleanup(func() {
		w.killAll()
		if t.Failed() {
			w.dump()
		}
		_ = os.RemoveAll(dir)
	})
	return w
}

func (w *world) resolve() {
	w.t.Helper()
	var err error
	if w.paths, err = rundir.Resolve(func(name string) string { return w.env[name] }); err != nil {
		w.t.Fatal(err)
	}
}

// killAll ends every daemon that ever said it began here, and those that the
// lock names.
func (w *world) killAll() {
	pids := w.started()
	if rec, ok := rundir.ReadRecord(w.paths.Lock()); ok {
		pids = append(pids, rec.PID)
	}
	for _, pid := range pids {
		argv, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cmdline") // exe is closed to us unless we are root
		if err == nil && bytes.HasPrefix(argv, []byte(w.dir+"/")) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (w *world) dump() {
	for _, name := range []string{"hfd.log", "hfd.err", "hfd.lock"} {
		b, _ := os.ReadFile(filepath.Join(w.paths.State, name))
		w.t.Logf("--- %s\n%s", name, b[max(0, len(b)-4000):])
	}
}

// install makes a build of hf and hfd.
func (w *world) install(build int64, behaviour string) (exe string) {
	w.t.Helper()
	dir := filepath.Join(w.dir, strconv.FormatInt(build, 10))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	hfd := filepath.Join(dir, "hfd")
	if err := os.Link(probeBin, hfd); err != nil && !os.IsExist(err) {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "behaviour"), []byte(behaviour), 0o644); err != nil {
		w.t.Fatal(err)
	}
	return filepath.Join(dir, "hf")
}

func (w *world) environ() []string {
	var kv []string
	for k, v := range w.env {
		kv = append(kv, k+"="+v)
	}
	return kv
}

// launcher is what the hf of a build connects with.
func (w *world) launcher(build int64, adjust ...func(*launcher.Options)) *launcher.Launcher {
	o := launcher.Options{
		Paths: w.paths, Environ: w.environ(), Exe: filepath.Join(w.dir, strconv.FormatInt(build, 10), "hf"),
		Build: build, Version: "v0.0." + strconv.FormatInt(build, 10),
		Notice: func(s string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.notices = append(w.notices, s)
		},
	}
	for _, f := range adjust {
		f(&o)
	}
	return launcher.New(o)
}

func noSpawn(o *launcher.Options) { o.NoSpawn = true }
func force(o *launcher.Options)   { o.Force = true }

// client is the hf of a build. It is closed with the test.
func (w *world) client(build int64, adjust ...func(*launcher.Options)) *client.Client {
	c := client.New(w.launcher(build, adjust...).Ensure, client.Options{})
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

// noticed returns and forgets what hf would have told the person.
func (w *world) noticed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.notices
	w.notices = nil
	return n
}

// up starts the daemon of a build and returns its pid.
func (w *world) up(build int64) int {
	w.t.Helper()
	c := w.client(build)
	if _, err := c.Tasks(w.t.Context(), client.TaskFilter{}); err != nil {
		w.t.Fatal(err)
	}
	h, err := c.Peer(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	_ = c.Close()
	return h.PID
}

// put writes a file into the state directory.
func (w *world) put(name, content string) {
	w.t.Helper()
	if err := os.MkdirAll(w.paths.State, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.paths.State, name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// lines reads a file of the state directory. One that is absent has none.
func (w *world) lines(name string) []string {
	b, _ := os.ReadFile(filepath.Join(w.paths.State, name))
	return strings.FieldsFunc(string(bytes.TrimSpace(b)), func(r rune) bool { return r == '\n' })
}

// started lists the pids of the applications that were opened, in order.
func (w *world) started() []int {
	var pids []int
	for _, l := range w.lines("starts") {
		if pid, err := strconv.Atoi(l); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// onlyOne makes sure that there never were two daemons at once.
func (w *world) onlyOne() {
	w.t.Helper()
	if two := w.lines("two-owners"); len(two) > 0 {
		w.t.Errorf("daemons that began beside another one: %v", two)
	}
}

// once makes sure that each of n mutations had its effect exactly once.
func (w *world) once(n int) {
	w.t.Helper()
	ids := w.lines("effects")
	slices.Sort(ids)
	if unique := len(slices.Compact(slices.Clone(ids))); unique != n || len(ids) != n {
		w.t.Errorf("%d mutations had %d effects, %d of them different", n, len(ids), unique)
	}
}

// alive reports whether a process runs.
func alive(pid int) bool {
	p, err := rundir.LookUp(pid)
	return err == nil && p.State != "Z"
}

// until waits for something that nothing announces.
func (w *world) until(limit time.Duration, what string, cond func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !cond() {
		if time.Since(began) > limit {
			w.t.Fatalf("after %v: not %s", limit, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
	return time.Since(began)
}

// code is the code of an *api.Error, "" of any other.
func code(err error) api.Code {
	if e := apiError(err); e != nil {
		return e.Code
	}
	return ""
}
