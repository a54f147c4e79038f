package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// sparsePatterns are those of a work tree that needs no files.
const sparsePatterns = "/.hf-no-file\n"

// ScratchWorktree makes a locked worktree of hf's own at a path, at a commit and
// on no branch, in which something is rebased that nobody has checked out. It
// has no files but those that a merge has to do with. One that is there already,
// in whatever state, is made anew: nobody works in it. The caller must be alone
// with it.
func (r *Runner) ScratchWorktree(ctx context.Context, repo Repo, path, commit string) (Worktree, error) {
	if err := r.RemoveScratch(ctx, repo, path); err != nil {
		return Worktree{}, err
	}
	id, err := r.ResolveCommit(ctx, repo, commit)
	if err != nil {
		return Worktree{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
	}
	w, err := r.recordScratch(ctx, repo, path, id)
	if err != nil {
		return Worktree{}, err
	}
	in := place{gitDir: w.GitDir, common: repo.GitDir, workTree: path}
	err = r.run(ctx, call{
		in: in, config: []string{"core.sparseCheckout=true"}, limit: bulkLimit,
		args: []string{"reset", "--hard", "--quiet", "--no-recurse-submodules"},
	})
	if err != nil {
		return Worktree{}, fullDisk(path, failed("make scratch worktree", err))
	}
	return readWorktree(repo, w.GitDir), nil
}

// SparseConfig is the configuration for a program that runs in a scratch
// worktree.
func SparseConfig() []string { return []string{"core.sparseCheckout=true"} }

func (r *Runner) recordScratch(ctx context.Context, repo Repo, path, commit string) (Worktree, error) {
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return Worktree{}, err
	}
	defer unlock()
	if isDir(filepath.Join(repo.GitDir, "reftable")) {
		return r.addScratch(ctx, repo, path, commit)
	}
	// Its record appears at once, and whole; see record.
	if err := os.MkdirAll(filepath.Join(repo.GitDir, "worktrees"), 0o755); err != nil {
		return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
	}
	staged, err := os.MkdirTemp(repo.GitDir, "hf-worktree-")
	if err != nil {
		return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
	}
	defer func() { _ = os.RemoveAll(staged) }()
	if err := os.Mkdir(filepath.Join(staged, "info"), 0o700); err != nil {
		return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
	}
	for name, text := range map[string]string{
		"HEAD": commit + "\n", "commondir": "../..\n", "gitdir": filepath.Join(path, ".git") + "\n",
		"locked": lockReason + "\n", "info/sparse-checkout": sparsePatterns,
	} {
		if err := r.write(filepath.Join(staged, name), text); err != nil {
			return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
		}
	}
	admin := freeAdmin(repo, path)
	err = os.Rename(staged, admin)
	if err == nil {
		err = os.Chmod(admin, r.mode(0o777))
	}
	if err == nil {
		err = r.write(filepath.Join(path, ".git"), "gitdir: "+admin+"\n")
	}
	if err != nil {
		return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
	}
	return readWorktree(repo, admin), nil
}

// addScratch has git itself make the record, as reftables need.
func (r *Runner) addScratch(ctx context.Context, repo Repo, path, commit string) (Worktree, error) {
	_, err := r.output(ctx, repo.in(), "worktree", "add", "--quiet", "--lock", "--reason", lockReason, "--no-checkout", "--detach", "--", path, commit)
	if err != nil {
		return Worktree{}, failed("make scratch worktree", err)
	}
	w, ok := r.Worktree(repo, path)
	if !ok {
		return Worktree{}, fmt.Errorf("make scratch worktree %s: git did not record it", path)
	}
	in := place{gitDir: w.GitDir, common: repo.GitDir, workTree: path}
	err = os.MkdirAll(filepath.Join(w.GitDir, "info"), 0o700)
	if err == nil {
		err = r.write(filepath.Join(w.GitDir, "info", "sparse-checkout"), sparsePatterns)
	}
	if err == nil {
		err = r.point(in)
	}
	if err != nil {
		return Worktree{}, fmt.Errorf("make scratch worktree: %w", err)
	}
	return w, nil
}

// RemoveScratch removes what ScratchWorktree made, whatever state it is in. A
// branch that was being rebased there stays where it was. It is not an error
// when there is none.
func (r *Runner) RemoveScratch(ctx context.Context, repo Repo, path string) error {
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	if w, ok := r.Worktree(repo, path); ok {
		if !sparse(place{gitDir: w.GitDir}) {
			return fmt.Errorf("%s is no scratch worktree", path)
		}
		if err := unrecord(repo, w.GitDir); err != nil {
			return fmt.Errorf("remove scratch worktree: %w", err)
		}
	}
	if err := removeTree(path); err != nil {
		return fmt.Errorf("remove scratch worktree: %w", err)
	}
	return nil
}
