package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
)

// world is a machine with a PATH of its own, in which programs can be put.
type world struct {
	machine
	bin, home string
	t         *testing.T
}

func newWorld(t *testing.T, environ ...string) *world {
	t.Helper()
	w := &world{bin: t.TempDir(), home: t.TempDir(), t: t}
	w.environ = append([]string{"PATH=" + w.bin, "HOME=" + w.home}, environ...)
	w.paths = func() (rundir.Paths, error) { return rundir.Resolve(w.getenv) }
	w.daemon = func() (string, error) { return filepath.Join(w.bin, "hfd"), nil }
	return w
}

// program puts a shell script into the PATH.
func (w *world) program(name, script string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wants(c api.Check, state api.CheckState, text, fix string) {
	w.t.Helper()
	if c.State != state || !strings.Contains(c.Text, text) || !strings.Contains(c.Fix, fix) || (state == api.CheckOK) != (c.Fix == "") {
		w.t.Errorf("%+v, want %s %q, fix %q", c, state, text, fix)
	}
}

func TestNothingIsInstalled(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.wants(w.daemonBinary(ctx), api.CheckProblem, "hfd does not exist", "install hf again")
	w.wants(w.git(ctx), api.CheckProblem, "git 2.38 or newer", "install")
	w.wants(w.gitSpice(ctx), api.CheckWarning, "not found", "git-spice/start/install")
	w.wants(w.github(ctx), api.CheckWarning, "gh not found", "gh auth login")
	w.wants(w.node(ctx), api.CheckWarning, "not found", "Node 22")
	w.wants(w.tmux(ctx), api.CheckWarning, "not found", "tmux")
	w.wants(w.editor(), api.CheckWarning, "vi not found", "EDITOR")
	w.wants(w.path("/opt/hf/bin/hf"), api.CheckWarning, "not in PATH", `PATH="/opt/hf/bin:$PATH"`)
	for _, c := range w.programs(ctx) {
		if c.Name == "git identity" {
			t.Error("without git its identity was looked for")
		}
	}
}

func TestPrograms(t *testing.T) {
	w := newWorld(t, "EDITOR=myedit --wait")
	ctx := t.Context()
	w.program("hfd", `echo "hfd `+version.String()+`"`)
	w.wants(w.daemonBinary(ctx), api.CheckOK, version.String(), "")
	w.program("hfd", `echo "hfd v0 (build 1)"`)
	w.wants(w.daemonBinary(ctx), api.CheckWarning, "is v0 (build 1)", "one build")
	w.program("hfd", `echo broken >&2; exit 3`)
	w.wants(w.daemonBinary(ctx), api.CheckProblem, "broken", "install hf again")

	w.program("git", `case "$1" in version) echo "git version 2.47.1 (some build)";; *) exit 1;; esac`)
	w.wants(w.git(ctx), api.CheckOK, "2.47.1", "")
	w.wants(w.identity(ctx), api.CheckWarning, "user.name and user.email", "git config --global")
	w.program("git", `case "$3" in user.name) echo "A Name";; user.email) echo a@example.invalid;; *) echo "git version 2.37.9";; esac`)
	w.wants(w.git(ctx), api.CheckProblem, "2.37.9 is too old", "git")
	w.wants(w.identity(ctx), api.CheckOK, "A Name <a@example.invalid>", "")

	w.program("node", "echo v20.20.2")
	w.wants(w.node(ctx), api.CheckWarning, "20.20.2 is too old", "Node 22")
	w.program("node", "echo v22.0.0")
	w.wants(w.node(ctx), api.CheckOK, "22.0.0", "")
	w.program("tmux", "echo tmux 3.3a")
	w.wants(w.tmux(ctx), api.CheckOK, "3.3a", "")
	w.wants(w.editor(), api.CheckWarning, "myedit", "EDITOR")
	w.program("myedit", "")
	w.wants(w.editor(), api.CheckOK, "myedit --wait", "")
}

func TestGitSpiceIsNoGhostscript(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	const ghostscript = `case "$1" in --version) echo 10.00.0;; *) echo "GPL Ghostscript 10.00.0"; exit 1;; esac`
	w.program("gs", ghostscript)
	w.wants(w.gitSpice(ctx), api.CheckWarning, "not found", "install")
	w.program("git-spice", ghostscript)
	w.wants(w.gitSpice(ctx), api.CheckWarning, "is not git-spice but Ghostscript", "install")
	w.program("git-spice", `echo git-spice v0.18.0`)
	w.wants(w.gitSpice(ctx), api.CheckWarning, "older than 0.26", "install")
	w.program("git-spice", `[ "$1" = version ] && printf 'git-spice v0.31.2\nCopyright\n'`)
	w.wants(w.gitSpice(ctx), api.CheckOK, "v0.31.2, "+w.bin+"/git-spice", "")

	w.environ = append(w.environ, "HF_GIT_SPICE_BIN="+w.bin+"/gs")
	w.wants(w.gitSpice(ctx), api.CheckWarning, "gs is not git-spice", "HF_GIT_SPICE_BIN")
}

// One that was built from source is of the version that it was built from.
func TestGitSpiceBuiltFromSource(t *testing.T) {
	path := os.Getenv("HF_TEST_GIT_SPICE")
	if path == "" {
		t.Skip("HF_TEST_GIT_SPICE is not set: scripts/git-spice.sh prints it")
	}
	w := newWorld(t)
	w.environ = append(w.environ, "HF_GIT_SPICE_BIN="+path, "PATH="+os.Getenv("PATH")) // it panics without git
	w.wants(w.gitSpice(t.Context()), api.CheckOK, "v0.26", "")
}

// `git spice` finds it in git's own directory.
func TestGitSpiceOfGit(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	w.program("git", "echo "+dir)
	if err := os.WriteFile(filepath.Join(dir, "git-spice"), []byte("#!/bin/sh\necho git-spice dev\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.wants(w.gitSpice(t.Context()), api.CheckOK, "dev, "+dir, "")
}

// install.sh names the same places.
func TestInstallScriptAgrees(t *testing.T) {
	b, err := os.ReadFile("../../../scripts/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{getGitSpice, getGH, getNode, fmt.Sprintf("%d.%d", gitMajor, gitMinor)} {
		if !strings.Contains(string(b), place) {
			t.Errorf("scripts/install.sh does not name %s", place)
		}
	}
}

func TestGitHub(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t)
	w.program("gh", `[ "$1 $2" = "auth token" ] && exit 1`)
	w.wants(w.github(ctx), api.CheckWarning, "not signed in", "gh auth login")
	w.program("gh", `echo gho_secret`)
	c := w.github(ctx)
	w.wants(c, api.CheckOK, "signed in by gh", "")
	if strings.Contains(c.Text, "secret") {
		t.Error("the token is printed")
	}
	stored := filepath.Join(w.home, "stored")
	if err := os.MkdirAll(stored, 0o700); err != nil {
		t.Fatal(err)
	}
	w.environ = append(w.environ, "HF_STATE_DIR="+stored)
	if err := os.WriteFile(filepath.Join(stored, "logins.json"), []byte(`{"schema":1,"hosts":{"github.com":{"user":"me","token":"gho_secret"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.wants(w.github(ctx), api.CheckOK, "signed in by hf auth login", "")
	w.environ = append(w.environ, "GH_TOKEN=gho_secret")
	w.wants(w.github(ctx), api.CheckOK, "signed in by GH_TOKEN", "")
}

func TestFiles(t *testing.T) {
	w := newWorld(t)
	state := filepath.Join(w.home, "s")
	w.environ = append(w.environ, "HF_STATE_DIR="+state)
	got := w.files()
	w.wants(got[0], api.CheckOK, "s, made when it is needed, ", "")
	w.wants(got[1], api.CheckOK, ".local/share/hf, made when", "")
	w.wants(got[2], api.CheckOK, "hfd.sock", "")
	if _, err := os.Stat(state); err == nil {
		t.Error("to look at it, it was made")
	}

	if err := os.Mkdir(state, 0o755); err != nil {
		t.Fatal(err)
	}
	w.wants(w.files()[0], api.CheckWarning, "entered by others", "chmod 700")
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.wants(w.files()[0], api.CheckProblem, "not a directory", "HF_STATE_DIR")

	w.environ = append(w.environ, "HF_STATE_DIR=relative")
	w.wants(w.files()[0], api.CheckProblem, "not an absolute path", "whole path")
	long := "/tmp/" + strings.Repeat("x", 200)
	w.environ = append(w.environ, "HF_STATE_DIR="+long, "TMPDIR="+long, "XDG_RUNTIME_DIR="+long)
	if c := w.files()[2]; c.State != api.CheckOK || !strings.HasPrefix(c.Text, "/tmp/hf-") {
		t.Errorf("a long state directory: %+v", c)
	}
}

func TestShell(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if err := os.Symlink(exe, filepath.Join(w.bin, "hf")); err != nil {
		t.Fatal(err)
	}
	w.wants(w.path(exe), api.CheckOK, w.bin, "")
	w.wants(w.path("/opt/other/hf"), api.CheckWarning, "this is /opt/other/hf", "to the front")

	for shell, file := range map[string]string{
		"bash": ".local/share/bash-completion/completions/hf",
		"zsh":  ".local/share/zsh/site-functions/_hf",
		"fish": ".config/fish/completions/hf.fish",
	} {
		w := newWorld(t, "SHELL=/bin/"+shell)
		at := filepath.Join(w.home, "bin", "hf")
		w.wants(w.completion(at), api.CheckWarning, "not set up for "+shell, "hf completion "+shell)
		path := filepath.Join(w.home, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		w.wants(w.completion(at), api.CheckOK, file, "")
	}
	w = newWorld(t, "SHELL=/bin/bash")
	if err := os.WriteFile(filepath.Join(w.home, ".bashrc"), []byte("source <(hf completion bash)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.wants(w.completion("/x/bin/hf"), api.CheckOK, ".bashrc", "")
}

func TestInstaller(t *testing.T) {
	for release, want := range map[string]string{
		"NAME=x\nID=debian\n":                "sudo apt-get install git",
		"ID=\"linuxmint\"\nID_LIKE=ubuntu\n": "sudo apt-get install git",
		"ID=fedora\n":                        "sudo dnf install git",
		"ID=opensuse-leap\nID_LIKE='suse'\n": "sudo zypper install git",
		"":                                   "install git with this system's package manager",
	} {
		if got := installer(release, "git"); got != want {
			t.Errorf("%q: %s, want %s", release, got, want)
		}
	}
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{"2.38": true, "2.38.1": true, "2.100": true, "3": true, "2.37.9": false, "1.99": false, "": false, "x": false} {
		if got := atLeast(version, 2, 38); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

// hfd answers in the place of the daemon.
type hfd struct {
	backend api.Backend
	found   []api.Check
	err     error
	asked   bool
}

func (h *hfd) CheckUp(context.Context, api.CheckUp) (api.Findings, error) {
	h.asked = true
	return api.Findings{Checks: h.found}, h.err
}

func (h *hfd) Look(context.Context) (api.Backend, error) { return h.backend, nil }

func doctor(t *testing.T, h *hfd, file api.ConfigFile, args ...string) (out string, exit int) {
	t.Helper()
	io, _, o, _ := iostreams.Test()
	w := newWorld(t)
	w.program("git", `case "$3" in user.*) echo a;; *) echo "git version 2.47.1";; esac`)
	w.program("hfd", `echo "hfd `+version.String()+`"`)
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		opts.Machine = w.machine
		opts.Client = func() (checker, error) { return h, nil }
		opts.Keeper = func() (looker, error) { return h, nil }
		opts.Env = clitest.Env
		opts.Config = func(context.Context, api.ConfigRequest) (api.ConfigAnswer, error) {
			return api.ConfigAnswer{File: file}, nil
		}
		return run(ctx, opts)
	})
	err := clitest.Run(t, cmd, args...)
	return o.String(), exitcode.For(err)
}

func TestRun(t *testing.T) {
	running := api.Backend{Running: true, Version: "v1", PID: 7, Socket: "/s"}
	h := &hfd{backend: running, found: []api.Check{{Name: "cl\x1b[2Jaude", State: api.CheckWarning, Text: "not\ninstalled", Fix: "npm"}}}
	out, exit := doctor(t, h, api.ConfigFile{Path: "/c", Exists: true})
	for _, line := range []string{"✓ daemon           v1, pid 7, /s\n", "! claude           not installed\n", "→ npm\n", "0 problems, "} {
		if !strings.Contains(out, line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
	if exit != 0 {
		t.Errorf("warnings ended it with %d", exit)
	}

	wrong := api.ConfigFile{Path: "/c", Exists: true, Error: &api.Error{Message: "/c:3: unknown key"}}
	h.backend.Outdated, h.backend.Why = true, "replaced"
	out, exit = doctor(t, h, wrong, "--json")
	var d api.Doctor
	if err := json.Unmarshal([]byte(out), &d); err != nil || d.OK || d.Problems != 1 || exit != 1 {
		t.Errorf("%v, exit %d, %+v", err, exit, d)
	}
	states := map[string]string{}
	for _, c := range d.Checks {
		states[c.Name] = string(c.State) + " " + c.Text
	}
	if states["configuration"] != "problem /c:3: unknown key" || states["daemon"] != "warning v1, pid 7: replaced" {
		t.Errorf("%q", states)
	}
}

func TestTheDaemonCannotStart(t *testing.T) {
	h := &hfd{err: &api.Error{Code: api.CodeCorrupt, Message: "the database is damaged", Hint: "hf db nuke"}}
	out, exit := doctor(t, h, api.ConfigFile{})
	if exit != 1 || !strings.Contains(out, "✗ daemon           the database is damaged; agents") || !strings.Contains(out, "→ hf db nuke") {
		t.Errorf("exit %d\n%s", exit, out)
	}
}

func TestNoStart(t *testing.T) {
	h := &hfd{}
	out, exit := doctor(t, h, api.ConfigFile{}, "--no-start")
	if exit != 0 || h.asked || !strings.Contains(out, "✓ daemon           does not run") {
		t.Errorf("exit %d, asked %v\n%s", exit, h.asked, out)
	}
	h.backend = api.Backend{PID: 9, Why: "hfd pid 9 does not answer"}
	if out, exit = doctor(t, h, api.ConfigFile{}, "--no-start"); exit != 1 || h.asked || !strings.Contains(out, "--force") {
		t.Errorf("exit %d, asked %v\n%s", exit, h.asked, out)
	}
	h.backend = api.Backend{Running: true}
	if _, exit = doctor(t, h, api.ConfigFile{}, "--no-start"); exit != 0 || !h.asked {
		t.Errorf("exit %d, asked %v", exit, h.asked)
	}
}
