package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// Init prepares a repository for stacks. It does nothing when that was done with
// the same trunk and remote. remote may be "" for a repository that has none.
func (e *Engine) Init(ctx context.Context, in In, trunk, remote string) error {
	if err := checkName(trunk); err != nil {
		return err
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return err
	}
	defer l.release()
	ctx = l.on(ctx)
	f, err := e.State(ctx, in.Repo)
	if err != nil || f.Commit != "" && f.Trunk == trunk && f.Remote == remote {
		return err
	}
	if err := e.checkInit(ctx, in.Repo, f, trunk, remote); err != nil {
		return err
	}
	args := []string{"repo", "init", "--trunk", trunk}
	if remote != "" {
		args = append(args, "--remote", remote)
	}
	return e.anywhere(ctx, l, in, args...)
}

// checkInit finds out what git-spice would find too late, or not at all.
func (e *Engine) checkInit(ctx context.Context, repo git.Repo, f Forest, trunk, remote string) error {
	tips, err := e.git.Tips(ctx, repo, trunk)
	if err != nil {
		return err
	}
	if tips[trunk] == "" {
		return &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("there is no local branch %q to be the trunk", trunk),
			Hint: fmt.Sprintf("git branch %s REMOTE/%s makes it, or name another trunk", trunk, trunk),
		}
	}
	if _, ok := f.Branches[trunk]; ok {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%q is a branch of a stack: it cannot be the trunk", trunk), Hint: "hf stack untrack " + trunk,
		}
	}
	urls, err := e.git.Remotes(ctx, repo)
	if err != nil {
		return err
	}
	remotes := slices.Sorted(maps.Keys(urls))
	switch {
	case remote != "" && !slices.Contains(remotes, remote):
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("there is no remote %q", remote), Hint: "git remote lists the ones there are"}
	case remote == "" && len(remotes) > 1:
		return &api.Error{
			Code: api.CodeInvalid, Message: "the repository has several remotes: which one the stacks are for must be said",
			Hint: "one of " + list(remotes),
		}
	}
	return nil
}

// anywhere runs a git-spice command that touches no worktree.
func (e *Engine) anywhere(ctx context.Context, l *lock, in In, args ...string) error {
	trees, err := e.trees(in.Repo)
	if err != nil {
		return err
	}
	w, done, err := e.anyLinked(ctx, in.Repo, trees)
	if err != nil {
		return err
	}
	defer done()
	_, err = e.spice(ctx, l, command{in: in, at: w, args: args, config: sparseConfig(e, in.Repo, w)})
	return err
}

// Track makes a branch part of a stack, on a base that is tracked or trunk. The
// commits stay as they are. For a tracked branch it only corrects what git-spice
// knows about its base: Reparent moves.
func (e *Engine) Track(ctx context.Context, in In, branch, base string) error {
	if err := checkName(branch, base); err != nil {
		return err
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return err
	}
	defer l.release()
	ctx = l.on(ctx)
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return err
	}
	tips, err := e.git.Tips(ctx, in.Repo, branch, base)
	if err != nil {
		return err
	}
	for _, name := range []string{branch, base} {
		if tips[name] == "" {
			return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("there is no branch %q", name), Hint: "git branch lists the ones there are"}
		}
	}
	known, tracked := f.Branches[branch]
	switch {
	case branch == f.Trunk:
		return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s is the trunk: it stands on nothing", branch)}
	case tracked && known.Base == base && known.BaseHash == tips[base]:
		return nil
	case tracked && slices.Contains(f.Above(branch), base):
		return checkOnto(f, branch, base)
	}
	if _, ok := f.Branches[base]; !ok && base != f.Trunk {
		return notTracked(base)
	}
	if _, ok, err := e.git.MergeBase(ctx, in.Repo, tips[base], tips[branch]); err != nil || !ok {
		if err == nil {
			err = &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s has nothing in common with %s", branch, base)}
		}
		return err
	}
	return e.anywhere(ctx, l, in, "branch", "track", branch, "--base", base)
}

// Untrack takes a branch out of its stack. What is above stands on its base then,
// and keeps its commits. It is not an error when it is not tracked.
func (e *Engine) Untrack(ctx context.Context, in In, branch string) error {
	if err := checkName(branch); err != nil {
		return err
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return err
	}
	defer l.release()
	ctx = l.on(ctx)
	return e.untrack(ctx, l, in, branch)
}

func (e *Engine) untrack(ctx context.Context, l *lock, in In, branch string) error {
	f, err := e.State(ctx, in.Repo)
	if err != nil {
		return err
	}
	if _, ok := f.Branches[branch]; !ok {
		return nil
	}
	return e.anywhere(ctx, l, in, "branch", "untrack", branch)
}

// Rename renames a branch, in the worktrees that have it checked out too. It is
// not an error when that was done before.
func (e *Engine) Rename(ctx context.Context, in In, from, to string) error {
	if err := checkName(from); err != nil {
		return err
	}
	if err := git.CheckBranchName(to); err != nil {
		return err
	}
	l, err := e.lock(ctx, in.Repo)
	if err != nil {
		return err
	}
	defer l.release()
	ctx = l.on(ctx)
	f, err := e.initialised(ctx, in.Repo)
	if err != nil {
		return err
	}
	tips, err := e.git.Tips(ctx, in.Repo, from, to)
	if err != nil {
		return err
	}
	_, isOld := f.Branches[from]
	_, isNew := f.Branches[to]
	switch {
	case from == f.Trunk:
		return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s is the trunk", from)}
	case tips[from] == "" && tips[to] != "" && isNew:
		return e.git.FollowRename(ctx, in.Repo, from, to)
	case !isOld:
		return notTracked(from)
	case tips[to] != "":
		return &api.Error{Code: api.CodeExists, Message: fmt.Sprintf("branch %q exists already", to), Hint: "choose another name"}
	}
	trees, err := e.trees(in.Repo)
	if err != nil {
		return err
	}
	if t, ok := holder(trees, from); ok && t.rebasing {
		return t.ready()
	}
	if err := e.anywhere(ctx, l, in, "branch", "rename", from, to); err != nil {
		return err
	}
	return e.git.FollowRename(ctx, in.Repo, from, to)
}
