package crash

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

var (
	soak   = flag.Duration("soak", 10*time.Second, "how long TestSoak lasts")
	agents = flag.Int("agents", 6, "how many agents TestSoak has")
	many   = flag.Int("commands", 200, "how many commands TestNobodyReaps runs")
)

// sample is what a machine at work needs.
type sample struct {
	at                   time.Duration
	rss, holders         float64 // of hfd, and the mean share of a holder, in MB
	files, goroutines    float64
	ticks                float64 // of the processor, since hfd began
	processes, unclaimed float64 // zombies among the latter
}

// columns are what is printed and judged, with how much of it may be gained in
// an hour and what may be gained whenever: a heap breathes.
func columns() []struct {
	name       string
	of         func(sample) float64
	hour, ever float64
} {
	return []struct {
		name       string
		of         func(sample) float64
		hour, ever float64
	}{
		{"hfd RSS, MB", func(s sample) float64 { return s.rss }, 1, 16},
		{"holder PSS, MB", func(s sample) float64 { return s.holders }, 0.2, 1.5},
		{"files of hfd", func(s sample) float64 { return s.files }, 0, 8},
		{"goroutines", func(s sample) float64 { return s.goroutines }, 0, 16},
		{"processes", func(s sample) float64 { return s.processes }, 0, 2},
		{"zombies", func(s sample) float64 { return s.unclaimed }, 0, 2},
	}
}

// TestSoak has agents stream and looks whether what that needs stays the same.
// `just soak` is its long form.
func TestSoak(t *testing.T) {
	var samples []sample
	problem := guard(func() { samples = endure(*soak, *agents) })
	if problem != "" {
		t.Fatal(problem)
	}
	third := len(samples) / 3
	if third == 0 {
		t.Fatalf("only %d samples", len(samples))
	}
	first, last := samples[third:2*third], samples[2*third:]
	hours := (last[len(last)/2].at - first[len(first)/2].at).Hours()
	var table strings.Builder
	fmt.Fprintf(&table, "%d agents, %s, %d samples\n%-16s %10s %10s %10s %12s\n", *agents, *soak, len(samples), "what", "least", "most", "at the end", "per hour")
	for _, c := range columns() {
		values := func(from []sample) (v []float64) {
			for _, s := range from {
				v = append(v, c.of(s))
			}
			slices.Sort(v)
			return v
		}
		all, early, late := values(samples), values(first), values(last)
		gained := late[len(late)/2] - early[len(early)/2]
		verdict := "ok"
		ever := c.ever
		if hours > 0.3 {
			ever /= 8 // a breath of the heap is not seen any more in the middle of so many
		}
		if gained > max(ever, c.hour*hours) && gained/hours > c.hour {
			verdict = "GROWS"
			t.Errorf("%s: %.1f more within %s", c.name, gained, *soak)
		}
		fmt.Fprintf(&table, "%-16s %10.1f %10.1f %10.1f %12.2f  %s\n", c.name, all[0], all[len(all)-1], late[len(late)/2], gained/hours, verdict)
	}
	load := samples[len(samples)-1]
	fmt.Fprintf(&table, "processor: %.1f%% of one\n", (load.ticks-samples[0].ticks)/(load.at-samples[0].at).Seconds())
	t.Log(table.String())
}

// endure has so many agents stream for so long.
func endure(d time.Duration, agents int) (samples []sample) {
	m := newMachine(oldBuild, nil)
	defer m.close()
	m.env = slices.DeleteFunc(m.env, func(v string) bool { return strings.HasPrefix(v, fault.Variable+"=") })
	for i := range agents {
		m.hf("create", "--agent", "demo", "--no-wait", fmt.Sprintf("say: agent %d\nstream: 1000000 every 200ms", i))
	}
	m.until(func() string { return "all agents are to stream\n" + m.try("list").out }, func() bool {
		working := 0
		for _, t := range decode[[]api.Task](m.hf("list", "--json")) {
			if t.Activity == api.ActivityWorking {
				working++
			}
		}
		return working == agents
	})
	began := time.Now()
	for next := began; ; time.Sleep(time.Until(next)) {
		samples = append(samples, m.sample(time.Since(began)))
		if time.Since(began) > d {
			break
		}
		next = next.Add(max(d/100, d/12).Round(time.Millisecond))
		if d > time.Minute {
			next = time.Now().Add(d / 100)
		}
	}
	for _, s := range decode[api.Inspect](m.hf("backend", "inspect")).Sessions {
		if s.Activity != api.ActivityWorking {
			fail("the agent of task %s is %s", s.Task, s.Activity)
		}
	}
	return samples
}

func (m *machine) sample(at time.Duration) sample {
	seen := decode[api.Inspect](m.hf("backend", "inspect"))
	pid := m.daemon()
	s := sample{at: at, goroutines: float64(len(seen.Goroutines))}
	s.rss = megabytes(pid, "status", "VmRSS:")
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	s.files = float64(len(files))
	for _, v := range seen.Sessions {
		s.holders += megabytes(v.HolderPID, "smaps_rollup", "Pss:") / float64(len(seen.Sessions))
	}
	if f := stat(pid); len(f) > 13 {
		user, _ := strconv.ParseFloat(f[11], 64)
		system, _ := strconv.ParseFloat(f[12], 64)
		s.ticks = user + system
	}
	s.processes = float64(len(m.processes()))
	s.unclaimed = float64(zombies(pid))
	return s
}

// megabytes reads a line of a file of /proc that is in kB.
func megabytes(pid int, file, name string) float64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			kb, _ := strconv.ParseFloat(f[1], 64)
			return kb / 1024
		}
	}
	return 0
}

// zombies counts the children of a process that it has not reaped.
func zombies(of int) (n int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(d))
		if f := stat(pid); len(f) > 1 && f[0] == "Z" && f[1] == strconv.Itoa(of) {
			n++
		}
	}
	return n
}

// TestNobodyReaps: where the first process of a machine reaps nobody, as in many
// containers, zombies do not grow with what hf runs. This test is that process
// for all that is orphaned here.
func TestNobodyReaps(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }()
	const each = 40 // commands of a task
	problem := guard(func() {
		setup := strings.Repeat(`"sh -c 'true & true'", `, each)
		m := newMachine(oldBuild, map[string]string{".hf/config.toml": "setup = [" + setup + "]\n"})
		defer m.close()
		m.hf("repo", "add", m.repo)
		m.hf("repo", "trust", "--yes")
		before := zombies(os.Getpid())
		for range max(*many/each, 1) {
			m.hf("create", "--agent", "demo", "--no-wait", "--permission", "all", "run: sleep 0 & true")
		}
		f := m.settle()
		for _, task := range f.tasks {
			m.hf("kill", "--yes", task.id)
		}
		left := 0
		m.until(func() string { return fmt.Sprintf("%d zombies after %d commands", left, *many) }, func() bool {
			left = zombies(os.Getpid()) - before + zombies(m.daemon())
			return left == 0
		})
		m.hf("backend", "stop")
	})
	if problem != "" {
		t.Error(problem)
	}
}
