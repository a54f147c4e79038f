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
	StackUnstack        StackActionKind = "unstack"     // by hf itself: what stood on a branch that went moves to its base
	StackSyncBranch     StackActionKind = "sync_branch" // of a task: with what others pushed to it
	StackMerge          StackActionKind = "merge"       // what stood on a merged branch
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
	OutcomeMoved     StackOutcome = "moved"  // to another base
	OutcomeSubmitted StackOutcome = "submitted"
	OutcomeTracked   StackOutcome = "tracked"   // is part of a stack now
	OutcomeUntracked StackOutcome = "untracked" // is no part of one any more
	OutcomeFolded    StackOutcome = "folded"    // its commits are its base's now
	OutcomeRestored  StackOutcome = "restored"  // by an abort or an undo: as it was before
)

// StackScope says which branches of a stack are meant, seen from one of them.
type StackScope string

// The scopes.
const (
	ScopeOnly    StackScope = "only"
	ScopeUpstack StackScope = "upstack" // it and all above
	ScopeStack   StackScope = "stack"   // it, all above, and all below down to the trunk
)

// StackAction asks for an action on a stack. Answer: ChangeAccepted.
type StackAction struct {
	Action    StackActionKind `json:"action"`
	Workspace string          `json:"workspace,omitempty"`
	Cwd       string          `json:"cwd,omitempty"`     // the caller's directory: names the repo where nothing else does
	Repo      string          `json:"repo,omitempty"`    // where no task is named
	Task      string          `json:"task,omitempty"`    // the task it is about, where it is about one
	Branch    string          `json:"branch,omitempty"`  // or the branch, which may be no task's
	Scope     StackScope      `json:"scope,omitempty"`   // restack_subtree: upstack, stack; submit
	Onto      string          `json:"onto,omitempty"`    // reparent_branch, track: the task or branch it is to stand on
	Now       bool            `json:"now,omitempty"`     // does not wait for the turns of agents
	Draft     *bool           `json:"draft,omitempty"`   // submit
	DryRun    bool            `json:"dryRun,omitempty"`  // submit
	Message   string          `json:"message,omitempty"` // resolve: what the agent is told besides
	Env       Env             `json:"env,omitempty"`
}

// GitSpice is the git-spice that carries out what is done to stacks.
type GitSpice struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	Hint    string `json:"hint,omitempty"` // what to do about an old one
}

// StackReport says what an action did.
type StackReport struct {
	Action    StackActionKind `json:"action"`
	Operation string          `json:"operation"`
	GitSpice  *GitSpice       `json:"gitSpice,omitempty"`
	Branches  []StackResult   `json:"branches"`
	Stopped   bool            `json:"stopped,omitempty"` // on conflicts that wait in worktrees
	Notes     []string        `json:"notes,omitempty"`   // what else a person should know
}

// StackResult says what became of a branch.
type StackResult struct {
	Branch      string       `json:"branch"`
	Task        string       `json:"task,omitempty"`
	Base        string       `json:"base,omitempty"` // what it stands on, or is to
	Outcome     StackOutcome `json:"outcome"`
	Detail      string       `json:"detail,omitempty"`
	Before      string       `json:"before,omitempty"` // its commit
	After       string       `json:"after,omitempty"`
	Files       []string     `json:"files,omitempty"` // in conflict, or in the way
	Path        string       `json:"path,omitempty"`  // the worktree to look at
	PullRequest string       `json:"pullRequest,omitempty"`
}

// StoppedRebase is a rebase that stopped and waits in a worktree.
type StoppedRebase struct {
	Base  string   `json:"base,omitempty"` // what the branch is being put onto, where hf does that
	Files []string `json:"files"`          // in conflict; none where it stopped for another reason
}

// Stack answers GET stack: the branches of a repo as they stand on one another.
type Stack struct {
	Schema   int           `json:"schema"`
	Repo     string        `json:"repo"` // its name
	Trunk    string        `json:"trunk"`
	GitSpice *GitSpice     `json:"gitSpice,omitempty"` // the one that was used last; absent when none was
	Branches []StackBranch `json:"branches"`           // each behind the one it stands on
}

// StackBranch is a branch in the tree of a repo.
type StackBranch struct {
	Branch
	Depth   int    `json:"depth"` // 0: it stands on a branch that is not in the tree, such as the trunk
	Title   string `json:"title,omitempty"`
	Status  Status `json:"status,omitempty"` // of the task
	Reason  string `json:"reason,omitempty"`
	Current bool   `json:"current,omitempty"` // it is what was asked about
}

// StackEvent says what an action on a stack did, or where it stopped.
type StackEvent struct {
	Repo      string          `json:"repo"`
	Operation string          `json:"operation"`
	Action    StackActionKind `json:"action"`
	Report    StackReport     `json:"report"`
	Error     *Error          `json:"error,omitempty"`
}
