package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// The builds that tests install, the second one newer.
const (
	oldBuild = 1000
	newBuild = 2000
)

var (
	// built is where TestMain left the binaries, one directory a build.
	built string
	// machines is the directory in which machines are.
	machines string
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	// Agents ask about what they write, but some not below a TMPDIR: they are not
	// to know of one.
	machines = os.TempDir()
	if err := os.Unsetenv("TMPDIR"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp(machines, "hfb")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	built = dir
	for _, build := range []int{oldBuild, newBuild} {
		flags := fmt.Sprintf("-s -w -X github.com/hf-dev/hf/internal/version.build=%d -X github.com/hf-dev/hf/internal/version.version=0.0.%d", build, build)
		cmd := exec.Command("go", "build", "-ldflags", flags, "-o", filepath.Join(dir, strconv.Itoa(build))+"/", "../../cmd/hf", "../../cmd/hfd")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as people get it
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build hf: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// machine is a user's machine: a home, installed binaries, a repository.
type machine struct {
	t    *testing.T
	dir  string // short: sockets lie below it
	repo string
	env  []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	return newMachineIn(t, machines)
}

func newMachineIn(t *testing.T, parent string) *machine {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "hfe")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir, repo: filepath.Join(dir, "repo")}
	m.env = []string{
		"HOME=" + filepath.Join(dir, "home"), "HF_STATE_DIR=" + filepath.Join(dir, "state"), "HF_DATA_DIR=" + filepath.Join(dir, "data"),
		"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "LANG=C.UTF-8", "TERM=dumb",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.invalid", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.invalid",
	}
	t.Cleanup(m.tearDown)
	for _, d := range []string{"home", "bin", "repo"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	m.install(oldBuild)
	m.git("init", "-q", "-b", "main")
	m.write("README", "hello\n")
	m.git("add", ".")
	m.git("commit", "-q", "-m", "start")
	return m
}

// place makes a program be in a second place: as the same file where it can.
func place(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}

// install puts a build's binaries in place as an installer does: by rename.
func (m *machine) install(build int) {
	m.t.Helper()
	for _, name := range []string{"hf", "hfd"} {
		to := filepath.Join(m.dir, "bin", name)
		if err := place(filepath.Join(built, strconv.Itoa(build), name), to+".new"); err != nil {
			m.t.Fatal(err)
		}
		if err := os.Rename(to+".new", to); err != nil {
			m.t.Fatal(err)
		}
	}
}

func (m *machine) write(name, content string) {
	m.t.Helper()
	if err := os.WriteFile(filepath.Join(m.repo, name), []byte(content), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) git(args ...string) string {
	m.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = m.repo, m.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// result is what a command printed and how it ended.
type result struct {
	out, err string
	code     int
}

// try runs hf in the repository, whatever its exit code.
func (m *machine) try(args ...string) result {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 3*time.Minute)
	defer cancel()
	return m.tryIn(ctx, "", args...)
}

func (m *machine) tryIn(ctx context.Context, stdin string, args ...string) result {
	m.t.Helper()
	cmd := exec.CommandContext(ctx, filepath.Join(m.dir, "bin", "hf"), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = m.repo, m.env, strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		m.t.Fatalf("hf %s: %v", strings.Join(args, " "), err)
	}
	return result{out: out.String(), err: errOut.String(), code: cmd.ProcessState.ExitCode()}
}

// hf runs hf and wants it to succeed.
func (m *machine) hf(args ...string) string {
	m.t.Helper()
	r := m.try(args...)
	if r.code != 0 {
		m.t.Fatalf("hf %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r.out
}

func decode[T any](m *machine, text string) T {
	m.t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		m.t.Fatalf("decode %q: %v", text, err)
	}
	return v
}

// create makes a task without waiting for anything and returns its id.
func (m *machine) create(prompt string, flags ...string) string {
	m.t.Helper()
	args := append([]string{"create", "--agent", "demo", "--no-wait", "--json"}, flags...)
	return decode[api.Task](m, m.hf(append(args, prompt)...)).ID
}

func (m *machine) task(id string) api.TaskDetail {
	m.t.Helper()
	return decode[api.TaskDetail](m, m.hf("show", id, "--json"))
}

func (m *machine) backend() api.Backend {
	m.t.Helper()
	return decode[api.Backend](m, m.hf("backend", "status", "--json"))
}

// entries is the task's transcript so far.
func (m *machine) entries(id string) []api.Entry {
	m.t.Helper()
	var out []api.Entry
	for line := range strings.Lines(m.hf("logs", id, "--json")) {
		out = append(out, decode[api.Entry](m, line))
	}
	return out
}

func (m *machine) text(id string) string {
	m.t.Helper()
	var b strings.Builder
	for _, e := range m.entries(id) {
		if e.Kind == api.EntryText {
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

// until asks again until ok holds, less often the longer it takes: who asks
// takes the time that the answer needs. There is nothing to await from outside
// but the answer itself.
func (m *machine) until(what string, limit time.Duration, ok func() bool) {
	m.t.Helper()
	pause := 20 * time.Millisecond
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		if ok() {
			return
		}
		pause = min(pause*3/2, 100*time.Millisecond)
		if time.Now().After(deadline) {
			m.t.Fatalf("%s: not within %s\n%s", what, limit, m.try("list").out)
		}
	}
}

// second is a second of a machine that has nothing else to do. On a busy one it
// is longer, by how much longer the smallest command takes.
func (m *machine) second() time.Duration {
	m.t.Helper()
	const quiet = 10 * time.Millisecond
	began := time.Now()
	for range 5 {
		m.hf("version")
	}
	return max(time.Second, time.Second*(time.Since(began)/5)/quiet)
}

// untilStatus waits for a shown status.
func (m *machine) untilStatus(id string, want api.Status) api.TaskDetail {
	m.t.Helper()
	var d api.TaskDetail
	m.until(fmt.Sprintf("task %s is %s", id, want), time.Minute, func() bool {
		d = m.task(id)
		return d.Status == want
	})
	return d
}

// killDaemon ends the daemon as a crash would and returns when it is gone.
func (m *machine) killDaemon() {
	m.t.Helper()
	pid := m.backend().PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		m.t.Fatalf("kill hfd %d: %v", pid, err)
	}
	m.until("hfd is gone", 5*time.Second, func() bool { return !running(pid) })
}

// agentPID is the pid of the task's agent as hf knows it.
func (m *machine) agentPID(id string) int {
	m.t.Helper()
	for _, s := range decode[api.Inspect](m, m.hf("backend", "inspect")).Sessions {
		if s.Task == id {
			return s.AgentPID
		}
	}
	return 0
}

// tearDown ends the daemon and everything that still runs on this machine, and
// fails the test when a holder or an agent of a killed task is among it.
func (m *machine) tearDown() {
	for _, pid := range m.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if m.t.Failed() {
		if log, err := os.ReadFile(filepath.Join(m.dir, "state", "hfd.log")); err == nil {
			m.t.Logf("hfd.log:\n%s", tail(log, 8<<10))
		}
	}
	_ = os.RemoveAll(m.dir)
}

// processes finds what runs on this machine by the state directory in its
// environment or command line.
func (m *machine) processes() []int {
	var out []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		env, _ := os.ReadFile(filepath.Join(d, "environ"))
		exe, _ := os.Readlink(filepath.Join(d, "exe"))
		if pid == os.Getpid() || !running(pid) {
			continue
		}
		if bytes.Contains(env, []byte(m.dir)) || strings.HasPrefix(exe, m.dir) {
			out = append(out, pid)
		}
	}
	return out
}

// running reports whether a process lives: a zombie does not.
func running(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return rest != "" && rest[0] != 'Z' && rest[0] != 'X'
}

func tail(b []byte, n int) []byte {
	if len(b) > n {
		return b[len(b)-n:]
	}
	return b
}

func cmdline(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return string(b)
}
