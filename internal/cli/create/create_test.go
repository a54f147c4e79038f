package create

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestFlags(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	var got *Options
	cmd := NewCmd(factory.New(io, nil), func(_ context.Context, o *Options) error {
		got = o
		return nil
	})
	err := clitest.Run(t, cmd, "-R", "web", "--on", "feat/x", "-b", "fix/y", "--title", "T", "--agent", "claude", "--provider", "worktree",
		"--permission", "edits", "--check", "go test", "--wait", "--timeout", "90s", "do", "it")
	if err != nil {
		t.Fatal(err)
	}
	want := api.CreateTask{
		Repo: "web", On: "feat/x", Branch: "fix/y", Title: "T", Agent: "claude", Provider: "worktree",
		Permission: api.PermissionEdits, Check: "go test",
	}
	if !got.Wait || got.Timeout != 90*time.Second || strings.Join(got.Prompt.Args, " ") != "do it" {
		t.Errorf("got %+v", got)
	}
	got.Task.Env = nil
	if !equal(got.Task, want) {
		t.Errorf("got %+v, want %+v", got.Task, want)
	}
}

func equal(a, b api.CreateTask) bool {
	return a.Repo == b.Repo && a.On == b.On && a.Branch == b.Branch && a.Title == b.Title && a.Agent == b.Agent &&
		a.Provider == b.Provider && a.Permission == b.Permission && a.Check == b.Check
}

func TestFlagsThatMeanNothing(t *testing.T) {
	for _, args := range []string{"--on a --base b x", "--permission root x", "--wait --no-wait x", "--timeout -1s x", "--jq . --template . x"} {
		io, _, _, _ := iostreams.Test()
		cmd := NewCmd(factory.New(io, nil), func(context.Context, *Options) error {
			t.Errorf("%s was run", args)
			return nil
		})
		if err := clitest.Run(t, cmd, strings.Fields(args)...); exitcode.For(err) != exitcode.Usage {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func task(status api.Status) api.Task {
	return api.Task{ID: "k3f9mmmm", Branch: "fix/it", Repo: "web", Status: status}
}

func done() []api.Event {
	return []api.Event{clitest.Event(2, api.EventOperationDone, api.Operation{ID: "op", State: api.OperationDone})}
}

// create runs the command against a fake daemon.
func create(t *testing.T, d *clitest.Daemon, prepare func(io *iostreams.IOStreams, stdin func(string)), args ...string) (out, errOut string, err error) {
	t.Helper()
	io, in, o, e := iostreams.Test()
	if prepare != nil {
		prepare(io, func(s string) { in.WriteString(s) })
	}
	d.Accept = api.Accepted{Task: task(api.StatusQueued), Operation: &api.Operation{ID: "op"}, Seq: 1, Warnings: []string{"no remote"}}
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		opts.Client = func() (creator, error) { return d, nil }
		opts.Env = clitest.Env
		return run(ctx, opts)
	})
	err = clitest.Run(t, cmd, args...)
	return o.String(), e.String(), err
}

func TestOutput(t *testing.T) {
	idle := api.TaskDetail{Task: task(api.StatusIdle)}
	idle.Lifecycle, idle.Activity = api.LifecycleReady, api.ActivityIdle
	idle.Result = &api.TurnResult{StopReason: api.StopEndTurn}
	head := "id      k3f9mmmm\nbranch  fix/it\nstatus  queued\nattach  hf attach k3f9mmmm\n"
	tests := []struct {
		args string
		want string
	}{
		{"do it", head},
		{"--no-wait do it", head},
		{"--wait do it", head + "result  end_turn\n"},
		{"--no-wait --json=id,status do it", `{"id":"k3f9mmmm","status":"queued"}` + "\n"},
		{"--json=id,status do it", `{"id":"k3f9mmmm","status":"idle"}` + "\n"},
	}
	for _, tt := range tests {
		d := &clitest.Daemon{Log: done(), Details: []api.TaskDetail{idle}}
		out, errOut, err := create(t, d, nil, strings.Fields(tt.args)...)
		if err != nil || out != tt.want {
			t.Errorf("%s: %v\ngot:\n%s\nwant:\n%s", tt.args, err, out, tt.want)
		}
		if !strings.Contains(errOut, "warning: no remote") {
			t.Errorf("%s: the warning is not on stderr: %q", tt.args, errOut)
		}
		if calls := d.Calls(); len(calls) != 1 || !strings.Contains(calls[0], `"prompt":"do it"`) || !strings.Contains(calls[0], `"LANG":"C"`) {
			t.Errorf("%s: asked %q", tt.args, calls)
		}
	}
}

func TestPromptFromStandardInput(t *testing.T) {
	d := &clitest.Daemon{Log: done(), Details: []api.TaskDetail{{Task: task(api.StatusIdle)}}}
	_, _, err := create(t, d, func(_ *iostreams.IOStreams, stdin func(string)) { stdin("  piped\ntext \n") })
	if calls := d.Calls(); err != nil || len(calls) != 1 || !strings.Contains(calls[0], `"prompt":"piped\ntext"`) {
		t.Errorf("asked %q, %v", calls, err)
	}
}

func untrusted() []api.Event {
	return []api.Event{clitest.Event(2, api.EventOperationFailed, api.Operation{ID: "op", Error: &api.Error{Code: api.CodeUntrusted, Message: "not allowed", Hint: "allow them"}})}
}

func TestUntrustedIsAskedOnATerminal(t *testing.T) {
	d := &clitest.Daemon{Log: untrusted(), Trust: api.RepoTrust{Repo: "web", File: ".hf/config.toml", Hash: "h1", Setup: []string{"make"}, Content: "setup = [\"make\"]"}}
	_, errOut, err := create(t, d, func(io *iostreams.IOStreams, stdin func(string)) {
		io.SetTTY(true, true, true)
		stdin("n\n")
	}, "do it")
	if exitcode.For(err) != exitcode.Waiting || !strings.Contains(errOut, "setup command: make") || len(d.Calls()) != 1 {
		t.Errorf("refused: %v, asked %q, said %q", err, d.Calls(), errOut)
	}

	d = &clitest.Daemon{Log: untrusted(), Trust: d.Trust}
	_, _, err = create(t, d, func(io *iostreams.IOStreams, stdin func(string)) {
		io.SetTTY(true, true, true)
		stdin("y\nn\n") // the retry fails in the same way, and is asked about again
	}, "do it")
	want := []string{"trust web h1", "retry k3f9mmmm"}
	if calls := d.Calls(); exitcode.For(err) != exitcode.Waiting || len(calls) != 3 || calls[1] != want[0] || calls[2] != want[1] {
		t.Errorf("allowed: %v, asked %q", err, calls)
	}
}

func TestUntrustedIsNotAskedOfNobody(t *testing.T) {
	d := &clitest.Daemon{Log: untrusted()}
	_, _, err := create(t, d, nil, "do it")
	if exitcode.For(err) != exitcode.Waiting || len(d.Calls()) != 1 {
		t.Errorf("%v, asked %q", err, d.Calls())
	}
}
