package send

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

func send(t *testing.T, d *clitest.Daemon, stdin string, args ...string) (out string, err error) {
	t.Helper()
	io, in, o, _ := iostreams.Test()
	in.WriteString(stdin)
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		opts.Client = func() (sender, error) { return d, nil }
		opts.Env = clitest.Env
		return run(ctx, opts)
	})
	err = clitest.Run(t, cmd, args...)
	return o.String(), err
}

func TestItSaysHowFarTheMessageIs(t *testing.T) {
	d := &clitest.Daemon{Sent: api.Message{ID: "m1", Task: "k3f9mmmm", State: api.MessageQueued}}
	out, err := send(t, d, "", "k3f9", "do", "it")
	if err != nil || out != "queued  message m1 to task k3f9mmmm\n" || d.Calls()[0] != "send k3f9 do it" {
		t.Errorf("%q, %v, asked %q", out, err, d.Calls())
	}
	if _, err := send(t, d, "from a pipe\n", "-", "-"); err != nil || d.Calls()[1] != "send ~last from a pipe" {
		t.Errorf("%v, asked %q", err, d.Calls())
	}
	d.Err = &api.Error{Code: api.CodeConflict, Message: "it is killed"}
	if out, err := send(t, d, "", "k3f9", "x"); exitcode.For(err) != exitcode.Conflict || out != "" {
		t.Errorf("refused: %q, %v", out, err)
	}
}

func TestWait(t *testing.T) {
	detail := api.TaskDetail{Task: api.Task{ID: "k3f9", Status: api.StatusIdle, Lifecycle: api.LifecycleReady, Result: &api.TurnResult{StopReason: api.StopEndTurn}}}
	d := &clitest.Daemon{Details: []api.TaskDetail{detail}, Sent: api.Message{ID: "m1", Task: "k3f9", State: api.MessageDone}}
	if out, err := send(t, d, "", "k3f9", "--wait", "x"); err != nil || out != "done  end_turn\n" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := send(t, d, "", "k3f9", "--wait", "--json=state", "x"); err != nil || out != `{"state":"done"}`+"\n" {
		t.Errorf("%q, %v", out, err)
	}
	// The turn of another message ended well, this one never had one.
	d.Sent.State, d.Sent.Error = api.MessageFailed, "the agent is gone"
	if _, err := send(t, d, "", "k3f9", "--wait", "x"); exitcode.For(err) != exitcode.Agent || !strings.Contains(err.Error(), "the agent is gone") {
		t.Errorf("failed: %v", err)
	}
}
