package daemon

import (
	"os"
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
		c := loginCheck(cgroup, nil)
		if c.State != want || (want == api.CheckWarning) != strings.Contains(c.Fix, "enable-linger") {
			t.Errorf("%q: %+v", cgroup, c)
		}
	}
}

func TestLoginCheckOfAgentsThatRun(t *testing.T) {
	in, out := "0::/user.slice/user-1000.slice/session-3.scope\n", "0::/user.slice/user-1000.slice/user@1000.service/x.scope\n"
	c := loginCheck(out, []string{out, in, in})
	if c.State != api.CheckWarning || !strings.HasPrefix(c.Text, "2 agents belong to a login") {
		t.Errorf("%+v", c)
	}
	if c = loginCheck(in, []string{in}); !strings.HasPrefix(c.Text, "hfd and its agents belong to the login session-3.scope") {
		t.Errorf("%+v", c)
	}
	if c = loginCheck(out, []string{out}); c.State != api.CheckOK {
		t.Errorf("%+v", c)
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

func TestDatabaseChecks(t *testing.T) {
	report := api.DatabaseCheck{Path: "/s/hf.db", Checks: []api.CheckItem{{Name: "integrity", OK: true}, {Name: "schema", OK: true}}}
	got := databaseChecks(api.Check{Name: "database", State: api.CheckOK}, &report)
	if len(got) != 1 || got[0].State != api.CheckOK || got[0].Text != "/s/hf.db; in order: integrity, schema" {
		t.Errorf("%+v", got)
	}
	report.Checks[0] = api.CheckItem{Name: "integrity", Detail: "page 3 is gone", Hint: "restart"}
	got = databaseChecks(api.Check{Name: "database"}, &report)
	if len(got) != 1 || got[0].State != api.CheckProblem || got[0].Text != "integrity: page 3 is gone" || got[0].Fix != "restart" {
		t.Errorf("%+v", got)
	}
}

func TestLeftoverCheck(t *testing.T) {
	for name, tt := range map[string]struct {
		items []api.PruneItem
		state api.CheckState
		text  string
	}{
		"nothing":   {nil, api.CheckOK, "none"},
		"kept":      {[]api.PruneItem{{Kind: api.PruneTask}}, api.CheckOK, "none"},
		"finished":  {[]api.PruneItem{{Kind: api.PruneTask, Free: true}, {Kind: api.PruneSaved, Free: true}}, api.CheckOK, "what is finished and can be freed: 2, 5 MiB"},
		"directory": {[]api.PruneItem{{Kind: api.PruneTask, Free: true}, {Kind: api.PruneDirectory}}, api.CheckWarning, "directories among the worktrees that belong to no task: 1"},
	} {
		c := leftoverCheck(api.Check{State: api.CheckOK}, &api.PruneList{Items: tt.items, Bytes: 5 << 20})
		if c.State != tt.state || !strings.HasPrefix(c.Text, tt.text) || (c.Fix == "") != (tt.text == "none") {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
