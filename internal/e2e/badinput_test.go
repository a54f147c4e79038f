package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// in runs hf in another directory.
func (m *machine) in(dir string, args ...string) result {
	m.t.Helper()
	there := *m
	there.repo = dir
	return there.try(args...)
}

// makeRepo makes a repository, with a first commit if its name does not begin
// with "un".
func (m *machine) makeRepo(name string, args ...string) string {
	m.t.Helper()
	dir := filepath.Join(m.dir, name)
	other := *m
	other.repo = m.dir
	other.git(append(append([]string{"init", "-q", "-b", "main"}, args...), dir)...)
	return dir
}

// refuses wants a command to fail with an exit code, saying what is wrong and
// what to do.
func (m *machine) refuses(r result, code int, says string) {
	m.t.Helper()
	if r.code != code || !strings.Contains(r.err, says) {
		m.t.Errorf("exit %d, want %d and %q in:\n%s%s", r.code, code, says, r.out, r.err)
	}
	if !strings.Contains(r.err, "hint: ") && !strings.Contains(r.err, "--help") {
		m.t.Errorf("no hint in:\n%s", r.err)
	}
}

func TestBadInput(t *testing.T) {
	m := newMachine(t)
	plain := filepath.Join(m.dir, "plain")
	if err := os.Mkdir(plain, 0o755); err != nil {
		t.Fatal(err)
	}
	say := []string{"create", "--agent", "demo", "--no-wait"}
	create := func(args ...string) result { return m.try(append(say, args...)...) }

	m.refuses(m.try("show", "nope"), 10, `no task "nope"`)
	m.refuses(m.try("show", "-"), 10, "no task")
	m.refuses(m.in(plain, append(say, "say: hi")...), 2, "not in a git repository")
	m.refuses(m.in(m.makeRepo("bare", "--bare"), append(say, "say: hi")...), 2, "bare repository")
	m.refuses(m.in(m.makeRepo("unborn"), append(say, "say: hi")...), 11, "no commit yet")
	m.refuses(create("--branch", "a..b", "say: hi"), 2, "cannot be the name of a branch")
	m.refuses(create("--branch", "-x", "say: hi"), 2, "cannot be the name of a branch")
	m.refuses(create("--branch", "main", "say: hi"), 11, "exists already")
	m.refuses(create("--base", "nope", "say: hi"), 10, `no branch or commit "nope"`)
	m.refuses(create("--on", "nope", "say: hi"), 10, "neither a task nor a branch")
	m.refuses(create("--agent", "nope", "say: hi"), 10, `no agent "nope"`)
	m.refuses(create("--repo", `ext::sh -c "touch pwned"`, "say: hi"), 2, "not the address of a repository")
	m.refuses(create(""), 2, "prompt is empty")

	if got := decode[[]api.Task](m, m.hf("list", "--all", "--json")); len(got) != 0 {
		t.Errorf("refused, but made: %+v", got)
	}
	if got := m.git("for-each-ref", "--format=%(refname)"); got != "refs/heads/main" {
		t.Errorf("refs after what was refused: %s", got)
	}
}

func TestNameOfTwoTasksIsAmbiguous(t *testing.T) {
	m := newMachine(t)
	other := m.makeRepo("other")
	there := *m
	there.repo = other
	there.git("commit", "-q", "--allow-empty", "-m", "first")
	m.create("say: hi", "--branch", "same")
	there.create("say: hi", "--branch", "same")
	m.refuses(m.try("show", "same"), 2, "may be any of")
}

// An odd checkout, and a user git does not know, are no obstacle.
func TestDetachedHeadWithoutIdentity(t *testing.T) {
	m := newMachine(t)
	m.git("checkout", "-q", "--detach")
	for i, v := range m.env {
		if strings.HasPrefix(v, "GIT_") {
			m.env[i] = "NO_" + v
		}
	}
	id := m.create("write a: b\ncommit: mine", "--permission", "all")
	m.untilStatus(id, api.StatusIdle)
	m.hf("exec", id, "--", "sh", "-c", "echo more > untracked")
	m.hf("kill", id, "--yes")
	if got := m.git("log", "-1", "--format=%s", m.task(id).Branch); got != "mine" {
		t.Errorf("last commit of the branch: %q", got)
	}
	m.git("rev-parse", "--verify", "refs/hf/saved/"+id)
}

// Agents that never become ready each say why, leave nothing running, and can
// be mended and retried.
func TestAgentsThatDoNotStart(t *testing.T) {
	m := newMachine(t)
	config := func(garbage string) {
		t.Helper()
		m.writeConfig(`
[create]
agent_timeout = "3s"
[agents.missing]
command = ["/nope/agent"]
[agents.quits]
command = ["sh", "-c", "echo so sorry >&2; exit 3"]
[agents.garbage]
command = [` + garbage + `]
[agents.flood]
command = ["sh", "-c", "yes garbage | head -c 40000000; exec sleep 4242"]
[agents.hangs]
command = ["sh", "-c", "sleep 4242 & exec sleep 4242"]
`)
	}
	config(`"sh", "-c", "echo not json; exec sleep 4242"`)
	cases := []struct {
		agent, says string
		code        int
	}{
		{"missing", `hf: there is no program "/nope/agent"`, 3},
		{"quits", "exited with code 3", 3},
		{"garbage", "does not speak the Agent Client Protocol", 3},
		{"flood", "does not speak the Agent Client Protocol", 3},
		{"hangs", "hangs did not answer initialize within 3s", 124},
	}
	var wg sync.WaitGroup
	for _, c := range cases {
		wg.Go(func() {
			m.refuses(m.try("create", "--agent", c.agent, "--branch", c.agent, "say: hi"), c.code, c.says)
		})
	}
	wg.Wait()
	for _, pid := range m.processes() {
		if line := cmdline(pid); strings.Contains(line, "4242") {
			t.Errorf("an agent that did not start still runs: %d %q", pid, line)
		}
	}

	config(`"hfd", "demo-agent"`)
	m.hf("retry", "garbage")
	id := m.untilStatus("garbage", api.StatusIdle).ID
	if got := m.text(id); got != "hi" {
		t.Errorf("the prompt reached the mended agent as %q", got)
	}
	for _, c := range cases {
		m.hf("kill", "--yes", c.agent)
	}
	if got := m.git("worktree", "list", "--porcelain"); strings.Count(got, "worktree ") != 1 {
		t.Errorf("work trees after the kill:\n%s", got)
	}
}

func (m *machine) writeConfig(text string) {
	m.t.Helper()
	file := filepath.Join(m.dir, "home", ".config", "hf", "config.toml")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// A database that hfd cannot use is left as it is, and every command says so at
// once.
func TestDatabaseThatCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(path string) error
		says  string
	}{
		"corrupt": {func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600)
		}, "database"},
		"newer": {func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte{0, 0, 0x27, 0x0f}, 60) // user_version
			return err
		}, "newer"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.hf("list")
			m.hf("backend", "stop")
			path := filepath.Join(m.dir, "state", "hf.db")
			if err := c.spoil(path); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			m.refuses(m.try("list"), 12, c.says)
			if took := time.Since(began); took > 9*time.Second {
				t.Errorf("it took %s to say so", took)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the database was changed (%v)", err)
			}
		})
	}
}
