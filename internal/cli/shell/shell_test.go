package shell

import (
	"context"
	"reflect"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestShell(t *testing.T) {
	for environ, want := range map[string]string{"SHELL=/usr/bin/fish": "/usr/bin/fish", "SHELL=": "/bin/sh", "OTHER=": "/bin/sh"} {
		io, _, out, _ := iostreams.Test()
		io.SetTTY(true, true, true)
		d := &clitest.Daemon{Cmd: api.Command{Argv: []string{"it"}, Dir: "/sandbox"}}
		var became api.Command
		cmd := NewCmd(factory.New(io, []string{environ}), func(ctx context.Context, o *Options) error {
			o.Client = func() (commander, error) { return d, nil }
			o.Env = clitest.Env
			o.Replace = func(c api.Command) error {
				became = c
				return nil
			}
			return run(ctx, o)
		})
		if err := clitest.Run(t, cmd, "k3f9"); err != nil {
			t.Fatal(err)
		}
		if calls := d.Calls(); len(calls) != 1 || calls[0] != `command k3f9 ["`+want+`"]` || !reflect.DeepEqual(became, d.Cmd) || out.Len() > 0 {
			t.Errorf("%s: asked %q, became %+v, said %q", environ, calls, became, out)
		}
	}
}
