package show

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func show(t *testing.T, d api.TaskDetail, now time.Time, args ...string) string {
	t.Helper()
	io, _, out, _ := iostreams.Test()
	cmd := NewCmd(factory.New(io, nil), func(ctx context.Context, o *Options) error {
		o.Client = func() (shower, error) { return &clitest.Daemon{Details: []api.TaskDetail{d}}, nil }
		o.Now = func() time.Time { return now }
		return run(ctx, o)
	})
	if err := clitest.Run(t, cmd, args...); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestShow(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	began, ended := now.Add(-3*time.Second), now.Add(-2*time.Second)
	d := api.TaskDetail{
		Task: api.Task{
			ID: "k3f9mmmm", Title: "Fix\x1b[2J it", Status: api.StatusProvisioning, Reason: "agent", Agent: "claude", Repo: "web",
			Branch: "fix/it", Base: "main", Parent: api.Some("abcdefgh"), Workspace: "default", Provider: "worktree",
			Diff: &api.DiffStat{Files: 2, Added: 3, Removed: 1, Untracked: 1}, CreatedAt: now.Add(-5 * time.Minute),
		},
		Operation: &api.Operation{Kind: "create", State: api.OperationRunning, Steps: []api.Step{
			{Name: "branch", State: api.StepDone, Detail: "fix/it", StartedAt: &began, EndedAt: &ended},
			{Name: "agent", State: api.StepStarted, StartedAt: &ended, LimitMS: 60000},
			{Name: "prompt", State: api.StepPending},
		}},
		Permissions: []api.PermissionRequest{{ID: "c3f2", Title: "Run ls", Command: "ls"}},
		Messages:    []api.Message{{ID: "m1", State: api.MessageQueued, Text: "and\nthis"}},
		Facts:       []api.Fact{{Name: "lifecycle", Value: "ready", Source: "database", ObservedAt: now.Add(-time.Second)}},
		Env:         []string{"LANG", "PATH"},
	}
	want := `Fix it
id         k3f9mmmm
status     provisioning (agent)
agent      claude
repo       web
branch     fix/it
base       main
parent     abcdefgh
diff       2 files, +3 -1, 1 untracked
workspace  default
provider   worktree
created    2026-01-02 02:59:05 (5m ago)

Operation create: running
  ✓ branch  fix/it  1s
  ▸ agent  2s of 1m0s
  · prompt

Waiting for permission
? permission c3f2: Run ls
    command: ls
    ` + "`hf approve k3f9mmmm c3f2` or `hf deny k3f9mmmm c3f2`" + `

Messages on their way
  m1  queued  and this

Facts
FACT       VALUE  FROM      OBSERVED
lifecycle  ready  database  1s ago

Variables of its processes
  LANG
  PATH
`
	if got := show(t, d, now, "k3f9", "--explain"); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestAFailedStepShowsItsLog(t *testing.T) {
	d := api.TaskDetail{Task: api.Task{ID: "k3f9", Status: api.StatusError}, Operation: &api.Operation{
		Kind: "create", State: api.OperationFailed, Error: &api.Error{Message: "setup failed", Hint: "fix it"},
		Steps: []api.Step{{Name: "setup", State: api.StepFailed, Log: "line 1\nline\x1b[2J 2\n"}},
	}}
	got := show(t, d, time.Now(), "k3f9")
	for _, want := range []string{"✗ setup\n      line 1\n      line 2\n", "error: setup failed\nhint: fix it\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
}

func TestJSON(t *testing.T) {
	d := api.TaskDetail{Task: api.Task{ID: "k3f9", Status: api.StatusIdle}}
	if got := show(t, d, time.Now(), "k3f9", "--json", "id,status"); got != `{"id":"k3f9","status":"idle"}`+"\n" {
		t.Errorf("got %s", got)
	}
}

func TestThePromptIsShownAsFarAsItGoes(t *testing.T) {
	for prompt, want := range map[string]string{
		"Fix it": "", "": "",
		"Fix it\x1b[2J\nnow":       "\nPrompt\n  Fix it\n  now\n",
		"1\n2\n3\n4\n5":            "\nPrompt\n  1\n  2\n  3\n  4\n  5\n",
		"1\n2\n3\n4\n5\n6\n7":      "\nPrompt\n  1\n  2\n  3\n  4\n  5\n  … and 2 more lines\n",
		strings.Repeat("x", 1<<20): "\nPrompt\n  " + strings.Repeat("x", maxLine-3) + "…\n",
	} {
		d := api.TaskDetail{Task: api.Task{ID: "k3f9", Title: "Fix it", Prompt: prompt, CreatedAt: time.Unix(1, 0)}}
		got := show(t, d, time.Unix(2, 0), "k3f9")
		_, section, found := strings.Cut(got, "ago)\n")
		if !found || section != want {
			t.Errorf("%.20q: %q, want %q", prompt, section, want)
		}
	}
}

func TestShowSaysHowTheBranchStands(t *testing.T) {
	d := api.TaskDetail{Task: api.Task{
		ID: "k3f9mmmm", Title: "Fix it", Status: api.StatusIdle, Branch: "fix/it", Base: "main", Ahead: new(2), Behind: new(1), Unpushed: new(2),
		Restack: new(true), Conflicts: []api.Conflict{{With: "main", Files: []string{"lib.go"}}, {With: "fix/that", Task: "abcdefgh", Files: []string{"a", "b"}}},
	}}
	got := show(t, d, time.Now(), "k3f9")
	for _, want := range []string{
		"commits    2 ahead, 1 behind, 2 not pushed\n", "restack    needed: what the branch stands on has moved\n",
		"conflicts  with main in lib.go; with fix/that (task abcdefgh) in a, b\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
}
