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
	// ObservedAt is when hf wrote this down: when it last changed or, where it is
	// stale, when it was last seen.
	ObservedAt time.Time `json:"observedAt,omitzero"`
	Stale      bool      `json:"stale,omitempty"` // hf cannot look at present: it may be another by now
}

// PullRequest is all hf knows of a pull request.
type PullRequest struct {
	PullRequestSummary
	Repo              string     `json:"repo,omitempty"` // the name of the repo in its workspace
	Task              string     `json:"task,omitempty"` // whose branch it is of
	Title             string     `json:"title"`
	Author            string     `json:"author"`
	Branch            string     `json:"branch"` // OWNER:BRANCH where it is one of a fork
	Head              string     `json:"head"`   // the commit
	Base              string     `json:"base"`   // the branch
	Mergeable         *bool      `json:"mergeable,omitempty"`
	AutoMerge         bool       `json:"autoMerge"`
	CheckRuns         []CheckRun `json:"checkRuns"`
	Reviewers         []Reviewer `json:"reviewers"`
	UnresolvedThreads int        `json:"unresolvedThreads"`
	CreatedAt         time.Time  `json:"createdAt"`
	UpdatedAt         time.Time  `json:"updatedAt"` // on the forge
	MergedAt          *time.Time `json:"mergedAt,omitempty"`
	MergeCommit       string     `json:"mergeCommit,omitempty"`
}

// Failing returns the names of the checks that failed.
func (p *PullRequest) Failing() (names []string) {
	for i := range p.CheckRuns {
		if p.CheckRuns[i].State == ChecksFail {
			names = append(names, p.CheckRuns[i].FullName())
		}
	}
	return names
}

// Ended reports whether it is merged or closed.
func (p *PullRequestSummary) Ended() bool {
	return p.State == PullRequestMerged || p.State == PullRequestClosed
}

// CheckRun is one check of a commit.
type CheckRun struct {
	Name     string      `json:"name"`
	Workflow string      `json:"workflow,omitempty"` // what it is a job of
	State    ChecksState `json:"state"`
	Result   string      `json:"result,omitempty"` // the forge's own word for how it ended
	URL      string      `json:"url,omitempty"`
	Job      int64       `json:"job,omitempty"` // of which there is a log
}

// FullName is the workflow and the name, as the forge's pages have it.
func (c *CheckRun) FullName() string {
	if c.Workflow == "" {
		return c.Name
	}
	return c.Workflow + " / " + c.Name
}

// Reviewer is somebody who reviewed, or was asked to.
type Reviewer struct {
	Login string      `json:"login"`
	State ReviewState `json:"state"`
}

// PullRequestList answers GET pulls.
type PullRequestList struct {
	Schema int           `json:"schema"`
	Pulls  []PullRequest `json:"pulls"`
}

// CreatePull asks to push a task's branch and make its pull request. Answer:
// Accepted. One that is there already is left as it is.
type CreatePull struct {
	Title    string  `json:"title,omitempty"`    // else the task's
	Body     *string `json:"body,omitempty"`     // else what its commits say, in the repository's template
	Base     string  `json:"base,omitempty"`     // else what the task's branch stands on
	Template string  `json:"template,omitempty"` // the name of one of several
	Draft    *bool   `json:"draft,omitempty"`    // else as the configuration says
	Fill     bool    `json:"fill,omitempty"`     // a single commit gives the title, too
	Env      Env     `json:"env,omitempty"`
}

// PullPlan says what pull request would be made. It answers CreatePull where
// that is only planned.
type PullPlan struct {
	Schema  int    `json:"schema"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	Head    string `json:"head"`
	Base    string `json:"base"`
	Draft   bool   `json:"draft"`
	Commits int    `json:"commits"` // that it brings
	URL     string `json:"url"`     // where a person makes it in a browser
	// Existing is the one that is there already.
	Existing *PullRequestSummary `json:"existing,omitempty"`
}

// LookAtPull asks hfd to look at the forge now. Answer: PullRequest.
type LookAtPull struct {
	Env Env `json:"env,omitempty"`
}

// ReadComments asks for what people wrote about a task's pull request. Answer:
// Conversation.
type ReadComments struct {
	Env Env `json:"env,omitempty"`
}

// Conversation is what people wrote about a pull request.
type Conversation struct {
	Schema      int                `json:"schema"`
	PullRequest PullRequestSummary `json:"pullRequest"`
	Threads     []PullThread       `json:"threads"`        // about lines
	Reviews     []PullComment      `json:"reviews"`        // the texts of reviews, the oldest first
	Comments    []PullComment      `json:"comments"`       // about the whole, the oldest first
	More        bool               `json:"more,omitempty"` // there is more than is told here
}

// PullThread is a conversation about a line of a pull request.
type PullThread struct {
	ID       string        `json:"id"`
	Path     string        `json:"path"`
	Line     int           `json:"line,omitempty"` // absent: the whole file
	Resolved bool          `json:"resolved"`
	Outdated bool          `json:"outdated"` // the line is another by now
	URL      string        `json:"url,omitempty"`
	Comments []PullComment `json:"comments"`
}

// PullComment is one contribution to a conversation.
type PullComment struct {
	ID     string    `json:"id"`
	Author string    `json:"author"`
	Body   string    `json:"body"`
	URL    string    `json:"url,omitempty"`
	At     time.Time `json:"at"`
}

// PullRequestEvent is a transition of a pull request.
type PullRequestEvent struct {
	Repo    string              `json:"repo"`
	Now     PullRequestSummary  `json:"now"`           // its state is none when the forge has it no more
	Was     *PullRequestSummary `json:"was,omitempty"` // absent when it was not known
	Title   string              `json:"title"`
	Branch  string              `json:"branch"`
	Head    string              `json:"head,omitempty"`   // the commit
	Failed  []string            `json:"failed,omitempty"` // the names of checks that fail now
	Threads int                 `json:"threads"`          // that are not resolved
	// ThreadsWere is how many there were before.
	ThreadsWere int  `json:"threadsWere"`
	Conflicts   bool `json:"conflicts,omitempty"` // it cannot be merged any more
}

// ForgePoll says how looking at the pull requests of a repo went.
type ForgePoll struct {
	Repo       string     `json:"repo"`
	Host       string     `json:"host,omitempty"`
	Name       string     `json:"name,omitempty"`     // OWNER/NAME on the host
	PolledAt   *time.Time `json:"polledAt,omitempty"` // the last look
	SeenAt     *time.Time `json:"seenAt,omitempty"`   // the last look that found something out
	NextAt     *time.Time `json:"nextAt,omitempty"`
	Error      *Error     `json:"error,omitempty"` // of the last look
	Limit      int        `json:"limit"`           // of the rate budget; 0 = not known
	Remaining  int        `json:"remaining"`
	ResetAt    *time.Time `json:"resetAt,omitempty"`
	Requests   int        `json:"requests"` // of the last look
	PullsKnown int        `json:"pulls"`    // open ones
}
