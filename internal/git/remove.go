package git

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// WorktreeRemove describes a work tree to remove.
type WorktreeRemove struct {
	Path  string // required
	Under string // required: the directory of hf's that it must be in
	Saved string // the ref its work was saved to; required unless its files were never checked out
}

// RemoveWorktree removes a work tree and git's record of it. It never follows a
// symbolic link, and refuses a tree that is not under hf's own directory or
// whose work was not saved. It is not an error when there is none.
func (r *Runner) RemoveWorktree(ctx context.Context, repo Repo, rm WorktreeRemove) error {
	if err := checkUnder(rm.Under, rm.Path); err != nil {
		return err
	}
	w, registered := r.Worktree(repo, rm.Path)
	exists := isDir(rm.Path)
	if exists && !registered {
		return setAside(rm.Path) // nobody knows what it is
	}
	if registered && w.Ready {
		if !strings.HasPrefix(rm.Saved, savedRefs) {
			return notSaved(rm.Path)
		}
		if _, err := r.ResolveCommit(ctx, repo, rm.Saved); err != nil {
			return notSaved(rm.Path)
		}
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	// One rename takes the tree away; the rest may be interrupted and repeated.
	trash := filepath.Join(rm.Under, ".removed", filepath.Base(rm.Path))
	if exists {
		if err := os.RemoveAll(trash); err != nil {
			return fmt.Errorf("remove worktree: %w", err)
		}
		if err := os.MkdirAll(filepath.Dir(trash), 0o700); err != nil {
			return fmt.Errorf("remove worktree: %w", err)
		}
		if err := fault.Around("git.worktree.trash", func() error { return os.Rename(rm.Path, trash) }); err != nil {
			return fmt.Errorf("remove worktree: %w", err)
		}
	}
	if registered {
		if err := fault.Around("git.worktree.unregister", func() error { return os.RemoveAll(w.GitDir) }); err != nil {
			return fmt.Errorf("remove record of worktree: %w", err)
		}
	}
	if err := fault.Around("git.worktree.delete", func() error { return removeTree(trash) }); err != nil {
		return fmt.Errorf("remove worktree: %w", err)
	}
	_ = os.Remove(filepath.Dir(trash)) // when it is empty
	return nil
}

func notSaved(path string) error {
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("%s was not removed: its work is not saved", path),
	}
}

// checkUnder refuses a path that is not below a directory, or whose way there
// leads over a symbolic link.
func checkUnder(under, path string) error {
	rel, err := filepath.Rel(under, path)
	if err != nil || under == "" || !filepath.IsAbs(path) || !filepath.IsLocal(rel) || rel == "." {
		return fmt.Errorf("%s is not below %s: hf does not touch it", path, under)
	}
	at := filepath.Clean(under)
	for part := range strings.SplitSeq(rel, string(filepath.Separator)) {
		at = filepath.Join(at, part)
		if st, err := os.Lstat(at); err == nil && !st.IsDir() {
			return fmt.Errorf("%s is not a directory: hf does not touch it", at)
		}
	}
	return nil
}

// removeTree removes a directory, also where a part of it is read-only.
func removeTree(path string) error {
	err := os.RemoveAll(path)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(path, func(p string, d fs.DirEntry, _ error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(p, 0o700)
		}
		return nil // the second RemoveAll reports what stays
	})
	return os.RemoveAll(path)
}
