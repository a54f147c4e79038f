package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// recording puts programs of these names before all others on the machine that
// write down each start, and then do as the real one, if there is one.
func (m *machine) recording(names ...string) (started func() string) {
	m.t.Helper()
	log := filepath.Join(m.dir, "started")
	for _, name := range names {
		program, err := exec.LookPath(name)
		if err != nil {
			program = "/bin/false"
		}
		text := fmt.Sprintf("#!/bin/sh\necho %s \"$@\" >>'%s'\nexec '%s' \"$@\"\n", name, log, program)
		if err := os.WriteFile(filepath.Join(m.dir, "bin", name), []byte(text), 0o755); err != nil {
			m.t.Fatal(err)
		}
	}
	return func() string {
		b, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			m.t.Fatal(err)
		}
		_ = os.Remove(log)
		return string(b)
	}
}

func TestListsStartNoProcessAndKnowWhatMoved(t *testing.T) {
	m := newMachine(t)
	started := m.recording("git", "git-spice")
	var refs strings.Builder
	head := m.git("rev-parse", "main")
	for i := range 200 {
		fmt.Fprintf(&refs, "create refs/heads/team/b%d %s\n", i, head)
	}
	cmd := exec.Command("git", "update-ref", "--stdin")
	cmd.Dir, cmd.Env, cmd.Stdin = m.repo, m.env, strings.NewReader(refs.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	below := m.create("write lib.txt: one\ncommit: below", "--branch", "below")
	m.hf("wait", below, "--timeout", "60s")
	above := m.create("write above.txt: one\ncommit: above", "--on", below, "--branch", "above")
	other := m.create("write lib.txt: two\ncommit: other", "--branch", "other")
	m.hf("wait", above, other, "--timeout", "60s")
	facts := func(id string) string {
		d := m.task(id)
		if d.Ahead == nil || d.Behind == nil || d.Restack == nil || d.Unpushed == nil {
			return "not known"
		}
		var with []string
		for _, c := range d.Conflicts {
			with = append(with, c.With+" "+strings.Join(c.Files, " "))
		}
		return fmt.Sprintf("ahead %d behind %d restack %v unpushed %d conflicts %q", *d.Ahead, *d.Behind, *d.Restack, *d.Unpushed, with)
	}
	becomes := func(id, want string) {
		t.Helper()
		got := ""
		for deadline := time.Now().Add(time.Minute); got != want; time.Sleep(20 * time.Millisecond) {
			if got = facts(id); got != want && time.Now().After(deadline) {
				t.Fatalf("%s: %s, want %s", id, got, want)
			}
		}
	}
	becomes(below, `ahead 1 behind 0 restack false unpushed 1 conflicts ["other lib.txt"]`)
	becomes(other, `ahead 1 behind 0 restack false unpushed 1 conflicts ["below lib.txt"]`)
	becomes(above, `ahead 1 behind 0 restack false unpushed 1 conflicts []`)

	m.hf("exec", below, "--", "git", "commit", "-q", "--allow-empty", "-m", "more")
	becomes(above, `ahead 1 behind 1 restack true unpushed 1 conflicts []`)
	m.write("lib.txt", "trunk\n")
	m.git("add", ".")
	m.git("commit", "-q", "-m", "trunk")
	becomes(other, `ahead 1 behind 1 restack true unpushed 1 conflicts ["main lib.txt" "below lib.txt"]`)
	if out := m.hf("list"); !strings.Contains(out, "↑1 ↓1 restack conflict") {
		t.Errorf("hf list says:\n%s", out)
	}
	if out := m.hf("show", other); !strings.Contains(out, "with main in lib.txt; with below (task "+below+") in lib.txt") {
		t.Errorf("hf show says:\n%s", out)
	}

	// Lists tell what is known already.
	m.until("nothing is started any more", time.Minute, func() bool {
		started()
		time.Sleep(300 * time.Millisecond)
		return started() == ""
	})
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"stack"}, {"stack", other, "--json"}, {"status"}} {
		m.hf(args...)
	}
	if got := started(); got != "" {
		t.Errorf("lists started\n%s", got)
	}
	rows := decode[[]api.OverviewRow](m, m.hf("repo", "overview", "--json"))
	tasks := 0
	for _, r := range rows {
		if r.Task != "" {
			tasks++
		}
	}
	if len(rows) != 204 || tasks != 3 || rows[0].Branch != "main" {
		t.Errorf("the overview has %d rows, %d of tasks, and begins with %q", len(rows), tasks, rows[0].Branch)
	}
	if n := strings.Count(started(), "\n"); n > 5 {
		t.Errorf("the overview started %d processes", n)
	}
}
