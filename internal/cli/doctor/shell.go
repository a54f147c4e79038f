package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// shell looks whether a person's shell finds hf and completes its words.
func (m machine) shell() []api.Check {
	exe, err := os.Executable()
	if err != nil {
		exe = "hf"
	}
	return []api.Check{m.path(exe), m.completion(exe)}
}

func (m machine) path(exe string) api.Check {
	c := api.Check{Group: api.GroupShell, Name: "PATH", State: api.CheckOK}
	found := m.find("hf")
	switch {
	case found == "":
		return warning(c, "hf is not in PATH", fmt.Sprintf("export PATH=%q in your shell's file", filepath.Dir(exe)+":$PATH"))
	case !same(found, exe):
		return warning(c, fmt.Sprintf("hf means %s, and this is %s", found, exe), "move "+filepath.Dir(exe)+" to the front of PATH")
	}
	c.Text = found
	return c
}

func same(a, b string) bool {
	sa, err := os.Stat(a)
	if err != nil {
		return false
	}
	sb, err := os.Stat(b)
	return err == nil && os.SameFile(sa, sb)
}

// completion looks for the script where install.sh and distributions put it,
// and for a line of the shell's file that loads it.
func (m machine) completion(exe string) api.Check {
	c := api.Check{Group: api.GroupShell, Name: "completion", State: api.CheckOK}
	home := m.getenv("HOME")
	data := m.getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(home, ".local/share")
	}
	config := m.getenv("XDG_CONFIG_HOME")
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	share := filepath.Join(filepath.Dir(exe), "../share")
	var files []string
	var rc, fix string
	name := filepath.Base(m.getenv("SHELL"))
	switch name {
	case "bash":
		for _, dir := range []string{data, share, "/usr/local/share", "/usr/share"} {
			files = append(files, filepath.Join(dir, "bash-completion/completions/hf"))
		}
		rc, fix = filepath.Join(home, ".bashrc"), "echo 'source <(hf completion bash)' >> ~/.bashrc"
	case "zsh":
		for _, dir := range []string{data, share, "/usr/local/share", "/usr/share"} {
			files = append(files, filepath.Join(dir, "zsh/site-functions/_hf"))
		}
		rc, fix = filepath.Join(home, ".zshrc"), "echo 'source <(hf completion zsh)' >> ~/.zshrc"
	case "fish":
		files = []string{filepath.Join(config, "fish/completions/hf.fish"), filepath.Join(share, "fish/vendor_completions.d/hf.fish")}
		rc, fix = filepath.Join(config, "fish/config.fish"), "hf completion fish > ~/.config/fish/completions/hf.fish"
	default:
		c.Text = "bash, zsh and fish have it; SHELL is none of them"
		return c
	}
	for _, file := range files {
		if st, err := os.Stat(file); err == nil && st.Size() > 0 {
			c.Text = name + ", " + file
			return c
		}
	}
	if b, err := os.ReadFile(rc); err == nil && strings.Contains(string(b), "hf completion") {
		c.Text = name + ", " + rc
		return c
	}
	return warning(c, "not set up for "+name, fix)
}
