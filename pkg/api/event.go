package api

import (
	"encoding/json"
	"time"
)

// Event is one row of the ordered journal of what happened.
type Event struct {
	Seq       int64           `json:"seq"`
	Time      time.Time       `json:"time"`
	Kind      EventKind       `json:"kind"`
	Workspace string          `json:"workspace,omitempty"`
	Task      string          `json:"task,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"`
}

// EventKind names what happened.
type EventKind string

// The kinds of event, with the type of their Data.
const (
	EventSnapshot           EventKind = "snapshot"             // TaskList; only as the first line of a stream that asked for it, Seq is where it was read
	EventTaskCreated        EventKind = "task.created"         // none
	EventTaskChanged        EventKind = "task.changed"         // TaskChange
	EventTaskRenamed        EventKind = "task.renamed"         // TaskRename
	EventStepStarted        EventKind = "step.started"         // StepEvent
	EventStepProgress       EventKind = "step.progress"        // StepEvent
	EventStepDone           EventKind = "step.done"            // StepEvent
	EventStepFailed         EventKind = "step.failed"          // StepEvent
	EventOperationDone      EventKind = "operation.done"       // Operation, without steps
	EventOperationFailed    EventKind = "operation.failed"     // Operation, without steps
	EventSessionStarted     EventKind = "session.started"      // none
	EventSessionActivity    EventKind = "session.activity"     // TaskChange
	EventSessionQuiet       EventKind = "session.quiet"        // QuietEvent
	EventSessionEnded       EventKind = "session.ended"        // ExitEvent
	EventMessageState       EventKind = "message.state"        // Message
	EventTurnStarted        EventKind = "turn.started"         // Message
	EventTurnEnded          EventKind = "turn.ended"           // TurnResult
	EventPermissionAsked    EventKind = "permission.asked"     // PermissionRequest
	EventPermissionResolved EventKind = "permission.resolved"  // PermissionRequest
	EventCheckEnded         EventKind = "check.ended"          // CheckResult
	EventRepoChanged        EventKind = "repo.changed"         // Repo
	EventWarning            EventKind = "warning"              // Error
	EventBackendUpgraded    EventKind = "backend.upgraded"     // BackendUpgrade
	EventBranchesChanged    EventKind = "branches.changed"     // BranchesEvent
	EventPullRequestChanged EventKind = "pull_request.changed" // PullRequestEvent
	EventStackDone          EventKind = "stack.done"           // StackEvent
	EventStackStopped       EventKind = "stack.stopped"        // StackEvent: a conflict
	EventStackUndone        EventKind = "stack.undone"         // StackEvent
	EventPushed             EventKind = "branch.pushed"        // PushEvent
	EventMerged             EventKind = "branch.merged"        // MergeEvent
	EventFixSent            EventKind = "fix.sent"             // FixEvent
	EventFixGaveUp          EventKind = "fix.gave_up"          // FixEvent: now it is a person's turn
)

// TaskChange says what a task now is.
type TaskChange struct {
	Status    Status    `json:"status"`
	Was       Status    `json:"was,omitempty"` // the status before, which may be the same
	Reason    string    `json:"reason,omitempty"`
	Lifecycle Lifecycle `json:"lifecycle"`
	Activity  Activity  `json:"activity,omitempty"`
}

// StepEvent says how far a step of an operation is.
type StepEvent struct {
	Operation string `json:"operation"`
	Kind      string `json:"kind"`
	Step      string `json:"step"`
	Detail    string `json:"detail,omitempty"`
	Error     *Error `json:"error,omitempty"`
	Log       string `json:"log,omitempty"`
}

// ExitEvent says how an agent process ended. Exactly one of Code and Signal
// means something; both are absent when nobody saw it end.
type ExitEvent struct {
	Session string `json:"session"`
	Code    *int   `json:"code,omitempty"`
	Signal  string `json:"signal,omitempty"`
}

// QuietEvent says that nothing came from an agent for a while in the middle of
// a turn, or that something came again.
type QuietEvent struct {
	Session string    `json:"session"`
	Quiet   bool      `json:"quiet"`
	Since   time.Time `json:"since"` // when the silence began
}
