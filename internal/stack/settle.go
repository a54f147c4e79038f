package stack

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// cleanupLimit bounds what is done after an action was cancelled.
const cleanupLimit = time.Minute

// cleanup is a context for putting things right after ctx may have ended.
func cleanup(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
}

// asError is an error for a result.
func asError(err error) *api.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	return &api.Error{Code: api.CodeGit, Message: err.Error()}
}

// restoreState puts git-spice's data back to where it was before a rebase of a
// branch that did not come to its end. What git-spice wrote down is how it would
// go on, in whatever worktree it is asked to: that must not stay. When somebody
// else has changed more than that meanwhile, it is left alone.
func (e *Engine) restoreState(ctx context.Context, repo git.Repo, before, branch string) {
	now, ok, err := e.git.RefCommit(ctx, repo, dataRef)
	if err == nil && ok && before != "" && now != before {
		var changed []string
		changed, err = e.git.ChangedFiles(ctx, repo, before, now)
		for _, file := range changed {
			if file != "rebase-continue" && file != "branches/"+branch {
				e.log.WarnContext(ctx, "git-spice's data stays as it is: somebody else has changed it", "repo", repo.Top)
				return
			}
		}
		if err == nil {
			err = e.git.MoveRef(ctx, repo, dataRef, now, before, "hf: put back")
		}
	}
	if err != nil {
		e.log.WarnContext(ctx, "git-spice's data stays as it is", "repo", repo.Top, "error", err)
	}
}

// abortRebase ends a rebase and looks whether all is as it was. note says what
// is not, though nothing is lost.
func (e *Engine) abortRebase(ctx context.Context, w git.Worktree) (note string, err error) {
	s, ok := w.Rebasing()
	if !ok {
		return "", nil
	}
	dropStaleLock(ctx, w)
	if err := e.git.RebaseAbort(ctx, w); err != nil {
		return "", err
	}
	if _, still := w.Rebasing(); still {
		return "", &api.Error{Code: api.CodeGit, Message: "the rebase in " + w.Path + " did not end", Hint: "git rebase --abort there"}
	}
	branch, commit, err := e.git.Head(ctx, w)
	if err != nil {
		return "", err
	}
	if s.Branch != "" && branch != s.Branch || s.Commit != "" && commit != s.Commit && !s.Half {
		return "", &api.Error{
			Code: api.CodeGit, Message: "after the rebase was ended, " + w.Path + " is not where it was before",
			Hint: "git reflog there shows where it was",
		}
	}
	files, err := e.git.Unmerged(ctx, w)
	if err != nil || len(files) == 0 {
		return "", err
	}
	return "uncommitted changes could not be brought back to " + w.Path + " as they were: they are in git stash list", nil
}

// staleWait is how long another git gets to end before its lock is looked at.
const staleWait = 2 * time.Second

// dropStaleLock moves away the lock of an index that a git left behind that was
// killed. The caller has killed it, or knows that it is dead. While any git is
// at work in the worktree, or has the lock open, it stays.
func dropStaleLock(ctx context.Context, w git.Worktree) {
	path := w.IndexLock()
	for deadline := time.Now().Add(staleWait); path != "" && gitAtWork(w, path) && time.Now().Before(deadline) && ctx.Err() == nil; path = w.IndexLock() {
		time.Sleep(50 * time.Millisecond)
	}
	if path != "" && !gitAtWork(w, path) {
		_ = os.Rename(path, path+".hf-stale")
		_ = os.Remove(path + ".hf-stale")
	}
}

// gitAtWork reports whether a git works in a worktree, or a process has a file
// open. Where that cannot be seen it says so of any.
func gitAtWork(w git.Worktree, file string) bool {
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(procs) == 0 {
		return true
	}
	for _, proc := range procs {
		name, err := os.ReadFile(filepath.Join(proc, "comm"))
		if err != nil {
			continue
		}
		cwd, _ := os.Readlink(filepath.Join(proc, "cwd"))
		if strings.HasPrefix(string(name), "git") && (within(cwd, w.Path) || within(cwd, w.GitDir)) {
			return true
		}
		fds, _ := os.ReadDir(filepath.Join(proc, "fd"))
		for _, fd := range fds {
			if to, err := os.Readlink(filepath.Join(proc, "fd", fd.Name())); err == nil && to == file {
				return true
			}
		}
	}
	return false
}

func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}
