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
	for _, name := range []string{"plain", "with space", "it's", `$(touch pwned) "x" \`, "-n", "new\nline", "日本"} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		line, _, err := switchTo(t, api.TaskDetail{Task: api.Task{Path: dir}}, "k3f9")
		if err != nil {
			t.Fatal(err)
		}
		got, err := xec.Output(t.Context(), xec.Cmd{Argv: []string{"/bin/sh", "-c", line + "pwd -P"}, Dir: "/", Env: []string{"PATH=" + os.Getenv("PATH")}})
		want, _ := filepath.EvalSymlinks(dir)
		if err != nil || strings.TrimSuffix(string(got), "\n") != want {
			t.Errorf("%q leads to %q (%v), want %q", line, got, err, want)
		}
	}
}

func TestSwitch(t *testing.T) {
	if _, asked, _ := switchTo(t, api.TaskDetail{}); asked != api.TaskLast {
		t.Errorf("without a task: %q", asked)
	}
	if _, asked, _ := switchTo(t, api.TaskDetail{}, "."); asked != api.TaskOfCwd {
		t.Errorf("the task of this directory: %q", asked)
	}
	if out, _, err := switchTo(t, api.TaskDetail{Task: api.Task{Status: api.StatusKilled}}, "k3f9"); exitcode.For(err) != exitcode.Conflict || out != "" {
		t.Errorf("a task without a directory: %q, %v", out, err)
	}
}
