package forge

import (
	"context"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Client speaks for one signed-in account with one host. It is cheap to have,
// and safe for concurrent use. Every method takes what it needs to know of the
// repository, and follows a renamed one by itself; Poll and Repository say where
// it is now.
type Client interface {
	Poller
	Puller
	Merger
	Talker
	Directory
}

// Poller tells what changed.
type Poller interface {
	// Poll looks at the pull requests of a repository. It costs one request when
	// nothing changed, and one more for what did, up to PollBatch of them; the
	// rest comes with the next Poll. Requests and Budget are also told with an
	// error.
	Poll(ctx context.Context, ask Poll) (Polled, error)

	// PullRequests returns pull requests by number, in one request for each
	// PollBatch. Numbers that are no pull request are left out.
	PullRequests(ctx context.Context, r Repository, numbers []int) ([]PullRequest, error)

	// PullRequestsOf returns the pull requests whose head is a branch of the
	// repository itself, the newest first: open ones, and those that ended.
	PullRequestsOf(ctx context.Context, r Repository, branch string) ([]PullRequest, error)

	// Budget is what was last heard of the rate limit, without a request. It is
	// zero before the first answer.
	Budget() Budget
}

// PollBatch is how many pull requests are told of by one request.
const PollBatch = 50

// Poll says what is known already.
type Poll struct {
	Repository Repository
	// Known are pull requests believed open, by number, with the Stamp they had,
	// or "" to be told in any case. One that is open and not among them is new.
	Known map[int]string
	// Cursor is that of the Poll before, "" for the first. With nothing known to
	// be open, it makes asking free for the rate limit while that stays so.
	Cursor string
}

// Polled is what a Poll found.
type Polled struct {
	Repository Repository    // where it is now: another than asked when it was renamed
	Changed    []PullRequest // new, changed, merged and closed ones, by number
	Open       []int         // all that are open as far as it was looked, by number
	More       bool          // more are open than are in Open; or more changed than are in Changed: ask again
	Gone       []int         // known ones that do not exist, or not for this account
	Cursor     string        // for the next Poll
	Requests   int           // what it took
	Budget     Budget
}

// Budget is the state of a rate limit.
type Budget struct {
	Limit     int // 0 = the forge has none, or none is known
	Remaining int
	Cost      int // of the last request that counted
	ResetAt   time.Time
	// BlockedUntil is when the forge wants to be asked again after it refused: a
	// secondary limit, or an exhausted one. Requests before it fail at once and
	// are not sent. Zero when nothing is blocked.
	BlockedUntil time.Time
}

// Puller makes pull requests and changes them.
type Puller interface {
	// CreatePullRequest makes one. For a head that has an open one with the same
	// base already it is api.CodeExists; PullRequestsOf finds that.
	CreatePullRequest(ctx context.Context, r Repository, in NewPullRequest) (PullRequest, error)
	UpdatePullRequest(ctx context.Context, r Repository, number int, in PullRequestChange) (PullRequest, error)
	// SetDraft makes one a draft or ready for review. It is no error when it is so.
	SetDraft(ctx context.Context, r Repository, number int, draft bool) error
	ClosePullRequest(ctx context.Context, r Repository, number int) error
}

// NewPullRequest is a pull request to make.
type NewPullRequest struct {
	Title string
	Body  string
	Head  string // the branch; OWNER:BRANCH when it is in a fork
	Base  string
	Draft bool
}

// PullRequestChange is what to change. Nil leaves as it is.
type PullRequestChange struct {
	Title *string
	Body  *string
	Base  *string
}

// Merger ends pull requests.
type Merger interface {
	// Merge merges one whose head is still the expected commit; another head is
	// api.CodeConflict, and so is what the forge does not let be merged, with its
	// reason. One that is merged already is no error.
	Merge(ctx context.Context, r Repository, number int, in Merge) (Merged, error)
	// EnableAutoMerge lets the forge merge by itself when all that it demands is
	// there. One that can be merged at once is api.CodeConflict: merge it.
	EnableAutoMerge(ctx context.Context, r Repository, number int, in Merge) error
	DisableAutoMerge(ctx context.Context, r Repository, number int) error
}

// MergeAny is the way to merge that the repository allows: the first of squash,
// merge and rebase.
const MergeAny api.MergeMethod = ""

// Merge is how to merge.
type Merge struct {
	Method   api.MergeMethod
	Expected string // the commit that the head must be; never empty
	Title    string // of the commit; "" = the forge's own
	Body     string // of the commit; "" = the forge's own
}

// Merged is a merge that was made.
type Merged struct {
	Commit string // in the base; "" when the forge does not say
	Method api.MergeMethod
}

// Talker reads and writes what is said about a pull request.
type Talker interface {
	// Conversation returns what people wrote, with a bounded number of requests.
	Conversation(ctx context.Context, r Repository, number int) (Conversation, error)
	// Comment adds a comment about the whole.
	Comment(ctx context.Context, r Repository, number int, body string) (Comment, error)
	// JobLog returns the end of a job's log, at most that many bytes, cut at the
	// beginning of a line. A log that is not there (yet, or any more) is
	// api.CodeNotFound.
	JobLog(ctx context.Context, r Repository, job int64, limit int) (Log, error)
}

// Directory knows accounts and repositories.
type Directory interface {
	// Whoami returns the account that the token speaks for.
	Whoami(ctx context.Context) (Account, error)
	// Repository describes one, under the name it has now.
	Repository(ctx context.Context, r Repository) (RepositoryInfo, error)
	// Repositories returns a page of an organisation's or a user's repositories,
	// the latest pushed to first. The first page has the cursor "".
	Repositories(ctx context.Context, owner, cursor string) (RepositoryPage, error)
}

// Account is who is signed in.
type Account struct {
	Login  string
	Name   string
	Scopes []string // what the token may do; nil when the forge does not say, as for fine-grained tokens
	// ExpiresAt is zero when the token does not expire, or the forge does not say.
	ExpiresAt time.Time
}

// RepositoryInfo is what the forge says of a repository.
type RepositoryInfo struct {
	Repository    Repository // the name it has now
	DefaultBranch string     // "" while it has no commit
	CloneURL      string     // by https
	SSHURL        string
	Description   string
	Private       bool
	Fork          bool
	Archived      bool
	Empty         bool
	SizeKiB       int64
	PushedAt      time.Time
	Methods       []api.MergeMethod // that it allows, the preferred first; nil when it was not asked
	AutoMerge     bool              // it allows that
	CanPush       bool              // the account may
}

// RepositoryPage is a part of a list.
type RepositoryPage struct {
	Repositories []RepositoryInfo
	Total        int    // of all pages; 0 when not known
	Next         string // the cursor of the next page, "" after the last
}

// Clients gives the Client that speaks for a host. env are the variables of the
// caller the work is for, nil for work in the background. Nobody signed in is
// api.CodeUnauthorized with a hint that says how to.
type Clients interface {
	Client(ctx context.Context, host string, env api.Env) (Client, error)
	// IsForge reports whether a host is a forge: github.com, one of the
	// configuration, or one that somebody signed in to. It asks nobody.
	IsForge(host string) bool
}
