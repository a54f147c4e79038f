package api

import "time"

// RepoOverview is all there is of a repo: its branches, tasks, pull requests and
// hf's worktrees, each with what belongs to it.
type RepoOverview struct {
	Schema int           `json:"schema"`
	Repo   string        `json:"repo"` // its name
	Trunk  string        `json:"trunk,omitempty"`
	Rows   []OverviewRow `json:"rows"`
	Error  *Error        `json:"error,omitempty"` // why what is said of branches may be old
}

// OverviewRow is a branch with its task and its pull request, or what of these
// there is.
type OverviewRow struct {
	Branch       string              `json:"branch,omitempty"`
	Head         string              `json:"head,omitempty"` // its commit; absent when there is no such branch here
	Orphan       Orphan              `json:"orphan,omitempty"`
	Task         string              `json:"task,omitempty"` // the live one, else the newest that had the branch
	Title        string              `json:"title,omitempty"`
	Status       Status              `json:"status,omitempty"`
	Reason       string              `json:"reason,omitempty"`
	Path         string              `json:"path,omitempty"` // the worktree that has it checked out
	Base         string              `json:"base,omitempty"`
	Tracked      bool                `json:"tracked"` // by git-spice
	Upstream     string              `json:"upstream,omitempty"`
	Ahead        *int                `json:"ahead,omitempty"`
	Behind       *int                `json:"behind,omitempty"`
	Unpushed     *int                `json:"unpushed,omitempty"`
	NeedsRestack *bool               `json:"needsRestack,omitempty"`
	Conflicts    []Conflict          `json:"conflicts,omitzero"`
	Diff         *DiffStat           `json:"diff,omitempty"`
	PullRequest  *PullRequestSummary `json:"pullRequest,omitempty"`
	Since        *time.Time          `json:"since,omitempty"` // when its newest commit was made; of a task without a branch, when it was created
}

// Orphan says what of a row stands alone.
type Orphan string

// What stands alone.
const (
	OrphanBranch      Orphan = "branch"       // no task has it
	OrphanTask        Orphan = "task"         // a live task whose branch is not there
	OrphanPullRequest Orphan = "pull_request" // of a branch that is not here
	OrphanWorktree    Orphan = "worktree"     // of hf's, which no live task has
)
