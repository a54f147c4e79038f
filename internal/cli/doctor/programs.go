package doctor

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/cli/editor"
	"github.com/hf-dev/hf/pkg/api"
)

// Where programs are got that not every system has as a package.
const (
	getGitSpice = "https://abhinav.github.io/git-spice/start/install/"
	getGH       = "https://cli.github.com"
	getNode     = "https://nodejs.org/en/download"
)

// The oldest versions that hf works with.
const (
	gitMajor, gitMinor = 2, 38
	nodeMajor          = 22 // of the adapters of agents

	spiceMajor, spiceMinor = 0, 26
)

// programs looks for what hf runs, and for what adds to it.
func (m machine) programs(ctx context.Context) []api.Check {
	git := m.git(ctx)
	out := []api.Check{git}
	if git.State == api.CheckOK {
		out = append(out, m.identity(ctx))
	}
	return append(out, m.gitSpice(ctx), m.github(ctx), m.node(ctx), m.tmux(ctx), m.editor())
}

func (m machine) git(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupPrograms, Name: "git", State: api.CheckOK}
	get := m.install("git")
	path := m.find("git")
	if path == "" {
		return problem(c, fmt.Sprintf("not found; hf needs git %d.%d or newer", gitMajor, gitMinor), get)
	}
	said, err := m.ask(ctx, path, "version")
	if err != nil {
		return problem(c, err.Error(), get)
	}
	version := strings.TrimPrefix(said, "git version ")
	if !atLeast(version, gitMajor, gitMinor) {
		return problem(c, fmt.Sprintf("%s is too old; hf needs git %d.%d or newer", version, gitMajor, gitMinor), get)
	}
	c.Text = version
	return c
}

// identity looks for who makes commits. A repository may say it for itself.
func (m machine) identity(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupPrograms, Name: "git identity", State: api.CheckOK}
	var missing, found []string
	for _, key := range []string{"user.name", "user.email"} {
		variable := "GIT_AUTHOR_" + strings.ToUpper(strings.TrimPrefix(key, "user."))
		value := m.getenv(variable)
		if value == "" {
			value, _ = m.ask(ctx, "git", "config", "--get", key) // an error: it is not set
		}
		if value == "" {
			missing = append(missing, key)
			continue
		}
		found = append(found, value)
	}
	if len(missing) > 0 {
		return warning(c, strings.Join(missing, " and ")+" not set: agents cannot commit",
			`git config --global user.name "Your Name" && git config --global user.email you@example.com`)
	}
	c.Text = found[0] + " <" + found[1] + ">"
	return c
}

// gitSpice looks for git-spice where hf does. Another program that has one of
// its names, such as Ghostscript, does not pass for it.
func (m machine) gitSpice(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupPrograms, Name: "git-spice", State: api.CheckOK}
	const get = getGitSpice
	wanted := m.getenv("HF_GIT_SPICE_BIN")
	path := wanted
	if wanted == "" {
		path = m.find("git-spice")
	}
	if path == "" && m.find("git") != "" {
		if dir, err := m.ask(ctx, "git", "--exec-path"); err == nil { // where `git spice` would find it
			path = m.find(dir + "/git-spice")
		}
	}
	if path == "" {
		return warning(c, "not found: stacks of tasks need it", get)
	}
	said, err := m.ask(ctx, path, "version")
	version, ok := strings.CutPrefix(firstLine(said), "git-spice ")
	if err != nil || !ok {
		what := path + " is not git-spice"
		if strings.Contains(said, "Ghostscript") {
			what += " but Ghostscript, which uses the name gs, too"
		}
		c = warning(c, what, get)
		if wanted != "" {
			c.Fix = "HF_GIT_SPICE_BIN must name git-spice: " + get
		}
		return c
	}
	if version == "dev" {
		version = builtVersion(path)
	}
	c.Text = version + ", " + path
	if number := strings.TrimPrefix(version, "v"); number != version && !atLeast(number, spiceMajor, spiceMinor) {
		return warning(c, fmt.Sprintf("%s is older than %d.%d, which hf is made for", c.Text, spiceMajor, spiceMinor), get)
	}
	return c
}

// builtVersion is what the Go toolchain wrote into a git-spice that was built from
// source and knows no version of itself, or "dev".
func builtVersion(path string) string {
	const module = "go.abhg.dev/gs"
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "dev"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "dev"
}

// github looks for a login at GitHub. Nothing is asked over the network.
func (m machine) github(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupPrograms, Name: "GitHub", State: api.CheckOK}
	for _, name := range []string{"GH_TOKEN", "GITHUB_TOKEN"} {
		if m.getenv(name) != "" {
			c.Text = "signed in by " + name
			return c
		}
	}
	if m.signedIn() {
		c.Text = "signed in by hf auth login"
		return c
	}
	path := m.find("gh")
	if path == "" {
		return warning(c, "gh not found: pull requests need it, hf auth login or GH_TOKEN", m.install("gh")+" ("+getGH+"), then gh auth login; or hf auth login")
	}
	if _, err := m.ask(ctx, path, "auth", "token"); err != nil {
		return warning(c, "gh is not signed in: pull requests need that, or hf auth login", "gh auth login")
	}
	c.Text = "signed in by gh"
	return c
}

// signedIn reports whether `hf auth login` stored a token. Whether it is still
// accepted is asked by `hf auth status`.
func (m machine) signedIn() bool {
	paths, err := m.paths()
	if err != nil {
		return false
	}
	b, err := os.ReadFile(paths.Logins())
	var stored struct {
		Hosts map[string]struct{ User string } `json:"hosts"`
	}
	return err == nil && json.Unmarshal(b, &stored) == nil && len(stored.Hosts) > 0
}

// node looks for what the adapters of agents run on.
func (m machine) node(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupPrograms, Name: "node", State: api.CheckOK}
	get := fmt.Sprintf("install Node %d or newer: %s", nodeMajor, getNode)
	path := m.find("node")
	if path == "" {
		return warning(c, "not found: claude, codex and gemini run on it, and npm installs agents", get)
	}
	said, err := m.ask(ctx, path, "--version")
	version := strings.TrimPrefix(said, "v")
	if err != nil || !atLeast(version, nodeMajor, 0) {
		return warning(c, fmt.Sprintf("%s is too old for some agents, which need %d", version, nodeMajor), get)
	}
	c.Text = version
	return c
}

func (m machine) tmux(ctx context.Context) api.Check {
	c := api.Check{Group: api.GroupPrograms, Name: "tmux", State: api.CheckOK}
	path := m.find("tmux")
	if path == "" {
		return warning(c, "not found: windows for tasks need it", m.install("tmux"))
	}
	said, err := m.ask(ctx, path, "-V")
	if err != nil {
		return warning(c, err.Error(), m.install("tmux"))
	}
	c.Text = strings.TrimPrefix(said, "tmux ")
	return c
}

// editor looks for what prompts and the configuration are written in.
func (m machine) editor() api.Check {
	c := api.Check{Group: api.GroupPrograms, Name: "editor", State: api.CheckOK}
	name := editor.Name(m.environ)
	words := strings.Fields(name)
	if len(words) == 0 || m.find(words[0]) == "" {
		return warning(c, name+" not found: `hf create` and `hf config edit` write in it", "export EDITOR=… in your shell's file")
	}
	c.Text = name
	return c
}

// install says how a package of that name is got on this machine.
func (m machine) install(pkg string) string {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		release = nil // no Linux, or a very small one
	}
	return installer(string(release), pkg)
}

func installer(release, pkg string) string {
	var ids []string
	for line := range strings.Lines(release) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && (name == "ID" || name == "ID_LIKE") {
			ids = append(ids, strings.Fields(strings.Trim(value, `"'`))...)
		}
	}
	for _, by := range []struct{ id, command string }{
		{"debian", "sudo apt-get install "},
		{"ubuntu", "sudo apt-get install "},
		{"fedora", "sudo dnf install "},
		{"rhel", "sudo dnf install "},
		{"arch", "sudo pacman -S "},
		{"alpine", "sudo apk add "},
		{"suse", "sudo zypper install "},
		{"nixos", "nix-env -iA nixos."},
	} {
		if slices.Contains(ids, by.id) {
			return by.command + pkg
		}
	}
	return "install " + pkg + " with this system's package manager"
}

// atLeast compares a version such as 2.39.5 or 22.1.0-rc1.
func atLeast(version string, major, minor int) bool {
	parts := regexp.MustCompile(`^(\d+)(?:\.(\d+))?`).FindStringSubmatch(version)
	if parts == nil {
		return false
	}
	a, err := strconv.Atoi(parts[1])
	if err != nil {
		return false
	}
	b := 0
	if parts[2] != "" {
		if b, err = strconv.Atoi(parts[2]); err != nil {
			return false
		}
	}
	return a > major || a == major && b >= minor
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
