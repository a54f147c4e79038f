package repo

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

type call struct {
	d      *clitest.Daemon
	build  func(*factory.Factory, runFunc) *cobra.Command
	run    runFunc
	tty    bool
	stdin  string
	args   []string
	out    string
	errOut string
}

func (c *call) do(t *testing.T) error {
	t.Helper()
	io, in, out, errOut := iostreams.Test()
	io.SetTTY(c.tty, c.tty, c.tty)
	in.WriteString(c.stdin)
	cmd := c.build(factory.New(io, nil), func(ctx context.Context, o *options) error {
		o.client = func() (manager, error) { return c.d, nil }
		o.env = clitest.Env
		return c.run(ctx, o)
	})
	err := clitest.Run(t, cmd, c.args...)
	c.out, c.errOut = out.String(), errOut.String()
	return err
}

func TestAddWaitsForTheClone(t *testing.T) {
	cloning := api.Repo{ID: "r1", Name: "app", State: api.RepoCloning, Remote: "https://example.com/app"}
	ready := api.Repo{ID: "r1", Name: "app", State: api.RepoReady, Path: "/d/app"}
	d := &clitest.Daemon{Added: cloning, RepoList: api.RepoList{Repos: []api.Repo{ready}}, Log: []api.Event{clitest.Event(1, api.EventSnapshot, nil)}}
	c := call{d: d, build: newAdd, run: runAdd, args: []string{"team/app", "--name", "app"}}
	if err := c.do(t); err != nil || c.out != "app  ready  /d/app\n" || d.Calls()[0] != "add team/app app" {
		t.Errorf("%v, %q, asked %q", err, c.out, d.Calls())
	}
	c.args = []string{"team/app", "--no-wait"}
	if err := c.do(t); err != nil || c.out != "app  cloning  https://example.com/app\n" {
		t.Errorf("%v, %q", err, c.out)
	}
	d.RepoList.Repos[0].State, d.RepoList.Repos[0].Reason = api.RepoError, "no such host"
	c.args = []string{"team/app"}
	if err := c.do(t); exitcode.For(err) != exitcode.Failed || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("a clone that failed: %v", err)
	}
}

func TestTrust(t *testing.T) {
	wd, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	trust := api.RepoTrust{Repo: "app", File: ".hf/config.toml", Hash: "h1", Setup: []string{"make\x1b[2J"}, Content: "setup = …"}
	tests := []struct {
		name  string
		c     call
		exit  int
		calls string
		says  string
	}{
		{"asked and allowed", call{tty: true, stdin: "y\n"}, 0, "trust " + wd + " h1", `setup command: "make\x1b[2J" (4 hidden bytes)`},
		{"asked and refused", call{tty: true, stdin: "n\n"}, exitcode.Failed, "", "Allow"},
		{"nobody to ask", call{}, exitcode.Waiting, "", "setup command"},
		{"allowed beforehand", call{args: []string{"--yes", "app"}}, 0, "trust app h1", "setup command"},
		{"JSON only looks", call{args: []string{"--json=trusted"}}, 0, "", ""},
	}
	for _, tt := range tests {
		d := &clitest.Daemon{Trust: trust}
		tt.c.d, tt.c.build, tt.c.run = d, newTrust, runTrust
		err := tt.c.do(t)
		if exitcode.For(err) != tt.exit || strings.Join(d.Calls(), "\n") != tt.calls || !strings.Contains(tt.c.errOut, tt.says) {
			t.Errorf("%s: %v, asked %q, said %q", tt.name, err, d.Calls(), tt.c.errOut)
		}
	}
}

func TestList(t *testing.T) {
	c := call{build: newList, run: runList, d: &clitest.Daemon{RepoList: api.RepoList{Repos: []api.Repo{
		{Name: "app", State: api.RepoReady, DefaultBranch: "main", Tasks: 2, Path: "/d/app", Remote: "https://example.com/app"},
		{Name: "bad", State: api.RepoError, Reason: "no such host"},
	}}}}
	want := "" +
		"REPO  STATE                 BRANCH  TASKS  PATH    REMOTE\n" +
		"app   ready                 main    2      /d/app  https://example.com/app\n" +
		"bad   error (no such host)          0\n"
	if err := c.do(t); err != nil || c.out != want {
		t.Errorf("%v\ngot:\n%q\nwant:\n%q", err, c.out, want)
	}
}

func TestOverview(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { return new(now.Add(-d)) }
	o := api.RepoOverview{Repo: "app", Trunk: "main", Rows: []api.OverviewRow{
		{Branch: "main", Since: ago(time.Hour)},
		{
			Branch: "fix/it", Task: "abcdefgh", Status: api.StatusWaiting, Reason: "permission: run ls", Base: "main", Ahead: new(2), Behind: new(1), NeedsRestack: new(true),
			Conflicts: []api.Conflict{{With: "main", Files: []string{"a"}}, {With: "fix/that", Task: "bcdefghi"}}, Since: ago(90 * time.Second),
			PullRequest: &api.PullRequestSummary{Number: 12, State: api.PullRequestDraft, Checks: api.ChecksFail, Review: api.ReviewNone},
		},
		{Branch: "gone", Task: "cdefghij", Status: api.StatusIdle, Orphan: api.OrphanTask, Since: ago(50 * time.Hour)},
		{Branch: "old\x1b[2J", Orphan: api.OrphanBranch, Base: "main", Ahead: new(3), Behind: new(0)},
		{Branch: "theirs", Orphan: api.OrphanPullRequest, PullRequest: &api.PullRequestSummary{Number: 7, State: api.PullRequestOpen, Checks: api.ChecksPass, Review: api.ReviewApproved}},
		{Orphan: api.OrphanWorktree, Path: "/w/left"},
	}}
	show := func(rows []api.OverviewRow, width int) string {
		t.Helper()
		io, _, out, _ := iostreams.Test()
		if width > 0 {
			io.SetTTY(false, true, false)
			io.SetWidth(width)
		}
		opts := &options{io: io, now: func() time.Time { return now }, output: &output.Flags{}}
		opts.client = func() (manager, error) { return &clitest.Daemon{Overview: api.RepoOverview{Rows: rows}}, nil }
		if err := runOverview(t.Context(), opts); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := `
BRANCH       TASK      STATUS                          BASE  ↑↓     RESTACK  CONFLICTS  PR         CHECKS  REVIEW    AGE
main                                                                                                                 1h
fix/it       abcdefgh  waiting (permission: run ls)    main  ↑2 ↓1  needed   main +1    #12 draft  fail              1m
gone         cdefghij  idle (its branch is not there)                                                                2d
old                    no task                         main  ↑3
theirs                 no such branch here                                              #7         pass    approved
(no branch)            worktree left over: /w/left
`
	if got := "\n" + show(o.Rows, 0); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := show(o.Rows[:1], 0); got != "BRANCH  AGE\nmain    1h\n" {
		t.Errorf("only a trunk:\n%s", got)
	}
	narrow := show(o.Rows, 80)
	for line := range strings.Lines(narrow) {
		if w := displaywidth.String(strings.TrimSuffix(line, "\n")); w > 80 {
			t.Errorf("%d columns wide: %s", w, line)
		}
	}
	if !strings.Contains(narrow, "#12 draft") || strings.Contains(narrow, "BASE") {
		t.Errorf("at 80 columns:\n%s", narrow)
	}
}
