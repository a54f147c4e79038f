package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

// binaries is where TestMain left hf and hfd.
var binaries string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hfbin")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binaries = dir
	args, cgo := []string{"build", "-o", dir + "/"}, "0" // as people get it
	if os.Getenv("HF_TEST_RACE") != "" {
		args, cgo = append(args, "-race"), "1"
	}
	build := exec.Command("go", append(args, ".", "../hfd")...)
	build.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build hf: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// TestScript runs the scripts: each with a home, a state directory and a daemon
// of its own, which ends with it. Beside testscript's own commands there are
//
//	gitrepo DIR              makes a repository with one commit
//	task NAME ARG...         runs hf create --json ARG... and sets NAME to the id
//	exits CODE ARG...        runs hf and wants this exit code
//	interrupted TEXT ARG...  runs hf, interrupts it when it has printed TEXT and wants 130
//	locked NAME              sets NAME to a repository's URL that wants a login
//	field NAME ARG... FIELD  runs hf show ARG... and sets NAME to a JSON field
//	until TEXT ARG...        runs hf again and again until it prints TEXT
//	hub start                starts a fake GitHub: see hub
//	hub [NAME =] WORD ARG... tells it what to do, and sets NAME to what it says
//
// and the condition [gitspice].
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               setUp,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"gitrepo": gitRepo,
			"task":    createTask,
			"exits":   exits,
			"field":   field,
			"locked":  locked,
			"hub":     hub,
			"until":   until,

			"interrupted": interrupted,
		},
	})
}

func setUp(env *testscript.Env) error {
	dir, err := os.MkdirTemp("/tmp", "hfs") // short: sockets lie below it
	if err != nil {
		return err
	}
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	config := "[user]\n\tname = Test\n\temail = test@example.invalid\n[init]\n\tdefaultBranch = main\n[protocol \"file\"]\n\tallow = always\n"
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o600); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"HOME":                home,
		"PATH":                binaries + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"HF_STATE_DIR":        filepath.Join(dir, "state"),
		"HF_DATA_DIR":         filepath.Join(dir, "data"),
		"HF_BIN":              binaries,
		"GIT_SPICE_DIR":       filepath.Dir(os.Getenv(gitSpiceVar)), // for scripts that want it in PATH
		"LANG":                "C.UTF-8",
		"TERM":                "xterm",
		"GIT_CONFIG_NOSYSTEM": "1",
	} {
		env.Setenv(name, value)
	}
	env.Values[hubKey{}] = new(*forgetest.Hub)
	t := env.T()
	vars := env.Vars
	env.Defer(func() { tearDown(t, dir, append(vars, env.Vars...)) })
	return nil
}

// reporter is what testing and testscript have in common.
type reporter interface {
	Log(args ...any)
	Fatal(args ...any)
}

// tearDown ends the tasks and the daemon of a script by hf's own means, and
// fails the script when anything of it is left.
func tearDown(t reporter, dir string, vars []string) {
	hf := func(args ...string) []byte {
		cmd := exec.Command(filepath.Join(binaries, "hf"), args...)
		cmd.Env, cmd.Dir = vars, dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Log(fmt.Sprintf("hf %s: %v\n%s", strings.Join(args, " "), err, out))
		}
		return out
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "hf.db")); err == nil {
		for w := range strings.FieldsSeq(string(hf("workspace", "list", "--jq", ".[].name"))) {
			if ids := strings.Fields(string(hf("list", "-w", w, "--jq", ".[].id"))); len(ids) > 0 {
				hf(append([]string{"kill", "-w", w, "--yes"}, ids...)...)
			}
		}
	}
	hf("backend", "stop", "--force")
	var left []int
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left = processes(dir); len(left) == 0 || time.Now().After(deadline) {
			break
		}
	}
	var lines []string
	for _, pid := range left {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // it may be gone by now
		lines = append(lines, fmt.Sprintf("%d %s", pid, bytes.ReplaceAll(cmdline, []byte{0}, []byte{' '})))
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = os.RemoveAll(dir)
	if len(lines) > 0 {
		t.Fatal("left running: " + strings.Join(lines, "; "))
	}
}

// processes finds what belongs to a script: its directory is in the
// environment, is the working directory or holds an open file.
func processes(dir string) []int {
	var out []int
	procs, _ := filepath.Glob("/proc/[0-9]*")
	for _, proc := range procs {
		pid, err := strconv.Atoi(filepath.Base(proc))
		if err != nil || pid == os.Getpid() {
			continue
		}
		// Whatever cannot be read is gone, or another user's.
		environ, _ := os.ReadFile(filepath.Join(proc, "environ"))
		links, _ := filepath.Glob(filepath.Join(proc, "fd", "*"))
		mine := bytes.Contains(environ, []byte(dir))
		for _, link := range append(links, filepath.Join(proc, "cwd")) {
			to, _ := os.Readlink(link)
			mine = mine || strings.HasPrefix(to, dir+"/")
		}
		if mine {
			out = append(out, pid)
		}
	}
	return out
}

func gitRepo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gitrepo DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	if _, err := os.Stat(filepath.Join(dir, "README")); errors.Is(err, fs.ErrNotExist) {
		ts.Check(os.WriteFile(filepath.Join(dir, "README"), []byte("hello\n"), 0o644))
	}
	for _, argv := range [][]string{
		{"-C", dir, "init", "-q"},
		{"-C", dir, "add", "."},
		{"-C", dir, "commit", "-q", "-m", "start"},
	} {
		ts.Check(ts.Exec("git", argv...))
	}
}

func createTask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: task NAME ARG...")
	}
	ts.Check(ts.Exec("hf", append([]string{"create", "--json=id"}, args[1:]...)...))
	id := between(ts.ReadFile("stdout"), `{"id":"`, `"}`)
	if id == "" {
		ts.Fatalf("no id in %q", ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], id)
}

func between(s, before, after string) string {
	_, s, ok := strings.Cut(s, before)
	if !ok {
		return ""
	}
	s, _, _ = strings.Cut(s, after)
	return s
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec("hf", args[1:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("hf ended with %d, want %d", got, want)
	}
}

func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: field NAME TASK FIELD")
	}
	ts.Check(ts.Exec("hf", "show", args[1], "--jq", "."+args[2]))
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
}
