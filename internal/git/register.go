package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hf-dev/hf/pkg/api"
)

// record makes git's record of a new worktree, and the directory that it is of,
// with nothing in it but the .git file. What `git worktree add` writes appears
// file by file, and whatever git the user runs meanwhile fails on a record that
// is not whole. This one appears at once.
func (r *Runner) record(ctx context.Context, repo Repo, path, branch string) error {
	if isDir(filepath.Join(repo.GitDir, "reftable")) { // more is needed then, and git knows what
		_, err := r.output(ctx, repo.in(), "worktree", "add", "--quiet", "--lock", "--reason", lockReason, "--no-checkout", "--", path, branch)
		return err
	}
	if _, exists, err := r.Branch(ctx, repo, branch); err != nil || !exists {
		return errors.Join(err, unknownRef(branch))
	}
	if err := r.checkedOut(repo, branch); err != nil {
		return err
	}
	admin := freeAdmin(repo, path)
	staged, err := os.MkdirTemp(repo.GitDir, "hf-worktree-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(staged) }()
	for name, text := range map[string]string{
		"HEAD": "ref: refs/heads/" + branch, "commondir": "../..", "gitdir": filepath.Join(path, ".git"), "locked": lockReason,
	} {
		if err := r.write(filepath.Join(staged, name), text+"\n"); err != nil {
			return err
		}
	}
	if err := os.Chmod(staged, r.mode(0o777)); err != nil {
		return err
	}
	if err := os.Rename(staged, admin); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Chmod(path, r.mode(0o777)); err != nil {
		return err
	}
	return r.write(filepath.Join(path, ".git"), "gitdir: "+admin+"\n")
}

// freeAdmin is where git's record of a new worktree goes.
func freeAdmin(repo Repo, path string) string {
	admin := filepath.Join(repo.GitDir, "worktrees", filepath.Base(path))
	for n := 1; ; n++ {
		if _, err := os.Lstat(admin); errors.Is(err, fs.ErrNotExist) {
			return admin
		}
		admin = filepath.Join(repo.GitDir, "worktrees", fmt.Sprintf("%s%d", filepath.Base(path), n))
	}
}

// checkedOut refuses a branch that is checked out already.
func (r *Runner) checkedOut(repo Repo, branch string) error {
	trees, err := r.Worktrees(repo)
	if err != nil {
		return err
	}
	trees = append(trees, Worktree{Path: repo.Top, Branch: headOf(repo.GitDir)})
	for _, w := range trees {
		if w.Branch == branch {
			return &api.Error{
				Code: api.CodeGit, Message: fmt.Sprintf("branch %q is already checked out at %s", branch, w.Path),
				Hint: "switch to another branch there, or choose another one here",
			}
		}
	}
	return nil
}

// headOf is the branch that a git directory has checked out, or "".
func headOf(gitDir string) string {
	branch, _ := readPointer(filepath.Join(gitDir, "HEAD"), "ref: refs/heads/")
	return branch
}

// unrecord removes a record as record makes it: at once for whoever looks.
func unrecord(repo Repo, admin string) error {
	gone := filepath.Join(repo.GitDir, "hf-removed-"+filepath.Base(admin))
	if err := os.RemoveAll(gone); err != nil {
		return err
	}
	if err := os.Rename(admin, gone); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(gone)
}

// write writes a file of the user's repository, with the user's mode mask.
func (r *Runner) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Chmod(path, r.mode(0o666))
}

// mode takes the user's mask off a mode.
func (r *Runner) mode(mode os.FileMode) os.FileMode {
	if r.umask == nil {
		return mode &^ 0o077
	}
	return mode &^ os.FileMode(*r.umask)
}
