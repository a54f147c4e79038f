package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Tasks that are made at the same moment get names of their own, also where
// some are taken by branches hf knows nothing of.
func TestManyTasksOfOneNameAtOnce(t *testing.T) {
	m := newMachine(t)
	for _, b := range []string{"feat/say-hi", "feat/say-hi-2", "feat/say-hi-4"} {
		m.git("branch", b)
	}
	const tasks = 12
	ids := make([]string, tasks)
	var wg sync.WaitGroup
	for i := range tasks {
		wg.Go(func() { ids[i] = m.create("say: hi") })
	}
	wg.Wait()
	branches := map[string]bool{}
	for _, id := range ids {
		branches[m.untilStatus(id, api.StatusIdle).Branch] = true
	}
	if len(branches) != tasks {
		t.Errorf("%d tasks have %d branches: %v", tasks, len(branches), branches)
	}
}

func TestKillTwiceAtOnce(t *testing.T) {
	m := newMachine(t)
	id := m.create("hang")
	results := make([]result, 3)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = m.try("kill", "--yes", id) })
	}
	wg.Wait()
	results = slices.DeleteFunc(results, func(r result) bool { return r.code == 0 })
	if len(results) == 3 {
		t.Error("nobody killed it")
	}
	for _, r := range append(results, m.try("kill", "--yes", id)) { // those came too late
		m.refuses(r, 11, "is killed already")
	}
}

// What waited for an agent that is ended is not on its way for ever.
func TestKillEndsTheOutbox(t *testing.T) {
	m := newMachine(t)
	id := m.create("hang")
	m.untilStatus(id, api.StatusRunning)
	m.hf("send", id, "say: never")
	m.hf("kill", "--yes", id)
	if got := m.task(id).Messages; len(got) != 0 {
		t.Errorf("messages on their way to a killed task: %+v", got)
	}
}

func TestKillWhereTheSandboxIsGone(t *testing.T) {
	m := newMachine(t)
	id := m.create("sleep: 100s")
	path := m.untilStatus(id, api.StatusRunning).Path
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	m.refuses(m.try("diff", id), 11, path+" does not exist")
	m.hf("kill", "--yes", id)
	if got := m.git("worktree", "list", "--porcelain"); strings.Contains(got, id) {
		t.Errorf("git still has the work tree:\n%s", got)
	}
}

// With the repository gone nothing can be saved into it: the files stay.
func TestKillWhereTheRepoIsGone(t *testing.T) {
	m := newMachine(t)
	id := m.create("write a: kept\nsleep: 100s")
	path := m.untilStatus(id, api.StatusRunning).Path
	m.until("the file is there", 10*time.Second, func() bool {
		_, err := os.Stat(filepath.Join(path, "a"))
		return err == nil
	})
	if err := os.Rename(m.repo, m.repo+".gone"); err != nil {
		t.Fatal(err)
	}
	if r := m.in(m.dir, "kill", "--yes", id); r.code != 0 || !strings.Contains(r.out+r.err, path) {
		t.Errorf("kill: exit %d, want 0 and the path\n%s%s", r.code, r.out, r.err)
	}
	if b, err := os.ReadFile(filepath.Join(path, "a")); err != nil || !strings.Contains(string(b), "kept") {
		t.Errorf("the unsaved file: %q, %v", b, err)
	}
}

// A set-up that the daemon's death interrupts goes on, and what of it was done
// is not done again; neither is it when a later command failed.
func TestSetupRunsOnce(t *testing.T) {
	m := newMachine(t)
	count := filepath.Join(m.dir, "count")
	if err := os.Mkdir(filepath.Join(m.repo, ".hf"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.write(".hf/config.toml", fmt.Sprintf("setup = [%q, %q, %q]\n",
		"echo a >> "+count,
		"echo b >> "+count+"; while ! test -e "+count+".go; do sleep 0.05; done",
		"echo c >> "+count+"; test -e "+count+".mended"))
	m.git("add", ".")
	m.git("commit", "-q", "-m", "set up")
	m.hf("repo", "add", m.repo)
	m.hf("repo", "trust", "--yes")
	id := m.create("say: hi")
	counted := func(want string) func() bool {
		return func() bool {
			b, _ := os.ReadFile(count)
			return strings.Join(strings.Fields(string(b)), "") == want
		}
	}
	m.until("the second command runs", 10*time.Second, counted("ab"))
	m.killDaemon()
	m.hf("list")
	if err := os.WriteFile(count+".go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d := m.untilStatus(id, api.StatusError)
	if !counted("abc")() || !strings.Contains(d.Reason, "exit code 1") {
		t.Errorf("ran %v, want each once; %s", read(t, count), d.Reason)
	}
	if err := os.WriteFile(count+".mended", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.hf("retry", id)
	m.untilStatus(id, api.StatusIdle)
	if !counted("abcc")() {
		t.Errorf("ran %v, want only the failed one again", read(t, count))
	}
	if left, _ := filepath.Glob(filepath.Join(m.dir, "state", "commands", "*")); len(left) > 0 {
		t.Errorf("left of the commands: %v", left)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
