package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/agent"
	"github.com/hf-dev/hf/pkg/api"
)

func TestLoginCheck(t *testing.T) {
	for cgroup, want := range map[string]api.CheckState{
		"": api.CheckOK,
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n":      api.CheckOK,
		"0::/user.slice/user-1000.slice/session-3.scope\n":                          api.CheckWarning,
		"2:cpu:/\n1:name=systemd:/user.slice/user-1000.slice/session-c12.scope/a\n": api.CheckWarning,
		"0::/system.slice/ssh.service\n":                                            api.CheckOK,
	} {
		c := loginCheck(cgroup)
		if c.State != want || (want == api.CheckWarning) != strings.Contains(c.Fix, "enable-linger") {
			t.Errorf("%q: %+v", cgroup, c)
		}
	}
}

func TestAgentChecks(t *testing.T) {
	yes, no := true, false
	claude := api.Agent{Name: "claude", Builtin: true, Install: "npm i claude"}
	demo := api.Agent{Name: "demo", Builtin: true, Installed: true, SignedIn: &yes, Version: "1", Default: true}
	states := func(agents ...api.Agent) string {
		var b strings.Builder
		for _, c := range agentChecks(agents) {
			b.WriteString(c.Name + " " + string(c.State) + " " + c.Text + " " + c.Fix + "\n")
		}
		return b.String()
	}
	if got := states(claude, demo); got != "claude warning not installed npm i claude\ndemo ok 1, signed in, used when a task names none \n" {
		t.Errorf("no agent: %q", got)
	}
	codex := api.Agent{Name: "codex", Builtin: true, Installed: true, SignedIn: &no, SignInHint: "codex login", Version: "2"}
	mine := api.Agent{Name: "mine"}
	if got := states(claude, codex, mine); got != "claude ok not installed npm i claude\ncodex warning 2, not signed in codex login\n"+
		"mine warning not installed `hf config get agents.mine.command` names a program that is not there\n" {
		t.Errorf("one agent: %q", got)
	}
	gemini := api.Agent{Name: "gemini", Builtin: true, Installed: true}
	if got := states(gemini); got != "gemini ok whether signed in cannot be told without starting it \n" {
		t.Errorf("an agent that does not say: %q", got)
	}
	claude.Default = true
	if got := states(claude, codex); !strings.HasPrefix(got, "claude warning not installed") {
		t.Errorf("the chosen agent is missing: %q", got)
	}
}

// install.sh names the agents that hf knows by itself, and how to get them.
func TestInstallScriptNamesTheAgents(t *testing.T) {
	script, err := os.ReadFile("../../scripts/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range agent.New(agent.Options{Demo: []string{"demo"}}).List(t.Context(), nil) {
		if a.Name == agent.Demo {
			continue
		}
		pkg := strings.Fields(a.Install)[3] // npm install -g PACKAGE
		for _, want := range []string{a.Command[0], pkg} {
			if !strings.Contains(string(script), want) {
				t.Errorf("scripts/install.sh does not name %s of %s", want, a.Name)
			}
		}
	}
}

func TestUnused(t *testing.T) {
	root := filepath.Join(t.TempDir(), "w")
	if left, all, err := unused(root, nil); left != 0 || all != 0 || err != nil {
		t.Errorf("no directory: %d of %d, %v", left, all, err)
	}
	for _, dir := range []string{"app/fix-it-aaaa1111", "app/bbbb2222", "web/no-task-cccc3333"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	left, all, err := unused(root, map[string]bool{"aaaa1111": true, "bbbb2222": true})
	if left != 1 || all != 3 || err != nil {
		t.Errorf("%d of %d, %v", left, all, err)
	}
}
