package kill

import (
	"context"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func kill(t *testing.T, d *clitest.Daemon, tty bool, stdin string, args ...string) (out, errOut string, err error) {
	t.Helper()
	io, in, o, e := iostreams.Test()
	io.SetTTY(tty, tty, tty)
	in.WriteString(stdin)
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		opts.Client = func() (killer, error) { return d, nil }
		return run(ctx, opts)
	})
	err = clitest.Run(t, cmd, args...)
	return o.String(), e.String(), err
}

func daemon() *clitest.Daemon {
	t := api.Task{ID: "k3f9", Title: "Fix it", Branch: "fix/it", Status: api.StatusRunning, Diff: &api.DiffStat{Files: 2, Added: 5, Untracked: 1}}
	killed := t
	killed.Status = api.StatusKilled
	return &clitest.Daemon{
		Details: []api.TaskDetail{{Task: t}, {Task: killed}},
		Accept:  api.Accepted{Task: t, Seq: 1, Operation: &api.Operation{ID: "op"}},
		Log:     []api.Event{clitest.Event(2, api.EventOperationDone, api.Operation{ID: "op"})},
	}
}

func TestATerminalIsAsked(t *testing.T) {
	d := daemon()
	_, errOut, err := kill(t, d, true, "\n", "k3f9")
	if exitcode.For(err) != exitcode.Failed || len(d.Calls()) != 0 {
		t.Errorf("refused: %v, asked %q", err, d.Calls())
	}
	for _, want := range []string{"Fix it", "running", "2 files, +5 -0, 1 untracked", "refs/hf/saved/k3f9", "fix/it stays"} {
		if !strings.Contains(errOut, want) {
			t.Errorf("the question does not name %q: %s", want, errOut)
		}
	}
	for stdin, args := range map[string][]string{"yes\n": {"k3f9"}, "": {"k3f9", "--yes"}} {
		d := daemon()
		out, _, err := kill(t, d, true, stdin, args...)
		if err != nil || out != "k3f9  killed\n" || strings.Join(d.Calls(), "") != "kill k3f9" {
			t.Errorf("%q: %v, %q, asked %q", args, err, out, d.Calls())
		}
	}
}

func TestAScriptIsNot(t *testing.T) {
	d := daemon()
	if _, _, err := kill(t, d, false, "", "k3f9"); err != nil || len(d.Calls()) != 1 {
		t.Errorf("%v, asked %q", err, d.Calls())
	}
}

func TestAllNamesAreLookedUpFirst(t *testing.T) {
	d := &clitest.Daemon{}
	if _, _, err := kill(t, d, false, "", "k3f9", "m2p1"); exitcode.For(err) != exitcode.NotFound || len(d.Calls()) != 0 {
		t.Errorf("%v, asked %q", err, d.Calls())
	}
}

func TestAnOperationThatFailsIsAnError(t *testing.T) {
	d := daemon()
	d.Log = []api.Event{clitest.Event(2, api.EventOperationFailed, api.Operation{ID: "op", Error: &api.Error{Code: api.CodeGit, Message: "cannot save"}})}
	if _, _, err := kill(t, d, false, "", "k3f9"); exitcode.For(err) != exitcode.Failed || !strings.Contains(err.Error(), "cannot save") {
		t.Errorf("err = %v", err)
	}
}
