package exec

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestExec(t *testing.T) {
	for _, args := range []string{"k3f9 -- ls -l --json", "k3f9 ls -l --json", "-- k3f9 ls -l --json"} {
		io, _, _, _ := iostreams.Test()
		d := &clitest.Daemon{Cmd: api.Command{Argv: []string{"/bin/ls", "-l"}, Dir: "/sandbox"}}
		var became api.Command
		cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
			o.Client = func() (commander, error) { return d, nil }
			o.Env = clitest.Env
			o.Replace = func(c api.Command) error {
				became = c
				return nil
			}
			return run(ctx, o)
		})
		if err := clitest.Run(t, cmd, strings.Fields(args)...); err != nil {
			t.Fatalf("%s: %v", args, err)
		}
		if calls := d.Calls(); len(calls) != 1 || calls[0] != `command k3f9 ["ls","-l","--json"]` || !reflect.DeepEqual(became, d.Cmd) {
			t.Errorf("%s: asked %q, became %+v", args, calls, became)
		}
	}
}
