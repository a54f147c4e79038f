package create

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestAWindowForTheTask(t *testing.T) {
	for _, tt := range []struct {
		name   string
		wanted bool // by the configuration
		inside bool // tmux
		args   []string
		err    error
		opened int
		said   string
	}{
		{"wanted", true, true, nil, nil, 1, ""},
		{"not wanted", false, true, nil, nil, 0, ""},
		{"not this time", true, true, []string{"--no-window"}, nil, 0, ""},
		{"not in tmux", true, false, nil, nil, 0, ""},
		{"tmux fails", true, true, nil, errors.New("no \x1b[2Jspace"), 1, "no tmux window for the task: no space"},
	} {
		io, _, out, errOut := iostreams.Test()
		d := &clitest.Daemon{Accept: api.Accepted{Task: task(api.StatusQueued)}, Prefs: api.Preferences{TmuxWindow: tt.wanted}}
		opened := 0
		cmd := NewCmd(factory.New(io, []string{"TMUX="}), func(ctx context.Context, o *Options) error {
			o.Client = func() (creator, error) { return d, nil }
			o.Env = clitest.Env
			if o.Window != nil {
				t.Errorf("%s: hf takes an empty TMUX for tmux", tt.name)
			}
			if tt.inside {
				o.Window = func(_ context.Context, made *api.Task) error {
					opened++
					if made.ID != "k3f9mmmm" {
						t.Errorf("%s: a window for %+v", tt.name, made)
					}
					return tt.err
				}
			}
			return run(ctx, o)
		})
		if err := clitest.Run(t, cmd, append(tt.args, "--no-wait", "do it")...); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if opened != tt.opened || !strings.Contains(errOut.String(), tt.said) || !strings.Contains(out.String(), "k3f9mmmm") {
			t.Errorf("%s: %d windows, said %q and %q", tt.name, opened, out, errOut)
		}
	}
}
