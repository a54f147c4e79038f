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
	e.dropStale(ctx, w, s.Branch)
	if err := e.clearRemains(ctx, w); err != nil {
		return "", err
	}
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

// clearRemains removes what a killed rebase wrote and did not note: git would not
// write over it. It is saved first, as anything is.
func (e *Engine) clearRemains(ctx context.Context, w git.Worktree) error {
	files, err := e.git.RebaseRemains(ctx, w)
	if err != nil || len(files) == 0 {
		return err
	}
	ref := git.SavedRef("stack") + "-" + filepath.Base(w.GitDir)
	if _, err := e.git.Salvage(ctx, w, ref); err != nil {
		return err
	}
	e.log.WarnContext(ctx, "a killed rebase has left files behind", "worktree", w.Path, "files", len(files), "saved", ref)
	return e.git.RemoveFiles(w, files)
}

// staleWait is how long another git gets to end before its lock is looked at.
const staleWait = 2 * time.Second

// dropStale moves the locks away that a git left behind which was killed while
// it worked on a branch. The caller has killed it, or knows that it is dead; all
// the same, a lock stays while any git is at work there, or a process has it
// open.
func (e *Engine) dropStale(ctx context.Context, w git.Worktree, branch string) {
	for _, path := range []string{
		filepath.Join(w.GitDir, "index.lock"), filepath.Join(w.GitDir, "HEAD.lock"),
		filepath.Join(w.Repo.GitDir, "refs", "heads", branch+".lock"), filepath.Join(w.Repo.GitDir, dataRef+".lock"),
	} {
		e.dropLock(ctx, path, w.Path, w.GitDir)
	}
}

// dropLock moves one lock away, unless a git is at work in one of the places.
func (e *Engine) dropLock(ctx context.Context, path string, places ...string) {
	for deadline := time.Now().Add(staleWait); ; {
		if _, err := os.Lstat(path); err != nil {
			return
		}
		if !gitAtWork(path, places) {
			break
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	e.log.WarnContext(ctx, "a killed git has left a lock behind", "path", path)
	if os.Rename(path, path+".hf-stale") == nil {
		_ = os.Remove(path + ".hf-stale")
	}
}

// gitAtWork reports whether a git works in one of some places, or a process has
// a file open. What it cannot see it takes for one that does.
func gitAtWork(file string, places []string) bool {
	procs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(procs) == 0 {
		return true
	}
	for _, proc := range procs {
		name, err := os.ReadFile(filepath.Join(proc, "comm"))
		if err != nil {
			continue // it has ended
		}
		cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
		if strings.HasPrefix(string(name), "git") {
			if os.IsPermission(err) {
				return true
			}
			for _, place := range places {
				if err == nil && within(cwd, place) {
					return true
				}
			}
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
