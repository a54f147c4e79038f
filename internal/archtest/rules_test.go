package archtest

// rule says what a package may import of this module, by patterns: a path
// below the module, or a path ending in /... for it and all below.
type rule struct {
	packages string
	may      []string
}

// rules is the direction of dependencies, outermost first. Everybody may
// import what forAll names. A package that no rule names is an error: whoever adds one
// says here where it belongs. The first rule that names a package holds.
func rules() []rule {
	return []rule{
		// The programs.
		{"cmd/hf", []string{"internal/cli", "internal/hold", "internal/iostreams"}},
		{"cmd/hfd", []string{"internal/daemon"}},

		// hf: argv to a request, an answer to the screen.
		{"internal/cli/attach", []string{
			"internal/cli/...", "pkg/client", "internal/hold", "internal/iostreams", "internal/sanitize",
		}},
		{"internal/cli/...", []string{
			"internal/cli/...", "pkg/client", "internal/launcher", "internal/rundir", "internal/iostreams",
			"internal/sanitize", "internal/version", "internal/xec",
		}},
		// The screen, a mode of hfd. It speaks to hfd as hf does, and uses hf's words.
		{"internal/tui", []string{
			"internal/tui/...", "pkg/client", "internal/launcher", "internal/rundir", "internal/sanitize", "internal/version", "internal/xec",
			"internal/cli/browser", "internal/cli/editor", "internal/cli/render",
		}},
		{"internal/tui/...", []string{"internal/tui/...", "internal/atomicfile", "pkg/client", "internal/cli/render", "internal/sanitize"}},
		{"internal/launcher", []string{"pkg/client", "internal/rundir", "internal/xec"}},
		{"internal/iostreams", nil},
		{"pkg/client", nil},
		{"pkg/api", nil},

		// hfd: its life and its wiring.
		{"internal/daemon/lifecycle", []string{"internal/rundir", "internal/xec"}},
		{"internal/daemon", []string{"internal/..."}},
		{"internal/format", nil},
		{"internal/server", []string{"internal/change", "internal/operation", "internal/session", "internal/task"}},
		{"internal/store", []string{"internal/branch", "internal/change", "internal/operation", "internal/session", "internal/task", "migrations"}},
		{"internal/config", []string{"internal/atomicfile"}},

		// The domain. It knows git and the contracts of plug-ins, and neither
		// HTTP, SQL nor a driver.
		{"internal/task", []string{
			"internal/agent", "internal/agent/acp", "internal/git", "internal/ids", "internal/operation",
			"internal/repoconfig", "internal/sandbox", "internal/sanitize", "internal/session",
		}},
		{"internal/change", []string{
			"internal/branch", "internal/forge", "internal/git", "internal/ids", "internal/operation", "internal/pull", "internal/sanitize", "internal/session", "internal/stack", "internal/task",
		}},
		{"internal/pull", []string{"internal/forge", "internal/git", "internal/task"}},
		{"internal/branch", []string{"internal/git", "internal/stack", "internal/task"}},
		{"internal/repo", []string{"internal/forge", "internal/git", "internal/ids", "internal/repoconfig", "internal/task"}},
		{"internal/stack", []string{"internal/git", "internal/xec"}},
		{"internal/rebuild", []string{
			"internal/git", "internal/hold", "internal/ids", "internal/journal", "internal/operation", "internal/session", "internal/task",
		}},
		{"internal/session", []string{"internal/agent/acp", "internal/diskuse", "internal/hold", "internal/ids", "internal/journal"}},
		{"internal/operation", nil},
		{"internal/repoconfig", nil},

		// Agents.
		{"internal/agent", []string{"internal/agent/acp", "internal/agent/demo", "internal/xec"}},
		{"internal/agent/acp", []string{"internal/journal"}},
		{"internal/agent/demo", []string{"internal/ids", "internal/xec"}},
		{"internal/agent/probe", []string{"internal/agent", "internal/agent/acp", "internal/journal", "internal/version", "internal/xec"}},
		{"internal/agent/agenttest", []string{"internal/agent", "internal/agent/acp", "internal/agent/probe", "internal/xec"}},

		// Sandboxes.
		{"internal/sandbox", nil},
		{"internal/sandbox/sandboxtest", []string{"internal/sandbox", "internal/git", "internal/xec"}},
		{"internal/sandbox/...", []string{"internal/sandbox", "internal/diskuse", "internal/git", "internal/xec"}},

		// Forges.
		{"internal/forge", nil},
		{"internal/forge/github", []string{"internal/forge"}},
		{"internal/forge/login", []string{"internal/atomicfile", "internal/forge", "internal/ids", "internal/xec"}},

		// What runs processes, and what stands alone.
		{"internal/terminal", []string{"internal/hold", "internal/journal"}},
		{"internal/held", []string{"internal/hold", "internal/journal"}},
		{"internal/hold", []string{"internal/journal", "internal/rundir", "internal/vt", "internal/xec"}},
		{"internal/git", []string{"internal/xec"}},
		{"internal/atomicfile", nil},
		{"internal/journal", nil},
		{"internal/rundir", nil},
		{"internal/xec", nil},
		{"internal/ids", nil},
		{"internal/diskuse", nil},
		{"internal/sanitize", nil},
		{"internal/version", nil},
		{"internal/vt", nil},
		{"internal/fault", nil},
		{"migrations", nil},

		// What only tests and measurements use.
		{"internal/archtest", nil},
		{"internal/picture", nil},
		{"internal/bench/...", []string{"internal/..."}},
		{"internal/disktest", []string{"internal/xec"}},
		{"internal/e2e/...", []string{"internal/..."}},
		{"internal/fakemodel/...", []string{"internal/fakemodel"}},
		{"internal/forge/forgetest/...", []string{"internal/forge/forgetest/...", "internal/xec"}},
	}
}

// forAll is what every package may import: the words of the contract, and the
// points of faults, which are nothing in a program that people have.
func forAll() []string { return []string{"pkg/api", "internal/fault"} }

// outside says who alone may import what is not of this module.
func outside() []struct {
	what, why string
	may       []string
} {
	return []struct {
		what, why string
		may       []string
	}{
		{"os/exec", "processes are started by xec, which knows how to end them", []string{"internal/xec"}},
		{"database/sql/...", "SQL is the store's", []string{"internal/store"}},
		{"modernc.org/...", "SQL is the store's", []string{"internal/store"}},
		{"net/http/...", "HTTP is spoken by the server and its surroundings", []string{"internal/server", "internal/daemon/...", "internal/fakemodel/...", "internal/forge/...", "internal/e2e/..."}},
		{"github.com/spf13/...", "commands and flags are the CLI's", []string{"internal/cli/..."}},
		{"github.com/charmbracelet/...", "screens are the TUI's", []string{"internal/tui/..."}},
		{"github.com/cli/go-gh/...", "it costs hf too much at every start", []string{"internal/format", "internal/forge/..."}},
		{"github.com/pelletier/go-toml/...", "it costs hf too much at every start", []string{"internal/config", "internal/repoconfig"}},
		{"github.com/fsnotify/...", "one watcher serves all of hfd", []string{"internal/branch"}},
		{"log", "logs are log/slog, and injected", nil},
		{"embed", "SQL and documents are embedded where they are", []string{"migrations", "internal/cli/...", "internal/agent/...", "internal/forge/forgetest"}},
	}
}

// unlinked is what hf must not reach, however far. Its start-up time and the
// memory of every holder, which is the same binary, are features.
func unlinked() []string {
	return []string{
		"net/http", "crypto/tls", "database/sql", "modernc.org/...", "encoding/xml", "html/template",
		"github.com/cli/go-gh/...", "github.com/itchyny/gojq/...", "github.com/pelletier/go-toml/...",
		"github.com/coder/acp-go-sdk/...", "github.com/charmbracelet/bubbletea/...", "github.com/charmbracelet/lipgloss/...",
		module + "/internal/store", module + "/internal/server", module + "/internal/daemon/...", module + "/internal/task",
		module + "/internal/session", module + "/internal/operation", module + "/internal/agent/...", module + "/internal/git", module + "/internal/stack",
		module + "/internal/sandbox/...", module + "/internal/config", module + "/internal/repoconfig", module + "/internal/repo",
		module + "/internal/tui/...", module + "/internal/format", module + "/internal/forge/...", module + "/migrations",
	}
}
