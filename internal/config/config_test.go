package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hf-dev/hf/pkg/api"
)

const full = `# all there is
workspace = "work"
agent = "claude"
permission = "edits"
provider = "worktree"
editor = "code -w"
detach_key = "ctrl+]"

[agents.claude]
env = { ANTHROPIC_API_KEY = "$ANTHROPIC_API_KEY", REGION = "eu" }
permission = "all"
mode = "plan"
model = "opus"

[agents.mine]
command = ["my agent", "--acp"]

[agents."two.words"]
command = "other --acp -v"
terminal = ["other", "-r", "{conversation}"]

[backend]
idle_exit = 0
log_max_size = "1MiB"
log_keep = 9
journal_max = "64MiB"

[create]
base = "develop"
agent_timeout = "90s"
setup_timeout = "1h"
check_timeout = "2m"
fetch_timeout = "5s"

[prune]
saved = "48h"
trash = 0

[tmux]
window = true

[stack]
auto_restack = "idle"

[merge]
method = "rebase"
delete_remote_branch = true

[auto_fix]
ci = true
reviews = true
conflicts = true
rounds = 5
push = false

[backup]
every = "10m"
keep = 0

[tui]
theme = "mine"
colors = { accent = "#ff0000" }
unicode = "never"
mouse = false
type_to_filter = true
notify = "bell"

[tui.themes.mine]
base = "dark"
colors = { accent = "208", dim = "#777777" }

[keys]
approve = "y"
"list.down" = ["down", "n"]

[pull_request]
draft = true
poll = "1m"
`

func TestParse(t *testing.T) {
	got, warnings, err := Parse("c.toml", []byte(full))
	if err != nil || len(warnings) != 0 {
		t.Fatalf("Parse = %v, warnings %v", err, warnings)
	}
	want := Config{
		Workspace: "work", Agent: "claude", Permission: api.PermissionEdits, QuietAfter: 45 * time.Second, Provider: "worktree", DetachKey: "ctrl+]", Editor: "code -w",
		Agents: map[string]Agent{
			"claude":    {Env: map[string]string{"ANTHROPIC_API_KEY": "$ANTHROPIC_API_KEY", "REGION": "eu"}, Permission: api.PermissionAll, Mode: "plan", Model: "opus"},
			"mine":      {Command: []string{"my agent", "--acp"}},
			"two.words": {Command: []string{"other", "--acp", "-v"}, Terminal: []string{"other", "-r", "{conversation}"}},
		},
		Repos:   map[string]Repo{},
		Forge:   map[string]Forge{},
		Backend: Backend{IdleExit: 0, LogMaxSize: 1 << 20, LogKeep: 9, JournalMax: 64 << 20},
		Backup:  Backup{Every: 10 * time.Minute},
		Create:  Create{Base: "develop", AgentTimeout: 90 * time.Second, SetupTimeout: time.Hour, CheckTimeout: 2 * time.Minute, FetchTimeout: 5 * time.Second},
		Prune:   Prune{Saved: 48 * time.Hour},

		PullRequest: PullRequest{Draft: true, Poll: time.Minute},
		Stack:       Stack{AutoRestack: "idle"},
		Tmux:        Tmux{Window: true},
		Merge:       Merge{Method: api.MergeRebase, DeleteRemoteBranch: true},
		AutoFix:     AutoFix{Ci: true, Reviews: true, Conflicts: true, Rounds: 5},
		TUI:         TUI{Theme: "mine", Themes: map[string]Theme{"mine": {Base: "dark", Colors: map[string]string{"accent": "208", "dim": "#777777"}}}, Colors: map[string]string{"accent": "#ff0000"}, Unicode: "never", TypeToFilter: true, Notify: "bell"},
		Keys:        map[string][]string{"approve": {"y"}, "list.down": {"down", "n"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	for key, origin := range map[string]string{
		"workspace": "c.toml:2", "agents.claude.env.REGION": "c.toml:10", `agents."two.words".command`: "c.toml:19",
		"create.base": "c.toml:29", "create": "c.toml:28", "backend.nothing": "default",
	} {
		if got.Origin(key) != origin {
			t.Errorf("Origin(%s) = %s, want %s", key, got.Origin(key), origin)
		}
	}
	if got.Origins()["create.base"] != "c.toml:29" {
		t.Errorf("Origins = %v", got.Origins())
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ content, want string }{
		"unknown key, near one":    {"agnet = 'x'", `f:1: unknown key "agnet"; did you mean "agent"?`},
		"a detach key one needs":   {`detach_key = "ctrl+m"`, `f:1: detach_key: "ctrl+m" is not a key such as "ctrl+q"`},
		"no detach key":            {`detach_key = "q"`, `f:1: detach_key: "q" is not a key such as "ctrl+q"`},
		"unknown key, none near":   {"colour = 1", `f:1: unknown key "colour"; the keys here are agent, agents, auto_fix, backend, backup, create, detach_key, editor, forge, keys, merge, permission, provider, prune, pull_request, quiet_after, repos, stack, tmux, tui, workspace`},
		"unknown theme":            {"[tui.themes.mine]\nbase = \"dark\"\n[tui]\ntheme = \"mien\"", `f:4: tui.theme: there is no theme "mien"; the themes are auto, dark, light, high-contrast, mine`},
		"theme of a taken name":    {"[tui.themes.dark]\nbase = \"light\"", `f:1: tui.themes.dark: hf has a theme of that name; call yours otherwise`},
		"theme on no theme":        {"[tui.themes.mine]\nbase = \"dank\"", `f:2: tui.themes.mine.base: one of "auto", "dark", "light", "high-contrast" is needed`},
		"colour of a theme":        {"[tui.themes.mine.colors]\nred = \"256\"", `f:2: tui.themes.mine.colors.red: a colour such as "#7aa2f7" or "111" is needed`},
		"unknown in a table":       {"\n[backend]\nidle_exti = '1m'", `f:3: unknown key "backend.idle_exti"; did you mean "idle_exit"?`},
		"unknown in an inline one": {"agents = { a = { comand = 'x' } }", `f:1: unknown key "agents.a.comand"; did you mean "command"?`},
		"the topmost is told":      {"\nagent = 1\nagnet = 2", `f:2: agent: a text in quotes is needed, not a number`},
		"table expected":           {"backend = true", `f:1: backend: a table is needed, not true or false`},
		"agent is no table":        {"[agents]\nclaude = 'x'", `f:2: agents.claude: a table is needed, not a text`},
		"agents is no table":       {"agents = 'claude'", `f:1: agents: a table for each`},
		"agent with a bad name":    {"[agents.'a b']\ncommand = 'x'", `f:1: agents."a b": an agent's name`},
		"permission":               {"permission = 'yes'", `f:1: permission: one of "ask", "edits" and "all"`},
		"permission of a kind":     {"permission = 1", `f:1: permission: one of`},
		"duration without unit":    {"[backend]\nidle_exit = 30", `f:2: backend.idle_exit: a duration such as`},
		"negative duration":        {"[backend]\nidle_exit = '-1m'", `f:2: backend.idle_exit: a duration`},
		"size too small":           {"[backend]\nlog_max_size = 10", `f:2: backend.log_max_size: a size of at least`},
		"size overflows":           {"[backend]\nlog_max_size = '9999999999GiB'", `f:2: backend.log_max_size: a size`},
		"too many logs":            {"[backend]\nlog_keep = 1000", `f:2: backend.log_keep: a number from 0 to 100`},
		"command with quotes":      {"[agents.a]\ncommand = 'x \"y z\"'", `f:2: agents.a.command: a command with quotes`},
		"command of numbers":       {"[agents.a]\ncommand = ['x', 1]", `f:2: agents.a.command: a list of texts is needed, and there is a number in it`},
		"empty command":            {"[agents.a]\ncommand = []", `f:2: agents.a.command: a command needs a program`},
		"env is a list":            {"[agents.a]\nenv = ['A=1']", `f:2: agents.a.env: a table such as`},
		"env with a bad name":      {"[agents.a.env]\n\"A-B\" = '1'", `f:2: agents.a.env.A-B: an environment variable`},
		"env that is hf's":         {"[agents.a.env]\nHF_X = '1'", `f:2: agents.a.env.HF_X: variables that begin with HF_`},
		"env that is a number":     {"[agents.a.env]\nA = 1", `f:2: agents.a.env.A: a text in quotes`},
		"workspace":                {"workspace = 'a/b'", `f:1: workspace: "a/b" is not 1 to 64 letters`},
		"control character":        {`agent = "a\u001bb"`, `f:1: agent: "a\x1bb" has blanks`},
		"syntax":                   {"agent = \n", `f:1: `},
		"a key twice":              {"agent = 'a'\nagent = 'b'", `f:2: `},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := Parse("f", []byte(tt.content))
			var e *api.Error
			if !errors.As(err, &e) || e.Code != api.CodeInvalid || e.Hint == "" {
				t.Fatalf("Parse = %v, want an invalid_argument with a hint", err)
			}
			if !strings.HasPrefix(e.Message, tt.want) {
				t.Errorf("message = %s\nwant it to begin with %s", e.Message, tt.want)
			}
			for _, leak := range []string{"struct", "toml:", "config.", "interface", "Go "} {
				if strings.Contains(e.Message, leak) {
					t.Errorf("message speaks of the program: %s", e.Message)
				}
			}
		})
	}
}

func TestWarnsOfSecretsInTheFile(t *testing.T) {
	_, warnings, err := Parse("f", []byte("[agents.a.env]\nA_KEY = 'sk-123'\nB_KEY = '$B_KEY'\nREGION = 'eu'\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0].String(), "f:2: agents.a.env.A_KEY holds a secret") || strings.Contains(warnings[0].Text, "sk-123") {
		t.Errorf("warnings = %v", warnings)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	c, _, err := Load(filepath.Join(dir, "none.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), c, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("without a file (-default +got):\n%s", diff)
	}
	if _, _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "no ordinary file") {
		t.Errorf("Load of a directory = %v", err)
	}
	big := filepath.Join(dir, "big.toml")
	if err := os.WriteFile(big, []byte(strings.Repeat("# padding\n", maxSize/10+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Load(big); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Load of a huge file = %v", err)
	}
}

func TestSourceFollowsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	s, err := NewSource(path)
	if err != nil {
		t.Fatal(err)
	}
	step := func(name, content, wantAgent string, wantErr bool) {
		t.Helper()
		if content == "" {
			_ = os.Remove(path)
		} else if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := s.Current().Agent; got != wantAgent {
			t.Errorf("%s: agent = %q, want %q", name, got, wantAgent)
		}
		if err := s.Err(); (err != nil) != wantErr {
			t.Errorf("%s: Err = %v", name, err)
		}
	}
	step("no file", "", "", false)
	step("created", "agent = 'a'", "a", false)
	step("changed", "agent = 'bb'", "bb", false)
	step("spoilt: the last right one goes on", "agent = ", "bb", true)
	step("mended", "agent = 'c' # again", "c", false)
	step("removed", "", "", false)

	if err := os.WriteFile(path, []byte("agent ="), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSource(path); err == nil {
		t.Error("NewSource took a file that is wrong")
	}
}

func TestEnvPatterns(t *testing.T) {
	c, _, err := Parse("f", []byte("[agents.a.env]\nX = '$MY_KEY'\nY = '${OTHER}'\nZ = 'US$ $5'\nP = '$PATH'\n"))
	if err != nil {
		t.Fatal(err)
	}
	got := EnvPatterns(c, "CODEX_HOME")
	for _, want := range []string{"PATH", "LC_*", "XDG_*", "https_proxy", "GH_TOKEN", "MY_KEY", "OTHER", "CODEX_HOME"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
	for _, name := range got {
		if strings.HasPrefix(name, "HF_") && name != "HF_GIT_SPICE_BIN" || name == "*" || name == "ANTHROPIC_API_KEY" {
			t.Errorf("clients are asked for %s", name)
		}
	}
	slices.Sort(got)
	if len(slices.Compact(slices.Clone(got))) != len(got) {
		t.Errorf("a name comes twice: %v", got)
	}
}

func TestReference(t *testing.T) {
	for value, want := range map[string]string{
		"$A": "A", "${A_1}": "A_1", "A": "", "$": "", "${}": "", "${A": "", "$A}": "", "$1": "", "$A B": "", "x$A": "",
	} {
		got, ok := Reference(value)
		if got != want || ok != (want != "") {
			t.Errorf("Reference(%q) = %q, %v", value, got, ok)
		}
	}
}

func TestSecrets(t *testing.T) {
	for _, name := range []string{
		"ANTHROPIC_API_KEY", "GH_TOKEN", "GITHUB_TOKEN", "aws_secret_access_key", "AWS_ACCESS_KEY_ID", "DB_PASSWORD", "MYTOKEN",
		"OPENAI_APIKEY", "GOOGLE_APPLICATION_CREDENTIALS", "GH_PAT", "KEY",
	} {
		if !IsSecret(name) {
			t.Errorf("%s is not taken for a secret", name)
		}
	}
	for _, name := range []string{"PATH", "SSH_AUTH_SOCK", "HOME", "KEYBOARD", "MONKEY", "XDG_CONFIG_HOME", "LC_ALL", "COMPASS"} {
		if IsSecret(name) {
			t.Errorf("%s is taken for a secret", name)
		}
	}
	if !HoldsSecret("https_proxy", "http://me:pw@proxy:3128") || HoldsSecret("https_proxy", "http://proxy:3128") || !HoldsSecret("A_KEY", "") {
		t.Error("HoldsSecret does not look at passwords in addresses")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add("agents = { a = { env = { X = '$X' } } }")
	f.Add("[[agents]]\nx = [{a=1}]")
	f.Add("a.b.'c d' = 1979-05-27")
	f.Fuzz(func(t *testing.T, content string) {
		c, _, err := Parse("f", []byte(content))
		if err != nil {
			var e *api.Error
			if !errors.As(err, &e) || !strings.HasPrefix(e.Message, "f:") {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		if c.Workspace == "" || c.Permission == "" || c.Backend.IdleExit < 0 || c.Backend.LogMaxSize <= 0 {
			t.Fatalf("accepted %+v", c)
		}
		for _, origin := range c.Origins() {
			if !strings.HasPrefix(origin, "f:") {
				t.Fatalf("origin %q", origin)
			}
		}
	})
}

func TestReposAreConfiguredByName(t *testing.T) {
	c, _, err := Parse("f", []byte("[repos.web]\nagent = \"claude\"\nbase = \"develop\"\npermission = \"edits\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Repo{Agent: "claude", Base: "develop", Permission: api.PermissionEdits}
	if got := c.Repos["web"]; got != want {
		t.Errorf("repo web is %+v, want %+v", got, want)
	}
	if got := c.Repos["other"]; got != (Repo{}) {
		t.Errorf("a repo nobody configured is %+v", got)
	}
}

// How long an agent may be silent is a choice for all, and for one.
func TestQuietFor(t *testing.T) {
	c, _, err := Parse("c.toml", []byte("quiet_after = \"2m\"\n[agents.slow]\nquiet_after = 0\n[agents.mine]\ncommand = \"mine\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if all, slow := c.QuietFor("mine"), c.QuietFor("slow"); all != 2*time.Minute || slow != 0 {
		t.Errorf("quiet after %s, and slow after %s", all, slow)
	}
}
