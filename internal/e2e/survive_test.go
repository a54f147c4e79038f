package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// A turn that streams goes on while the daemon is killed twice and upgraded
// once: the same agent process, every byte of its answer, and the question it
// then asks is still open after one more kill.
func TestTurnOutlivesTheDaemon(t *testing.T) {
	m := newMachine(t)
	const lines = 300
	id := m.create(fmt.Sprintf("stream: %d every 20ms\nask: go on?\nsay: the end", lines))
	m.until("the answer begins", 30*time.Second, func() bool { return strings.Contains(m.text(id), "line 20 of") })
	agent := m.agentPID(id)
	if agent == 0 || !running(agent) {
		t.Fatalf("agent pid %d does not run", agent)
	}

	for range 2 {
		second := m.second()
		m.killDaemon()
		began := time.Now()
		if d := m.task(id); d.Status != api.StatusRunning {
			t.Errorf("status after a kill: %s (%s), want running", d.Status, d.Reason)
		}
		if took := time.Since(began); took > second {
			t.Errorf("status was right only after %s, later than %s", took, second)
		}
	}

	before := m.backend()
	m.install(newBuild)
	m.hf("list")
	m.until("the new build serves", 10*time.Second, func() bool { return m.backend().Build == newBuild })
	if after := m.backend(); after.PID != before.PID || after.Outdated {
		t.Errorf("after the upgrade: pid %d (was %d), outdated %v (%s)", after.PID, before.PID, after.Outdated, after.Why)
	}

	if told := m.hf("history"); !strings.Contains(told, "hfd upgraded in place to ") {
		t.Errorf("the history does not know of the upgrade:\n%s", told)
	}

	d := m.untilStatus(id, api.StatusWaiting)
	if len(d.Permissions) != 1 {
		t.Fatalf("open permissions: %v", d.Permissions)
	}
	m.killDaemon()
	again := m.task(id)
	if again.Status != api.StatusWaiting || len(again.Permissions) != 1 || again.Permissions[0].ID != d.Permissions[0].ID {
		t.Fatalf("after a kill: status %s, permissions %v; want the open one", again.Status, again.Permissions)
	}
	if now := m.agentPID(id); now != agent || !running(agent) {
		t.Errorf("agent pid is %d, was %d", now, agent)
	}

	m.hf("approve", id)
	m.hf("wait", id, "--for", "done", "--timeout", "20s")
	var want strings.Builder
	for n := range lines {
		fmt.Fprintf(&want, "line %d of %d\n", n+1, lines)
	}
	got := m.text(id)
	if !strings.HasPrefix(got, want.String()) {
		t.Errorf("the answer is not complete:\n%s", got)
	}
	if !strings.Contains(strings.TrimPrefix(got, want.String()), "the end") {
		t.Errorf("nothing came after the answer to the question: %q", strings.TrimPrefix(got, want.String()))
	}
}

// Killing a task leaves nothing of it alive and touches no bystander.
func TestKillLeavesNothingAlive(t *testing.T) {
	m := newMachine(t)
	other := m.create("say: hello\nstream: 1000 every 50ms")
	id := m.create("run: setsid sleep 1000 & nohup sleep 1000 & sleep 1000", "--permission", "all")
	m.until("the command runs", 30*time.Second, func() bool {
		for _, e := range m.entries(id) {
			if e.Kind == api.EntryTool {
				return true
			}
		}
		return false
	})
	m.untilStatus(other, api.StatusRunning)
	bystander := m.agentPID(other)
	m.hf("kill", id, "--yes")
	m.untilStatus(id, api.StatusKilled)
	for _, pid := range m.processes() {
		if cmd := cmdline(pid); strings.Contains(cmd, "sleep 1000") || strings.Contains(cmd, "sleep\x001000") {
			t.Errorf("pid %d outlived its task: %q", pid, cmd)
		}
	}
	if !running(bystander) {
		t.Errorf("the other task's agent %d was ended too", bystander)
	}
	m.hf("kill", other, "--yes")
	m.untilStatus(other, api.StatusKilled)
	m.hf("backend", "stop")
	m.until("nothing is left", 10*time.Second, func() bool { return len(m.processes()) == 0 })
}
