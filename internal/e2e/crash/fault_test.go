package crash

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/fault"
)

var (
	only = flag.String("only", "", "run only the cases whose name contains this text")
	both = flag.Bool("both", false, "die before every effect, too, and have every point meet an error and a full disk, not one of them or none")
)

// strike is one case: what strikes where in which scenario.
type strike struct {
	scenario *scenario
	point    string
	hit      int
	action   string
}

func (s strike) String() string {
	return fmt.Sprintf("%s: %s at %s #%d", s.scenario.name, s.action, s.point, s.hit)
}

// chunk is how many cases share a machine. What an earlier one left behind is
// part of what a later one meets.
const chunk = 12

// parallel is how many machines work at a time.
const parallel = 4

func TestFaults(t *testing.T) {
	all := scenarios()
	known := points(t)
	seen := discover(t, all)
	for name := range seen {
		if _, ok := known[name]; !ok {
			t.Errorf("%s was passed and is not in the source", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if strings.HasPrefix(name, "change.") && gitSpice() == "" {
			continue // HF_TEST_GIT_SPICE names none
		}
		if seen[name] == nil {
			t.Errorf("%s: no scenario reaches the point %s", known[name].where, name)
		}
	}
	if t.Failed() && *only == "" {
		t.FailNow()
	}
	jobs := plan(all, known, seen)
	began := time.Now()
	each(len(jobs), func(i int) { runAll(t, jobs[i]) })
	n := 0
	for _, job := range jobs {
		n += len(job)
	}
	t.Logf("%d points, %d cases in %s", len(known), n, time.Since(began).Round(time.Second))
}

// each calls f for 0..n-1, several at a time.
func each(n int, f func(i int)) {
	next := make(chan int)
	done := make(chan struct{})
	for range parallel {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range next {
				f(i)
			}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	for range parallel {
		<-done
	}
}

// discover runs each scenario with nothing to strike, and returns how often it
// passes which point: by point, then by scenario.
func discover(t *testing.T, all []scenario) map[string][]int {
	passed := make([]map[string]int, len(all))
	each(len(all), func(i int) {
		var m *machine
		problem := guard(func() {
			m = all[i].machine()
			passed[i] = m.run(strike{scenario: &all[i]})
		})
		if problem != "" {
			t.Errorf("%s: %s\n%s", all[i].name, problem, m.log(4<<10))
		}
		if m != nil {
			m.close()
		}
	})
	seen := map[string][]int{}
	for i, hits := range passed {
		for name, n := range hits {
			if seen[name] == nil {
				seen[name] = make([]int, len(all))
			}
			seen[name][i] = n
		}
	}
	return seen
}

// plan makes the cases, in the first scenario that reaches a point and the first
// time that it is passed: an effect meets an error or a full disk, in turn, and
// it is followed by a death. The boundaries of an operation's steps are passed
// more often, and each of them is another place to die at; so is each commit of
// what is asked for: every other of them. A death right before an effect is one
// right after the effect before it. All that is left out is tried with -both.
func plan(all []scenario, known map[string]point, seen map[string][]int) (jobs [][]strike) {
	cases := make([][]strike, len(all))
	for turn, name := range slices.Sorted(maps.Keys(seen)) {
		hindrances := []string{fault.Error, fault.ENOSPC}
		if !*both {
			hindrances = hindrances[turn/2%2:][:1]
		}
		first, stride := true, 2
		if *both {
			stride = 1
		}
		for i, n := range seen[name] {
			if n == 0 {
				continue
			}
			var actions []string
			dies := *both || !strings.HasSuffix(name, ".before")
			if dies {
				actions = append(actions, fault.Exit)
			}
			if first && known[name].errors && (*both || !strings.HasSuffix(name, ".after")) {
				actions = append(actions, hindrances...)
			}
			switch steps := all[i].steps && strings.HasPrefix(name, "operation."); {
			case steps:
				for hit := 1; hit <= n; hit += stride {
					if dies {
						cases[i] = append(cases[i], strike{&all[i], name, hit, fault.Exit})
					}
					if known[name].errors && first {
						cases[i] = append(cases[i], strike{&all[i], name, hit, fault.Error})
					}
				}
			case first || every(name) && (*both || i%2 == 0):
				for _, action := range actions {
					cases[i] = append(cases[i], strike{&all[i], name, 1, action})
				}
			}
			first = false
		}
	}
	for i := range cases {
		cases[i] = slices.DeleteFunc(cases[i], func(s strike) bool { return !strings.Contains(s.String(), *only) })
		for part := range slices.Chunk(cases[i], chunk) {
			jobs = append(jobs, part)
		}
	}
	return jobs
}

// every reports whether a point is of interest in every scenario: where what was
// asked for becomes durable, and where that is so and nobody knows.
func every(point string) bool {
	return point == "store.commit.before" || point == "store.commit.after" || point == "server.reply"
}

// runAll runs cases one after the other, on one machine for as long as all is
// well with it.
func runAll(t *testing.T, cases []strike) {
	var m *machine
	for _, c := range cases {
		problem := guard(func() {
			if m == nil {
				m = c.scenario.machine()
			}
			m.run(c)
		})
		if problem != "" {
			t.Errorf("%s: %s", c, problem)
			if m != nil {
				t.Logf("hfd.log:\n%s", m.log(6<<10))
			}
		}
		if m != nil && (problem != "" || c.scenario.spent) {
			m.close()
			m = nil
		}
	}
	if m != nil {
		m.close()
	}
}

func (s *scenario) machine() *machine {
	build := s.build
	if build == "" {
		build = oldBuild
	}
	m := newMachine(build, s.files)
	if !s.cold {
		m.hf("list")
	}
	if s.setUp != nil {
		s.setUp(m)
	}
	return m
}

// run runs one case, mends what is shown to need it, and looks whether all is
// as it should be. It returns how often each point was passed.
func (m *machine) run(c strike) map[string]int {
	s := c.scenario
	m.cases++
	token := fmt.Sprintf("token-%d", m.cases)
	task := s.prepare(m, token)
	m.arm(c.point, c.hit, c.action)
	first := s.act(m, task, token)
	f := m.settle()
	hits := m.disarm()
	if c.point != "" && hits[c.point] < c.hit {
		fail("the point was passed %d times", hits[c.point])
	}
	for tries := 0; ; tries++ {
		f = m.mend(f)
		if s.reached(m, f, task, token) {
			break
		}
		told := first.code != 0 || s.again != nil && first.out+first.err != ""
		if tries > 0 || !told {
			fail("it was not done, and hf did not say so: %s", first.all())
		}
		r := result{}
		if s.again != nil {
			r = s.again(m)
		} else {
			r = s.act(m, task, token)
		}
		if r.code != 0 {
			fail("done again it fails: %s", r.all())
		}
		f = m.settle()
	}
	m.check(f)
	m.end(f)
	if s.restore != nil {
		s.restore(m)
	}
	return hits
}

// mend does what a person does who sees a task in error.
func (m *machine) mend(f facts) facts {
	for tries := 0; ; tries++ {
		var broken []string
		for _, t := range f.tasks {
			if t.lifecycle == "error" {
				broken = append(broken, t.id)
			}
		}
		if len(broken) == 0 {
			return f
		}
		if tries == 3 {
			fail("retried three times, and in error still: %s", m.try("list").out)
		}
		for _, id := range broken {
			if r := m.try("retry", id); r.code > 0 && tries == 2 {
				fail("hf retry %s: %s", id, r.all())
			}
		}
		f = m.settle()
	}
}

// end ends all tasks and looks whether anything of them is left.
func (m *machine) end(f facts) {
	var live []string
	for _, t := range f.tasks {
		if t.lifecycle != "killed" {
			live = append(live, t.id)
		}
	}
	if len(live) > 0 {
		m.hf(append([]string{"kill", "--yes"}, live...)...)
	}
	f = m.settle()
	for _, t := range f.tasks {
		if t.lifecycle != "killed" {
			fail("task %s is %s after the kill", t.id, t.lifecycle)
		}
	}
	m.checkEnd(f)
	for _, t := range f.tasks {
		m.retired[t.id] = true
	}
}
