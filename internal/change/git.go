package change

import (
	"context"

	"github.com/hf-dev/hf/internal/git"
)

// Git is what changes need of git, each kind of them a part.
type Git interface {
	gitBranches
	gitRemotes
	gitWorktrees
	gitRebases
	gitMerges
	gitHistory
}

// gitBranches reads and moves refs.
type gitBranches interface {
	Branch(ctx context.Context, repo git.Repo, name string) (commit string, exists bool, err error)
	DefaultBranch(ctx context.Context, repo git.Repo) (string, error)
	StartPoint(ctx context.Context, repo git.Repo, name string, remote bool) (string, error)
	ResolveCommit(ctx context.Context, repo git.Repo, rev string) (string, error)
	Advance(ctx context.Context, repo git.Repo, branch, from, to string) error
	MoveRef(ctx context.Context, repo git.Repo, ref, from, to, why string) error
	KeptRefs(ctx context.Context, repo git.Repo) ([]git.KeptRef, error)
	DropRef(ctx context.Context, repo git.Repo, ref, commit string) error
}

// gitRemotes asks remotes, and pushes to them by a lease.
type gitRemotes interface {
	Remote(ctx context.Context, repo git.Repo) (name, url string, err error)
	RemoteBranch(ctx context.Context, repo git.Repo, via git.Via, branch string) (commit string, exists bool, err error)
	FetchBranch(ctx context.Context, repo git.Repo, via git.Via, branch string) (commit string, err error)
	Push(ctx context.Context, repo git.Repo, p git.Push) error
	PushedFromHere(ctx context.Context, repo git.Repo, remote, branch, commit string) (bool, error)
	SetUpstream(ctx context.Context, repo git.Repo, branch, remote string) error
	DeleteRemoteBranch(ctx context.Context, repo git.Repo, via git.Via, branch, commit string) error
}

// gitWorktrees finds worktrees, looks at what is in them, and makes hf's own.
type gitWorktrees interface {
	Worktree(repo git.Repo, path string) (git.Worktree, bool)
	WorktreeOf(repo git.Repo, branch string) (w git.Worktree, ok bool, err error)
	OpenWorktree(ctx context.Context, gitDir, path string) (git.Worktree, error)
	Head(ctx context.Context, w git.Worktree) (branch, commit string, err error)
	Dirty(ctx context.Context, wt git.Worktree) (bool, error)
	UncommittedFiles(ctx context.Context, w git.Worktree) ([]string, error)
	ScratchWorktree(ctx context.Context, repo git.Repo, path, commit string) (git.Worktree, error)
	FullScratch(ctx context.Context, repo git.Repo, path, commit string) (git.Worktree, error)
	RemoveScratch(ctx context.Context, repo git.Repo, path string) error
}

// gitRebases moves the commits of a worktree, and ends what did not work.
type gitRebases interface {
	RebaseOnto(ctx context.Context, w git.Worktree, onto, since string) error
	RebaseAbort(ctx context.Context, w git.Worktree) error
	ResetKeep(ctx context.Context, w git.Worktree, from, to string) error
	Unmerged(ctx context.Context, w git.Worktree) ([]string, error)
}

// gitMerges makes commits that no branch has yet.
type gitMerges interface {
	MergeTree(ctx context.Context, repo git.Repo, base, head string) (tree string, err error)
	TreeOf(ctx context.Context, repo git.Repo, commit string) (string, error)
	CommitTree(ctx context.Context, repo git.Repo, tree, message string, parents ...string) (commit string, err error)
}

// gitHistory tells how commits are related, and what they say.
type gitHistory interface {
	Contains(ctx context.Context, repo git.Repo, history, commit string) (bool, error)
	Merged(ctx context.Context, repo git.Repo, commit, base string) (how string, ok bool, err error)
	MergeBase(ctx context.Context, repo git.Repo, a, b string) (commit string, ok bool, err error)
	AllAlike(ctx context.Context, repo git.Repo, history, commit string) (bool, error)
	CountCommits(ctx context.Context, repo git.Repo, in, notIn string) (int, error)
	Messages(ctx context.Context, repo git.Repo, base, head string, most int) ([]git.Message, error)
	Commits(ctx context.Context, repo git.Repo, base, head string, limit int) ([]git.Commit, error)
	Tree(repo git.Repo) git.Tree
}
