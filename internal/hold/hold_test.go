package hold

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/pkg/api"
)

func TestLifeOfASession(t *testing.T) {
	t.Parallel()
	s := sh(t, `echo out; echo err >&2; read line; echo "got $line"; exit 7`)
	info, alive := Alive(s.dir)
	if !alive || info.PID != s.PID || info.AgentPID != s.AgentPID {
		t.Fatalf("alive: %v, %+v", alive, info)
	}
	c := s.dial()
	if err := c.AckExit(t.Context()); !errors.Is(err, ErrRunning) {
		t.Fatalf("acknowledged before the end: %v", err)
	}
	if err := c.Input(t.Context(), 1, []byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	if ended := s.awaitExit(); ended.Code != 7 || ended.Signal != "" {
		t.Fatalf("ended: %+v", ended)
	}
	if out, err := s.output(journal.Out), s.output(journal.Err); out != "out\ngot hello\n" || err != "err\n" {
		t.Errorf("output %q, %q", out, err)
	}
	recs := s.records()
	if last := recs[len(recs)-1]; last.Kind != journal.Exit || string(last.Data) != `{"code":7}` {
		t.Errorf("the last record: %c %s", last.Kind, last.Data)
	}
	if err := c.Input(t.Context(), 2, []byte("late\n")); !errors.Is(err, ErrExited) {
		t.Errorf("input behind the end: %v", err)
	}
	if again := s.dial(); again.Info().Exit == nil || again.Info().Exit.Code != 7 || again.Info().LastSeq != 1 {
		t.Errorf("info behind the end: %+v", again.Info())
	}
	if _, alive := Alive(s.dir); !alive {
		t.Fatal("the holder did not wait for the acknowledgement")
	}
	if err := c.AckExit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, alive := Alive(s.dir); alive || (process{pid: s.PID, start: s.StartTime}).lives() {
		t.Error("the holder lives on")
	}
	if _, err := lookUp(s.PID); err == nil {
		t.Error("the holder was not reaped")
	}
	if _, err := os.Stat(s.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	if err := c.AckExit(t.Context()); err != nil {
		t.Errorf("acknowledged again: %v", err)
	}
	s.checkPrivate()
}

// checkPrivate looks for files that others could read.
func (s *session) checkPrivate() {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		st, err := d.Info()
		if err == nil && st.Mode()&0o077 != 0 {
			s.t.Errorf("%s has mode %v", path, st.Mode())
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}

// The process sees its own environment and nothing of how hf runs.
func TestWhatTheProcessSees(t *testing.T) {
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	leak, err := unix.Open("/dev/null", unix.O_RDONLY, 0) // inherited by whoever is started
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(leak) }()

	s := sh(t, `pwd; umask; env; grep SigIgn /proc/self/status; ls /proc/$$/fd | tr '\n' ,; echo
		echo "soft $(ulimit -Sn)"; cut -d' ' -f5,6 /proc/$$/stat; touch made; read wait`)
	out := s.awaitOutput("\n" + strconv.Itoa(s.AgentPID) + " " + strconv.Itoa(s.PID) + "\n")
	for _, want := range []string{s.cwd + "\n", "0022\n", "COLOUR=blue\n", "SigIgn:\t0000000000000000\n", "\n0,1,2,"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if strings.Contains(out, "GOMAXPROCS") {
		t.Errorf("the holder's environment leaks:\n%s", out)
	}
	if soft := originalLimit(t); !strings.Contains(out, "soft "+soft+"\n") {
		t.Errorf("limit of open files is not %s:\n%s", soft, out)
	}
	eventually(t, "a file", func() bool { _, err := os.Stat(filepath.Join(s.cwd, "made")); return err == nil })
	if st, _ := os.Stat(filepath.Join(s.cwd, "made")); st.Mode().Perm() != 0o644 {
		t.Errorf("its file has mode %v", st.Mode())
	}
	s.checkHolder()
}

// originalLimit is the soft limit that a child gets, from outside of Go.
func originalLimit(t *testing.T) string {
	t.Helper()
	c := spawn(t, "/bin/sh", "-c", "ulimit -Sn")
	soft, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(soft)
}

// checkHolder looks at the holder from outside.
func (s *session) checkHolder() {
	s.t.Helper()
	proc := "/proc/" + strconv.Itoa(s.PID)
	for fd, want := range map[string]string{"0": "/dev/null", "1": "/dev/null", "2": filepath.Join(s.dir, errFile)} {
		if got, err := os.Readlink(proc + "/fd/" + fd); err != nil || got != want {
			s.t.Errorf("descriptor %s is %s, %v", fd, got, err)
		}
	}
	if got, err := os.Readlink(proc + "/cwd"); err != nil || got != "/" {
		s.t.Errorf("working directory %s, %v", got, err)
	}
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil {
		s.t.Fatal(err)
	}
	null := 0
	for _, fd := range fds {
		if to, _ := os.Readlink(proc + "/fd/" + fd.Name()); to == os.DevNull {
			null++
		}
	}
	if null != 2 {
		s.t.Errorf("an inherited descriptor is open: %d times %s", null, os.DevNull)
	}
	b, err := os.ReadFile(proc + "/cmdline")
	if err != nil || strings.Contains(string(b), "pwd") {
		s.t.Errorf("the command stands in the holder's arguments: %q, %v", b, err)
	}
	if sid, err := unix.Getsid(s.PID); err != nil || sid != s.PID {
		s.t.Errorf("the holder's session is %d, %v", sid, err)
	}
}

func TestStartThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Spec)
		code  api.Code
	}{
		"no program":           {func(s *Spec) { s.Argv = []string{"/does/not/exist"} }, api.CodeAgentMissing},
		"not in PATH":          {func(s *Spec) { s.Argv = []string{"no-such-program"} }, api.CodeAgentMissing},
		"no format":            {func(s *Spec) { s.Argv = []string{s.Cwd + "/text"} }, api.CodeAgent},
		"no directory":         {func(s *Spec) { s.Cwd += "/nowhere" }, api.CodeNotFound},
		"relative directory":   {func(s *Spec) { s.Cwd = "." }, api.CodeInvalid},
		"socket path too long": {func(s *Spec) { s.Socket += strings.Repeat("x", 100) }, api.CodeInvalid},
		"no command":           {func(s *Spec) { s.Argv = nil }, api.CodeInvalid},
		"not UTF-8":            {func(s *Spec) { s.Env = []string{"A=\xff"} }, api.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			spec := specOf(t, "/bin/true")
			if err := os.WriteFile(filepath.Join(spec.Cwd, "text"), []byte("no program"), 0o700); err != nil {
				t.Fatal(err)
			}
			c.spoil(&spec)
			_, err := Start(t.Context(), StartOptions{HF: self(t), Spec: spec})
			var problem *api.Error
			if !errors.As(err, &problem) || problem.Code != c.code {
				t.Fatalf("got %v", err)
			}
			checkNothingLeft(t, spec)
		})
	}
}

func checkNothingLeft(t *testing.T, spec Spec) {
	t.Helper()
	for _, path := range []string{filepath.Join(spec.Dir, JournalFile), filepath.Join(spec.Dir, infoFile), spec.Socket} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was left", path)
		}
	}
	below, err := descendants(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range below {
		cmd, _ := os.ReadFile("/proc/" + strconv.Itoa(p.pid) + "/cmdline")
		t.Errorf("left running: %d %q", p.pid, cmd)
	}
}

// A start that failed can be tried again; one that succeeded cannot.
func TestOneProcessASession(t *testing.T) {
	t.Parallel()
	spec := specOf(t, "/does/not/exist")
	if _, err := Start(t.Context(), StartOptions{HF: self(t), Spec: spec}); err == nil {
		t.Fatal("started")
	}
	spec.Argv = []string{"/bin/sh", "-c", "echo here; read wait"}
	s := holdSpec(t, spec)
	s.awaitOutput("here")
	exists := func(when string) {
		t.Helper()
		_, err := Start(t.Context(), StartOptions{HF: self(t), Spec: spec})
		var problem *api.Error
		if !errors.As(err, &problem) || problem.Code != api.CodeExists {
			t.Fatalf("%s: %v", when, err)
		}
	}
	exists("while it lives")
	if out := s.output(journal.Out); out != "here\n" {
		t.Errorf("output %q", out)
	}
	s.dial()
	s.end()
	exists("when it is over")
}

func TestStartIsGivenUp(t *testing.T) {
	hf := func(script string) (path, pidFile string) {
		dir := t.TempDir()
		path, pidFile = filepath.Join(dir, "hf"), filepath.Join(dir, "pid")
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho $$ > "+pidFile+".new; mv "+pidFile+".new "+pidFile+"\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
		return path, pidFile
	}
	t.Run("it never answers", func(t *testing.T) {
		path, pidFile := hf("exec sleep 1000")
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		go func() {
			eventually(t, "the start", func() bool { _, err := os.Stat(pidFile); return err == nil })
			cancel(why)
		}()
		spec := specOf(t, "/bin/true")
		spec.Env = append(spec.Env, "BIG="+strings.Repeat("x", 200_000)) // more than the pipe takes
		if _, err := Start(ctx, StartOptions{HF: path, Spec: spec}); !errors.Is(err, why) {
			t.Fatalf("got %v", err)
		}
		checkNothingLeft(t, spec)
	})
	t.Run("it dies", func(t *testing.T) {
		path, _ := hf("echo oops >&2; exit 3")
		spec := specOf(t, "/bin/true")
		if _, err := Start(t.Context(), StartOptions{HF: path, Spec: spec}); err == nil || !strings.Contains(err.Error(), errFile) {
			t.Fatalf("got %v", err)
		}
		if b, _ := os.ReadFile(filepath.Join(spec.Dir, errFile)); string(b) != "oops\n" {
			t.Errorf("its words: %q", b)
		}
		checkNothingLeft(t, spec)
	})
	t.Run("it answers garbage", func(t *testing.T) {
		path, _ := hf("echo '{}'; exec sleep 1000")
		spec := specOf(t, "/bin/true")
		if _, err := Start(t.Context(), StartOptions{HF: path, Spec: spec}); err == nil {
			t.Fatal("started")
		}
		checkNothingLeft(t, spec)
	})
	t.Run("there is no hf", func(t *testing.T) {
		if _, err := Start(t.Context(), StartOptions{HF: "/does/not/exist", Spec: specOf(t, "/bin/true")}); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestLongSessionDirectory(t *testing.T) {
	t.Parallel()
	spec := specOf(t, "/bin/cat")
	spec.Dir = filepath.Join(spec.Dir, strings.Repeat("d", 200), strings.Repeat("e", 200))
	s := holdSpec(t, spec)
	if err := s.dial().Input(t.Context(), 1, []byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	s.awaitOutput("hello\n")
}

func TestNotAlive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, alive := Alive(dir); alive {
		t.Error("an empty directory")
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("dial: %v", err)
	}
	s := sh(t, "read wait")
	info := s.Info
	for name, spoil := range map[string]func(*Info){
		"another boot":   func(i *Info) { i.BootID = "another" },
		"a recycled pid": func(i *Info) { i.StartTime++ },
		"no such pid":    func(i *Info) { i.PID = 1 << 30 },
	} {
		bad := info
		spoil(&bad)
		if err := writeJSON(filepath.Join(s.dir, infoFile), bad); err != nil {
			t.Fatal(err)
		}
		if _, alive := Alive(s.dir); alive {
			t.Errorf("%s counts as alive", name)
		}
	}
	if err := writeJSON(filepath.Join(s.dir, infoFile), info); err != nil {
		t.Fatal(err)
	}
	if _, alive := Alive(s.dir); !alive {
		t.Error("the true record does not count as alive")
	}
}

// At rest a holder does nothing at all.
func TestIdleHolderSleeps(t *testing.T) {
	s := sh(t, "echo up; read wait")
	s.awaitOutput("up\n")
	s.dial()
	switches := func() (n int) {
		tasks, err := filepath.Glob("/proc/" + strconv.Itoa(s.PID) + "/task/*/status")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range tasks {
			b, _ := os.ReadFile(path)
			for l := range strings.Lines(string(b)) {
				if v, ok := strings.CutPrefix(l, "voluntary_ctxt_switches:"); ok {
					k, _ := strconv.Atoi(strings.TrimSpace(v))
					n += k
				}
			}
		}
		return n
	}
	// What was begun before, such as the sync a second after the last record,
	// may end first.
	eventually(t, "a second without a wake-up", func() bool {
		before := switches()
		time.Sleep(time.Second)
		return switches() == before
	})
}

// A stopped holder answers nobody. Whoever asks is told so, and it goes on as
// if nothing had been.
func TestStoppedHolderIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := sh(t, `read line; echo "got $line"; read line; echo "got $line"`)
	c := s.dial()
	if err := syscall.Kill(s.PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the holder to be stopped", func() bool { return stopped(s.Info) != nil })
	for what, ask := range map[string]func() error{
		"input": func() error { return c.Input(t.Context(), 1, []byte("one\n")) },
		"dial":  func() error { _, err := Dial(t.Context(), s.dir); return err },
		"stop":  func() error { return Stop(t.Context(), s.dir, 0) },
	} {
		e, ok := errors.AsType[*api.Error](ask())
		if !ok || !strings.Contains(e.Message, "is stopped") || e.Hint == "" {
			t.Errorf("%s: %v", what, e)
		}
	}
	if err := syscall.Kill(s.PID, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	// The input had been sent in full: it is carried out.
	again := s.dial()
	if seq := again.Info().LastSeq; seq != 1 {
		t.Fatalf("the last input is %d, want the one that was sent", seq)
	}
	if err := again.Input(t.Context(), 2, []byte("two\n")); err != nil {
		t.Fatal(err)
	}
	s.awaitExit()
	if out := s.output(journal.Out); out != "got one\ngot two\n" {
		t.Errorf("output %q", out)
	}
	if err := again.AckExit(t.Context()); err != nil {
		t.Error(err)
	}
}

// From a size on nothing more is read: the process waits, and ends when it is
// told to.
func TestJournalHasALimit(t *testing.T) {
	t.Parallel()
	spec := specOf(t, "/bin/sh", "-c", "exec cat /dev/zero")
	spec.JournalMax = 1 << 20
	s := holdSpec(t, spec)
	c := s.dial()
	for c.Info().Size < spec.JournalMax {
		if _, ok := <-c.Notify(); !ok {
			t.Fatal("the holder hung up")
		}
	}
	if err := c.Stop(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if ended := s.awaitExit(); ended.Signal != "SIGTERM" {
		t.Errorf("it ended by %+v", ended)
	}
	if err := c.AckExit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if size := int64(len(s.output(journal.Out))); size > spec.JournalMax+4*readSize {
		t.Errorf("%d bytes were written, the limit is %d", size, spec.JournalMax)
	}
}
