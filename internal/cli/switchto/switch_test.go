package switchto

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

func switchTo(t *testing.T, d api.TaskDetail, args ...string) (out, asked string, err error) {
	t.Helper()
	io, _, o, _ := iostreams.Test()
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		asked = opts.Task
		opts.Client = func() (shower, error) { return &clitest.Daemon{Details: []api.TaskDetail{d}}, nil }
		return run(ctx, opts)
	})
	err = clitest.Run(t, cmd, args...)
	return o.String(), asked, err
}

// A shell that evaluates what is printed is where the task is, whatever the
// directory is called.
func TestAShellUnderstandsIt(t *testing.T) {
	for _, name := range []string{"plain", "with space", "it's", `$(touch pwned) "x" \`, `a\\b\'c\n`, "-n", "new\nline", "end\n", "日本", "*?[a]~#!"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		line, _, err := switchTo(t, api.TaskDetail{Task: api.Task{Path: dir}}, "k3f9")
		if err != nil {
			t.Fatal(err)
		}
		want, _ := filepath.EvalSymlinks(dir)
		env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		for _, shell := range []string{"sh", "dash", "bash", "zsh", "fish"} {
			if _, err := xec.LookPath(shell, env); err != nil {
				continue // of those that are not installed, CI has some
			}
			got, err := xec.Output(t.Context(), xec.Cmd{Argv: []string{shell, "-c", line + "pwd -P"}, Dir: "/", Env: env})
			if err != nil || strings.TrimSuffix(string(got), "\n") != want {
				t.Errorf("%s: %q leads to %q (%v), want %q", shell, line, got, err, want)
			}
		}
	}
}

func TestOnATerminalItSaysHowToEvaluateIt(t *testing.T) {
	for shell, want := range map[string]string{"/bin/bash": `eval "$(hf shell-init bash)"`, "/usr/bin/zsh": `eval "$(hf shell-init zsh)"`, "/bin/fish": "hf shell-init fish | source", "": "hf shell-init bash"} {
		for _, tty := range []bool{true, false} {
			io, _, _, errOut := iostreams.Test()
			io.SetTTY(true, tty, true)
			cmd := NewCmd(factory.New(io, []string{"SHELL=" + shell}), func(ctx context.Context, opts *Options) error {
				opts.Client = func() (shower, error) {
					return &clitest.Daemon{Details: []api.TaskDetail{{Task: api.Task{Path: t.TempDir()}}}}, nil
				}
				return run(ctx, opts)
			})
			if err := clitest.Run(t, cmd, "k3f9"); err != nil || strings.Contains(errOut.String(), want) != tty {
				t.Errorf("%s on a terminal %v: %q, %v", shell, tty, errOut, err)
			}
		}
	}
}

func TestSwitch(t *testing.T) {
	if _, asked, _ := switchTo(t, api.TaskDetail{}, "-"); asked != api.TaskLast {
		t.Errorf("the task used last: %q", asked)
	}
	if _, asked, err := switchTo(t, api.TaskDetail{}); exitcode.For(err) != exitcode.Usage || asked != "" {
		t.Errorf("without a task: %q, %v", asked, err)
	}
	if _, asked, _ := switchTo(t, api.TaskDetail{}, "."); asked != api.TaskOfCwd {
		t.Errorf("the task of this directory: %q", asked)
	}
	if out, _, err := switchTo(t, api.TaskDetail{Task: api.Task{Status: api.StatusKilled}}, "k3f9"); exitcode.For(err) != exitcode.Conflict || out != "" {
		t.Errorf("a task without a directory: %q, %v", out, err)
	}
}

// Without a task the person chooses one, where there is a person.
func TestChoosing(t *testing.T) {
	dir := t.TempDir()
	for picked, code := range map[string]int{"k3f9": exitcode.OK, "": exitcode.Failed} {
		io, _, out, _ := iostreams.Test()
		io.SetTTY(true, false, true)
		d := &clitest.Daemon{Details: []api.TaskDetail{{Task: api.Task{ID: picked, Path: dir}}}}
		cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
			opts.Client = func() (shower, error) { return d, nil }
			opts.Pick = func(context.Context) (string, error) { return picked, nil }
			return run(ctx, opts)
		})
		err := clitest.Run(t, cmd)
		if exitcode.For(err) != code || (out.String() == "cd "+quote(dir)+"\n") != (code == exitcode.OK) {
			t.Errorf("%q was chosen: %q, %v", picked, out, err)
		}
	}
}
