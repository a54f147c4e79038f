package stack_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// ghostscript is what the program of the name gs says on most machines.
const ghostscript = `echo 'GPL Ghostscript 10.00.0 (2022-09-21)'; echo 'Unrecoverable error: undefined in version' >&2; exit 1`

// script makes a program.
func (m *lab) script(rel, text string) string {
	m.Helper()
	m.write(rel, "#!/bin/sh\n"+text+"\n")
	if err := os.Chmod(m.path(rel), 0o755); err != nil {
		m.Fatal(err)
	}
	return m.path(rel)
}

func TestProgram(t *testing.T) {
	t.Parallel()
	m := newBareLab(t, "")
	usual := os.Getenv("PATH")
	find := func(variable string, path ...string) (stack.Program, error) {
		env := []string{"HOME=" + m.path("home"), "PATH=" + strings.Join(append(path, usual), ":")}
		if variable != "" {
			env = append(env, stack.Variable+"="+variable)
		}
		return m.eng.Program(t.Context(), env)
	}
	fails := func(err error, part string) {
		t.Helper()
		e, ok := err.(*api.Error) //nolint:errorlint // it is shown as it is
		if !ok || e.Code != api.CodeNotFound || !strings.Contains(e.Message, part) || !strings.Contains(e.Hint, "https://") {
			t.Errorf("error: %#v, want one that says %q and how to install", err, part)
		}
	}
	m.script("new/git-spice", `echo "git-spice v0.31.2 (abc 2026-01-01)"; echo Copyright; echo x >>`+m.path("runs"))
	m.script("old/git-spice", `echo "git-spice v0.18.0"`)
	m.script("ghost/git-spice", ghostscript)
	m.script("ghost/gs", `echo "git-spice v0.31.2"`)
	m.script("silent/git-spice", `exec sleep 1000`)
	m.script("broken/git-spice", `echo boom >&2; exit 1`)

	for range 3 {
		p, err := find("", m.path("ghost-"), m.path("new"))
		if err != nil || p.Path != m.path("new/git-spice") || p.Version != "v0.31.2" || p.Hint != "" {
			t.Errorf("%+v, %v", p, err)
		}
	}
	if runs := m.read("runs"); runs != "x\n" {
		t.Errorf("asked %d times whether it is git-spice, want once", len(runs)/2)
	}
	if p, err := find(m.path("old/git-spice"), m.path("new")); err != nil || p.Version != "v0.18.0" || !strings.Contains(p.Hint, stack.MinVersion) {
		t.Errorf("%+v, %v", p, err)
	}
	_, err := find(m.path("none/git-spice"), m.path("new"))
	fails(err, stack.Variable)
	_, err = find("", m.path("ghost"))
	fails(err, "Ghostscript")
	_, err = find("", m.path("broken"))
	fails(err, "is not git-spice")
	if _, err := os.Stat("/usr/bin/git-spice"); err != nil && strings.HasPrefix(usual, "/") {
		_, err = m.eng.Program(t.Context(), []string{"PATH=" + m.path("nothing")})
		fails(err, "not installed")
	}
	quick := stack.New(stack.Options{Git: m.git, Scratch: m.path("scratch"), Limits: stack.Limits{Prove: 100 * time.Millisecond}})
	_, err = quick.Program(t.Context(), []string{stack.Variable + "=" + m.path("silent/git-spice"), "PATH=" + usual})
	fails(err, "did not say")

	// The file is another one now.
	m.script("new/git-spice", `echo "git-spice v0.32.0 and more"`)
	if p, err := find("", m.path("new")); err != nil || p.Version != "v0.32.0" {
		t.Errorf("%+v, %v", p, err)
	}
}

// A git-spice that was built from source knows its version all the same.
func TestProgramBuiltFromSource(t *testing.T) {
	t.Parallel()
	m := newBareLab(t, gitSpice(t))
	p, err := m.eng.Program(t.Context(), m.env)
	if err != nil || !strings.HasPrefix(p.Version, "v0.") || p.Hint != "" {
		t.Errorf("%+v, %v", p, err)
	}
}

// recorder is a git-spice that writes down how it was run.
func (m *lab) recorder(rest string) {
	m.Helper()
	m.script("fake/git-spice", `
[ "$1" = version ] && { echo "git-spice v0.26.0"; exit 0; }
{ printf '%s\n' "$@"; } >`+m.path("argv")+`
env >`+m.path("environ")+`
readlink /proc/self/fd/0 >`+m.path("stdin")+`
`+rest)
	for i, kv := range m.env {
		if strings.HasPrefix(kv, stack.Variable+"=") {
			m.env[i] = stack.Variable + "=" + m.path("fake/git-spice")
		}
	}
}

// plant writes git-spice's data as it would.
func (m *lab) plant(files map[string]string) {
	m.Helper()
	for path, text := range files {
		m.write("data/"+path, text)
	}
	m.run("data", "init", "-q", ".")
	m.run("data", "add", "-A")
	m.run("data", "commit", "-qm", "data")
	m.run("repo", "fetch", "-q", m.path("data"), "+HEAD:refs/spice/data")
}

// How git-spice is run: a flag first, on hf's view, with nothing of the caller's
// that it has no need of.
func TestHowItIsRun(t *testing.T) {
	t.Parallel()
	m := newBareLab(t, "")
	m.recorder("")
	m.plant(map[string]string{"version": "1", "repo": `{"trunk":"main","remote":""}`})
	m.run("repo", "branch", "a")
	in := m.in()
	in.Env = append(slices.Clone(in.Env), "GITHUB_TOKEN=secret", "GIT_DIR=/elsewhere", "GIT_SPICE_VERBOSE=1")
	if err := m.eng.Track(t.Context(), in, "a", "main"); err != nil {
		t.Fatal(err)
	}
	if got, want := m.read("argv"), "--no-prompt\nbranch\ntrack\na\n--base\nmain\n"; got != want {
		t.Errorf("arguments %q, want %q", got, want)
	}
	if in := m.read("stdin"); in != "/dev/null\n" {
		t.Errorf("standard input is %s", in)
	}
	environ := m.read("environ")
	for _, part := range []string{"secret", "/elsewhere", "GIT_SPICE_VERBOSE"} {
		if strings.Contains(environ, part) {
			t.Errorf("%q is in its environment", part)
		}
	}
	for _, part := range []string{
		"GIT_DIR=" + m.path("views/for-"), "GIT_COMMON_DIR=" + m.path("views/for-"), "GIT_TERMINAL_PROMPT=0", "GIT_EDITOR=true",
		"=core.hooksPath", "=rebase.updateRefs", "GIT_SPICE_SECRET_BACKEND=file", "HOME=" + m.path("home"),
	} {
		if !strings.Contains(environ, part) {
			t.Errorf("no %q in its environment:\n%s", part, environ)
		}
	}
	m.tidy()
}

// One that hangs is ended with all that it started, and the stacks are free
// again.
func TestTimeLimit(t *testing.T) {
	t.Parallel()
	m := newBareLab(t, "")
	m.recorder(`[ -e ` + m.dir + `/tame ] && exit 0
sleep 1000 &
echo $! >` + m.path("child") + `
wait`)
	m.plant(map[string]string{"version": "1", "repo": `{"trunk":"main","remote":""}`})
	m.run("repo", "branch", "a")
	eng := stack.New(stack.Options{Git: m.git, Scratch: m.path("scratch"), Limits: stack.Limits{Other: 300 * time.Millisecond}})
	err := eng.Track(t.Context(), m.in(), "a", "main")
	if !api.IsCode(err, api.CodeTimeout) {
		t.Fatalf("error: %v", err)
	}
	if child, err := os.ReadFile(m.path("child")); err == nil {
		if _, err := os.Stat(filepath.Join("/proc", strings.TrimSpace(string(child)))); err == nil {
			t.Error("what it started runs still")
		}
	}
	m.write("tame", "")
	m.track("a", "main")
	m.tidy()
}

// A program that says it is done and is not is found out.
func TestSuccessIsVerified(t *testing.T) {
	t.Parallel()
	m := newLab(t)
	m.stack("a", "b")
	m.commit("wt-a", "more", "more\n")
	m.recorder(`echo 'WRN b: checked out in another worktree (/x), skipping' >&2; exit 0`)
	rep := m.restack(stack.RestackRequest{}, "a up_to_date", "b failed")
	if e := rep.Results[1].Error; e == nil || !strings.Contains(e.Message, "checked out in another worktree") {
		t.Errorf("%+v", e)
	}
}
