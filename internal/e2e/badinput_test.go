package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

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
	for _, name := range []string{
		"-x", "a..b", "refs/heads/x", "a\x01b", "a\x1b[31mb", "a\u202eb", "a b", "a@{b", "@", "HEAD", "x.lock", "x.lock/y", "x.", ".x", "a/", "/a",
		"a//b", "a/-b", "a\nb", "a\u0085b", "a\xffb", "$(id)", strings.Repeat("x", 300),
	} {
		m.refuses(create("--branch", name, "say: hi"), 2, "cannot be the name of a branch")
	}
	m.refuses(create("--branch", "main", "say: hi"), 11, "exists already")
	m.refuses(create("--branch", "Main", "say: hi"), 11, `"Main" cannot be beside branch "main"`)
	m.refuses(create("--branch", "main/x", "say: hi"), 11, `"main/x" cannot be beside branch "main"`)
	m.refuses(create("--base", "nope", "say: hi"), 10, `no branch or commit "nope"`)
	m.refuses(create("--on", "nope", "say: hi"), 10, "neither a task nor a branch")
	m.refuses(create("--agent", "nope", "say: hi"), 10, `no agent "nope"`)
	m.refuses(create("--repo", `ext::sh -c "touch pwned"`, "say: hi"), 2, "not the address of a repository")
	m.refuses(create("--repo", "not-here", "say: hi"), 2, "not-here")
	m.refuses(create(""), 2, "prompt is empty")
	for prompt, says := range map[string]string{
		"say: a\x00b": "NUL", "say: a\xffb": "UTF-8", " \n\t": "is empty", strings.Repeat("x", 1<<20+1): "longer than 1 MiB",
	} {
		m.refuses(m.tryIn(t.Context(), prompt, append(say, "-F", "-")...), 2, says)
	}

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

func TestPrefixOfTwoTasksIsAmbiguous(t *testing.T) {
	m := newMachine(t)
	byFirst := map[string]string{}
	for n := 0; ; n++ { // 26 letters begin an id: the 27th task shares one
		id := m.create("say: hi", "--branch", fmt.Sprint("b", n))
		if _, two := byFirst[id[:1]]; two {
			m.refuses(m.try("show", id[:1]), 2, "may be any of")
			return
		}
		byFirst[id[:1]] = id
	}
}

// A prompt may be as long as is allowed, and say anything.
func TestPromptIsTakenAsItIs(t *testing.T) {
	m := newMachine(t)
	odd := "say: \x1b]0;title\x07\x1b[31mred\u202e\u009b2J\r\b end"
	for _, prompt := range []string{strings.Repeat("x", 1<<20), odd} {
		r := m.tryIn(t.Context(), prompt, "create", "--agent", "demo", "--wait", "--json", "-F", "-")
		if r.code != 0 {
			t.Fatalf("exit %d\n%s", r.code, r.err)
		}
		if got := decode[api.Task](m, r.out); got.Prompt != prompt {
			t.Errorf("the prompt of %d bytes became %.100q of %d", len(prompt), got.Prompt, len(got.Prompt))
		}
	}
}

// Of several at once that want the same branch one gets it; of the others
// nothing is left.
func TestCreateOfOneBranchAtOnce(t *testing.T) {
	m := newMachine(t)
	m.hf("list")
	var mu sync.Mutex
	codes := map[int]int{}
	var wg sync.WaitGroup
	for _, name := range []string{"same", "same", "Same", "same/x", "same"} {
		wg.Go(func() {
			r := m.try("create", "--agent", "demo", "--branch", name, "say: hi")
			mu.Lock()
			defer mu.Unlock()
			codes[r.code]++
			if r.code != 0 {
				m.refuses(r, 11, "ranch")
			}
		})
	}
	wg.Wait()
	if codes[0] != 1 || codes[11] != 4 {
		t.Errorf("exit codes %v, want one 0 and four 11", codes)
	}
	if got := decode[[]api.Task](m, m.hf("list", "--all", "--json")); len(got) != 1 {
		t.Errorf("tasks: %+v", got)
	}
	m.nothingUnseen()
}

// nothingUnseen wants every branch, work tree and agent to be of a task that
// lists show.
func (m *machine) nothingUnseen() {
	m.t.Helper()
	branches, ids := map[string]bool{"main": true}, map[string]bool{}
	for _, task := range decode[[]api.Task](m, m.hf("list", "--all", "--json")) {
		branches[task.Branch], ids[task.ID] = true, true
	}
	for name := range strings.FieldsSeq(m.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")) {
		if !branches[name] {
			m.t.Errorf("branch %s belongs to no task", name)
		}
	}
	trees, _ := filepath.Glob(filepath.Join(m.dir, "data", "worktrees", "*", "*"))
	for _, dir := range append(trees, strings.Fields(m.git("worktree", "list", "--porcelain"))...) {
		name := filepath.Base(dir)
		id := name[strings.LastIndexByte(name, '-')+1:]
		if strings.HasPrefix(dir, filepath.Join(m.dir, "data")) && !ids[id] {
			m.t.Errorf("work tree %s belongs to no task", dir)
		}
	}
	for _, pid := range m.processes() {
		env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		if _, rest, ok := strings.Cut(string(env), "HF_TASK="); ok {
			if id, _, _ := strings.Cut(rest, "\x00"); !ids[id] {
				m.t.Errorf("process %d of task %s, which no list shows: %q", pid, id, cmdline(pid))
			}
		}
	}
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
agent_timeout = "10s"
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
		{"hangs", "hangs did not answer initialize within 10s", 124},
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

// A database of a newer hf is left as it is, and every command says so at once.
func TestDatabaseOfANewerHf(t *testing.T) {
	m := newMachine(t)
	m.hf("list")
	m.hf("backend", "stop")
	path := filepath.Join(m.dir, "state", "hf.db")
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte{0, 0, 0x27, 0x0f}, 60) // user_version
	if err = errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	m.refuses(m.try("list"), 12, "newer")
	if read(t, path) != before {
		t.Error("the database was changed")
	}
}
