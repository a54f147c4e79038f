package task

import (
	"fmt"

	"github.com/hf-dev/hf/pkg/api"
)

// Shown returns what a person sees of a task: a status, and why it is that. It
// depends on what is stored and on nothing else.
//
// A task on its way out or being parked is shown as running, one being brought
// back as provisioning, because hf is working on it and it changes by itself.
func Shown(t *Task) (api.Status, string) {
	switch t.Lifecycle {
	case api.LifecycleQueued:
		return api.StatusQueued, t.Reason
	case api.LifecycleProvisioning:
		return api.StatusProvisioning, t.Step
	case api.LifecycleReady:
		status, reason := active(t)
		if over := pullOver(t); over != "" && status == api.StatusIdle {
			reason = over
		}
		return status, reason
	case api.LifecycleArchiving:
		return api.StatusRunning, join("archiving", t.Step)
	case api.LifecycleArchived:
		return api.StatusArchived, t.Reason
	case api.LifecycleRestoring:
		return api.StatusProvisioning, join("restoring", t.Step)
	case api.LifecycleKilling:
		return api.StatusRunning, join("killing", t.Step)
	case api.LifecycleKilled:
		return api.StatusKilled, t.Reason
	case api.LifecycleError:
		return api.StatusError, join(t.Step, t.Reason)
	}
	return api.StatusError, fmt.Sprintf("life cycle %q is not known to this hfd", t.Lifecycle)
}

// Final reports whether a task changes only when somebody does something: its
// turn is over, or there will be none. A task that waits for a person is in
// the middle of its turn, and one whose check is due goes on by itself.
func Final(t *Task) bool {
	switch status, _ := Shown(t); status {
	case api.StatusIdle, api.StatusArchived, api.StatusKilled, api.StatusError:
		return true
	case api.StatusQueued, api.StatusProvisioning, api.StatusRunning, api.StatusWaiting:
	}
	return false
}

// active is the part of Shown for a task whose sandbox is ready: what its
// session was last observed to do.
func active(t *Task) (api.Status, string) {
	why := t.ActivityReason
	if t.Missing != "" && !busy(t.Activity) {
		return api.StatusError, t.Missing
	}
	if t.Rebase != nil && (t.Activity == "" || t.Activity == api.ActivityIdle || t.Activity == api.ActivityExited) {
		return api.StatusWaiting, stopped(t.Rebase)
	}
	switch t.Activity {
	case api.ActivityStarting:
		return api.StatusRunning, or(why, "starting the agent")
	case api.ActivityWorking:
		return api.StatusRunning, why
	case api.ActivityIdle:
		if checkDue(t) {
			return api.StatusRunning, "running the check"
		}
		return api.StatusIdle, or(ended(t.Result), or(stackNote(t), why))
	case api.ActivityNeedsPermission:
		return api.StatusWaiting, join("permission", why)
	case api.ActivityNeedsInput:
		return api.StatusWaiting, join("input", why)
	case api.ActivityLimited:
		return api.StatusWaiting, or(why, "usage limit")
	case api.ActivityExited:
		if checkDue(t) {
			return api.StatusRunning, "running the check"
		}
		return api.StatusIdle, or(stackNote(t), or(why, "agent exited; the next message starts it again"))
	case api.ActivityFailed:
		return api.StatusError, or(why, "the agent failed")
	case api.ActivityTerminal:
		return api.StatusRunning, terminalReason
	case api.ActivityUnknown:
		return api.StatusError, join("unknown", why)
	case "":
		return api.StatusIdle, "no agent yet; the next message starts one"
	}
	return api.StatusError, fmt.Sprintf("activity %q is not known to this hfd", t.Activity)
}

// stackNote says why a branch does not stand on its base, though it is to.
func stackNote(t *Task) string {
	if t.NeedsRestack == nil || !*t.NeedsRestack {
		return ""
	}
	return t.StackNote
}

// stopped says that a rebase waits for somebody.
func stopped(r *api.StoppedRebase) string {
	switch n := len(r.Files); n {
	case 0:
		return "rebase stopped"
	case 1:
		return "rebase stopped: 1 file in conflict"
	default:
		return fmt.Sprintf("rebase stopped: %d files in conflict", n)
	}
}

// busy reports whether an agent does something, or waits for somebody.
func busy(a api.Activity) bool {
	return a == api.ActivityStarting || a == api.ActivityWorking || a == api.ActivityNeedsPermission || a == api.ActivityNeedsInput || a == api.ActivityTerminal
}

// pullOver says that a task's pull request ended, and what to do then; "" while
// it did not.
func pullOver(t *Task) string {
	p, ok := t.Pull.Get()
	if !ok || !p.Ended() {
		return ""
	}
	return fmt.Sprintf("#%d %s; `hf archive %s` parks it", p.Number, p.State, t.ID)
}

// ended says what is worth knowing of how a turn ended, "" when it ended well.
func ended(r *api.TurnResult) string {
	switch {
	case r == nil:
		return ""
	case r.StopReason == api.StopError:
		return join("turn failed", r.Message)
	case r.StopReason == api.StopLimit:
		return join("usage limit", r.Message)
	case r.StopReason != api.StopEndTurn:
		return join("turn ended", string(r.StopReason))
	case r.Check != nil && r.Check.ExitCode < 0:
		return "check failed (ended by a signal or its time limit)"
	case r.Check != nil && r.Check.ExitCode != 0:
		return fmt.Sprintf("check failed (exit %d)", r.Check.ExitCode)
	}
	return ""
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

// join says what something is about, and what of it, where that is known.
func join(about, what string) string {
	switch {
	case what == "":
		return about
	case about == "":
		return what
	}
	return about + ": " + what
}
