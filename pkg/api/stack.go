package api

// StackActionKind names an action on a stack.
type StackActionKind string

// The actions on stacks. The first five are those that scripts know by these
// names.
const (
	StackSyncRepo       StackActionKind = "sync_repo"
	StackRestackRepo    StackActionKind = "restack_repo"
	StackRestackSubtree StackActionKind = "restack_subtree"
	StackRebaseBranch   StackActionKind = "rebase_branch"
	StackReparentBranch StackActionKind = "reparent_branch"
	StackTrack          StackActionKind = "track"
	StackUntrack        StackActionKind = "untrack"
	StackSubmit         StackActionKind = "submit"
	StackFold           StackActionKind = "fold"
	StackContinue       StackActionKind = "continue"
	StackAbort          StackActionKind = "abort"
	StackResolve        StackActionKind = "resolve"
	StackUndo           StackActionKind = "undo"
)

// StackOutcome says what became of a branch in an action.
type StackOutcome string

// The outcomes of a branch.
const (
	OutcomeRestacked StackOutcome = "restacked"
	OutcomeUpToDate  StackOutcome = "up_to_date"
	OutcomeConflict  StackOutcome = "conflict" // stopped in its worktree
	OutcomeBlocked   StackOutcome = "blocked"  // by one below it
	OutcomeBusy      StackOutcome = "busy"     // its agent is in a turn
	OutcomeDirty     StackOutcome = "dirty"    // files in its worktree are in the way
	OutcomeFailed    StackOutcome = "failed"
	OutcomeMerged    StackOutcome = "merged" // and gone
	OutcomeMoved     StackOutcome = "moved"  // to another base, or back by an undo
	OutcomeSubmitted StackOutcome = "submitted"
)

// StackReport says what an action did.
type StackReport struct {
	Branches []StackResult `json:"branches"`
}

// StackResult says what became of a branch.
type StackResult struct {
	Branch      string       `json:"branch"`
	Task        string       `json:"task,omitempty"`
	Outcome     StackOutcome `json:"outcome"`
	Detail      string       `json:"detail,omitempty"`
	Before      string       `json:"before,omitempty"` // its commit
	After       string       `json:"after,omitempty"`
	Files       []string     `json:"files,omitempty"` // in conflict, or in the way
	Path        string       `json:"path,omitempty"`  // the worktree to look at
	PullRequest string       `json:"pullRequest,omitempty"`
}

// StackEvent says what an action on a stack did, or where it stopped.
type StackEvent struct {
	Repo      string          `json:"repo"`
	Operation string          `json:"operation"`
	Action    StackActionKind `json:"action"`
	Report    StackReport     `json:"report"`
	Error     *Error          `json:"error,omitempty"`
}
