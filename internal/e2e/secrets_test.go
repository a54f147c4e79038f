package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// canaries are secrets that each enter hf by a way of their own.
var canaries = map[string]string{
	"a variable of the caller":             "canary-caller-6b1f",
	"a variable that the agent is given":   "canary-agent-2c9d",
	"a literal of the agent's settings":    "canary-literal-77aa",
	"the address of the repository":        "canary-address-19ce",
	"the address of a repository to clone": "canary-clone-5d02",
	"the token of the forge":               "canary-setup-e83b",
}

// words are no secrets, but nobody else's business: they are in no arguments.
var words = map[string]string{"the prompt": "canary-prompt-4fd8", "a message": "canary-message-b00c"}

// A secret is where it is needed, in the memory of hfd and the environment of
// what was told to use it, and nowhere else: in no file, no output, no
// arguments, and in the environment of nobody who outlives the work.
func TestSecretsAreNowhereElse(t *testing.T) {
	m := newMachine(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	address := func(secret string) string {
		return strings.Replace(server.URL, "://", "://user:"+secret+"@", 1) + "/owner/name"
	}
	tmp := filepath.Join(m.dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	m.writeConfig(fmt.Sprintf("[agents.demo]\nenv = { AGENT_KEY = \"$AGENT_KEY\", LITERAL_KEY = %q }\n", canaries["a literal of the agent's settings"]))
	m.env = append(m.env, "TMPDIR="+tmp,
		"SOME_TOKEN="+canaries["a variable of the caller"],
		"AGENT_KEY="+canaries["a variable that the agent is given"],
		"GH_TOKEN="+canaries["the token of the forge"])
	if err := os.Mkdir(filepath.Join(m.repo, ".hf"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.write(".hf/config.toml", `setup = ["test -n \"$GH_TOKEN\" && sleep 0.1"]`+"\n")
	m.git("add", ".")
	m.git("commit", "-q", "-m", "set up")
	m.git("remote", "add", "origin", address(canaries["the address of the repository"]))

	watch := watchArguments()
	said := m.everyPath(address(canaries["the address of a repository to clone"]))
	for _, line := range watch() {
		t.Errorf("it is an argument: %q", line)
	}
	for name, secret := range canaries {
		if strings.Contains(said, secret) {
			t.Errorf("%s was printed", name)
		}
		for _, path := range m.holding(secret) {
			t.Errorf("%s stands in %s", name, path)
		}
	}
	agents := 0
	for _, pid := range m.processes() {
		env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		isAgent := strings.Contains(cmdline(pid), "demo-agent")
		if isAgent {
			agents++
		}
		for name, secret := range canaries {
			given := isAgent && !strings.Contains(name, "caller") && !strings.Contains(name, "address")
			if bytes.Contains(env, []byte(secret)) != given {
				t.Errorf("%s in the environment of %q: %v, want %v", name, cmdline(pid), !given, given)
			}
		}
	}
	if agents == 0 {
		t.Error("no agent runs: what it was given was not seen")
	}
}

// everyPath does with hf what there is to do, and returns all it printed.
func (m *machine) everyPath(remote string) string {
	m.t.Helper()
	var said strings.Builder
	do := func(stdin string, args ...string) result {
		r := m.tryIn(m.t.Context(), stdin, args...)
		said.WriteString(r.out + r.err)
		return r
	}
	do("", "repo", "add", ".")
	do("", "repo", "add", remote)
	do("", "repo", "trust", "--yes")
	say := "say: hello\nsay: " + words["the prompt"] // the first line names the branch
	for _, prompt := range []string{say, say + "\nfail: broken", say + "\ncrash", say + "\nask: go on?"} {
		r := do(prompt, "create", "--agent", "demo", "--wait", "--check", "true", "-F", "-")
		if strings.Contains(r.err, "setup") && strings.Contains(r.err, "✗") {
			m.t.Errorf("create: exit %d\n%s", r.code, r.err)
		}
	}
	do("say: "+words["a message"], "send", "-", "--file", "-")
	do("say: "+words["a message"], "send", "-", "-")
	m.killDaemon()
	last := m.task("-").ID
	do("say: hello\nsay: "+words["a message"], "create", "--agent", "demo", "--on", last, "--no-wait", "-F", "-")
	backup := filepath.Join(m.dir, "state", "backup.db")
	for _, args := range [][]string{
		{"list", "--json"},
		{"show", last, "--json"},
		{"show", last, "--explain"},
		{"show", last, "--explain", "--json"},
		{"logs", last},
		{"logs", last, "--json"},
		{"approvals"},
		{"deny", last},
		{"diff", last},
		{"backend", "inspect"},
		{"backend", "status", "--json"},
		{"backend", "logs"},
		{"doctor"},
		{"doctor", "--json"},
		{"db", "backup", backup},
		{"history", "--json"},
		{"status", "--json"},
		{"config", "list", "--origin"},
		{"repo", "list", "--json"},
		{"retry", last},
		{"switch", last},
		{"archive", last},
		{"restore", last},
		{"kill", "--yes", last},
	} {
		r := do("", args...)
		if args[0] == "config" { // what the user wrote there is theirs to read
			text := said.String()
			said.Reset()
			said.WriteString(strings.TrimSuffix(text, r.out+r.err))
		}
	}
	m.idle(m.create("say: the last", "--branch", "the-last")) // an agent that still runs at the end
	return said.String()
}

// holding lists hf's own files that a text stands in.
func (m *machine) holding(text string) []string {
	m.t.Helper()
	var found []string
	for _, dir := range []string{"state", "data", "tmp"} {
		err := filepath.WalkDir(filepath.Join(m.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return nil
			}
			if bytes.Contains(b, []byte(text)) {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			m.t.Fatal(err)
		}
	}
	return found
}

// watchArguments looks at the arguments of all processes, again and again,
// until the returned function is called. That returns the command lines with a
// secret or a prompt in them, or one of more.
func watchArguments(more ...string) (stop func() []string) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	found := map[string]bool{}
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond): // the rest of the machine wants to run, too
			}
			dirs, _ := os.ReadDir("/proc")
			for _, d := range dirs {
				pid, err := strconv.Atoi(d.Name())
				if err != nil || pid == os.Getpid() {
					continue
				}
				line := cmdline(pid)
				for _, text := range slices.Concat(slices.Collect(maps.Values(canaries)), slices.Collect(maps.Values(words)), more) {
					// The one who names the address to hf does so in its arguments.
					if strings.Contains(line, text) && !strings.Contains(line, "repo\x00add") {
						found[line] = true
					}
				}
			}
		}
	})
	return func() []string {
		close(done)
		wg.Wait()
		var out []string
		for line := range found {
			out = append(out, line)
		}
		return out
	}
}
