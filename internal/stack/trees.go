package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// tree is a worktree, and the rebase that waits in it.
type tree struct {
	git.Worktree
	rebase   git.Rebasing
	rebasing bool
}

// branch is what a worktree has checked out, or will have again when the rebase
// in it has ended: git hides that, and would let another worktree have it.
func (t tree) branch() string {
	if t.rebasing {
		return t.rebase.Branch
	}
	return t.Branch
}

// trees lists the worktrees of a repository, the user's main one included and
// hf's scratch one left out. It starts no process.
func (e *Engine) trees(repo git.Repo) ([]tree, error) {
	list, err := e.git.Worktrees(repo)
	if err != nil {
		return nil, err
	}
	if w, ok := e.git.MainWorktree(repo); ok {
		list = slices.Insert(list, 0, w)
	}
	scratch := e.scratchPath(repo)
	var out []tree
	for _, w := range list {
		if w.Path == scratch {
			continue
		}
		t := tree{Worktree: w}
		t.rebase, t.rebasing = w.Rebasing()
		out = append(out, t)
	}
	return out, nil
}

// holder finds the worktree that has a branch.
func holder(trees []tree, branch string) (tree, bool) {
	for _, t := range trees {
		if t.branch() == branch {
			return t, true
		}
	}
	return tree{}, false
}

func (e *Engine) scratchPath(repo git.Repo) string {
	sum := sha256.Sum256([]byte(repo.GitDir))
	return filepath.Join(e.scratch, filepath.Base(repo.Top)+"-"+hex.EncodeToString(sum[:5]))
}

// scratchTree makes the scratch worktree, at a commit. The caller holds the
// lock, and calls done at the end.
func (e *Engine) scratchTree(ctx context.Context, repo git.Repo, commit string) (w git.Worktree, done func(), err error) {
	path := e.scratchPath(repo)
	w, err = e.git.ScratchWorktree(ctx, repo, path, commit)
	if err != nil {
		return git.Worktree{}, nil, err
	}
	return w, func() {
		ctx, cancel := cleanup(ctx)
		defer cancel()
		if err := e.git.RemoveScratch(ctx, repo, path); err != nil {
			e.log.WarnContext(ctx, "scratch worktree stays", "path", path, "error", err)
		}
	}, nil
}

// anyLinked finds a worktree for a git-spice command that touches none, and
// makes the scratch one where there is no other.
func (e *Engine) anyLinked(ctx context.Context, repo git.Repo, trees []tree) (w git.Worktree, done func(), err error) {
	for _, t := range trees {
		if !t.Main() && !t.rebasing && t.Ready && t.Exists() && t.Underway() == "" {
			if _, _, err := e.git.Head(ctx, t.Worktree); err == nil {
				return t.Worktree, func() {}, nil
			}
		}
	}
	commit := "HEAD"
	if _, err := e.git.ResolveCommit(ctx, repo, commit); err != nil { // it names a branch that is not there
		tips, err := e.git.Tips(ctx, repo)
		if err != nil {
			return git.Worktree{}, nil, err
		}
		for _, commit = range tips {
			break
		}
	}
	return e.scratchTree(ctx, repo, commit)
}

// ready says why nothing can be rebased in a worktree now.
func (t tree) ready() *api.Error {
	switch {
	case !t.Exists():
		return &api.Error{
			Code: api.CodeConflict, Message: t.Path + " is not there, but has the branch checked out",
			Hint: "bring it back (`hf retry` for a task), or let go of it: git worktree prune",
		}
	case !t.Ready && !t.Main():
		return &api.Error{Code: api.CodeConflict, Message: t.Path + " is not checked out completely", Hint: "try again when it is", Retryable: true}
	case t.rebasing:
		return &api.Error{
			Code: api.CodeMergeStopped, Message: "a rebase waits in " + t.Path,
			Hint: "resolve it, then hf stack continue; or hf stack abort",
		}
	case t.Underway() != "":
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s is in the middle of %s", t.Path, t.Underway()),
			Hint: "finish or abort it there, then try again",
		}
	case t.IndexLock() != "":
		return &api.Error{
			Code: api.CodeConflict, Message: "another git is at work in " + t.Path,
			Hint: "try again when it has ended; if none runs there, remove " + t.IndexLock(), Retryable: true,
		}
	}
	return nil
}
