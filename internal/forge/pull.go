package forge

import (
	"slices"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// PullRequest is a pull request as the forge has it.
type PullRequest struct {
	Number      int
	ID          string // the forge's own name of it
	URL         string
	Title       string
	Body        string
	Author      string               // the login; "" when the account is gone
	State       api.PullRequestState // open, merged or closed; Draft tells drafts from other open ones
	Draft       bool
	HeadBranch  string
	HeadOwner   string // of the repository that has HeadBranch; "" when that is gone
	HeadCommit  string
	BaseBranch  string
	CrossRepo   bool // the head is in another repository: a fork
	Mergeable   Mergeable
	Checks      Checks
	Review      Review
	Unresolved  int // review threads that are not resolved, outdated ones included
	AutoMerge   bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
	MergedAt    time.Time // zero unless merged
	MergeCommit string    // "" unless merged

	// Stamp is equal for a pull request in which nothing changed that is told
	// here, title and body included. It is opaque, for Poll.
	Stamp string
}

// Shown is the state as people see it: an open draft is a draft.
func (p PullRequest) Shown() api.PullRequestState {
	if p.State == api.PullRequestOpen && p.Draft {
		return api.PullRequestDraft
	}
	return p.State
}

// Mergeable says whether a pull request can be merged into its base without a
// conflict. The forge finds that out in the background: unknown is an ordinary
// answer shortly after either branch moved.
type Mergeable string

// What is known of a merge.
const (
	MergeableUnknown Mergeable = "unknown"
	MergeableYes     Mergeable = "yes"
	MergeableNo      Mergeable = "no"
)

// Checks is how the checks of the head commit stand.
type Checks struct {
	State   api.ChecksState
	Total   int
	Passed  int // neutral and skipped ones included
	Failed  int
	Pending int
	Runs    []CheckRun // the latest of each name, by name; bounded, so fewer than Total are possible
}

// Failing returns the checks that failed.
func (c Checks) Failing() []CheckRun {
	return slices.DeleteFunc(slices.Clone(c.Runs), func(r CheckRun) bool { return r.State != api.ChecksFail })
}

// CheckRun is one check of a commit.
type CheckRun struct {
	ID       string // the forge's own name of this run: another attempt has another
	Name     string
	Workflow string // what it is a job of, "" where it stands alone
	State    api.ChecksState
	Result   string // the forge's own word for how it ended: "failure", "timed_out", …; "" while it runs
	URL      string // its web page
	JobID    int64  // of the job that has a log; 0 when there is none
	Summary  string // what the check itself says of its result; "" when nothing
}

// FullName is the workflow and the name, as the forge's pages have it.
func (c CheckRun) FullName() string {
	if c.Workflow == "" {
		return c.Name
	}
	return c.Workflow + " / " + c.Name
}

// Review is what the reviewers said.
type Review struct {
	Decision  api.ReviewState // of all together
	Reviewers []Reviewer      // by login; those asked and those who answered
}

// Reviewer is somebody who reviewed or was asked to. Pending is asked, and none
// is who only commented.
type Reviewer struct {
	Login string // a team is ORG/TEAM
	State api.ReviewState
}

// Thread is a conversation about a line of a pull request.
type Thread struct {
	ID       string
	Path     string
	Line     int // 0 for the whole file
	Resolved bool
	Outdated bool // the line is another by now
	URL      string
	Comments []Comment // the oldest first; bounded
}

// Comment is one contribution to a conversation.
type Comment struct {
	ID     string
	Author string
	Body   string
	URL    string
	At     time.Time
}

// Conversation is what people wrote about a pull request.
type Conversation struct {
	Threads  []Thread  // about lines
	Reviews  []Comment // the texts of reviews, the oldest first; empty ones left out
	Comments []Comment // about the whole, the oldest first
	More     bool      // there is more than is told here
}

// Log is the end of what a check wrote.
type Log struct {
	Text      string
	Truncated bool // there is more before it
}
