package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// withGitSpice gives the machine a git-spice, or skips the test.
func (m *machine) withGitSpice() {
	m.t.Helper()
	at := os.Getenv("HF_TEST_GIT_SPICE")
	if at == "" {
		m.t.Skip("HF_TEST_GIT_SPICE names no git-spice; scripts/git-spice.sh builds one")
	}
	m.env = append(m.env, "HF_GIT_SPICE_BIN="+at)
	// hfd rewrites commits on its own: only what git itself knows of the user is there.
	m.git("config", "--global", "user.name", "t")
	m.git("config", "--global", "user.email", "t@example.invalid")
}

// within is the machine as seen from another directory.
func (m *machine) within(dir string) *machine {
	other := *m
	other.repo = dir
	return &other
}

// heads is where every branch is.
func (m *machine) heads() string {
	m.t.Helper()
	return m.git("for-each-ref", "--format=%(refname) %(objectname)", "refs/heads")
}

// standsOn reports whether a branch holds all of another.
func (m *machine) standsOn(branch, base string) bool {
	m.t.Helper()
	return m.git("merge-base", base, branch) == m.git("rev-parse", base)
}

// five is a stack of five tasks, s1 at the bottom, each with a commit of its own
// in a worktree of its own.
type five struct {
	*machine
	ids   []string // of the tasks
	paths []string // of their worktrees
}

func branchOf(i int) string { return fmt.Sprintf("s%d", i+1) }

func newFive(t *testing.T) *five {
	t.Helper()
	m := newMachine(t)
	m.withGitSpice()
	f := &five{machine: m}
	for i := range 5 {
		flags := []string{"--permission", "all", "--branch", branchOf(i)}
		if i > 0 {
			flags = append(flags, "--on", f.ids[i-1])
		}
		id := m.create(fmt.Sprintf("write layer%d.txt: %d\ncommit: layer %d", i+1, i+1, i+1), flags...)
		m.hf("wait", id, "--timeout", "60s")
		f.ids, f.paths = append(f.ids, id), append(f.paths, m.task(id).Path)
	}
	return f
}

// stacked fails the test unless every branch stands on the one below it.
func (f *five) stacked() {
	f.t.Helper()
	for i := 1; i < 5; i++ {
		if !f.standsOn(branchOf(i), branchOf(i-1)) {
			f.t.Errorf("%s does not stand on %s", branchOf(i), branchOf(i-1))
		}
	}
}

// dirty leaves work in two of the worktrees that is in no commit, and returns
// what looks whether it is there still.
func (f *five) dirty() (intact func()) {
	f.t.Helper()
	put := func(i int, name, text string) {
		if err := os.WriteFile(filepath.Join(f.paths[i], name), []byte(text), 0o644); err != nil {
			f.t.Fatal(err)
		}
	}
	put(1, "layer2.txt", "edited\n")
	put(1, "loose.txt", "not tracked\n")
	put(3, "README", "edited, too\n")
	f.within(f.paths[3]).git("add", "README")
	want := func(i int, name, text string) {
		f.t.Helper()
		if b, err := os.ReadFile(filepath.Join(f.paths[i], name)); err != nil || string(b) != text {
			f.t.Errorf("%s of %s is %q, %v; want %q", name, branchOf(i), b, err, text)
		}
	}
	return func() {
		f.t.Helper()
		want(1, "layer2.txt", "edited\n")
		want(1, "loose.txt", "not tracked\n")
		want(3, "README", "edited, too\n")
	}
}

// The bottom of a stack moves on while two worktrees above have uncommitted work
// and one has an agent in a turn: every branch ends on its parent, and nothing
// that was not committed is touched. All of it can be undone.
func TestStackOfFiveIsRestacked(t *testing.T) {
	f := newFive(t)
	intact := f.dirty()
	f.hf("send", f.ids[0], "--wait", "write more.txt: more\ncommit: the bottom moves on")
	before := f.heads()

	gate := filepath.Join(f.dir, "gate")
	f.hf("send", f.ids[4], "run: until [ -e "+gate+" ]; do sleep 0.05; done\nwrite late.txt: late\ncommit: in the turn")
	f.untilStatus(f.ids[4], api.StatusRunning)
	started := decode[struct {
		Operation string `json:"operation"`
	}](f.machine, f.hf("stack", "restack", "--all", "--no-wait", "--json")).Operation
	waits := func() bool { return strings.Contains(f.hf("backend", "inspect"), "waits for the turn") }
	f.until("the restack waits for the turn", time.Minute, waits)
	if !f.standsOn("s4", "s3") || f.standsOn("s5", "s4") {
		t.Error("what is below the branch with the turn is not done, or the branch was moved in its turn")
	}
	if err := os.WriteFile(gate, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f.until("the restack ends", time.Minute, func() bool {
		return strings.Contains(f.hf("history", "--json"), `"operation.done"`) && !strings.Contains(f.hf("backend", "inspect", "--json"), started)
	})
	f.stacked()
	intact()
	if late := f.git("show", "s5:late.txt"); late != "late" {
		t.Errorf("what the agent committed in its turn is %q", late)
	}

	f.hf("stack", "undo")
	intact()
	for line := range strings.Lines(before) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "refs/heads/s5 ") && !strings.Contains(f.heads(), line) {
			t.Errorf("after the undo %s is not where it was:\n%s", line, f.heads())
		}
	}
	if f.git("show", "s5:late.txt") != "late" {
		t.Error("the undo lost what the agent committed in its turn")
	}
}

// A conflict in the third of five branches stops there. It is resolved by hand,
// and by the task's agent; each time an undo puts every branch back.
func TestStackOfFiveWithAConflict(t *testing.T) {
	f := newFive(t)
	intact := f.dirty()
	f.hf("send", f.ids[0], "--wait", "write layer3.txt: of the bottom\ncommit: what the third has, too")
	before := f.heads()

	stops := func() {
		t.Helper()
		r := f.try("stack", "restack", "--all")
		if r.code != 6 || !strings.Contains(r.err, "layer3.txt") {
			t.Fatalf("exit %d, want 6 and the file\n%s%s", r.code, r.out, r.err)
		}
		if !f.standsOn("s2", "s1") {
			t.Error("what is below the conflict was not restacked")
		}
		for _, above := range []string{"s4", "s5"} {
			if !strings.Contains(before, f.git("rev-parse", above)) {
				t.Errorf("%s was moved above the conflict", above)
			}
		}
	}
	ends := func(how string) {
		t.Helper()
		f.stacked()
		intact()
		if got := f.git("show", "s5:layer3.txt"); got != how {
			t.Errorf("the resolution above is %q, want %q", got, how)
		}
		f.hf("stack", "undo")
		if now := f.heads(); now != before {
			t.Errorf("after the undo:\n%s\nwant:\n%s", now, before)
		}
		intact()
	}

	stops()
	third := f.within(f.paths[2])
	third.write("layer3.txt", "by hand\n")
	third.git("add", "layer3.txt")
	third.git("-c", "core.editor=true", "rebase", "--continue")
	f.hf("stack", "continue")
	ends("by hand")

	stops()
	f.hf("stack", "resolve", f.ids[2], "-m", "run: echo by the agent >layer3.txt && git add layer3.txt && git -c core.editor=true rebase --continue")
	ends("by the agent")

	stops()
	f.hf("stack", "abort")
	if now := f.heads(); now != before {
		t.Errorf("after abort:\n%s\nwant:\n%s", now, before)
	}
	intact()
	if out := f.within(f.paths[2]).git("status"); slices.ContainsFunc(strings.Split(out, "\n"), func(l string) bool { return strings.Contains(l, "rebase in progress") }) {
		t.Errorf("a rebase is left:\n%s", out)
	}
}
