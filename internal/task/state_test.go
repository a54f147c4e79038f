package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hf-dev/hf/pkg/api"
)

var lifecycles = []api.Lifecycle{
	api.LifecycleQueued, api.LifecycleProvisioning, api.LifecycleReady, api.LifecycleArchiving, api.LifecycleArchived,
	api.LifecycleRestoring, api.LifecycleKilling, api.LifecycleKilled, api.LifecycleError,
}

// Every pair of a stage and an event: where it leads, or that it does not.
func TestNextIsExactlyThisTable(t *testing.T) {
	const no = ""
	// In the order of Events: provision ready archive archived restore restored kill killed fail.
	want := map[api.Lifecycle][]api.Lifecycle{
		"queued":       {"provisioning", no, no, no, no, no, "killing", no, "error"},
		"provisioning": {"provisioning", "ready", no, no, no, no, "killing", no, "error"},
		"ready":        {no, no, "archiving", no, no, no, "killing", no, "error"},
		"archiving":    {no, no, "archiving", "archived", no, no, "killing", no, "error"},
		"archived":     {no, no, no, no, "restoring", no, "killing", no, no},
		"restoring":    {no, no, no, "archived", "restoring", "ready", "killing", "killed", "error"},
		"killing":      {no, no, no, no, no, no, "killing", "killed", "error"},
		"killed":       {no, no, no, no, "restoring", no, no, no, no},
		"error":        {"provisioning", no, "archiving", no, "restoring", no, "killing", no, no},
		"unheard of":   {no, no, no, no, no, no, no, no, no},
	}
	for from, row := range want {
		for i, ev := range Events() {
			got, err := Next(from, ev)
			if row[i] != no {
				if got != row[i] || err != nil {
					t.Errorf("%s, %s: %s, %v; want %s", from, ev, got, err, row[i])
				}
				continue
			}
			e, ok := errors.AsType[*api.Error](err)
			if !ok || e.Code != api.CodeConflict || got != from {
				t.Errorf("%s, %s: %s, %v; want a conflict", from, ev, got, err)
			}
		}
	}
	if len(want) != len(lifecycles)+1 || len(Events()) != len(want["queued"]) {
		t.Error("the table does not have every stage and event")
	}
}

func TestARefusalSaysWhatIsPossible(t *testing.T) {
	for _, c := range []struct {
		from          api.Lifecycle
		ev            Event
		message, hint string
	}{
		{"queued", EventArchive, "a task that is queued cannot be archived", "It can be killed."},
		{"ready", EventRestore, "a task that is ready cannot be restored", "It can be archived or killed."},
		{"archived", EventArchive, "a task that is archived cannot be archived", "It can be restored or killed."},
		{"killing", EventArchive, "a task that is killing cannot be archived", "It can only be left as it is."},
		{"killed", EventKill, "a task that is killed cannot be killed", "It can be restored."},
		{"error", EventReady, "a task that is in error cannot be made ready", "It can be retried or killed."},
	} {
		_, err := Next(c.from, c.ev)
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Message != c.message || e.Hint != c.hint {
			t.Errorf("%s, %s: %+v", c.from, c.ev, err)
		}
	}
}

// Whatever happens to a task, it can still be killed, until it is; and nothing
// but being restored follows that.
func TestEveryLifeCanEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := api.LifecycleQueued
		for _, ev := range rapid.SliceOf(rapid.SampledFrom(Events())).Draw(t, "events") {
			next, err := Next(at, ev)
			if at == api.LifecycleKilled && err == nil && ev != EventRestore {
				t.Fatalf("%s after it was killed", ev)
			}
			if !slices.Contains(lifecycles, next) {
				t.Fatalf("%q is no stage", next)
			}
			at = next
		}
		if at == api.LifecycleKilled {
			return
		}
		for _, ev := range []Event{EventKill, EventKilled} {
			next, err := Next(at, ev)
			if err != nil {
				t.Fatalf("%s at %s: %v", ev, at, err)
			}
			at = next
		}
	})
}

var activities = []api.Activity{
	"", api.ActivityStarting, api.ActivityWorking, api.ActivityIdle, api.ActivityNeedsPermission, api.ActivityNeedsInput,
	api.ActivityLimited, api.ActivityExited, api.ActivityFailed, api.ActivityUnknown, api.ActivityTerminal,
}

// Every pair of a stage and an activity, without and with reasons.
func TestShownOfEveryPair(t *testing.T) {
	// Outside ready the activity plays no part: it is the one last observed.
	fixed := map[api.Lifecycle][3]string{
		"queued":       {"queued", "", "R"},
		"provisioning": {"provisioning", "", "S"},
		"archiving":    {"running", "archiving", "archiving: S"},
		"archived":     {"archived", "", "R"},
		"restoring":    {"provisioning", "restoring", "restoring: S"},
		"killing":      {"running", "killing", "killing: S"},
		"killed":       {"killed", "", "R"},
		"error":        {"error", "", "S: R"},
	}
	ready := map[api.Activity][3]string{
		"":                 {"idle", "no agent yet; the next message starts one", "no agent yet; the next message starts one"},
		"starting":         {"running", "starting the agent", "A"},
		"working":          {"running", "", "A"},
		"idle":             {"idle", "", "A"},
		"needs_permission": {"waiting", "permission", "permission: A"},
		"needs_input":      {"waiting", "input", "input: A"},
		"limited":          {"waiting", "usage limit", "A"},
		"exited":           {"idle", "agent exited; the next message starts it again", "A"},
		"failed":           {"error", "the agent failed", "A"},
		"unknown":          {"error", "unknown", "unknown: A"},
		"terminal":         {"running", "in its own terminal", "in its own terminal"},
	}
	for _, l := range lifecycles {
		for _, a := range activities {
			want, ok := fixed[l]
			if l == api.LifecycleReady {
				want, ok = ready[a]
			}
			if !ok {
				t.Fatalf("%s, %s: not in the table", l, a)
			}
			bare := Task{Lifecycle: l, Activity: a}
			full := Task{Lifecycle: l, Activity: a, Step: "S", Reason: "R", ActivityReason: "A"}
			for i, tk := range []Task{bare, full} {
				status, reason := Shown(&tk)
				if string(status) != want[0] || reason != want[1+i] {
					t.Errorf("%s, %s: %s (%s), want %s (%s)", l, a, status, reason, want[0], want[1+i])
				}
				final := slices.Contains([]string{"idle", "archived", "killed", "error"}, want[0])
				if Final(&tk) != final {
					t.Errorf("%s, %s: final %v", l, a, !final)
				}
			}
		}
	}
	for _, tk := range []Task{{Lifecycle: "new"}, {Lifecycle: api.LifecycleReady, Activity: "new"}} {
		if status, reason := Shown(&tk); status != api.StatusError || !strings.Contains(reason, `"new"`) {
			t.Errorf("%+v: %s (%s)", tk, status, reason)
		}
	}
}

func TestShownSaysHowTheTurnEnded(t *testing.T) {
	exit := func(code int) *api.CheckResult { return &api.CheckResult{Command: "make", ExitCode: code} }
	for _, c := range []struct {
		result *api.TurnResult
		check  string // the task's own
		status api.Status
		reason string
	}{
		{nil, "", api.StatusIdle, "observed"},
		{nil, "make", api.StatusIdle, "observed"},
		{&api.TurnResult{StopReason: api.StopEndTurn}, "", api.StatusIdle, "observed"},
		{&api.TurnResult{StopReason: api.StopEndTurn}, "make", api.StatusRunning, "running the check"},
		{&api.TurnResult{StopReason: api.StopEndTurn, Check: exit(0)}, "make", api.StatusIdle, "observed"},
		{&api.TurnResult{StopReason: api.StopEndTurn, Check: exit(2)}, "make", api.StatusIdle, "check failed (exit 2)"},
		{&api.TurnResult{StopReason: api.StopEndTurn, Check: exit(-1)}, "make", api.StatusIdle, "check failed (ended by a signal or its time limit)"},
		{&api.TurnResult{StopReason: api.StopRefusal}, "make", api.StatusIdle, "turn ended: refusal"},
		{&api.TurnResult{StopReason: api.StopMaxTokens}, "", api.StatusIdle, "turn ended: max_tokens"},
		{&api.TurnResult{StopReason: api.StopCancelled}, "", api.StatusIdle, "turn ended: cancelled"},
		{&api.TurnResult{StopReason: api.StopInterrupted}, "", api.StatusIdle, "turn ended: interrupted"},
		{&api.TurnResult{StopReason: api.StopError, Message: "no model"}, "", api.StatusIdle, "turn failed: no model"},
		{&api.TurnResult{StopReason: api.StopLimit, Message: "resets at 5"}, "", api.StatusIdle, "usage limit: resets at 5"},
	} {
		tk := Task{Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle, ActivityReason: "observed", Check: c.check, Result: c.result}
		status, reason := Shown(&tk)
		if status != c.status || reason != c.reason {
			t.Errorf("%+v, check %q: %s (%s), want %s (%s)", c.result, c.check, status, reason, c.status, c.reason)
		}
		if Final(&tk) != (c.status == api.StatusIdle) {
			t.Errorf("%s: final %v", fmt.Sprintf("%+v", c.result), Final(&tk))
		}
	}
}
