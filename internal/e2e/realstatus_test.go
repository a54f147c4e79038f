package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/internal/journal"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// statusLag is how far what is shown may be behind what the agent and hf said
	// to one another, on a machine that has nothing else to do.
	statusLag = 250 * time.Millisecond
	// lagRounds is how many times a machine may have been busy with other things.
	lagRounds = 5
)

// moment is a status that began at a time.
type moment struct {
	at     time.Time
	status api.Status
	why    string
}

// protocol is what a session's journal says of its task, and since when: each
// change stands at the record that made it.
func (m *machine) protocol(session string) []moment {
	m.t.Helper()
	dir := filepath.Join(m.dir, "state", "sessions", session)
	b, err := os.ReadFile(filepath.Join(dir, "session.json"))
	if err != nil {
		m.t.Fatal(err)
	}
	var meta struct {
		ACP acp.Config `json:"acp"`
	}
	if err := json.Unmarshal(b, &meta); err != nil {
		m.t.Fatal(err)
	}
	reader, err := journal.Open(filepath.Join(dir, hold.JournalFile))
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	fold := acp.New(meta.ACP)
	var out []moment
	for {
		rec, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			m.t.Fatal(err)
		}
		fold.Feed(rec)
		f := fold.Facts()
		status, why := task.Shown(&task.Task{Lifecycle: api.LifecycleReady, Activity: f.Activity, ActivityReason: f.Reason})
		if n := len(out); n == 0 || out[n-1].status != status {
			out = append(out, moment{at: rec.Time, status: status, why: why})
		}
	}
}

// shown is what the events say that was shown of a task.
func (m *machine) shown(id string) []moment {
	m.t.Helper()
	var out []moment
	for line := range strings.Lines(m.hf("history", "--task", id, "--limit", "10000", "--json")) {
		e := decode[api.HistoryEntry](m, line)
		if e.Kind != api.EventSessionActivity && e.Kind != api.EventTaskChanged {
			continue
		}
		var c api.TaskChange
		if err := json.Unmarshal(e.Data, &c); err != nil {
			m.t.Fatal(err)
		}
		out = append(out, moment{at: e.Time, status: c.Status, why: c.Reason})
	}
	return out
}

// behind lists the changes since a time that were not shown within the limit, and
// how soon the others were. A status that lasted shorter than that need not have
// been shown.
func behind(said, shown []moment, since time.Time, limit time.Duration) (late, seen []string) {
	for i, s := range said {
		if s.at.Before(since) {
			continue
		}
		until := s.at.Add(limit)
		var now moment // what is shown when the time is up
		found := false
		for _, e := range shown {
			if e.at.After(until) {
				break
			}
			now = e
			if !found && e.status == s.status && !e.at.Before(s.at) {
				found = true
				seen = append(seen, fmt.Sprintf("%s after %s", s.status, e.at.Sub(s.at).Round(100*time.Microsecond)))
			}
		}
		short := i+1 < len(said) && !said[i+1].at.After(until)
		if !found && !short && now.status != s.status {
			late = append(late, fmt.Sprintf("%s (%s) at %s, %s later %s (%s) is shown", s.status, s.why, s.at.Format(time.TimeOnly+".000"), limit, now.status, now.why))
		}
	}
	return late, seen
}

// What is shown follows what the agent and hf say to one another at once: a
// prompt, a question for permission, its answer, the end of a turn, the end of
// the process.
func isShownAtOnce(l *life) {
	for round := range lagRounds {
		since := time.Now()
		limit := statusLag * l.second() / time.Second
		session := l.task(l.id).Session
		l.hf("send", l.id, fmt.Sprintf("edit shown%d.txt: x\nsay: the word is quagga", round))
		l.asked(l.id)
		l.hf("approve", l.id)
		l.idle(l.id)
		l.died = l.agentPID(l.id)
		if err := syscall.Kill(l.died, syscall.SIGKILL); err != nil {
			l.t.Fatal(err)
		}
		l.untilStatus(l.id, api.StatusError)
		said := l.protocol(session)
		statuses := map[api.Status]bool{}
		for _, s := range said {
			if !s.at.Before(since) {
				statuses[s.status] = true
			}
		}
		for _, want := range []api.Status{api.StatusRunning, api.StatusWaiting, api.StatusIdle, api.StatusError} {
			if !statuses[want] {
				l.t.Fatalf("the journal never says %s: %+v", want, said)
			}
		}
		late, seen := behind(said, l.shown(l.id), since, limit)
		l.t.Logf("within %s: %s", limit, strings.Join(seen, ", "))
		if len(late) == 0 {
			return
		}
		l.t.Logf("round %d: %s", round, strings.Join(late, "; "))
		l.hf("send", l.id, "say: ready again", "--wait")
	}
	l.t.Errorf("what is shown was behind the protocol in each of %d rounds", lagRounds)
}
