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

// WorktreeTake describes a work tree to take away.
type WorktreeTake struct {
	Path  string // required
	Under string // required: the directory of hf's that it must be in
	Saved string // the ref its work was saved to; required unless its files were never checked out
	Trash string // required: where it goes to, also below Under; not there yet
}

// TakeWorktree takes a work tree away: it is moved as it is, by one rename, and
// git's record of it is removed. Nothing of it is deleted, and processes that
// are in it go on. It refuses a tree that is not under hf's own directory or
// whose work was not saved. It is not an error when there is none.
func (r *Runner) TakeWorktree(ctx context.Context, repo Repo, t WorktreeTake) error {
	for _, path := range []string{t.Path, t.Trash} {
		if err := checkUnder(t.Under, path); err != nil {
			return err
		}
	}
	w, registered := r.Worktree(repo, t.Path)
	if registered && w.Ready {
		if !strings.HasPrefix(t.Saved, savedRefs) {
			return notSaved(t.Path)
		}
		if _, err := r.ResolveCommit(ctx, repo, t.Saved); err != nil {
			return notSaved(t.Path)
		}
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	if exists(t.Path) {
		if err := os.MkdirAll(filepath.Dir(t.Trash), 0o700); err != nil {
			return fmt.Errorf("take a worktree away: %w", err)
		}
		if exists(t.Trash) {
			return fmt.Errorf("take %s away: %s is there already", t.Path, t.Trash)
		}
		if err := fault.Around("git.worktree.trash", func() error { return os.Rename(t.Path, t.Trash) }); err != nil {
			return fmt.Errorf("take a worktree away: %w", err)
		}
	}
	admin := w.GitDir
	if !registered {
		// A record that was half removed names no tree any more.
		admin = filepath.Join(repo.GitDir, "worktrees", filepath.Base(t.Path))
		if !isDir(admin) || treeOf(admin) != "" {
			return nil
		}
	}
	if err := fault.Around("git.worktree.unregister", func() error { return unrecord(repo, admin) }); err != nil {
		return fmt.Errorf("remove record of worktree: %w", err)
	}
	return nil
}

// FreeTree deletes a directory below one of hf's. It never follows a symbolic
// link. It is not an error when there is none.
func FreeTree(under, path string) error {
	if err := checkUnder(under, path); err != nil {
		return err
	}
	if err := fault.Around("git.worktree.delete", func() error { return removeTree(path) }); err != nil {
		return fmt.Errorf("free %s: %w", path, err)
	}
	return nil
}

// moveOver moves a directory to where another of hf's may be.
func moveOver(path, to string) error {
	if err := removeTree(to); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.Rename(path, to)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
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
