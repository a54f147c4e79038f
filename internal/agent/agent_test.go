package agent

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/pkg/api"
)

// program makes an executable file.
func program(t *testing.T, path, text string) {
	t.Helper()
	write(t, path, text)
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var demoCommand = []string{"/opt/hfd", "demo-agent"}

func TestDefault(t *testing.T) {
	bin := t.TempDir()
	env := []string{"PATH=" + bin}
	if got := New(Options{Demo: demoCommand}).Default(env); got != Demo {
		t.Errorf("with nothing installed: %s", got)
	}
	for _, step := range []struct{ install, want string }{{"gemini", Gemini}, {"opencode", OpenCode}, {"codex-acp", Codex}, {"claude-agent-acp", Claude}} {
		program(t, filepath.Join(bin, step.install), "#!/bin/sh\n")
		if got := New(Options{Demo: demoCommand}).Default(env); got != step.want {
			t.Errorf("with %s installed: %s, want %s", step.install, got, step.want)
		}
	}
	program(t, filepath.Join(bin, "mine"), "#!/bin/sh\n")
	r := New(Options{Demo: demoCommand, Default: "mine", Configured: []Configured{{Name: "mine", Command: []string{"mine"}}}})
	if got := r.Default(env); got != "mine" {
		t.Errorf("configured: %s", got)
	}
}

func TestProfile(t *testing.T) {
	r := New(Options{Demo: demoCommand, Configured: []Configured{
		{Name: Claude, Env: map[string]string{"ANTHROPIC_API_KEY": "$KEY", "DISABLE_AUTOUPDATER": "0"}, Permission: api.PermissionEdits},
		{Name: Codex, Env: map[string]string{"INITIAL_AGENT_MODE": "agent"}, Mode: "agent"},
		{Name: "mine", Command: []string{"mine", "--acp"}, Mode: "safe"},
		{Name: "broken"},
	}})
	claude, err := r.Profile(Claude)
	if err != nil {
		t.Fatal(err)
	}
	if claude.Env["DISABLE_AUTOUPDATER"] != "0" || claude.Env["ANTHROPIC_API_KEY"] != "$KEY" || claude.Env["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] != "1" || claude.Permission != api.PermissionEdits || !claude.Builtin {
		t.Errorf("claude %+v", claude)
	}
	codex, err := r.Profile(Codex)
	if err != nil {
		t.Fatal(err)
	}
	if got := codex.For(api.PermissionAll).Env["INITIAL_AGENT_MODE"]; got != "agent" {
		t.Errorf("the configuration lost: %q", got)
	}
	if got := codex.ACP("/w", api.PermissionAsk, codex.Mode, codex.Model); got.Mode != "agent" || !got.Exact || got.Cwd != "/w" || got.Permission != api.PermissionAsk {
		t.Errorf("codex %+v", got)
	}
	mine, err := r.Profile("mine")
	if err != nil || mine.Builtin || mine.Mode != "safe" || !slices.Equal(mine.Command, []string{"mine", "--acp"}) {
		t.Errorf("mine %+v, %v", mine, err)
	}
	demo, err := r.Profile(Demo)
	if err != nil || !slices.Equal(demo.Command, demoCommand) {
		t.Errorf("demo %+v, %v", demo, err)
	}
	for name, code := range map[string]api.Code{"broken": api.CodeInvalid, "nobody": api.CodeNotFound} {
		var e *api.Error
		if _, err := r.Profile(name); !errors.As(err, &e) || e.Code != code || e.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestForDoesNotChangeTheProfile(t *testing.T) {
	p := opencode()
	before := maps.Clone(p.Env)
	if p.For(api.PermissionAsk).Env["OPENCODE_PERMISSION"] == "" {
		t.Error("no policy")
	}
	if !maps.Equal(p.Env, before) {
		t.Errorf("changed to %v", p.Env)
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	bin, home := filepath.Join(dir, "bin"), filepath.Join(dir, "home")
	pkg := filepath.Join(dir, "lib/node_modules/@agentclientprotocol/claude-agent-acp")
	program(t, filepath.Join(pkg, "dist/index.js"), "#!/bin/sh\nexec sleep 100\n")
	write(t, filepath.Join(pkg, "package.json"), `{"name":"@agentclientprotocol/claude-agent-acp","version":"0.101.0"}`)
	write(t, filepath.Join(pkg, "dist/package.json"), `{"type":"module"}`)
	write(t, filepath.Join(home, ".claude/.credentials.json"), `{"claudeAiOauth":{}}`)
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(pkg, "dist/index.js"), filepath.Join(bin, "claude-agent-acp")); err != nil {
		t.Fatal(err)
	}
	program(t, filepath.Join(bin, "codex-acp"), "#!/bin/sh\necho codex-acp 0.16.0\n")
	program(t, filepath.Join(bin, "opencode"), "#!/bin/sh\nexec sleep 100\n") // never says its version
	program(t, filepath.Join(bin, "mine"), "#!/bin/sh\necho started >>"+filepath.Join(dir, "started")+"\n")
	env := []string{"PATH=" + bin + ":/usr/bin:/bin", "HOME=" + home}
	r := New(Options{Demo: []string{"/bin/sh"}, Configured: []Configured{{Name: "mine", Command: []string{"mine"}, Permission: api.PermissionAll}}})
	got := map[string]api.Agent{}
	for _, a := range r.List(t.Context(), env) {
		got[a.Name] = a
	}
	check := func(name string, installed bool, version, permission string, signedIn *bool) {
		t.Helper()
		a := got[name]
		if a.Installed != installed || a.Version != version || a.Permission != permission {
			t.Errorf("%s: %+v", name, a)
		}
		if (a.SignedIn == nil) != (signedIn == nil) || signedIn != nil && *a.SignedIn != *signedIn {
			t.Errorf("%s: signed in %v, want %v", name, a.SignedIn, signedIn)
		}
		if (a.Install == "") != (installed || name == "mine") {
			t.Errorf("%s: install %q", name, a.Install)
		}
	}
	yes, no := true, false
	check(Claude, true, "0.101.0", "ask", &yes)
	check(Codex, true, "0.16.0", "ask", &no)
	check(OpenCode, true, "", "ask", &no)
	check(Gemini, false, "", "ask", nil)
	check(Demo, true, "1.0.0", "ask", &yes)
	check("mine", true, "", "all", nil)
	if !got[Claude].Default || got[Codex].Default {
		t.Error("the default is not claude")
	}
	if got[Codex].SignInHint == "" || got[Claude].SignInHint != "" {
		t.Errorf("hints %q, %q", got[Codex].SignInHint, got[Claude].SignInHint)
	}
	if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
		t.Error("an agent of the configuration was started")
	}
}

func TestSignedIn(t *testing.T) {
	home := t.TempDir()
	write(t, filepath.Join(home, "codex/auth.json"), `{"tokens":{}}`)
	write(t, filepath.Join(home, "out/opencode/auth.json"), "{}")
	write(t, filepath.Join(home, "in/opencode/auth.json"), `{"anthropic":{}}`)
	write(t, filepath.Join(home, "own/opencode/opencode.json"), "")
	write(t, filepath.Join(home, ".codex/config.toml"), "")
	with := func(p Profile, env map[string]string) Profile {
		p.Env = env
		return p
	}
	tests := []struct {
		profile Profile
		env     []string
		want    string
	}{
		{claude(), nil, "no"},
		{claude(), []string{"ANTHROPIC_API_KEY=k"}, "no"}, // it does not get that one
		{with(claude(), map[string]string{"ANTHROPIC_API_KEY": "$KEY"}), []string{"KEY=k"}, "yes by ANTHROPIC_API_KEY"},
		{with(claude(), map[string]string{"ANTHROPIC_API_KEY": "$KEY"}), nil, "no"},
		{with(claude(), map[string]string{"ANTHROPIC_API_KEY": "k"}), nil, "yes by ANTHROPIC_API_KEY"},
		{claude(), []string{"CLAUDE_CODE_USE_BEDROCK=1"}, "unknown"},
		{codex(), nil, "unknown"}, // its configuration may name a provider
		{codex(), []string{"CODEX_HOME=" + home + "/codex"}, "yes by login"},
		{codex(), []string{"CODEX_HOME=" + home + "/none"}, "no"},
		{opencode(), nil, "no"},
		{opencode(), []string{"XDG_DATA_HOME=" + home + "/out"}, "no"},
		{opencode(), []string{"XDG_DATA_HOME=" + home + "/in"}, "yes by login"},
		{opencode(), []string{"XDG_CONFIG_HOME=" + home + "/own"}, "unknown"},
		{gemini(), nil, "no"},
		{Profile{Name: "mine"}, nil, "unknown"},
	}
	for _, tt := range tests {
		got := "unknown"
		if in, by := tt.profile.signedIn(append([]string{"HOME=" + home}, tt.env...)); in != nil {
			got = map[bool]string{true: "yes by " + by, false: "no"}[*in]
		}
		if got != tt.want {
			t.Errorf("%s with %v: %s, want %s", tt.profile.Name, tt.env, got, tt.want)
		}
	}
}

// Without an account there, opencode is kept from its own free models; with one,
// or when one of them is named, it is not.
func TestGuarded(t *testing.T) {
	home := t.TempDir()
	write(t, filepath.Join(home, "in/opencode/auth.json"), `{"opencode":{}}`)
	write(t, filepath.Join(home, "other/opencode/auth.json"), `{"anthropic":{}}`)
	mine := opencode()
	mine.Env = map[string]string{"OPENCODE_CONFIG_CONTENT": "mine"}
	keyed := opencode()
	keyed.Env = map[string]string{"OPENCODE_API_KEY": "k"}
	for name, tt := range map[string]struct {
		profile Profile
		env     []string
		model   string
		config  string // what its configuration is then
		hosted  string // what the handshake looks for
	}{
		"nobody":        {opencode(), nil, "", `{"disabled_providers":["opencode"]}`, "opencode/"},
		"somebody else": {opencode(), []string{"XDG_DATA_HOME=" + home + "/other"}, "", `{"disabled_providers":["opencode"]}`, "opencode/"},
		"an account":    {opencode(), []string{"XDG_DATA_HOME=" + home + "/in"}, "", "", ""},
		"a key":         {keyed, nil, "", "", ""},
		"by name":       {opencode(), nil, "opencode/free", "", ""},
		"another model": {opencode(), nil, "anthropic/opus", `{"disabled_providers":["opencode"]}`, "opencode/"},
		"own settings":  {mine, nil, "", "mine", "opencode/"},
		"no such agent": {claude(), nil, "", "", ""},
	} {
		p := tt.profile.Guarded(append([]string{"HOME=" + home}, tt.env...), tt.model)
		if got := p.Env["OPENCODE_CONFIG_CONTENT"]; got != tt.config {
			t.Errorf("%s: configured by %q, want %q", name, got, tt.config)
		}
		if got := p.ACP("/w", api.PermissionAsk, "", tt.model).Hosted; got != tt.hosted {
			t.Errorf("%s: looks for %q, want %q", name, got, tt.hosted)
		}
	}
}

func TestHowToSignIn(t *testing.T) {
	p := claude()
	if got := p.howToSignIn(); !strings.HasPrefix(got, p.SignIn) || !strings.Contains(got, `ANTHROPIC_API_KEY = "$ANTHROPIC_API_KEY"`) {
		t.Errorf("it says %q", got)
	}
	if got := (&Profile{Name: "mine"}).howToSignIn(); got != "" {
		t.Errorf("of a program nobody knows it says %q", got)
	}
}

// Each agent's own terminal goes on with the conversation where it can.
func TestOwnTerminal(t *testing.T) {
	r := New(Options{Demo: []string{"hfd", "demo-agent"}, Configured: []Configured{
		{Name: "mine", Command: []string{"mine", "--acp"}},
		{Name: "again", Command: []string{"again"}, Terminal: []string{"again", "--id={conversation}"}},
		{Name: Codex, Terminal: []string{"/opt/codex"}},
	}})
	for _, c := range []struct {
		agent, id, argv string
		resumes         bool
	}{
		{Claude, "c1", "claude --permission-mode default --resume c1", true},
		{Claude, "", "claude --permission-mode default", false},
		{Claude, "--dangerous", "claude --permission-mode default", false},
		{Codex, "c1", "/opt/codex", false},
		{OpenCode, "c1", "opencode -s c1", true},
		{Gemini, "c1", "gemini --approval-mode default", false},
		{Demo, "c1", `/bin/sh -c exec "$@" >/dev/null sh hfd demo-agent --terminal c1`, true},
		{"again", "c1", "again --id=c1", true},
		{"again", "", "there is no conversation with again yet", false},
		{"mine", "c1", "hf knows no terminal of agent mine", false},
	} {
		p, err := r.Profile(c.agent)
		if err != nil {
			t.Fatal(err)
		}
		argv, resumes, err := p.OwnTerminal(c.id, api.PermissionAsk, "")
		got := strings.Join(argv, " ")
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, c.argv) || resumes != c.resumes {
			t.Errorf("%s with %q: %q, %t", c.agent, c.id, got, resumes)
		}
	}
	for _, c := range []struct {
		agent      string
		permission api.Permission
		mode, argv string
	}{
		{Claude, api.PermissionAll, "", "claude --resume c1"}, // as it is set up
		{Claude, api.PermissionEdits, "plan", "claude --permission-mode plan --resume c1"},
		{OpenCode, api.PermissionAsk, "plan", "opencode -s c1"}, // by its environment
	} {
		p, err := r.Profile(c.agent)
		if err != nil {
			t.Fatal(err)
		}
		if argv, _, err := p.OwnTerminal("c1", c.permission, c.mode); err != nil || strings.Join(argv, " ") != c.argv {
			t.Errorf("%s, %s %s: %q, %v", c.agent, c.permission, c.mode, argv, err)
		}
	}
}
