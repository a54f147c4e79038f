package diff

import (
	"context"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

const patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\x1b[2J\n"

func diff(t *testing.T, tty bool, args ...string) string {
	t.Helper()
	io, _, out, _ := iostreams.Test()
	io.SetTTY(tty, tty, tty)
	io.SetColor(tty)
	d := &clitest.Daemon{Patch: api.Diff{
		Stat:  api.DiffStat{Files: 3, Added: 12, Removed: 3, Untracked: 1},
		Patch: patch, Exact: []byte(patch + "+\xff\n"),
		Files: []api.FileDiff{
			{Path: "x", Status: "modified", Added: 2, Removed: 3}, {Path: "new", OldPath: "old", Status: "renamed", Added: 10}, {Path: "p.png", Status: "untracked", Binary: true},
		},
	}}
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
		o.Client = func() (differ, error) { return d, nil }
		return run(ctx, o)
	})
	if err := clitest.Run(t, cmd, append(args, "k3f9")...); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPatchIsExactAwayFromATerminal(t *testing.T) {
	if got := diff(t, false); !strings.Contains(got, "-a\r\n+b\x1b[2J\n+\xff\n") {
		t.Errorf("got %q", got)
	}
}

func TestPatchIsCleanOnATerminal(t *testing.T) {
	got := diff(t, true)
	if strings.Contains(got, "\x1b[2J") || strings.Contains(got, "\r") || !strings.Contains(got, "\x1b[32m+b\x1b[0m\n") {
		t.Errorf("got %q", got)
	}
}

func TestStat(t *testing.T) {
	want := ` modified   x           +2      -3
 renamed    old -> new  +10     -0
 untracked  p.png       binary` + "\n 3 files, +12 -3, 1 untracked\n"
	if got := diff(t, false, "--stat"); got != want {
		t.Errorf("got:\n%q\nwant:\n%q", got, want)
	}
}
