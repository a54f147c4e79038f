package open

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

func openIn(t *testing.T, d *clitest.Daemon, environ []string, args ...string) (out string, err error) {
	t.Helper()
	io, _, _, _ := iostreams.Test()
	cmd := NewCmd(factory.New(io, environ), func(ctx context.Context, o *Options) error {
		o.Client = func() (opener, error) { return d, nil }
		o.Replace = func(c api.Command) error {
			b, err := xec.Output(ctx, xec.Cmd{Argv: c.Argv, Dir: c.Dir, Env: append(c.Env, "PATH="+os.Getenv("PATH"))})
			out = string(b)
			return err
		}
		return run(ctx, o)
	})
	err = clitest.Run(t, cmd, args...)
	return out, err
}

func TestTheFirstEditorThatIsSet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's a $(directory)")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	detail := []api.TaskDetail{{Task: api.Task{ID: "k3f9", Path: dir}}}
	both := []string{"VISUAL=printf 'visual %s'", "EDITOR=printf 'editor %s'"}
	for _, tt := range []struct {
		configured string
		environ    []string
		args       []string
		want       string
	}{
		{"printf 'configured %s'", both, nil, "configured " + dir},
		{"printf 'configured %s'", both, []string{"--editor", "printf 'given %s'"}, "given " + dir},
		{"", both, nil, "visual " + dir},
		{"", both[1:], nil, "editor " + dir},
	} {
		got, err := openIn(t, &clitest.Daemon{Details: detail, Prefs: api.Preferences{Editor: tt.configured}}, tt.environ, append(tt.args, "k3f9")...)
		if err != nil || got != tt.want {
			t.Errorf("%+v: %q, %v", tt, got, err)
		}
	}
}

func TestThereMustBeADirectory(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "gone")} {
		d := &clitest.Daemon{Details: []api.TaskDetail{{Task: api.Task{ID: "k3f9", Path: path, Status: api.StatusArchived}}}}
		if _, err := openIn(t, d, []string{"EDITOR=true"}, "k3f9"); exitcode.For(err) != exitcode.Conflict {
			t.Errorf("%q: %v", path, err)
		}
	}
}
