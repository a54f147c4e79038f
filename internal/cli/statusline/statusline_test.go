package statusline

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func some() api.Summary {
	return api.Summary{ByStatus: map[api.Status]int{
		api.StatusIdle: 4, api.StatusError: 1, api.StatusRunning: 3, api.StatusWaiting: 2, api.StatusQueued: 0, api.StatusKilled: 9,
	}}
}

// counter is a daemon that counts, and knows the task of one directory.
type counter struct {
	clitest.Daemon
	sum  api.Summary
	err  error
	hang bool
}

func (c *counter) Status(ctx context.Context) (api.Summary, error) {
	if c.hang {
		<-ctx.Done()
		return api.Summary{}, context.Cause(ctx)
	}
	return c.sum, c.err
}

func line(t *testing.T, c *counter, in io.Reader, environ []string, args ...string) (out, errOut, cwd string, err error) {
	t.Helper()
	streams, _, o, e := iostreams.Test()
	if in != nil {
		streams.In = in
	}
	cmd := NewCmd(factory.New(streams, environ), func(ctx context.Context, opts *Options) error {
		opts.Client = func(dir string) (onlooker, error) {
			cwd = dir
			return c, nil
		}
		return run(ctx, opts)
	})
	err = clitest.Run(t, cmd, args...)
	return o.String(), e.String(), cwd, err
}

func TestFormats(t *testing.T) {
	here := []api.TaskDetail{{Task: api.Task{ID: "k3f9", Title: "a #[fg=red]b\x1b[2J #{pid} and so much more", Status: api.StatusIdle}}}
	for _, tt := range []struct {
		format, environ string
		here            []api.TaskDetail
		want            string
	}{
		{"table", "", here, "waiting  2\nrunning  3\nerror    1\nidle     4\n"},
		{"claude-code", "", nil, "\x1b[33m2 waiting\x1b[0m · \x1b[34m3 running\x1b[0m · \x1b[31m1 error\x1b[0m · \x1b[32m4 idle\x1b[0m\n"},
		{"claude-code", "NO_COLOR=1", here, "k3f9 a #[fg=red]b #{pid} and…: idle · 2 waiting · 3 running · 1 error · 4 idle\n"},
		{"tmux", "", nil, "#[fg=yellow]2 waiting#[default] · #[fg=blue]3 running#[default] · #[fg=red]1 error#[default] · #[fg=green]4 idle#[default]\n"},
		{"tmux", "NO_COLOR=1", here, "k3f9 a ##[fg=red]b ##{pid} and…: idle · 2 waiting · 3 running · 1 error · 4 idle\n"},
	} {
		c := &counter{sum: some()}
		c.Details = tt.here
		out, errOut, _, err := line(t, c, nil, []string{tt.environ}, "--format", tt.format)
		if err != nil || out != tt.want || errOut != "" {
			t.Errorf("%s with %q: %v, %q\ngot  %q\nwant %q", tt.format, tt.environ, err, errOut, out, tt.want)
		}
	}
}

func TestWithoutTasksThereIsNothing(t *testing.T) {
	for _, format := range formats() {
		if out, errOut, _, err := line(t, &counter{}, nil, nil, "--format", format); err != nil || out+errOut != "" {
			t.Errorf("%s: %q, %q, %v", format, out, errOut, err)
		}
	}
}

func TestWhereClaudeCodeWorks(t *testing.T) {
	for in, want := range map[string]string{
		`{"cwd":"/a","workspace":{"current_dir":"/b","project_dir":"/c"},"model":{"id":1}}`: "/b",
		`{"cwd":"/a"}`:                    "/a",
		`{"workspace":{"current_dir":7}}`: "",
		`{}`:                              "",
		`not JSON`:                        "",
		``:                                "",
		`{"cwd":"` + strings.Repeat("x", maxInput) + `"}`: "",
	} {
		c := &counter{sum: some()}
		out, errOut, cwd, err := line(t, c, strings.NewReader(in), nil, "--format", "claude-code")
		if err != nil || cwd != want || errOut != "" || !strings.Contains(out, "2 waiting") {
			t.Errorf("%.50q: %q, said %q and %q, %v", in, cwd, out, errOut, err)
		}
		if _, _, cwd, _ := line(t, c, strings.NewReader(in), nil, "--format", "tmux"); cwd != "" {
			t.Errorf("tmux says nothing on standard input: %q", cwd)
		}
	}
}

// Whatever goes wrong, nothing is drawn, and not for long.
func TestItNeverFails(t *testing.T) {
	for name, c := range map[string]*counter{
		"no daemon":        {err: errors.New("hfd is not running")},
		"a daemon in need": {err: &api.Error{Code: api.CodeCorrupt}},
		"a hung daemon":    {hang: true},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			in, _ := io.Pipe() // and an input that never ends
			defer func() { _ = in.Close() }()
			out, errOut, _, err := line(t, c, in, nil, "--format", "claude-code")
			if err != nil || out+errOut != "" || time.Since(began) > 2*patience {
				t.Errorf("%s: %q, %q, %v after %v", name, out, errOut, err, time.Since(began))
			}
		})
	}
	if _, _, _, err := line(t, &counter{}, nil, nil, "--format", "zsh"); exitcode.For(err) != exitcode.Usage {
		t.Errorf("an unknown format: %v", err)
	}
}
