// Package agent describes the agent programs that hf can start: how each is
// started and driven, whether it is installed, and whether it is signed in.
// It starts none of them to find out.
package agent

import (
	"maps"
	"slices"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/pkg/api"
)

// The names of the agents hf knows by itself.
const (
	Claude   = "claude"
	Codex    = "codex"
	OpenCode = "opencode"
	Gemini   = "gemini"
	Demo     = "demo"
)

// Profile says how to drive one agent program.
type Profile struct {
	Name    string
	Builtin bool
	Command []string // required; its first word is a path or is found on the session's PATH
	// Terminal is the command of its own terminal, and Resume that of one that goes
	// on with the conversation {conversation}. nil: hf knows none.
	Terminal, TerminalResume []string
	// TerminalPolicy is what makes its own terminal keep to a permission policy, and
	// TerminalMode the option that takes one of its modes instead; "" = none does.
	TerminalPolicy map[api.Permission][]string
	TerminalMode   string
	// Env is set for the agent. A value "$NAME" is taken from the caller.
	Env map[string]string
	// PolicyEnv is set besides Env under a permission policy.
	PolicyEnv map[api.Permission]map[string]string
	// Modes is the mode that a permission policy means: ids in order of
	// preference, comma-separated. No entry: the agent stays in its own.
	Modes       map[api.Permission]string
	Mode        string         // the mode the user wants instead; "" = none
	Model       string         // the model the user wants; "" = the agent's own choice
	Permission  api.Permission // the policy this agent gets where nothing else says one; may be ""
	Resume      acp.ResumeMethod
	EmbedImages bool     // it drops images that are given beside other files
	ServeFiles  bool     // it calls fs/* although hf offers none
	KeyVars     []string // variables that hold its keys: given to it only when the configuration says so
	Install     string   // how to install it
	SignIn      string   // how to sign in

	detect detection
	hosted *hosted // nil = it serves no models of its own
}

// detection is how an agent is looked at without starting it.
type detection struct {
	asksVersion bool     // `--version` prints it and ends
	credentials []string // files that say that somebody is signed in; ${NAME:-default} and ~ are expanded
	elsewhere   []string // variables and files that mean it may be signed in some other way
}

// For returns the profile under a permission policy: Env is then complete.
func (p Profile) For(permission api.Permission) Profile {
	env := maps.Clone(p.Env)
	if env == nil {
		env = map[string]string{}
	}
	for name, value := range p.PolicyEnv[permission] {
		if _, ok := env[name]; !ok { // what the user configured wins
			env[name] = value
		}
	}
	p.Env, p.PolicyEnv = env, nil
	return p
}

// ACP is how the agent is driven in a directory under a permission policy. A
// mode or a model that is not empty was asked for by a person.
func (p Profile) ACP(cwd string, permission api.Permission, mode, model string) acp.Config {
	cfg := acp.Config{
		Cwd: cwd, Permission: permission, Mode: p.Modes[permission], Model: model,
		ResumeMethod: p.Resume, ServeFiles: p.ServeFiles, EmbedImages: p.EmbedImages, SignIn: p.howToSignIn(),
	}
	if mode != "" {
		cfg.Mode, cfg.Exact = mode, true
	}
	if p.hosted != nil {
		cfg.Hosted = p.hosted.models
	}
	return cfg
}

// builtins returns the agents hf knows by itself, in the order in which the
// default one is looked for. The demo agent is last: it always works.
func builtins(demo []string) []Profile {
	return []Profile{claude(), codex(), opencode(), gemini(), {
		Name: Demo, Builtin: true, Command: slices.Clone(demo),
		// hfd asks a terminal on its standard output for its colours at every start.
		Terminal:       slices.Concat([]string{"/bin/sh", "-c", `exec "$@" >/dev/null`, "sh"}, demo, []string{"--terminal"}),
		TerminalResume: slices.Concat([]string{"/bin/sh", "-c", `exec "$@" >/dev/null`, "sh"}, demo, []string{"--terminal", conversation}),
		Modes:          map[api.Permission]string{api.PermissionAsk: "ask", api.PermissionEdits: "edits", api.PermissionAll: "all"},
		Resume:         acp.ResumeByID,
	}}
}

// claude starts in a mode that asks nothing, so its mode is always set. As
// root it does not offer bypassPermissions; hf then answers by itself.
func claude() Profile {
	return Profile{
		Name: Claude, Builtin: true, Command: []string{"claude-agent-acp"},
		Terminal: []string{"claude"}, TerminalResume: []string{"claude", "--resume", conversation},
		TerminalPolicy: map[api.Permission][]string{
			api.PermissionAsk: {"--permission-mode", "default"}, api.PermissionEdits: {"--permission-mode", "acceptEdits"},
		},
		TerminalMode: "--permission-mode",
		Env:          map[string]string{"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
		Modes: map[api.Permission]string{
			api.PermissionAsk: "default", api.PermissionEdits: "acceptEdits", api.PermissionAll: "bypassPermissions,acceptEdits",
		},
		Resume:  acp.ResumeByID,
		KeyVars: []string{"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"},
		Install: "npm install -g @agentclientprotocol/claude-agent-acp (needs Node 22 or newer)",
		SignIn:  "Sign in with Claude Code: run `claude` and type /login.",
		detect: detection{
			credentials: []string{"${CLAUDE_CONFIG_DIR:-~/.claude}/.credentials.json"},
			elsewhere:   []string{"CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"},
		},
	}
}

// codex writes in the workspace without asking unless it is read-only; edits
// that the policy allows are then allowed by hf.
func codex() Profile {
	return Profile{
		Name: Codex, Builtin: true, Command: []string{"codex-acp"},
		// Without the flag a daemon of its own outlives it.
		Terminal: []string{"codex", "--no-daemon"}, TerminalResume: []string{"codex", "--no-daemon", "resume", conversation},
		TerminalPolicy: map[api.Permission][]string{
			api.PermissionAsk:   {"--sandbox", "read-only", "--ask-for-approval", "on-request"},
			api.PermissionEdits: {"--sandbox", "read-only", "--ask-for-approval", "on-request"},
		},
		PolicyEnv: map[api.Permission]map[string]string{
			api.PermissionAsk:   {"INITIAL_AGENT_MODE": "read-only"},
			api.PermissionEdits: {"INITIAL_AGENT_MODE": "read-only"},
			api.PermissionAll:   {"INITIAL_AGENT_MODE": "agent-full-access"},
		},
		Modes: map[api.Permission]string{
			api.PermissionAsk: "read-only", api.PermissionEdits: "read-only", api.PermissionAll: "agent-full-access,full-access",
		},
		Resume:  acp.ResumeByID,
		KeyVars: []string{"OPENAI_API_KEY", "CODEX_API_KEY"},
		Install: "npm install -g @agentclientprotocol/codex-acp",
		SignIn:  "Sign in with codex: run `codex login`.",
		detect: detection{
			asksVersion: true,
			credentials: []string{"${CODEX_HOME:-~/.codex}/auth.json"},
			elsewhere:   []string{"${CODEX_HOME:-~/.codex}/config.toml", "CODEX_CONFIG"},
		},
	}
}

// opencode asks as its configuration says, and by default nothing: the policy
// goes into its environment. Without credentials it would go to free models of
// its own, and try again for ever where it cannot reach them.
func opencode() Profile {
	return Profile{
		Name: OpenCode, Builtin: true, Command: []string{"opencode", "acp"},
		Terminal: []string{"opencode"}, TerminalResume: []string{"opencode", "-s", conversation},
		Env: map[string]string{"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
		PolicyEnv: map[api.Permission]map[string]string{
			api.PermissionAsk:   {"OPENCODE_PERMISSION": `{"edit":"ask","bash":"ask","webfetch":"ask"}`},
			api.PermissionEdits: {"OPENCODE_PERMISSION": `{"edit":"ask","bash":"ask","webfetch":"ask"}`},
			api.PermissionAll:   {"OPENCODE_PERMISSION": `{"edit":"allow","bash":"allow","webfetch":"allow"}`},
		},
		Resume: acp.ResumeByID, ServeFiles: true,
		KeyVars: []string{"ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "GEMINI_API_KEY", "OPENCODE_API_KEY"},
		Install: "npm install -g opencode-ai",
		SignIn:  "Sign in with opencode: run `opencode auth login`.",
		detect: detection{
			asksVersion: true,
			credentials: []string{"${XDG_DATA_HOME:-~/.local/share}/opencode/auth.json"},
			elsewhere: []string{ // its configuration may name a provider with a key
				"OPENCODE_CONFIG_CONTENT", "OPENCODE_CONFIG",
				"${XDG_CONFIG_HOME:-~/.config}/opencode/opencode.json", "${XDG_CONFIG_HOME:-~/.config}/opencode/opencode.jsonc",
				"${XDG_CONFIG_HOME:-~/.config}/opencode/config.json",
			},
		},
		hosted: &hosted{
			models: "opencode/", keys: []string{"OPENCODE_API_KEY"},
			account: "${XDG_DATA_HOME:-~/.local/share}/opencode/auth.json", entry: "opencode",
			off: map[string]string{"OPENCODE_CONFIG_CONTENT": `{"disabled_providers":["opencode"]}`},
		},
	}
}

// gemini cannot take up an earlier conversation: asking it to wipes the
// history it has on disk.
func gemini() Profile {
	return Profile{
		Name: Gemini, Builtin: true, Command: []string{"gemini", "--acp"},
		Terminal: []string{"gemini"},
		TerminalPolicy: map[api.Permission][]string{
			api.PermissionAsk: {"--approval-mode", "default"}, api.PermissionEdits: {"--approval-mode", "auto_edit"},
		},
		Env: map[string]string{"GEMINI_CLI_NO_RELAUNCH": "true", "GEMINI_CLI_TRUST_WORKSPACE": "true"},
		Modes: map[api.Permission]string{
			api.PermissionAsk: "default", api.PermissionEdits: "autoEdit,auto_edit", api.PermissionAll: "yolo",
		},
		Resume: acp.ResumeNone, EmbedImages: true,
		KeyVars: []string{"GEMINI_API_KEY", "GOOGLE_API_KEY"},
		Install: "npm install -g @google/gemini-cli",
		SignIn:  "Sign in with gemini: run `gemini` once.",
		detect: detection{
			credentials: []string{"~/.gemini/oauth_creds.json"},
			elsewhere:   []string{"GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA", "~/.gemini/.env"},
		},
	}
}
