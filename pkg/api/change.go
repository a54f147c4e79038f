package api

// ChangeAccepted is the answer to a request that goes on in the background as
// an operation on a repo.
type ChangeAccepted struct {
	Operation Operation `json:"operation"`
	Seq       int64     `json:"seq"` // the operation's own events come behind it
}

// OperationDetail answers GET operation: how far it is, and what came of it.
type OperationDetail struct {
	Operation
	Stack *StackReport `json:"stack,omitempty"` // of an action on a stack
	Fixed *Fixed       `json:"fixed,omitempty"` // of a fix
}

// PushEvent says that a branch was pushed.
type PushEvent struct {
	Repo   string `json:"repo"`
	Branch string `json:"branch"`
	Remote string `json:"remote"`
	Before string `json:"before,omitempty"` // the remote's commit; absent when it had none
	After  string `json:"after"`
}

// MergeMethod is a way to bring a branch into its base.
type MergeMethod string

// The ways to merge.
const (
	MergeCommit MergeMethod = "merge"
	MergeSquash MergeMethod = "squash"
	MergeRebase MergeMethod = "rebase"
)

// MergeEvent says that a branch was merged.
type MergeEvent struct {
	Repo   string      `json:"repo"`
	Branch string      `json:"branch"`
	Base   string      `json:"base"`
	Method MergeMethod `json:"method,omitempty"` // absent when somebody else did it
	Commit string      `json:"commit,omitempty"`
	Number int         `json:"number,omitempty"` // of the pull request
}

// FixKind is what an agent is asked to mend.
type FixKind string

// The kinds of fix.
const (
	FixCI        FixKind = "ci"
	FixReviews   FixKind = "reviews"
	FixConflicts FixKind = "conflicts"
)

// FixEvent says that an agent was asked to mend something, or no longer is.
type FixEvent struct {
	Kind    FixKind  `json:"kind"`
	What    []string `json:"what"`  // names of checks, threads or files
	Round   int      `json:"round"` // of at most Rounds
	Rounds  int      `json:"rounds"`
	Message string   `json:"message,omitempty"` // the id of the message
	Auto    bool     `json:"auto"`
}
