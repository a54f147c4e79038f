package tui

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
)

// turned is what hf would have turned into.
func turned(t *testing.T, tty bool, environ []string, args ...string) (argv []string, err error) {
	t.Helper()
	io, _, _, _ := iostreams.Test()
	io.SetTTY(tty, tty, tty)
	f := factory.New(io, append(environ, "HF_DAEMON_BIN=/opt/hfd"))
	err = clitest.Run(t, NewCmd(f, func(ctx context.Context, opts *Options) error {
		opts.Self = func() (string, error) { return "/opt/hf", nil }
		opts.Become = func(a, _ []string) error { argv = a; return nil }
		return Run(ctx, opts)
	}), args...)
	return argv, err
}

func TestHfTurnsIntoTheScreen(t *testing.T) {
	got, err := turned(t, true, nil, "k3f9")
	if want := []string{"/opt/hfd", "tui", "--hf", "/opt/hf", "--task", "k3f9"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	got, err = turned(t, true, []string{"HF_WORKSPACE=other"})
	if want := []string{"/opt/hfd", "tui", "--hf", "/opt/hf", "--workspace", "other"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	got, err = turned(t, true, nil, "--view", "events")
	if want := []string{"/opt/hfd", "tui", "--hf", "/opt/hf", "--view", "events"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if got, err := turned(t, true, nil, "--view", "logs"); exitcode.For(err) != exitcode.Usage || got != nil || !strings.Contains(err.Error(), "conversation, diff") {
		t.Errorf("a view that there is not: %q, %v", got, err)
	}
	if got, err := turned(t, false, nil); exitcode.For(err) != exitcode.Usage || got != nil {
		t.Errorf("without a terminal: %q, %v", got, err)
	}
}

func TestWithoutHfd(t *testing.T) {
	io, _, _, _ := iostreams.Test()
	io.SetTTY(true, true, true)
	err := Run(t.Context(), &Options{
		IO: io, Self: func() (string, error) { return "/opt/hf", nil }, Daemon: func() (string, error) { return "/opt/hfd", nil },
		Become: func([]string, []string) error {
			return &fs.PathError{Op: "exec", Path: "/opt/hfd", Err: fs.ErrNotExist}
		},
	})
	if exitcode.For(err) != exitcode.Daemon || !strings.Contains(err.Error(), "/opt/hfd does not exist") {
		t.Errorf("err = %v", err)
	}
}
