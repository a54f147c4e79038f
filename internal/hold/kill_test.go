package hold

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/journal"
)

// pids waits for n processes that said their number, a line each.
func (s *session) pids(n int) []process {
	s.t.Helper()
	var out []string
	eventually(s.t, "the process's family", func() bool {
		out = strings.Fields(s.output(journal.Out))
		return len(out) == n
	})
	found := make([]process, n)
	for i, f := range out {
		pid, err := strconv.Atoi(f)
		if err != nil {
			s.t.Fatal(err)
		}
		if found[i], err = lookUp(pid); err != nil {
			s.t.Fatal(err)
		}
		p := found[i]
		s.t.Cleanup(func() { p.signal(syscall.SIGKILL) })
	}
	return found
}

func (s *session) noneLeft(family []process) {
	s.t.Helper()
	for _, p := range family {
		if p.lives() {
			s.t.Errorf("process %d lives on", p.pid)
		}
	}
	if below, err := descendants(s.PID); err != nil || len(below) > 0 {
		s.t.Errorf("below the holder: %v, %v", below, err)
	}
}

// family leaves the process's group and session in every way, stays in it,
// ignores what can be ignored, and never stops forking.
const family = `
child='trap "" TERM HUP INT; echo $$; while :; do sleep 1000; done'
sh -c "$child" &
setsid sh -c "$child" &
nohup sh -c "$child" 2>/dev/null &
( setsid sh -c "setsid sh -c '$child' &" & )
setsid sh -c 'echo $$; exec sleep 1000' &
`

func TestStopLeavesNobody(t *testing.T) {
	t.Parallel()
	bystander := spawn(t, "sleep", "1000")
	s := sh(t, family+`echo $$; trap "" TERM; while :; do sleep 0.005 & sleep 0.01; done`)
	all := s.pids(6)
	if err := s.dial().Stop(t.Context(), 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	s.noneLeft(all)
	if !bystander.lives() {
		t.Error("a bystander was killed")
	}
	if ended, ok, err := ReadExit(s.dir); !ok || err != nil || ended.Signal != "SIGKILL" {
		t.Errorf("ended: %+v, %v, %v", ended, ok, err)
	}
	if err := Stop(t.Context(), s.dir, time.Hour); err != nil {
		t.Errorf("stopped again: %v", err)
	}
}

// A number that has passed to another process is nobody's.
func TestSignalKnowsAStranger(t *testing.T) {
	t.Parallel()
	stranger := spawn(t, "sleep", "1000")
	process{pid: stranger.pid, start: stranger.start + 1}.signal(syscall.SIGKILL)
	if !stranger.lives() {
		t.Fatal("a stranger was killed")
	}
	stranger.kill(t)
}

func TestForkerIsStopped(t *testing.T) {
	t.Parallel()
	// Four chains, in which each process starts the next one in a session of
	// its own and ends: whoever is seen has gone before it can be signalled.
	script := filepath.Join(t.TempDir(), "fork")
	if err := os.WriteFile(script, []byte("trap '' TERM\nsetsid sh $0 &\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sh(t, strings.Repeat("sh "+script+"; ", 4)+"echo up; exec sleep 1000")
	s.awaitOutput("up\n")
	if err := s.dial().Stop(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.noneLeft(nil)
}

func TestStopIsGentle(t *testing.T) {
	t.Parallel()
	s := sh(t, `trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done`)
	s.awaitOutput("up\n")
	if err := s.dial().Stop(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if ended := s.awaitExit(); ended.Code != 3 {
		t.Errorf("ended: %+v", ended)
	}
	if out := s.output(journal.Out); out != "up\nbye\n" {
		t.Errorf("output %q", out)
	}
}

// A stop that is asked for sooner counts, whatever was asked for before.
func TestSecondStopIsSooner(t *testing.T) {
	t.Parallel()
	s := sh(t, `trap "" TERM; echo up; while :; do sleep 1; done`)
	s.awaitOutput("up\n")
	first := make(chan error, 1)
	go func() { first <- Stop(t.Context(), s.dir, time.Hour) }()
	if err := Stop(t.Context(), s.dir, 0); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// What a process that ends by itself leaves behind is a leak: asked to go, and
// made to.
func TestLeftoversAreEnded(t *testing.T) {
	t.Parallel()
	s := sh(t, family+`read go; exit 5`)
	all := s.pids(5)
	if err := s.dial().Input(t.Context(), 1, []byte("go\n")); err != nil {
		t.Fatal(err)
	}
	if ended := s.awaitExit(); ended.Code != 5 {
		t.Errorf("ended: %+v", ended)
	}
	s.noneLeft(all)
}

func TestKilledProcess(t *testing.T) {
	t.Parallel()
	s := sh(t, family+`echo $$; while :; do sleep 1; done`)
	all := s.pids(6)
	agent := process{pid: s.AgentPID, start: s.AgentStartTime}
	agent.signal(syscall.SIGKILL)
	if ended := s.awaitExit(); ended.Signal != "SIGKILL" || ended.Code != -1 {
		t.Errorf("ended: %+v", ended)
	}
	s.noneLeft(all)
	if _, alive := Alive(s.dir); !alive {
		t.Error("the holder did not wait for the acknowledgement")
	}
	c := s.dial()
	if c.Info().Exit == nil || c.Info().Exit.Signal != "SIGKILL" {
		t.Errorf("info: %+v", c.Info())
	}
	if err := c.Signal(t.Context(), syscall.SIGINT); !errors.Is(err, ErrExited) {
		t.Errorf("signalled: %v", err)
	}
}

func TestSignalReachesTheGroup(t *testing.T) {
	t.Parallel()
	s := sh(t, `trap 'echo parent' USR1; sh -c 'trap "echo child; exit 0" USR1; echo up; while :; do sleep 0.01; done' & wait $!; wait $!`)
	s.awaitOutput("up\n")
	if err := s.dial().Signal(t.Context(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	s.awaitExit()
	if out := s.output(journal.Out); !strings.Contains(out, "parent\n") || !strings.Contains(out, "child\n") {
		t.Errorf("output %q", out)
	}
}

// The holder dies by SIGKILL: so does its process, whatever it ignores and
// though it neither reads nor writes. The session counts as interrupted.
func TestKilledHolder(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"silent":  `trap "" TERM HUP INT PIPE; setsid sh -c 'echo $$; exec sleep 1000' & while :; do sleep 1000; done`,
		"writing": `setsid sh -c 'echo $$; exec sleep 1000' & sleep 0.1; exec yes`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sh(t, script)
			escaped := s.firstPID()
			below, err := descendants(s.PID)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				for _, p := range below {
					p.signal(syscall.SIGKILL)
				}
			}()
			holder := process{pid: s.PID, start: s.StartTime}
			holder.signal(syscall.SIGKILL)
			eventually(t, "the holder's end", func() bool { return !holder.lives() })
			agent := process{pid: s.AgentPID, start: s.AgentStartTime}
			eventually(t, "the process's end", func() bool { return !agent.lives() })
			if !escaped.lives() {
				t.Error("the lock is not tested: no descendant is left")
			}
			if _, alive := Alive(s.dir); alive {
				t.Error("the holder counts as alive")
			}
			if _, ok, err := ReadExit(s.dir); ok || err != nil {
				t.Errorf("an exit is recorded: %v", err)
			}
			for _, rec := range s.records() { // a clean prefix
				if rec.Kind == journal.Exit {
					t.Error("the journal knows an exit")
				}
			}
			if _, err := Dial(t.Context(), s.dir); err == nil {
				t.Error("the dead holder answered")
			}
		})
	}
}

// firstPID waits for a process that said its number in the first line.
func (s *session) firstPID() process {
	s.t.Helper()
	first, _, _ := strings.Cut(s.awaitOutput("\n"), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := lookUp(pid)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { p.signal(syscall.SIGKILL) })
	return p
}

// A holder that is asked to end takes its process along and says so.
func TestTerminatedHolder(t *testing.T) {
	t.Parallel()
	s := sh(t, `trap 'exit 9' TERM; echo up; while :; do sleep 0.01; done`)
	s.awaitOutput("up\n")
	holder := process{pid: s.PID, start: s.StartTime}
	holder.signal(syscall.SIGHUP) // ends nothing
	holder.signal(syscall.SIGTERM)
	eventually(t, "the holder's end", func() bool { return !holder.lives() })
	if ended := s.awaitExit(); ended.Code != 9 {
		t.Errorf("ended: %+v", ended)
	}
	if _, alive := Alive(s.dir); alive {
		t.Error("the holder counts as alive")
	}
}

// Somebody else keeps the process's output open: the end does not wait for
// them, and loses nothing the process had written.
func TestPipeKeptOpen(t *testing.T) {
	t.Parallel()
	s := sh(t, `echo up; read line; echo last words`)
	s.awaitOutput("up\n")
	pipe, err := os.OpenFile("/proc/"+strconv.Itoa(s.AgentPID)+"/fd/1", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pipe.Close() }()
	if err := s.dial().Input(t.Context(), 1, []byte("go\n")); err != nil {
		t.Fatal(err)
	}
	s.awaitExit()
	if out := s.output(journal.Out); out != "up\nlast words\n" {
		t.Errorf("output %q", out)
	}
}

// A full disk holds the process up; with room again everything is there once.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a small disk")
	}
	const total = 3 << 20
	disk := t.TempDir()
	if err := unix.Mount("hf", disk, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := specOf(t, self(t), "flood", strconv.Itoa(total))
	spec.Dir = filepath.Join(disk, "session")
	s := holdSpec(t, spec)
	c := s.dial()
	eventually(t, "the full disk", func() bool {
		var st unix.Statfs_t
		return unix.Statfs(disk, &st) == nil && st.Bavail == 0
	})
	given := make(chan error, 1)
	go func() { given <- c.Input(t.Context(), 1, []byte("waits\n")) }()
	agent := process{pid: s.AgentPID, start: s.AgentStartTime}
	if !agent.lives() {
		t.Fatal("the process is gone")
	}
	follow := make(chan error, 1)
	go func() { follow <- Follow(t.Context(), s.dir, 0, io.Discard) }()
	if err := c.Signal(t.Context(), syscall.SIGCONT); err != nil {
		t.Errorf("signal while the disk is full: %v", err)
	}
	select {
	case err := <-given:
		t.Fatalf("input was taken by a full disk: %v", err)
	default:
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := <-given; err != nil && !errors.Is(err, ErrExited) {
		t.Error(err)
	}
	if ended := s.awaitExit(); ended.Code != 0 {
		t.Errorf("ended: %+v", ended)
	}
	s.checkFlood(total)
	if err := <-follow; err != nil {
		t.Error(err)
	}
}

// Stopping does not wait for a full disk, only the record of it does.
func TestStopWhileTheDiskIsFull(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a small disk")
	}
	disk := t.TempDir()
	if err := unix.Mount("hf", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("mount a small disk: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(disk, unix.MNT_DETACH) })
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	spec := specOf(t, "/usr/bin/yes")
	spec.Dir = filepath.Join(disk, "session")
	s := holdSpec(t, spec)
	eventually(t, "the full disk", func() bool {
		var st unix.Statfs_t
		return unix.Statfs(disk, &st) == nil && st.Bavail == 0
	})
	if err := s.dial().Stop(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	s.noneLeft(nil)
	if _, ok, _ := ReadExit(s.dir); ok {
		t.Error("an exit was recorded on a full disk")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if ended := s.awaitExit(); ended.Signal == "" {
		t.Errorf("ended: %+v", ended)
	}
	s.records()
}
