package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// Fetch brings a branch of the repository's remote up to date, under
// refs/remotes. It fetches nothing else, runs nothing of the repository's, and
// never asks. env is the caller's environment, for the proxies and agents that
// reach the remote. It is not an error when the repository has no remote.
func (r *Runner) Fetch(ctx context.Context, repo Repo, branch string, env []string) error {
	if err := CheckBranchName(branch); err != nil {
		return err
	}
	name, address, err := r.Remote(ctx, repo)
	if err != nil || name == "" {
		return err
	}
	unlock, err := r.lockNetwork(ctx, repo)
	if err != nil {
		return err
	}
	defer unlock()
	err = fault.Around("git.fetch", func() error {
		return r.run(ctx, call{
			in: repo.in(), env: callerEnv(env), limit: fetchLimit,
			args: fetchArgs(name, branch),
		})
	})
	if err != nil {
		return networkError(withoutUser(address), err)
	}
	return nil
}

func fetchArgs(remote, branch string) []string {
	return []string{
		"fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head",
		"--upload-pack=git-upload-pack", "--end-of-options", remote,
		"+refs/heads/" + branch + ":refs/remotes/" + remote + "/" + branch,
	}
}

// Clone clones a repository into a directory that appears only when the clone
// is complete. The clone has no files checked out: hf's worktrees have. What an
// interrupted clone left is removed first. A login that the host refuses is as
// good as nil, which leaves signing in to whoever git asks.
func (r *Runner) Clone(ctx context.Context, address, dest string, login *Login, env []string, progress func(string)) (Repo, error) {
	if err := r.check(ctx); err != nil {
		return Repo{}, err
	}
	unlock, err := r.locks.Lock(ctx, dest)
	if err != nil {
		return Repo{}, err
	}
	defer unlock()
	if isDir(dest) {
		return r.Open(ctx, dest)
	}
	tmp := dest + ".partial"
	if err := errors.Join(os.RemoveAll(tmp), os.MkdirAll(filepath.Dir(dest), 0o700)); err != nil {
		return Repo{}, fmt.Errorf("make directory of clones: %w", err)
	}
	clone := func(login *Login) error {
		err := r.exec(ctx, filepath.Dir(dest), call{
			env: append(callerEnv(env), signIns(nil).with(login).env()...), stderr: newProgress(progress), limit: cloneLimit,
			args: []string{
				"clone", "--progress", "--no-checkout", "--no-recurse-submodules", "--template=", "--upload-pack=git-upload-pack",
				"--origin=origin", "--end-of-options", address, tmp,
			},
		})
		if err != nil {
			return errors.Join(networkError(withoutUser(address), err), os.RemoveAll(tmp))
		}
		return nil
	}
	if err = clone(login); login != nil && api.IsCode(err, api.CodeUnauthorized) {
		if clone(nil) == nil {
			err = nil
		}
	}
	if err != nil {
		return Repo{}, err
	}
	if _, err := r.Open(ctx, tmp); err != nil {
		if api.IsCode(err, api.CodeConflict) {
			err = &api.Error{
				Code: api.CodeConflict, Message: withoutUser(address) + " has no commit yet",
				Hint: "push a first commit to it, then try again",
			}
		}
		return Repo{}, errors.Join(err, os.RemoveAll(tmp))
	}
	if err := os.Rename(tmp, dest); err != nil {
		return Repo{}, fmt.Errorf("keep clone: %w", err)
	}
	return r.Open(ctx, dest)
}

// progressWriter turns git's progress, which rewrites its line, into calls.
type progressWriter struct {
	line   []byte
	report func(string)
}

func newProgress(report func(string)) *progressWriter {
	if report == nil {
		report = func(string) {}
	}
	return &progressWriter{report: report}
}

func (w *progressWriter) Write(p []byte) (int, error) {
	w.line = append(w.line, p...)
	for {
		i := bytes.IndexAny(w.line, "\r\n")
		if i < 0 {
			break
		}
		text := strings.TrimSpace(strings.TrimPrefix(string(w.line[:i]), "remote: "))
		w.line = w.line[i+1:]
		if strings.Contains(text, "%") || strings.HasSuffix(text, "done.") {
			w.report(text)
		}
	}
	if len(w.line) > 4<<10 {
		w.line = w.line[:0]
	}
	return len(p), nil
}

// RemoveClone removes a clone of hf's own that is below a directory, unless
// something may be in it and nowhere else. Then it stays, and kept says why.
func (r *Runner) RemoveClone(ctx context.Context, repo Repo, under string) (kept string, err error) {
	if under, err = filepath.EvalSymlinks(under); err != nil {
		return "", fmt.Errorf("remove clone: %w", err)
	}
	if err := checkUnder(under, repo.Top); err != nil {
		return "", err
	}
	if !isDir(repo.Top) {
		return "", nil
	}
	if kept, err = r.onlyHere(ctx, repo); kept != "" || err != nil {
		return kept, err
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return "", err
	}
	defer unlock()
	trash := repo.Top + ".removed"
	if err := errors.Join(removeTree(trash), os.Rename(repo.Top, trash)); err != nil {
		return "", fmt.Errorf("remove clone: %w", err)
	}
	if err := removeTree(trash); err != nil {
		return "", fmt.Errorf("remove clone: %w", err)
	}
	return "", nil
}

// onlyHere says what in a clone is not on its remote.
func (r *Runner) onlyHere(ctx context.Context, repo Repo) (string, error) {
	trees, err := r.Worktrees(repo)
	if err != nil {
		return "", err
	}
	if len(trees) > 0 {
		return fmt.Sprintf("%s stays: it has %d worktrees", repo.Top, len(trees)), nil
	}
	entries, err := os.ReadDir(repo.Top)
	if err != nil {
		return "", fmt.Errorf("remove clone: %w", err)
	}
	if len(entries) > 1 || isFile(filepath.Join(repo.GitDir, "index")) {
		return fmt.Sprintf("%s stays: somebody has worked in it", repo.Top), nil
	}
	out, err := r.output(ctx, repo.in(), "rev-list", "--max-count=1",
		"--branches", "--glob=refs/hf/*", "--glob=refs/stash*", "--not", "--remotes")
	if err != nil {
		return "", failed("look for unpushed commits", err)
	}
	if len(out) > 0 {
		return fmt.Sprintf("%s stays: it has commits that are not on its remote, or saved work", repo.Top), nil
	}
	return "", nil
}
