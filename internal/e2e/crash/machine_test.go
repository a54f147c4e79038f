package crash

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
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/rundir"
)

// hangs is how long something may take that takes no time: a test that waits
// longer has found that it hangs.
const hangs = time.Minute

// machine is a user's machine: a home, installed programs, a repository. The
// programs look for faults in a directory of it.
type machine struct {
	dir  string // short: sockets lie below it
	repo string
	env  []string
	head string // commit of the checkout, which nothing may move

	cases   int             // run on it so far
	retired map[string]bool // tasks of earlier cases, which were looked at when these ended
	deleted map[string]bool // tasks whose branch was to be deleted
	freed   map[string]bool // tasks of which nothing need be kept
}

// problem is what a case found to be wrong. It ends the case by a panic, so
// that helpers need not hand errors on; case runners recover it.
type problem struct{ text string }

func fail(format string, args ...any) { panic(problem{fmt.Sprintf(format, args...)}) }

func must[T any](v T, err error) T {
	if err != nil {
		fail("%v", err)
	}
	return v
}

// newMachine makes a machine with a repository. The caller closes it.
func newMachine(build string, files map[string]string) *machine {
	dir := must(os.MkdirTemp("", "hfc"))
	m := &machine{dir: dir, repo: filepath.Join(dir, "repo"), retired: map[string]bool{}, deleted: map[string]bool{}, freed: map[string]bool{}}
	m.env = []string{
		"HOME=" + filepath.Join(dir, "home"), "HF_STATE_DIR=" + m.state(), "HF_DATA_DIR=" + filepath.Join(dir, "data"),
		"PATH=" + filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"), "LANG=C.UTF-8", "TERM=dumb", "TMPDIR=" + filepath.Join(dir, "tmp"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t@example.invalid", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t@example.invalid",
		fault.Variable + "=" + filepath.Join(dir, "fault"), "HF_GIT_SPICE_BIN=" + gitSpice(),
	}
	for _, d := range []string{"home", "bin", "repo", "tmp", "fault"} {
		must(0, os.Mkdir(filepath.Join(dir, d), 0o755))
	}
	m.install(build)
	m.git("init", "-q", "-b", "main")
	m.write(filepath.Join(m.repo, "README"), "hello\n")
	for name, text := range files {
		m.write(filepath.Join(m.repo, name), text)
	}
	m.git("add", ".")
	m.git("commit", "-q", "-m", "start")
	m.head = m.git("rev-parse", "HEAD")
	return m
}

func (m *machine) state() string { return filepath.Join(m.dir, "state") }

func (m *machine) write(path, text string) {
	must(0, os.MkdirAll(filepath.Dir(path), 0o755))
	must(0, os.WriteFile(path, []byte(text), 0o644))
}

// install puts a build's programs in place as an installer does: by rename.
func (m *machine) install(build string) {
	for _, name := range []string{"hf", "hfd"} {
		to := filepath.Join(m.dir, "bin", name)
		must(0, os.Link(filepath.Join(built, build, name), to+".new"))
		must(0, os.Rename(to+".new", to))
	}
}

func (m *machine) git(args ...string) string {
	out, err := m.command(context.Background(), "git", args...)
	if err != nil {
		fail("git %s: %v\n%s", strings.Join(args, " "), err, out.all())
	}
	return strings.TrimSpace(out.out)
}

// result is what a command printed and how it ended; -1 is by a signal.
type result struct {
	out, err string
	code     int
}

func (r result) all() string { return fmt.Sprintf("exit %d\n%s%s", r.code, r.out, r.err) }

func (m *machine) command(ctx context.Context, name string, args ...string) (result, error) {
	ctx, cancel := context.WithTimeout(ctx, hangs)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = m.repo, m.env
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if ctx.Err() != nil {
		fail("%s %s: it hangs\n%s%s", name, strings.Join(args, " "), out.String(), errOut.String())
	}
	code := -1
	if cmd.ProcessState != nil {
		code = cmd.ProcessState.ExitCode()
	}
	return result{out.String(), errOut.String(), code}, err
}

// try runs hf, whatever its exit code. One that fails must say why, unless it
// was killed itself.
func (m *machine) try(args ...string) result {
	r, err := m.command(context.Background(), filepath.Join(m.dir, "bin", "hf"), args...)
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		fail("hf %s: %v", strings.Join(args, " "), err)
	}
	if r.code > 0 && strings.TrimSpace(r.err) == "" {
		fail("hf %s: exit %d without a word", strings.Join(args, " "), r.code)
	}
	return r
}

// hf runs hf and wants it to succeed.
func (m *machine) hf(args ...string) string {
	r := m.try(args...)
	if r.code != 0 {
		fail("hf %s: %s", strings.Join(args, " "), r.all())
	}
	return r.out
}

func decode[T any](text string) (v T) {
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		fail("decode %q: %v", text, err)
	}
	return v
}

// until asks again until ok holds, less often the longer it takes: who asks
// takes the time that the answer needs. There is nothing to await from outside
// but the answer itself.
func (m *machine) until(what func() string, ok func() bool) {
	pause := 5 * time.Millisecond
	for deadline := time.Now().Add(hangs); !ok(); time.Sleep(pause) {
		pause = min(pause*3/2, 100*time.Millisecond)
		if time.Now().After(deadline) {
			fail("it hangs: %s", what())
		}
	}
}

// arm has a fault strike at the n-th time a point is passed from now on, or
// nothing for "".
func (m *machine) arm(point string, n int, action string) {
	dir := filepath.Join(m.dir, "fault")
	_ = os.Remove(filepath.Join(dir, fault.PlanFile))
	_ = os.Remove(filepath.Join(dir, fault.HitsFile))
	if point != "" {
		plan := filepath.Join(dir, "next")
		must(0, os.WriteFile(plan, fmt.Appendf(nil, "%s %d %s", point, n, action), 0o600))
		must(0, os.Rename(plan, filepath.Join(dir, fault.PlanFile)))
	}
}

// disarm returns how often each point was passed since arm.
func (m *machine) disarm() map[string]int {
	hits, _ := os.ReadFile(filepath.Join(m.dir, "fault", fault.HitsFile))
	m.arm("", 0, "")
	seen := map[string]int{}
	for line := range strings.Lines(string(hits)) {
		name, _, _ := strings.Cut(line, " ")
		seen[name]++
	}
	return seen
}

// daemon returns the pid of the hfd that lives, or 0.
func (m *machine) daemon() int {
	lock := filepath.Join(m.state(), "hfd.lock")
	rec, ok := rundir.ReadRecord(lock)
	held, err := rundir.Held(lock)
	if !ok || err != nil || !held || !running(rec.PID) {
		return 0
	}
	return rec.PID
}

// process is one of the machine's.
type process struct {
	pid, parent int
	args        []string
}

func (p process) String() string {
	return fmt.Sprintf("%d (child of %d) %q", p.pid, p.parent, p.args)
}

// processes finds what runs on this machine: by the machine's directory in the
// words or the variables of a process.
func (m *machine) processes() (list []process) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		cmdline, _ := os.ReadFile(filepath.Join(d, "cmdline"))
		environ, _ := os.ReadFile(filepath.Join(d, "environ"))
		if pid == os.Getpid() || !bytes.Contains(cmdline, []byte(m.dir)) && !bytes.Contains(environ, []byte(m.dir)) || !running(pid) {
			continue
		}
		list = append(list, process{pid, parent(pid), strings.Split(strings.TrimRight(string(cmdline), "\x00"), "\x00")})
	}
	return list
}

func stat(pid int) []string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.Fields(rest)
}

// running reports whether a process lives: a zombie does not.
func running(pid int) bool {
	f := stat(pid)
	return len(f) > 0 && f[0] != "Z" && f[0] != "X"
}

func parent(pid int) int {
	f := stat(pid)
	if len(f) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(f[1])
	return n
}

func (m *machine) close() {
	for range 100 { // one that was killed may just have started another
		left := m.processes()
		if len(left) == 0 {
			break
		}
		for _, p := range left {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
	}
	_ = os.RemoveAll(m.dir)
}

func (m *machine) log(n int) string {
	b, _ := os.ReadFile(filepath.Join(m.state(), "hfd.log"))
	return string(b[max(0, len(b)-n):])
}

// guard calls f and returns the problem that ended it, if one did.
func guard(f func()) (found string) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		known, ok := p.(problem)
		if !ok {
			panic(p)
		}
		found = known.text
	}()
	f()
	return ""
}
