package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// Worktree is one work tree of a repository, as its common git directory
// records it.
type Worktree struct {
	Repo   Repo
	Path   string // absolute
	GitDir string // its own git directory
	Branch string // "" when HEAD is detached
	Locked bool
	Ready  bool // its files were checked out
}

// lockReason is what `git worktree list` shows of hf's worktrees.
const lockReason = "in use by hf"

// OpenWorktree finds a work tree of the repository with a common git directory.
// Its own git directory comes from there, never from the .git file inside the
// tree, which an agent can write. It starts no process.
func (r *Runner) OpenWorktree(_ context.Context, gitDir, path string) (Worktree, error) {
	repo := Repo{Top: path, GitDir: filepath.Clean(gitDir)}
	if filepath.Base(repo.GitDir) == ".git" {
		repo.Top = filepath.Dir(repo.GitDir)
	}
	path = filepath.Clean(path)
	if _, err := worktreePlace(repo, path); err != nil {
		return Worktree{}, err
	}
	admin, _ := adminDir(repo, path)
	w := readWorktree(repo, admin)
	w.Path = path
	return w, nil
}

// place is where commands on a work tree run.
func (w Worktree) place() (place, error) { return worktreePlace(w.Repo, w.Path) }

// worktreePlace checks git's record of a work tree at every use.
func worktreePlace(repo Repo, path string) (place, error) {
	if !isDir(path) {
		return place{}, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("%s is not a directory", path)}
	}
	gitDir, ok := adminDir(repo, path)
	if !ok {
		return place{}, &api.Error{
			Code: api.CodeNotFound, Message: fmt.Sprintf("%s is not a work tree of %s", path, repo.Top),
			Hint: "git worktree list shows the ones there are",
		}
	}
	if err := checkCommonDir(repo, gitDir); err != nil {
		return place{}, err
	}
	return place{gitDir: gitDir, common: repo.GitDir, workTree: path}, nil
}

// checkCommonDir refuses a worktree whose refs were redirected: git finds them
// by this file even when GIT_COMMON_DIR is set.
func checkCommonDir(repo Repo, gitDir string) error {
	if gitDir == repo.GitDir {
		return nil
	}
	target, ok := readPointer(filepath.Join(gitDir, "commondir"), "")
	if ok && !filepath.IsAbs(target) {
		target = filepath.Join(gitDir, target)
	}
	if !ok || filepath.Clean(target) != repo.GitDir {
		return &api.Error{
			Code: api.CodeGit, Message: fmt.Sprintf("%s names another repository than %s", filepath.Join(gitDir, "commondir"), repo.GitDir),
			Hint: "something changed git's record of this worktree; it should say ../..",
		}
	}
	return nil
}

// adminDir finds the git directory of a work tree. The name git gives it is
// nearly always the name of the tree's directory.
func adminDir(repo Repo, path string) (string, bool) {
	path = filepath.Clean(path)
	root := filepath.Join(repo.GitDir, "worktrees")
	first := filepath.Join(root, filepath.Base(path))
	if treeOf(first) == path {
		return first, true
	}
	entries, err := os.ReadDir(root)
	if err == nil {
		for _, entry := range entries {
			dir := filepath.Join(root, entry.Name())
			if treeOf(dir) == path {
				return dir, true
			}
		}
	}
	// Not a linked one: the main tree, whose .git is or names the common directory.
	if gitDir, found, err := gitDirOf(path); err == nil && found && gitDir == repo.GitDir {
		return gitDir, true
	}
	return "", false
}

// treeOf returns the work tree that a directory of worktrees/ belongs to.
func treeOf(admin string) string {
	if !isDir(admin) {
		return ""
	}
	dot, ok := readPointer(filepath.Join(admin, "gitdir"), "")
	if !ok {
		return ""
	}
	if !filepath.IsAbs(dot) {
		dot = filepath.Join(admin, dot)
	}
	return filepath.Dir(dot)
}

// Worktree finds a linked work tree by its directory, whether or not that
// still exists. It starts no process.
func (r *Runner) Worktree(repo Repo, path string) (Worktree, bool) {
	admin, ok := adminDir(repo, path)
	if !ok || admin == repo.GitDir {
		return Worktree{}, false
	}
	return readWorktree(repo, admin), true
}

// Worktrees lists the linked work trees of a repository. It starts no process.
func (r *Runner) Worktrees(repo Repo) ([]Worktree, error) {
	root := filepath.Join(repo.GitDir, "worktrees")
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list worktrees: %w", err)
	}
	var list []Worktree
	for _, entry := range entries {
		if dir := filepath.Join(root, entry.Name()); treeOf(dir) != "" {
			list = append(list, readWorktree(repo, dir))
		}
	}
	return list, nil
}

func readWorktree(repo Repo, admin string) Worktree {
	w := Worktree{Repo: repo, Path: treeOf(admin), GitDir: admin}
	if head, ok := readPointer(filepath.Join(admin, "HEAD"), "ref: refs/heads/"); ok {
		w.Branch = head
	}
	w.Locked = isFile(filepath.Join(admin, "locked"))
	w.Ready = isFile(filepath.Join(admin, "index"))
	return w
}

func isFile(path string) bool {
	st, err := os.Lstat(path)
	return err == nil && st.Mode().IsRegular()
}

// WorktreeAdd makes a locked work tree of a branch at a path, or finishes one
// that was begun. A tree whose directory has vanished gets its files back from
// its own index.
func (r *Runner) WorktreeAdd(ctx context.Context, repo Repo, path, branch string) (Worktree, error) {
	w, err := r.register(ctx, repo, path, branch)
	if err != nil {
		return Worktree{}, err
	}
	if err := checkCommonDir(repo, w.GitDir); err != nil {
		return Worktree{}, err
	}
	in := place{gitDir: w.GitDir, common: repo.GitDir, workTree: path}
	switch {
	case w.Ready && isDir(path) && isFile(filepath.Join(path, ".git")):
		return w, nil
	case w.Ready:
		err = r.refill(ctx, in)
	default:
		if err = r.point(in); err == nil {
			err = r.checkout(ctx, in)
		}
	}
	if err != nil {
		return Worktree{}, err
	}
	return readWorktree(repo, w.GitDir), nil
}

// register records a worktree without its files. That alone needs the lock of
// the repository.
func (r *Runner) register(ctx context.Context, repo Repo, path, branch string) (Worktree, error) {
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return Worktree{}, err
	}
	defer unlock()
	if w, ok := r.Worktree(repo, path); ok {
		if w.Ready || (w.Branch == branch && isFile(filepath.Join(path, ".git"))) {
			return w, nil
		}
		// Git died between its first and last write: nobody has worked here.
		if err := unrecord(repo, w.GitDir); err != nil {
			return Worktree{}, fmt.Errorf("remove half-made worktree: %w", err)
		}
	}
	if err := setAside(path); err != nil {
		return Worktree{}, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Worktree{}, fmt.Errorf("make directory of worktrees: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(repo.GitDir, "worktrees"), 0o755); err != nil {
		return Worktree{}, fmt.Errorf("make directory of worktrees: %w", err)
	}
	err = fault.Around("git.worktree.add", func() error { return r.record(ctx, repo, path, branch) })
	if err != nil {
		return Worktree{}, failed(fmt.Sprintf("add a worktree for branch %q", branch), err)
	}
	w, ok := r.Worktree(repo, path)
	if !ok {
		return Worktree{}, fmt.Errorf("add worktree %s: git did not record it", path)
	}
	return w, nil
}

// setAside is moveAside for those who need not know where to.
func setAside(path string) error {
	_, err := moveAside(path)
	return err
}

// moveAside moves a directory that no worktree is recorded for out of the way,
// and says where: what it holds is not known, so it is kept.
func moveAside(path string) (aside string, err error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) || os.Remove(path) == nil {
		return "", nil
	}
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.kept-%d", path, n)
		if _, err := os.Lstat(aside); err == nil {
			continue
		}
		if err := os.Rename(path, aside); err != nil {
			return "", fmt.Errorf("move %s aside: %w", path, err)
		}
		return aside, nil
	}
}

// checkout fills a new work tree. It works on an index of another name and
// moves that into place at the end, so that an index says the tree is complete
// and an interrupted checkout leaves no lock behind.
func (r *Runner) checkout(ctx context.Context, in place) error {
	index := filepath.Join(in.gitDir, "index")
	work := in
	work.index = index + ".hf"
	_ = os.Remove(work.index)
	_ = os.Remove(work.index + ".lock") // no git but this one uses the name
	err := fault.Around("git.checkout", func() error {
		return r.run(ctx, call{in: work, args: []string{"reset", "--hard", "--quiet", "--no-recurse-submodules"}, limit: bulkLimit})
	})
	if err != nil {
		return fullDisk(in.workTree, failed("check out "+in.workTree, err))
	}
	if err := os.Rename(work.index, index); err != nil {
		return fmt.Errorf("check out %s: %w", in.workTree, err)
	}
	return nil
}

// point makes the .git file of a work tree name git's real directory of it. Git
// itself wrote the one in hf's view there, which is not for others and comes
// and goes with the daemon.
func (r *Runner) point(in place) error {
	dot := filepath.Join(in.workTree, ".git")
	tmp := dot + ".hf"
	err := os.WriteFile(tmp, []byte("gitdir: "+in.gitDir+"\n"), 0o600)
	if err == nil {
		err = os.Chmod(tmp, 0o666&^r.mask())
	}
	if err == nil {
		err = os.Rename(tmp, dot)
	}
	if err != nil {
		return fmt.Errorf("make worktree: %w", err)
	}
	return nil
}

// refill brings back the files of a work tree whose directory was removed: what
// its index says, so that staged work survives.
func (r *Runner) refill(ctx context.Context, in place) error {
	if err := os.MkdirAll(in.workTree, 0o700); err != nil {
		return fmt.Errorf("make worktree: %w", err)
	}
	if err := r.point(in); err != nil {
		return err
	}
	err := r.run(ctx, call{in: in, args: []string{"checkout-index", "--all", "--quiet", "--index"}, limit: bulkLimit})
	if err != nil && exitCode(err) != 1 { // 1: a file was there already, and stays
		return fullDisk(in.workTree, failed("check out "+in.workTree, err))
	}
	return nil
}
