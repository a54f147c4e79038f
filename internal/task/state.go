package task

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Event is something that moves a task from one stage of its life to another.
type Event string

// The events. Each reads as what is done to the task, for error messages.
const (
	EventProvision Event = "provisioned"         // begin to make its branch, sandbox and agent, or go on with it
	EventReady     Event = "made ready"          // provisioning ended well
	EventArchive   Event = "archived"            // begin to park it, or go on with it
	EventArchived  Event = "reported archived"   // archiving ended well
	EventRestore   Event = "restored"            // begin to bring it back, or go on with it
	EventRestored  Event = "reported restored"   // restoring ended well
	EventKill      Event = "killed"              // begin to end it, or go on with it
	EventKilled    Event = "reported killed"     // killing ended well
	EventFail      Event = "reported as failing" // the operation on it failed
)

// Events lists every event, for tables that must be exhaustive.
func Events() []Event {
	return []Event{
		EventProvision, EventReady, EventArchive, EventArchived, EventRestore, EventRestored,
		EventKill, EventKilled, EventFail,
	}
}

// next is the table of states. An event that began a stage may come again in
// that stage, because its operation may be resumed. From error, retrying is
// the event that began the operation that failed.
func next(from api.Lifecycle) map[Event]api.Lifecycle {
	switch from {
	case api.LifecycleQueued:
		return map[Event]api.Lifecycle{
			EventProvision: api.LifecycleProvisioning,
			EventKill:      api.LifecycleKilling,
			EventFail:      api.LifecycleError,
		}
	case api.LifecycleProvisioning:
		return map[Event]api.Lifecycle{
			EventProvision: api.LifecycleProvisioning,
			EventReady:     api.LifecycleReady,
			EventKill:      api.LifecycleKilling,
			EventFail:      api.LifecycleError,
		}
	case api.LifecycleReady:
		return map[Event]api.Lifecycle{
			EventArchive: api.LifecycleArchiving,
			EventKill:    api.LifecycleKilling,
			EventFail:    api.LifecycleError,
		}
	case api.LifecycleArchiving:
		return map[Event]api.Lifecycle{
			EventArchive:  api.LifecycleArchiving,
			EventArchived: api.LifecycleArchived,
			EventKill:     api.LifecycleKilling,
			EventFail:     api.LifecycleError,
		}
	case api.LifecycleArchived:
		return map[Event]api.Lifecycle{
			EventRestore: api.LifecycleRestoring,
			EventKill:    api.LifecycleKilling,
		}
	case api.LifecycleRestoring:
		return map[Event]api.Lifecycle{
			EventRestore:  api.LifecycleRestoring,
			EventRestored: api.LifecycleReady,
			EventArchived: api.LifecycleArchived, // it was refused, and stays what it was
			EventKilled:   api.LifecycleKilled,
			EventKill:     api.LifecycleKilling,
			EventFail:     api.LifecycleError,
		}
	case api.LifecycleKilling:
		return map[Event]api.Lifecycle{
			EventKill:   api.LifecycleKilling,
			EventKilled: api.LifecycleKilled,
			EventFail:   api.LifecycleError,
		}
	case api.LifecycleError:
		return map[Event]api.Lifecycle{
			EventProvision: api.LifecycleProvisioning,
			EventArchive:   api.LifecycleArchiving,
			EventRestore:   api.LifecycleRestoring,
			EventKill:      api.LifecycleKilling,
		}
	case api.LifecycleKilled: // as long as what was saved is kept
		return map[Event]api.Lifecycle{EventRestore: api.LifecycleRestoring}
	}
	return nil
}

// Next returns the stage an event leads to. An event the stage does not allow
// is an *api.Error with CodeConflict that says what may be done instead.
func Next(from api.Lifecycle, ev Event) (api.Lifecycle, error) {
	if to, ok := next(from)[ev]; ok {
		return to, nil
	}
	return from, &api.Error{
		Code:    api.CodeConflict,
		Message: fmt.Sprintf("a task that is %s cannot be %s", wording(from), ev),
		Hint:    "It " + possible(from) + ".",
	}
}

// wording puts a stage into a sentence.
func wording(l api.Lifecycle) string {
	if l == api.LifecycleError {
		return "in error"
	}
	return string(l)
}

// possible says what a person can do with a task.
func possible(from api.Lifecycle) string {
	var can []string
	for _, ev := range []Event{EventProvision, EventArchive, EventRestore, EventKill} {
		to, ok := next(from)[ev]
		switch {
		case !ok || to == from: // or already at it
		case from == api.LifecycleError && ev != EventKill:
			if len(can) == 0 {
				can = append(can, "retried")
			}
		case ev != EventProvision: // hf does that by itself
			can = append(can, string(ev))
		}
	}
	if len(can) == 0 {
		return "can only be left as it is"
	}
	return "can be " + strings.Join(can, " or ")
}
