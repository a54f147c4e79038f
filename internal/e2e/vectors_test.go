package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// groups are what testdata/plant.sh can plant. Those of one group do not get in
// each other's way.
var groups = []string{
	"hooks", "hooks-path", "filters", "drivers", "programs", "include", "worktree-config", "gitdir", "commondir", "worktree",
	"nested", "submodule", "ssh", "proxy", "ext", "vcs", "packs", "instead-of", "promisor", "alternates",
}

// site is a repository with a remote, and a directory for what is planted.
type site struct{ repo, evil string }

func (m *machine) newSite(name string) site {
	m.t.Helper()
	s := site{repo: m.makeRepo(name), evil: filepath.Join(m.dir, "evil", name)}
	if err := os.MkdirAll(s.evil, 0o755); err != nil {
		m.t.Fatal(err)
	}
	there := *m
	there.repo = s.repo
	there.write("README", "hello\n")
	there.git("add", ".")
	there.git("commit", "-q", "-m", "first")
	there.git("clone", "-q", "--bare", ".", s.repo+".git")
	there.git("remote", "add", "origin", s.repo+".git")
	there.git("fetch", "-q", "origin")
	return s
}

// executed lists the planted programs that were run.
func (s site) executed() []string {
	b, _ := os.ReadFile(filepath.Join(s.evil, "ran"))
	names := map[string]bool{}
	for name := range strings.FieldsSeq(string(b)) {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func plantScript(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("testdata/plant.sh")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// An agent plants, from its own work tree, whatever makes git run programs.
// Then hf does all that it does with git, and runs none of them.
func TestNothingAnAgentPlantsIsExecuted(t *testing.T) {
	m := newMachine(t)
	script := plantScript(t)
	m.hf("list")
	m.eachGroup(func(group string, s site) {
		id := m.plantByAgent(s, script, group)
		if id == "" {
			return
		}
		m.routine(s, id, group)
		if ran := s.executed(); len(ran) > 0 {
			t.Errorf("%s: hf executed %v", group, ran)
		}
	})
}

// eachGroup calls a function for every group, with a site of its own, for some
// at a time.
func (m *machine) eachGroup(do func(group string, s site)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for _, group := range groups {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			do(group, m.newSite(group))
		})
	}
	wg.Wait()
}

// plantByAgent has an agent plant a group. Planting may run some of it: what
// was run by then is forgotten.
func (m *machine) plantByAgent(s site, script, group string) string {
	there := *m
	there.repo = s.repo
	prompt := fmt.Sprintf("run: sh %s %s %s && touch %s/planted", script, group, s.evil, s.evil)
	id := strings.TrimSpace(there.hf("create", "--agent", "demo", "--permission", "all", "--branch", "task-"+group, "--wait", "--jq", ".id", prompt))
	if _, err := os.Stat(filepath.Join(s.evil, "planted")); err != nil {
		m.t.Errorf("%s was not planted:\n%s", group, m.try("logs", id).out)
		return ""
	}
	_ = os.Remove(filepath.Join(s.evil, "ran"))
	return id
}

// routine is all that hf does with the git of a repository. Some of it may fail
// on one that is not whole any more, as long as nothing is run.
func (m *machine) routine(s site, id, group string) {
	m.t.Helper()
	there := *m
	there.repo = s.repo
	note := func(args ...string) {
		if r := there.try(args...); r.code != 0 {
			m.t.Logf("%s: hf %s: exit %d %s", group, strings.Join(args, " "), r.code, strings.TrimSpace(r.err))
		}
	}
	note("create", "--agent", "demo", "--branch", "above-"+group, "--on", id, "--check", "true", "--wait", "write a: b")
	note("create", "--agent", "demo", "--branch", "beside-"+group, "--no-wait", "write a: b") // fetches
	note("diff", "above-"+group)
	note("send", id, "--wait", "write more: x")
	note("diff", id)
	note("wait", "beside-"+group, "--timeout", "50s")
	note("repo", "trust", "--yes", filepath.Base(s.repo))
	note("archive", id)
	note("restore", id)
	note("kill", "--yes", id, "above-"+group, "beside-"+group)
}

// Plain git runs them: the test above can fail.
func TestWhatIsPlantedIsExecutedByPlainGit(t *testing.T) {
	m := newMachine(t)
	script := plantScript(t)
	var mu sync.Mutex
	all := map[string]bool{}
	m.eachGroup(func(group string, s site) {
		there := *m
		there.repo = s.repo
		tree := filepath.Join(m.dir, "trees", group)
		there.git("worktree", "add", "-q", "-b", "task-"+group, tree)
		there.repo = tree
		if out, err := there.command("sh", script, group, s.evil).CombinedOutput(); err != nil {
			t.Errorf("plant %s: %v\n%s", group, err, out)
			return
		}
		_ = os.Remove(filepath.Join(s.evil, "ran"))
		for _, args := range [][]string{
			{"status"},
			{"diff"},
			{"log", "-1"},
			{"fetch", "-q", "origin"},
			{"add", "-A"},
			{"status"},
			{"commit", "-q", "-m", "plain"},
			{"merge", "-q", "-m", "merged", "aside"},
			{"worktree", "add", "-q", "-b", "second", tree + "-second"},
			{"submodule", "update"},
			{"push", "-q", "origin", "HEAD"},
			{"show", "HEAD:x"},
			{"create-branch"},
		} {
			_ = there.command("git", args...).Run() // much of it fails, which does not matter here
		}
		ran := s.executed()
		if len(ran) == 0 && group != "alternates" {
			t.Errorf("%s: plain git executes none of it", group)
		}
		t.Logf("%s: %v", group, ran)
		mu.Lock()
		defer mu.Unlock()
		for _, name := range ran {
			all[name] = true
		}
	})
	if len(all) < 24 {
		t.Errorf("plain git executes only %d of what was planted", len(all))
	}
}

// command is a program in the machine's repository, with a limit to its time.
func (m *machine) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(m.t.Context(), name, args...)
	cmd.Dir, cmd.Env, cmd.WaitDelay = m.repo, m.env, 10*time.Second
	return cmd
}
