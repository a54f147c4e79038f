package e2e

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// A message that was accepted reaches an agent, however shortly before it the
// one at work has died.
func TestMessagesOutliveTheAgent(t *testing.T) {
	m := newMachine(t)
	id := m.create("say: ready")
	m.hf("wait", id, "--for", "idle", "--timeout", "30s")
	for round, want := range []string{"first", "second", "third"} {
		agent := m.agentPID(id)
		if err := syscall.Kill(agent, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		m.hf("send", id, "say: "+want)
		m.until("the message is answered", 30*time.Second, func() bool {
			d := m.task(id)
			return d.Status == api.StatusIdle && len(d.Messages) == 0
		})
		if got := m.text(id); strings.Count(got, want) != 1 {
			t.Fatalf("round %d: the agent did not say %q once: %q", round, want, got)
		}
	}
}

// Messages that wait when the agent ends are given to the next one.
func TestQueuedMessagesOutliveTheAgent(t *testing.T) {
	m := newMachine(t)
	id := m.create("say: busy\nsleep: 1h")
	m.until("the turn goes on", 30*time.Second, func() bool { return strings.Contains(m.text(id), "busy") })
	for n := range 3 {
		m.hf("send", id, fmt.Sprintf("say: message %d", n))
	}
	if err := syscall.Kill(m.agentPID(id), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	m.until("all are answered", 30*time.Second, func() bool {
		d := m.task(id)
		return d.Status == api.StatusIdle && len(d.Messages) == 0
	})
	for n := range 3 {
		if want := fmt.Sprintf("message %d", n); strings.Count(m.text(id), want) != 1 {
			t.Errorf("the agent did not say %q once: %q", want, m.text(id))
		}
	}
}
