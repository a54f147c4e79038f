package follow_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hf-dev/hf/internal/cli/clitest"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func accepted() api.Accepted {
	return api.Accepted{Task: api.Task{ID: "k3f9"}, Seq: 10, Operation: &api.Operation{ID: "op", Steps: []api.Step{{Name: "branch"}, {Name: "agent", LimitMS: 60000}}}}
}

func step(name, detail string) api.StepEvent {
	return api.StepEvent{Operation: "op", Step: name, Detail: detail}
}

func events() []api.Event {
	failed := step("agent", "starting")
	failed.Log = "no such file\n"
	return []api.Event{
		clitest.Event(9, api.EventStepDone, step("old", "before it began")),
		clitest.Event(11, api.EventStepStarted, step("branch", "")),
		clitest.Event(13, api.EventStepDone, step("branch", "fix/it")),
		clitest.Event(14, api.EventStepStarted, api.StepEvent{Operation: "other", Step: "else"}),
		clitest.Event(15, api.EventStepStarted, step("agent", "")),
		clitest.Event(16, api.EventStepProgress, step("agent", "starting\x1b[2J")),
		clitest.Event(20, api.EventStepFailed, failed),
		clitest.Event(21, api.EventOperationFailed, api.Operation{ID: "op", State: api.OperationFailed, Error: &api.Error{Code: api.CodeAgentMissing, Message: "none"}}),
	}
}

func TestStepsAwayFromATerminal(t *testing.T) {
	io, _, _, errOut := iostreams.Test()
	op, err := follow.Operation(t.Context(), &clitest.Daemon{Log: events()}, io, accepted())
	if err != nil || op.Error == nil || op.Error.Code != api.CodeAgentMissing {
		t.Fatalf("%+v, %v", op, err)
	}
	want := "✓ branch  fix/it  2s\n✗ agent  starting  5s\n    no such file\n"
	if errOut.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", errOut, want)
	}
}

func TestStepsOnATerminal(t *testing.T) {
	io, _, _, errOut := iostreams.Test()
	io.SetTTY(true, true, true)
	io.SetWidth(30)
	if _, err := follow.Operation(t.Context(), &clitest.Daemon{Log: events()}, io, accepted()); err != nil {
		t.Fatal(err)
	}
	got := errOut.String()
	if !strings.Contains(got, " agent  1s of 1m0s  starting") {
		t.Errorf("no live line in %q", got)
	}
	if !strings.HasSuffix(got, "✗ agent  starting  5s\n    no such file\n") {
		t.Errorf("the end is %q", got)
	}
	for line := range strings.SplitSeq(got, "\r") {
		if live, _, _ := strings.Cut(strings.TrimPrefix(line, "\x1b[K"), "\n"); len([]rune(live)) > 30 {
			t.Errorf("%q is wider than the terminal", live)
		}
	}
}

func detail(status api.Status, activity api.Activity) api.TaskDetail {
	return api.TaskDetail{Task: api.Task{ID: "k3f9", Status: status, Activity: activity, Lifecycle: api.LifecycleReady, LastEvent: 5, Reason: "why"}}
}

func with(d api.TaskDetail, change func(*api.TaskDetail)) api.TaskDetail {
	change(&d)
	return d
}

func TestUntil(t *testing.T) {
	idle := detail(api.StatusIdle, api.ActivityIdle)
	running := detail(api.StatusRunning, api.ActivityWorking)
	ended := func(r api.TurnResult) api.TaskDetail {
		return with(idle, func(d *api.TaskDetail) { d.Result = &r })
	}
	permission := with(detail(api.StatusWaiting, api.ActivityNeedsPermission), func(d *api.TaskDetail) {
		d.Permissions = []api.PermissionRequest{{ID: "c3f2"}}
	})
	checking := with(detail(api.StatusRunning, api.ActivityIdle), func(d *api.TaskDetail) { d.Reason = "running the check" })
	tests := []struct {
		name   string
		seen   []api.TaskDetail
		target follow.Target
		exit   int
	}{
		{"idle", []api.TaskDetail{idle}, follow.Done, 0},
		{"running, then idle", []api.TaskDetail{running, idle}, follow.Done, 0},
		{"a message is on its way", []api.TaskDetail{with(idle, func(d *api.TaskDetail) { d.Messages = []api.Message{{}} }), running, ended(api.TurnResult{StopReason: api.StopRefusal})}, follow.Done, exitcode.Agent},
		{"the turn failed", []api.TaskDetail{ended(api.TurnResult{StopReason: api.StopError, Message: "no"})}, follow.Done, exitcode.Agent},
		{"the agent died", []api.TaskDetail{detail(api.StatusError, api.ActivityFailed)}, follow.Done, exitcode.Agent},
		{"interrupted", []api.TaskDetail{ended(api.TurnResult{StopReason: api.StopCancelled})}, follow.Done, exitcode.Interrupted},
		{"limit", []api.TaskDetail{detail(api.StatusWaiting, api.ActivityLimited)}, follow.Done, exitcode.Limit},
		{"limit of a turn that ended", []api.TaskDetail{ended(api.TurnResult{StopReason: api.StopLimit})}, follow.Idle, exitcode.Limit},
		{"permission", []api.TaskDetail{running, permission}, follow.Done, exitcode.Waiting},
		{"permission wanted", []api.TaskDetail{running, permission}, follow.Waiting, 0},
		{"never waiting", []api.TaskDetail{running, idle}, follow.Waiting, exitcode.Conflict},
		{"answered, not yet there", []api.TaskDetail{with(permission, func(d *api.TaskDetail) { d.Permissions = nil }), running, idle}, follow.Done, 0},
		{"input", []api.TaskDetail{detail(api.StatusWaiting, api.ActivityNeedsInput)}, follow.Done, exitcode.Waiting},
		{"the check runs", []api.TaskDetail{checking, ended(api.TurnResult{StopReason: api.StopEndTurn, Check: &api.CheckResult{ExitCode: 1}})}, follow.Done, exitcode.Check},
		{"idle while the check runs", []api.TaskDetail{checking}, follow.Idle, 0},
		{"provisioning failed", []api.TaskDetail{with(detail(api.StatusError, ""), func(d *api.TaskDetail) {
			d.Lifecycle = api.LifecycleError
			d.Operation = &api.Operation{Error: &api.Error{Code: api.CodeGit}}
		})}, follow.Done, exitcode.Failed},
		{"halted", []api.TaskDetail{with(detail(api.StatusError, ""), func(d *api.TaskDetail) {
			d.Lifecycle = api.LifecycleError
			d.Operation = &api.Operation{Error: &api.Error{Code: api.CodeHalted}}
		})}, follow.Done, exitcode.Waiting},
		{"killed meanwhile", []api.TaskDetail{running, with(idle, func(d *api.TaskDetail) { d.Status, d.Lifecycle = api.StatusKilled, api.LifecycleKilled })}, follow.Done, exitcode.Conflict},
		{"exit", []api.TaskDetail{running, detail(api.StatusIdle, api.ActivityExited)}, follow.Exit, 0},
		{"unknown", nil, follow.Done, exitcode.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &clitest.Daemon{Details: tt.seen, Log: []api.Event{
				clitest.Event(4, api.EventTaskChanged, nil), clitest.Event(6, api.EventStepProgress, nil),
				clitest.Event(7, api.EventTaskChanged, nil), clitest.Event(8, api.EventTurnEnded, nil), clitest.Event(9, api.EventCheckEnded, nil),
			}}
			_, err := follow.Until(t.Context(), d, "k3f9", tt.target, nil)
			if got := exitcode.For(err); got != tt.exit {
				t.Errorf("exit %d (%v), want %d", got, err, tt.exit)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := follow.Timeout(t.Context(), time.Minute, "k3f9")
		defer cancel()
		began := time.Now()
		_, err := follow.Until(ctx, &clitest.Daemon{Details: []api.TaskDetail{detail(api.StatusRunning, api.ActivityWorking)}}, "k3f9", follow.Done, nil)
		if exitcode.For(err) != exitcode.Timeout || time.Since(began) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		var e *api.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, "1m") || !strings.Contains(e.Hint, "`hf wait k3f9`") {
			t.Errorf("err = %v", err)
		}
	})
}
