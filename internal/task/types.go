// Package task decides what may happen to a task: the table of its states, the
// rules of every action on it, and the plans that carry the long ones out.
package task

import (
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Task is what hfd stores of a task. The observed fields are a projection of
// its session, kept here so that a list needs one query.
type Task struct {
	ID         string
	Workspace  string
	RepoID     string
	RepoName   string // read-only: joined by the store
	Title      string
	Slug       string // of the first title: its sandbox is called by it for ever; see slug
	Prompt     string
	Branch     string
	Base       string // the branch it started from
	NamedBase  bool   // the user named it: their own branch is meant, not the remote's
	BaseCommit string
	Parent     string // id of the task below it in the stack, or ""
	On         string // what --on named, until the name step resolved it
	Explicit   bool   // the user named the branch: a collision is an error
	Agent      string
	Provider   string
	Permission api.Permission
	Model      string            // what the agent is told to use; "" = its own choice
	Mode       string            // the agent's own mode; "" = the one that Permission means
	Check      string            // shell command that must pass after a turn, or ""
	Path       string            // the sandbox's directory, once it exists
	Missing    string            // what of the sandbox was not there when hf last looked, or ""
	Env        map[string]string // the caller's variables, without secrets
	Secrets    []string          // names of the secret ones, whose values live in memory only

	Lifecycle api.Lifecycle
	Step      string // where the live or failed operation is
	Reason    string // of Lifecycle

	Session        string // the current one
	Activity       api.Activity
	ActivityReason string
	ActivitySince  time.Time
	TurnStartedAt  *time.Time
	Result         *api.TurnResult
	Diff           *api.DiffStat
	Ahead, Behind  *int
	NeedsRestack   *bool
	Unpushed       *int
	Conflicts      []api.Conflict
	Pull           api.Opt[api.PullRequestSummary]
	StackNote      string             // why hf itself could not restack its branch, as long as that is due
	Rebase         *api.StoppedRebase // that waits in the sandbox for somebody; nil = none

	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	EndedAt   *time.Time // when it was archived or killed
	LastEvent int64      // read-only: kept by the store
}

// Repo is a repository known to a workspace.
type Repo struct {
	ID            string
	Workspace     string
	Name          string
	Path          string // the checkout or clone, "" until cloned
	GitDir        string // the common git directory: what hf trusts instead of a .git file
	Remote        string // normalised, "" for none
	DefaultBranch string
	Managed       bool // hf cloned it
	State         string
	Reason        string
	Failure       *api.Error // why it could not be cloned, with what to do
	Tasks         int        // read-only: live ones
	CreatedAt     time.Time
}
