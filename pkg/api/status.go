package api

// Lifecycle is what hfd decided for a task. It is stored.
type Lifecycle string

// The life cycle of a task.
const (
	LifecycleQueued       Lifecycle = "queued"
	LifecycleProvisioning Lifecycle = "provisioning"
	LifecycleReady        Lifecycle = "ready"
	LifecycleArchiving    Lifecycle = "archiving"
	LifecycleArchived     Lifecycle = "archived"
	LifecycleRestoring    Lifecycle = "restoring"
	LifecycleKilling      Lifecycle = "killing"
	LifecycleKilled       Lifecycle = "killed"
	LifecycleError        Lifecycle = "error"
)

// Activity is what a session was observed to do, from protocol facts only.
type Activity string

// The activities of a session.
const (
	ActivityStarting        Activity = "starting"
	ActivityWorking         Activity = "working"
	ActivityIdle            Activity = "idle"
	ActivityNeedsPermission Activity = "needs_permission"
	ActivityNeedsInput      Activity = "needs_input"
	ActivityLimited         Activity = "limited"
	ActivityExited          Activity = "exited"
	ActivityFailed          Activity = "failed"
	ActivityUnknown         Activity = "unknown"
	ActivityTerminal        Activity = "terminal" // in the agent's own terminal: what it does there hf does not know
)

// Status is what a person sees: a pure function of Lifecycle and Activity.
type Status string

// The shown statuses.
const (
	StatusQueued       Status = "queued"
	StatusProvisioning Status = "provisioning"
	StatusRunning      Status = "running"
	StatusWaiting      Status = "waiting"
	StatusIdle         Status = "idle"
	StatusArchived     Status = "archived"
	StatusKilled       Status = "killed"
	StatusError        Status = "error"
)

// StopReason says why a turn ended.
type StopReason string

// Stop reasons. The first five are ACP's own words; the last three are hf's,
// for turns that no agent ended.
const (
	StopEndTurn         StopReason = "end_turn"
	StopMaxTokens       StopReason = "max_tokens"
	StopMaxTurnRequests StopReason = "max_turn_requests"
	StopRefusal         StopReason = "refusal"
	StopCancelled       StopReason = "cancelled"
	StopError           StopReason = "error"
	StopLimit           StopReason = "limit"
	StopInterrupted     StopReason = "interrupted" // the agent process ended in mid-turn
)

// Permission is how much an agent may do without asking.
type Permission string

// The permission policies.
const (
	PermissionAsk   Permission = "ask"
	PermissionEdits Permission = "edits" // edits inside the sandbox are allowed, all else asks
	PermissionAll   Permission = "all"
)

// MessageState says how far a message to an agent has come.
type MessageState string

// The states of a message, in order; failed ends it from any of them.
const (
	MessageAccepted  MessageState = "accepted"  // durable, the session can take it now
	MessageQueued    MessageState = "queued"    // durable, waits for the turn in progress or for the session
	MessageDelivered MessageState = "delivered" // written to the agent
	MessageDone      MessageState = "done"      // its turn ended
	MessageFailed    MessageState = "failed"    // its turn ended in an error, or it can no longer be delivered
)

// PermissionState says what became of a permission request.
type PermissionState string

// The states of a permission request.
const (
	PermissionOpen      PermissionState = "open"
	PermissionAnswered  PermissionState = "answered" // decided, not yet seen in the journal
	PermissionAllowed   PermissionState = "allowed"
	PermissionDenied    PermissionState = "denied"
	PermissionCancelled PermissionState = "cancelled" // by the agent, the turn's end or the process's death
)

// OperationState says how far an operation has come.
type OperationState string

// The states of an operation.
const (
	OperationPending OperationState = "pending"
	OperationRunning OperationState = "running"
	OperationDone    OperationState = "done"
	OperationFailed  OperationState = "failed"
	OperationHalted  OperationState = "halted" // only a person can decide how to go on
)

// StepState says how far a step has come.
type StepState string

// The states of a step.
const (
	StepPending StepState = "pending"
	StepStarted StepState = "started"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)
