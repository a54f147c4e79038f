package crash

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// A clock that is set by a day, either way, and a machine that sleeps, end
// nothing: no turn, no agent, no step, not the daemon.
func TestClockAndSleep(t *testing.T) {
	if problem := guard(jumpAndSleep); problem != "" {
		t.Error(problem)
	}
}

func jumpAndSleep() {
	m := newMachine(oldBuild, nil)
	defer m.close()
	works := m.create("say: begun\nstream: 1000000 every 100ms\n# " + busy)
	asks := m.create("ask: may I?\n" + note("asked"))
	rests := m.create("say: ready")
	daemon := m.daemon()
	agents := m.agents()
	look := func(when string) {
		f := m.read()
		for id, want := range map[string]string{works: "working", asks: "needs_permission", rests: "idle"} {
			if t := f.task(id); t.activity != want || t.lifecycle != "ready" {
				fail("%s: task %s is %s, %s (%s), not %s", when, id, t.lifecycle, t.activity, t.reason, want)
			}
		}
		if got := m.agents(); !slices.Equal(got, agents) || m.daemon() != daemon {
			fail("%s: the agents are %v and hfd is %d; they were %v and %d", when, got, m.daemon(), agents, daemon)
		}
		m.grows(works, when)
	}
	clock := filepath.Join(m.dir, "fault", fault.ClockFile)
	for _, jump := range []string{"24h", "-24h", "0s"} {
		must(0, os.WriteFile(clock, []byte(jump), 0o600))
		token := "after-" + jump
		m.hf("send", rests, note(token))
		made := m.create(note("made-" + token))
		f := m.settle()
		if m.count(f, f.task(rests), token) != 1 || m.count(f, f.task(made), "made-"+token) != 1 {
			fail("the clock is set by %s: a message or a task is lost", jump)
		}
		m.hf("kill", "--yes", made)
		look("the clock is set by " + jump)
	}

	// All of it stands still, and goes on.
	all := m.processes()
	for _, p := range all {
		_ = syscall.Kill(p.pid, syscall.SIGSTOP)
	}
	time.Sleep(3 * time.Second) // what is tested is that time passes
	for _, p := range slices.Backward(all) {
		_ = syscall.Kill(p.pid, syscall.SIGCONT)
	}
	look("the machine slept")
	m.hf("approve", asks)
	m.hf("send", rests, note("slept"))
	f := m.settle()
	if m.count(f, f.task(rests), "slept") != 1 || m.count(f, f.task(asks), "asked") != 1 {
		fail("after the sleep a message or an answer is lost")
	}
	m.check(f)
}

// agents lists the pids of the agents that hfd supervises.
func (m *machine) agents() (pids []int) {
	f := m.read()
	for _, s := range decode[api.Inspect](m.hf("backend", "inspect")).Sessions {
		if f.task(s.Task).lifecycle == "ready" {
			pids = append(pids, s.AgentPID)
		}
	}
	slices.Sort(pids)
	return pids
}

// grows waits until a task's agent has said more.
func (m *machine) grows(task, when string) {
	said := func() int { return strings.Count(m.hf("logs", task, "--json"), "\n") }
	before := said()
	m.until(func() string { return when + ": the agent of " + task + " says nothing more" }, func() bool { return said() > before })
}
