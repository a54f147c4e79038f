// Package branch knows the branches of the repositories that tasks live in: what
// each stands on, how far it is from that, what of it is not pushed, and which
// others it cannot be merged with.
//
// It looks at a repository when a ref of it changed, and every few seconds
// whether one did: that costs no process. What it finds it projects into rows,
// and onto the tasks whose branches they are, so that lists read only those.
//
// Every repository is a domain of its own: one that cannot be looked at holds up
// no other, and one that went away is no error.
package branch

import (
	"context"
	"log/slog"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Branch is what is kept of a branch of a repo.
type Branch struct {
	api.Branch        // without its pull request, which is kept elsewhere
	Repo       string // the id
	BaseHead   string // the commit it was compared with, "" for none
}

// Store keeps branches. Update runs fn in one transaction that is committed when
// fn returns nil; View runs it read-only.
type Store interface {
	Update(ctx context.Context, fn func(Tx) error) error
	View(ctx context.Context, fn func(Tx) error) error
}

// Tx is what the service needs of a transaction. A row that does not exist is
// an *api.Error with api.CodeNotFound.
type Tx interface {
	Repo(id string) (*task.Repo, error)
	Tasks(f task.Filter) ([]task.Task, error)
	Task(id string) (*task.Task, error)
	PutTask(t *task.Task) error
	Branches(repo string) ([]Branch, error)
	PutBranch(b *Branch) error
	DropBranch(repo, name string) error
	PullRequests(repo string) ([]api.PullRequest, error)
	Event(kind api.EventKind, workspace, task string, data any) (int64, error)
}

// Git is what the service needs of git.
type Git interface {
	Stamp(repo git.Repo) (stamp uint64, dirs []string, err error)
	Refs(ctx context.Context, repo git.Repo, prefixes ...string) ([]git.Ref, error)
	Relate(ctx context.Context, repo git.Repo, pairs []git.Pair) (map[git.Pair]git.Relation, error)
	Changes(ctx context.Context, repo git.Repo, pairs []git.Pair) (map[git.Pair]git.Change, error)
	MergeFiles(ctx context.Context, repo git.Repo, pairs []git.Pair) (map[git.Pair][]string, error)
	Worktrees(repo git.Repo) ([]git.Worktree, error)
	MainWorktree(repo git.Repo) (git.Worktree, bool)
}

// Stacks reads what git-spice keeps in a repository. It starts no git-spice.
type Stacks interface {
	State(ctx context.Context, repo git.Repo) (stack.Forest, error)
}

// Config is what a Service works with. All fields are required but Rebased and
// Every.
type Config struct {
	Store  Store
	Git    Git
	Stacks Stacks
	// Worktrees is the directory that the worktrees of tasks are in.
	Worktrees string
	// Rebased is told of a live task whose branch parts from its base at another
	// commit than before: what its work tree changed counts from there.
	Rebased func(ctx context.Context, task string)
	Log     *slog.Logger
	Now     func() time.Time
	Every   time.Duration // between two looks whether a ref changed; 0 = 5 s
}
