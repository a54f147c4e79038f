package stack

import "context"

// DeleteRequest names a branch that goes.
type DeleteRequest struct {
	Branch     string
	Force      bool       // also when it has commits that its base has not
	Before     string     // refs/spice/data before the action, for one that was cut off at its very end
	OnConflict OnConflict // of the branches above, which move to its base; "" = Abort
	Hooks      `json:"-"`
}

// FoldRequest names a branch whose commits become its base's.
type FoldRequest struct {
	Branch string
	// Delete deletes the branch afterwards, unless a worktree has it checked out.
	// Without, it is only no part of the stack any more.
	Delete bool
	Before string // refs/spice/data before the action, for one that was cut off at its very end
	Hooks  `json:"-"`
}

// Fate is what becomes of a branch that was merged.
type Fate string

// The fates.
const (
	Keep    Fate = "keep"    // in the stack
	Untrack Fate = "untrack" // it stays as a branch
	Remove  Fate = "remove"  // deleted, unless a worktree has it checked out
)

// MergedBranch is a branch whose work is in trunk.
type MergedBranch struct {
	Branch   string `json:"branch"`
	Base     string `json:"base"`
	Commit   string `json:"commit"`
	How      string `json:"how"`                // such as "merged as a squash"
	Worktree string `json:"worktree,omitempty"` // that has it checked out
	Fate     Fate   `json:"fate"`               // what became of it
	// Unpushed says that the branch has commits that were not merged with its pull
	// request: it stays in the stack.
	Unpushed bool `json:"unpushed,omitempty"`
}

// SyncRequest says how to bring a repository's stacks up to date with its
// remote.
type SyncRequest struct {
	// Merged has the branches whose pull requests were merged, with the commits
	// that were the heads of those.
	Merged map[string]string
	// Fate decides about a merged branch, right before it is let go. nil = Untrack.
	Fate       func(ctx context.Context, m MergedBranch) (Fate, error)
	OnConflict OnConflict // required
	NoFetch    bool       // trunk is as the remote-tracking branch says
	NoRestack  bool       // only the branches above merged ones are moved
	Hooks      `json:"-"`
}

// SyncReport is what came of a sync.
type SyncReport struct {
	Trunk  Move           `json:"trunk"`           // "" and "" in it when it did not move
	Ahead  int            `json:"ahead,omitempty"` // commits of the local trunk that the remote has not
	Merged []MergedBranch `json:"merged,omitempty"`
	Report
}

// Moves lists the branches that the sync moved, trunk and deleted ones included.
func (r SyncReport) Moves() []Move {
	var out []Move
	if r.Trunk.From != r.Trunk.To {
		out = append(out, r.Trunk)
	}
	for _, m := range r.Merged {
		if m.Fate == Remove {
			out = append(out, Move{Branch: m.Branch, From: m.Commit})
		}
	}
	return append(out, r.Report.Moves()...)
}

// Rebase is a rebase that waits in a worktree.
type Rebase struct {
	Worktree string   `json:"worktree"`
	Branch   string   `json:"branch,omitempty"`
	Onto     string   `json:"onto,omitempty"`   // the commit
	Commit   string   `json:"commit,omitempty"` // the branch before
	Files    []string `json:"files,omitempty"`  // that are unmerged
	Stopped  bool     `json:"stopped"`          // at a commit, for somebody to go on; else git is at it, or died
}

// Snapshot is where the refs of a repository's stacks are.
type Snapshot struct {
	State    string            `json:"state,omitempty"` // refs/spice/data
	Trunk    string            `json:"trunk,omitempty"`
	Branches map[string]string `json:"branches"` // the tracked ones and trunk, with their commits
	Trees    []Checkout        `json:"trees,omitempty"`
	Kept     string            `json:"kept,omitempty"` // the ref that keeps all of these commits
}

// Checkout is what a worktree has checked out.
type Checkout struct {
	Path     string `json:"path"`
	Branch   string `json:"branch,omitempty"`
	Commit   string `json:"commit"`
	Rebasing string `json:"rebasing,omitempty"` // the branch, when a rebase waits there
}

// UndoRequest says what to put back.
type UndoRequest struct {
	Before Snapshot
	Moves  []Move   // what the action moved
	Left   []string // branches whose rebases it left in their worktrees
	After  string   // refs/spice/data as the action left it
	// Keep names a ref below refs/hf/ for the commits that are moved away.
	Keep  string
	Hooks `json:"-"`
}

// UndoReport is what was put back.
type UndoReport struct {
	Moved   []Move   `json:"moved"`
	Aborted []string `json:"aborted,omitempty"` // worktrees with a rebase that was ended
	Kept    string   `json:"kept,omitempty"`    // the ref that keeps what was moved away
	State   bool     `json:"state"`             // refs/spice/data was put back
}

// SubmitRequest says which branches to push and make pull requests of.
type SubmitRequest struct {
	Branches []string // required, the lowest first
	// URL and APIURL are of the forge, such as https://github.com and
	// https://api.github.com. The repository's own configuration has no say in
	// where the token goes. Required.
	URL, APIURL  string
	Token        string // required
	Draft        *bool  // nil = as it is, and as the user has configured it for new ones
	DryRun       bool
	UpdateOnly   bool // branches without a pull request are left out
	Title, Body  string
	Labels       []string
	Reviewers    []string
	NoNavigation bool // no comment that draws the stack
	// Lease says which commit the remote's branch is known to be at, "" for none.
	// When the remote says otherwise, nothing is pushed. Required.
	Lease func(ctx context.Context, branch, remote, name string) (string, error)
	// Done is told what came of each branch.
	Done func(ctx context.Context, s Submitted) error
}

// Recovered is what Recover found and did.
type Recovered string

// What Recover found.
const (
	Nothing  Recovered = "nothing"  // the branch is where it was: the attempt may be made again
	Finished Recovered = "finished" // the rebase came to its end
	PutBack  Recovered = "put-back" // it had been cut off; the branch and its worktree are as before
	Waiting  Recovered = "waiting"  // it had stopped on a conflict, which is still there
)
