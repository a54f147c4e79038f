package rename

import (
	"context"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestRename(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
		exit int
	}{
		{[]string{"k3f9", "a new title"}, "rename k3f9 a new title", 0},
		{[]string{"k3f9", "without", "quotes"}, "rename k3f9 without quotes", 0},
		{[]string{".", "here"}, "rename ~cwd here", 0},
		{[]string{"k3f9"}, "", exitcode.Usage},
		{[]string{"k3f9", ""}, "", exitcode.Usage},
	} {
		io, _, out, _ := iostreams.Test()
		d := &clitest.Daemon{Accept: api.Accepted{Task: api.Task{ID: "k3f9", Title: "as it\x1b[2J is"}}}
		cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
			o.Client = func() (renamer, error) { return d, nil }
			return run(ctx, o)
		})
		err := clitest.Run(t, cmd, tt.args...)
		if exitcode.For(err) != tt.exit {
			t.Errorf("%q: %v", tt.args, err)
		}
		switch calls := d.Calls(); {
		case tt.exit == 0 && (len(calls) != 1 || calls[0] != tt.want || out.String() != "k3f9  as it is\n"):
			t.Errorf("%q: asked %q, said %q", tt.args, calls, out)
		case tt.exit != 0 && len(calls) > 0:
			t.Errorf("%q: asked %q", tt.args, calls)
		}
	}
}
