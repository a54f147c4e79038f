package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Fetch brings a branch of the repository's remote up to date, under
// refs/remotes. It fetches nothing else, runs nothing of the repository's, and
// never asks. fetched is false when the repository has no remote. progress may
// be nil.
func (r *Runner) Fetch(ctx context.Context, repo Repo, branch string, env api.Env, progress func(string)) (fetched bool, err error) {
	if err := CheckBranchName(branch); err != nil {
		return false, err
	}
	name, _, err := r.Remote(ctx, repo)
	if err != nil || name == "" {
		return false, err
	}
	// Fetches of one repository wait for one another, and for nothing else.
	unlock, err := r.locks.Lock(ctx, filepath.Join(repo.GitDir, "fetch"))
	if err != nil {
		return false, err
	}
	defer unlock()
	err = r.run(ctx, call{
		in: repo.in(), env: callerEnv(env), stderr: newProgress(progress), limit: fetchLimit,
		args: []string{
			"fetch", "--progress", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-fetch-head",
			"--upload-pack=git-upload-pack", "--end-of-options", name,
			"+refs/heads/" + branch + ":refs/remotes/" + name + "/" + branch,
		},
	})
	if err != nil {
		return false, networkError("fetch "+branch, err)
	}
	return true, nil
}

// Clone clones a repository into a directory that appears only when the clone
// is complete. The clone has no files checked out: hf's worktrees have. What an
// interrupted clone left is removed first; only one may run for a destination.
func (r *Runner) Clone(ctx context.Context, url, dest string, env api.Env, progress func(string)) (Repo, error) {
	if err := r.check(ctx); err != nil {
		return Repo{}, err
	}
	if isDir(dest) {
		return r.Open(ctx, dest)
	}
	tmp := dest + ".partial"
	if err := errors.Join(os.RemoveAll(tmp), os.MkdirAll(filepath.Dir(dest), 0o700)); err != nil {
		return Repo{}, fmt.Errorf("make directory of clones: %w", err)
	}
	err := r.exec(ctx, filepath.Dir(dest), call{
		env: callerEnv(env), stderr: newProgress(progress), limit: cloneLimit,
		args: []string{
			"clone", "--progress", "--no-checkout", "--no-recurse-submodules", "--template=", "--upload-pack=git-upload-pack",
			"--origin=origin", "--end-of-options", url, tmp,
		},
	})
	if err != nil {
		return Repo{}, errors.Join(networkError("clone", err), os.RemoveAll(tmp))
	}
	if _, err := r.Open(ctx, tmp); err != nil {
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
