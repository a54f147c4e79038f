package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tmuxOf is a tmux server of a desk's own.
type tmuxOf struct {
	*desk
	socket string
}

func (d *desk) tmux() *tmuxOf {
	d.t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		d.t.Skip("tmux is not installed") // .ci/run installs it
	}
	v := &tmuxOf{d, filepath.Join(filepath.Dir(d.repo), "tmux")}
	v.run("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-s", "main", "sh")
	d.t.Cleanup(func() { v.run("kill-server") })
	v.run("set-option", "-g", "remain-on-exit", "on")
	return v
}

func (v *tmuxOf) run(args ...string) string {
	v.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", v.socket}, args...)...)
	cmd.Dir, cmd.Env = v.repo, v.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		v.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// inside runs a command of a shell in a window of tmux to its end.
func (v *tmuxOf) inside(command string) {
	v.t.Helper()
	v.run("new-window", "-d", "-n", "shell", command+`; echo "code $?"; tmux wait-for -S ended`)
	v.run("wait-for", "ended")
}

// sees waits until something stands in a window.
func (v *tmuxOf) sees(window, want string) {
	v.t.Helper()
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		text := v.run("capture-pane", "-p", "-t", window)
		if strings.Contains(text, want) {
			return
		}
		if time.Now().After(limit) {
			v.t.Fatalf("%q is not in:\n%s", want, text)
		}
	}
}

// Where the configuration wants it, a task that is made inside tmux has a
// window that is attached to it.
func TestCreateInTmuxOpensAWindow(t *testing.T) {
	d := newDesk(t)
	v := d.tmux()
	v.inside("hf create --no-wait --title plain 'say: hello'")
	if got := v.run("list-windows", "-F", "#{window_name}"); strings.Contains(got, "plain") {
		t.Fatalf("nobody wanted a window: %s", got)
	}
	config := filepath.Join(filepath.Dir(d.repo), ".config", "hf", "config.toml")
	if err := os.MkdirAll(filepath.Dir(config), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, []byte("[tmux]\nwindow = true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The server's own variables lead elsewhere: the window gets those of the shell.
	v.run("set-environment", "-g", "HF_STATE_DIR", filepath.Join(filepath.Dir(d.repo), "elsewhere"))
	here := "HF_STATE_DIR=" + filepath.Join(filepath.Dir(d.repo), "state")
	mark := filepath.Join(filepath.Dir(d.repo), "pwned")
	v.inside(here + ` hf create --title 'Fix #{pid}#(touch ` + mark + `)' 'ask: may I?'`)
	v.sees("main:3", "attached to task")
	v.sees("main:3", "a allow, A always, d deny")
	if got := v.run("display-message", "-p", "-t", "main:3", "#{window_name}"); !strings.HasPrefix(got, "Fix #{pid}#(touch") {
		t.Errorf("the window is called %q", got)
	}
	v.run("send-keys", "-t", "main:3", "a", "Enter")
	v.sees("main:3", "✓ allowed")
	if _, err := os.Stat(mark); err == nil {
		t.Error("tmux ran what stands in a title")
	}
	v.inside(here + " hf create --no-wait --no-window --title without 'say: hello'")
	if got := v.run("list-windows", "-F", "#{window_name}"); strings.Contains(got, "without") {
		t.Errorf("a window that was not wanted: %s", got)
	}
}
