package api

import "time"

// PullRequestState is where a pull request is.
type PullRequestState string

// The states of a pull request.
const (
	PullRequestNone   PullRequestState = "none"
	PullRequestDraft  PullRequestState = "draft"
	PullRequestOpen   PullRequestState = "open"
	PullRequestMerged PullRequestState = "merged"
	PullRequestClosed PullRequestState = "closed"
)

// ChecksState is how the checks of a commit stand, all together.
type ChecksState string

// The states of checks.
const (
	ChecksNone    ChecksState = "none"
	ChecksPending ChecksState = "pending"
	ChecksPass    ChecksState = "pass"
	ChecksFail    ChecksState = "fail"
)

// ReviewState is what the reviewers decided.
type ReviewState string

// The states of a review.
const (
	ReviewNone             ReviewState = "none"
	ReviewPending          ReviewState = "pending"
	ReviewApproved         ReviewState = "approved"
	ReviewChangesRequested ReviewState = "changes_requested"
)

// PullRequestSummary is what lists show of a pull request.
type PullRequestSummary struct {
	Number int              `json:"number"`
	URL    string           `json:"url"`
	State  PullRequestState `json:"state"`
	Draft  bool             `json:"draft"`
	Checks ChecksState      `json:"checks"`
	Review ReviewState      `json:"review"`
}

// PullRequest is all hf knows of a pull request.
type PullRequest struct {
	PullRequestSummary
	Task              string     `json:"task,omitempty"`
	Title             string     `json:"title"`
	Author            string     `json:"author"`
	Branch            string     `json:"branch"`
	Head              string     `json:"head"` // the commit
	Base              string     `json:"base"` // the branch
	Mergeable         *bool      `json:"mergeable,omitempty"`
	AutoMerge         bool       `json:"autoMerge"`
	CheckRuns         []CheckRun `json:"checkRuns"`
	Reviewers         []Reviewer `json:"reviewers"`
	UnresolvedThreads int        `json:"unresolvedThreads"`
	UpdatedAt         time.Time  `json:"updatedAt"`  // on the forge
	ObservedAt        time.Time  `json:"observedAt"` // by hf
}

// CheckRun is one check of a commit.
type CheckRun struct {
	Name  string      `json:"name"`
	State ChecksState `json:"state"`
	URL   string      `json:"url,omitempty"`
}

// Reviewer is somebody who reviewed, or was asked to.
type Reviewer struct {
	Login string      `json:"login"`
	State ReviewState `json:"state"`
}

// PullRequestEvent is a transition of a pull request.
type PullRequestEvent struct {
	Repo   string              `json:"repo"`
	Now    PullRequestSummary  `json:"now"`
	Was    *PullRequestSummary `json:"was,omitempty"` // absent when it was not known
	Branch string              `json:"branch"`
	Failed []string            `json:"failed,omitempty"` // the names of checks that fail now
}

// ForgePoll says how looking at the pull requests of a repo went.
type ForgePoll struct {
	Repo       string     `json:"repo"`
	Host       string     `json:"host,omitempty"`
	Name       string     `json:"name,omitempty"` // OWNER/NAME on the host
	PolledAt   *time.Time `json:"polledAt,omitempty"`
	NextAt     *time.Time `json:"nextAt,omitempty"`
	Error      *Error     `json:"error,omitempty"` // of the last look
	Limit      int        `json:"limit"`           // of the rate budget; 0 = not known
	Remaining  int        `json:"remaining"`
	ResetAt    *time.Time `json:"resetAt,omitempty"`
	Requests   int        `json:"requests"` // of the last look
	PullsKnown int        `json:"pulls"`    // open ones
}
