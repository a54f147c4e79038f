package api

import "time"

// Branch is what hf knows of a branch of a repo. What is absent is not known
// yet.
type Branch struct {
	Name         string                  `json:"name"`
	Head         string                  `json:"head"`           // its commit
	Base         string                  `json:"base,omitempty"` // the branch it stands on; absent for the trunk
	Task         string                  `json:"task,omitempty"` // the live task whose branch it is
	Tracked      bool                    `json:"tracked"`        // by git-spice
	Upstream     string                  `json:"upstream,omitempty"`
	Ahead        *int                    `json:"ahead,omitempty"`    // commits that Base does not have
	Behind       *int                    `json:"behind,omitempty"`   // commits of Base that it does not have
	Unpushed     *int                    `json:"unpushed,omitempty"` // commits that Upstream does not have
	NeedsRestack *bool                   `json:"needsRestack,omitempty"`
	Diff         *DiffStat               `json:"diff,omitempty"`     // of its commits, against the merge base with Base
	Conflicts    []Conflict              `json:"conflicts,omitzero"` // what merging it would stop at; absent for one that is no task's
	PullRequest  Opt[PullRequestSummary] `json:"pullRequest,omitzero"`
	CommittedAt  *time.Time              `json:"committedAt,omitempty"` // when its newest commit was made
	ObservedAt   time.Time               `json:"observedAt"`            // since when it is known to be so
}

// Conflict says that a branch cannot be merged with another as both are now.
type Conflict struct {
	With  string   `json:"with"`           // the other branch: the trunk, or that of a running task
	Task  string   `json:"task,omitempty"` // the other task, when it is one's
	Files []string `json:"files"`
}

// BranchesEvent says that what is known of a repo's branches changed.
type BranchesEvent struct {
	Repo     string   `json:"repo"`
	Branches []string `json:"branches"` // those that changed, or went away
}
