package change

import (
	"time"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// ActionState is where an action on a stack is.
type ActionState string

// The states of an action.
const (
	ActionRunning ActionState = "running"
	ActionStopped ActionState = "stopped" // on a conflict that waits in a worktree
	ActionDone    ActionState = "done"
	ActionFailed  ActionState = "failed" // before it moved anything
	ActionAborted ActionState = "aborted"
	ActionUndone  ActionState = "undone"
)

// Action is what is stored of an action on a stack beside its operation: how
// everything was before, what it did, and where it is.
type Action struct {
	Operation string
	Repo      string
	Kind      api.StackActionKind
	State     ActionState
	Progress  Progress
	Report    api.StackReport
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Progress is how far an action is: enough to go on with it after a crash, to
// continue it after a conflict, and to undo it.
type Progress struct {
	Before  stack.Snapshot  `json:"before"`
	After   string          `json:"after,omitempty"`   // refs/spice/data as it was left
	Attempt *stack.Attempt  `json:"attempt,omitempty"` // what is happening to a branch now
	Stopped []stack.Attempt `json:"stopped,omitempty"` // whose conflicts wait in worktrees
	Results []stack.Result  `json:"results,omitempty"` // of branches, in the order they were worked on
	Moves   []stack.Move    `json:"moves,omitempty"`   // besides those of the results
	// Error is what was not well in the end.
	Error *api.Error `json:"error,omitempty"`
	// Submitted is what came of branches that were submitted.
	Submitted []stack.Submitted `json:"submitted,omitempty"`
	// By is the operation that continued it, or put it back.
	By     string               `json:"by,omitempty"`
	Merged []stack.MergedBranch `json:"merged,omitempty"`
}

// moves lists every branch that the action moved, each once.
func (p *Progress) moves() []stack.Move {
	return append(append([]stack.Move{}, p.Moves...), stack.Report{Results: p.Results}.Moves()...)
}

// left are the branches whose rebases wait in worktrees.
func (p *Progress) left() []string {
	var out []string
	for _, at := range p.Stopped {
		out = append(out, at.Branch)
	}
	return out
}
