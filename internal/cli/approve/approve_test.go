package approve

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

type newFunc func(*factory.Factory, func(context.Context, *Options) error) *cobra.Command

func answer(t *testing.T, d *clitest.Daemon, build newFunc, args ...string) (out, errOut string, err error) {
	t.Helper()
	io, _, o, e := iostreams.Test()
	cmd := build(factory.New(io, nil), func(ctx context.Context, opts *Options) error {
		opts.Client = func() (resolver, error) { return d, nil }
		return run(ctx, opts)
	})
	err = clitest.Run(t, cmd, args...)
	return o.String(), e.String(), err
}

func TestAnswers(t *testing.T) {
	one := []api.PermissionRequest{{ID: "c3f2", Title: "it"}}
	tests := []struct {
		build newFunc
		args  string
		call  string
		out   string
	}{
		{NewApprove, "k3f9", `resolve k3f9 c3f2 {"allow":true}`, "allowed c3f2: it\n"},
		{NewApprove, "k3f9 dddd --always", `resolve k3f9 dddd {"allow":true,"always":true}`, "allowed dddd: it\n"},
		{NewDeny, "- c3f2", `resolve ~last c3f2 {"allow":false}`, "denied c3f2: it\n"},
		{NewDeny, ". --option maybe", `resolve ~cwd c3f2 {"allow":false,"option":"maybe"}`, "answered c3f2: it\n"},
	}
	for _, tt := range tests {
		d := &clitest.Daemon{Open: one}
		out, _, err := answer(t, d, tt.build, strings.Fields(tt.args)...)
		if err != nil || out != tt.out || strings.Join(d.Calls(), "") != tt.call {
			t.Errorf("%s: %v, %q, asked %q", tt.args, err, out, d.Calls())
		}
	}
}

func TestWhichOneIsMeant(t *testing.T) {
	d := &clitest.Daemon{Open: []api.PermissionRequest{{ID: "c3f2", Title: "ls"}, {ID: "d4e5", Title: "rm"}}}
	_, errOut, err := answer(t, d, NewApprove, "k3f9")
	if exitcode.For(err) != exitcode.Usage || !strings.Contains(errOut, "c3f2") || !strings.Contains(errOut, "d4e5") || len(d.Calls()) != 0 {
		t.Errorf("two: %v, said %q, asked %q", err, errOut, d.Calls())
	}
	if _, _, err := answer(t, &clitest.Daemon{}, NewApprove, "k3f9"); exitcode.For(err) != exitcode.NotFound {
		t.Errorf("none: %v", err)
	}
}

func TestApprovals(t *testing.T) {
	now := time.Now()
	d := &clitest.Daemon{
		Open: []api.PermissionRequest{{ID: "c3f2", Task: "k3f9", Kind: "execute", Title: "Run", Command: "ls\x1b[8m", CreatedAt: now.Add(-time.Minute)}},
	}
	list := func(args ...string) (string, string) {
		io, _, out, errOut := iostreams.Test()
		cmd := NewApprovals(factory.New(io, nil), func(ctx context.Context, o *ListOptions) error {
			o.Client = func() (lister, error) { return d, nil }
			o.Now = func() time.Time { return now }
			return runList(ctx, o)
		})
		if err := clitest.Run(t, cmd, args...); err != nil {
			t.Fatal(err)
		}
		return out.String(), errOut.String()
	}
	want := "TASK  REQUEST  KIND     WHAT                          AGE\nk3f9  c3f2     execute  \"ls\\x1b[8m\" (4 hidden bytes)  1m\n"
	if out, _ := list(); out != want {
		t.Errorf("got:\n%s\nwant:\n%s", out, want)
	}
	if out, _ := list("k3f9", "--json=id"); out != `[{"id":"c3f2"}]`+"\n" {
		t.Errorf("JSON: %s", out)
	}
	d.Open = nil
	if out, errOut := list(); out != "" || !strings.Contains(errOut, "No agent") {
		t.Errorf("none: %q, %q", out, errOut)
	}
}
