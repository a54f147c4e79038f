package logs

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

func logs(t *testing.T, args ...string) (string, error) {
	t.Helper()
	io, _, out, _ := iostreams.Test()
	now := time.Now()
	d := &clitest.Daemon{Details: []api.TaskDetail{{}}, Entries: []api.Entry{
		{Cursor: "s:1:0", Kind: api.EntryText, Text: "old\n", Time: now.Add(-2 * time.Hour)},
		{Cursor: "s:2:0", Kind: api.EntryText, Text: "new\x1b[2J\n", Time: now.Add(-time.Minute)},
	}}
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
		o.Client = func() (reader, error) { return d, nil }
		return run(ctx, o)
	})
	err := clitest.Run(t, cmd, append([]string{"k3f9"}, args...)...)
	return out.String(), err
}

func TestLogs(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"", "old\nnew\n"},
		{"--since 1h", "new\n"},
		{"--since 3h", "old\nnew\n"},
		{"--since 1s", ""},
		{"--since " + time.Now().Add(-time.Hour).Format(time.RFC3339), "new\n"},
		{"--after s:1:0", "new\n"},
		{"--since 1h --json=cursor", `{"cursor":"s:2:0"}` + "\n"},
	} {
		if got, err := logs(t, strings.Fields(tt.args)...); err != nil || got != tt.want {
			t.Errorf("%q: %q, %v, want %q", tt.args, got, err, tt.want)
		}
	}
	if _, err := logs(t, "--since", "tomorrow"); exitcode.For(err) != exitcode.Usage {
		t.Errorf("a time that is none: %v", err)
	}
}
