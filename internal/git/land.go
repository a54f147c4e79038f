package git

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// ConflictError is a merge that cannot be made by itself.
type ConflictError struct{ Files []string }

func (e *ConflictError) Error() string { return "conflicts in " + strings.Join(e.Files, ", ") }

// MergeTree merges two commits without any work tree and returns the tree that
// comes of it. Where they conflict the error is a *ConflictError. No merge driver of
// the repository runs.
func (r *Runner) MergeTree(ctx context.Context, repo Repo, base, head string) (tree string, err error) {
	out, err := r.output(ctx, repo.in(), mergeArgs(base, head)...)
	fields := lines(out)
	switch {
	case exitCode(err) == 1 && len(fields) > 0:
		return "", &ConflictError{Files: text(fields[1:])}
	case err != nil:
		return "", failed("merge", err)
	case len(fields) == 0:
		return "", fmt.Errorf("git merge-tree said nothing")
	}
	return string(fields[0]), nil
}

// CommitTree makes a commit of a tree, by the user, and of no branch yet.
func (r *Runner) CommitTree(ctx context.Context, repo Repo, tree, message string, parents ...string) (commit string, err error) {
	if err := r.CheckIdentity(ctx, repo); err != nil {
		return "", err
	}
	args := []string{"commit-tree", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	var out bytes.Buffer
	if err := r.run(ctx, call{in: repo.in(), args: args, stdin: strings.NewReader(message), stdout: &out}); err != nil {
		return "", failed("commit", err)
	}
	return strings.TrimSpace(out.String()), nil
}

// TreeOf returns the tree of a commit.
func (r *Runner) TreeOf(ctx context.Context, repo Repo, commit string) (string, error) {
	tree, err := r.line(ctx, repo.in(), "rev-parse", "--verify", "--quiet", "--end-of-options", commit+"^{tree}")
	if err != nil {
		return "", failed("read "+commit, err)
	}
	return tree, nil
}

// Message is what a commit says.
type Message struct {
	Commit  string
	Subject string
	Body    string
}

// Messages returns what the commits say that a branch has beside a base, oldest
// first, merges left out; at most so many of the newest.
func (r *Runner) Messages(ctx context.Context, repo Repo, base, head string, most int) ([]Message, error) {
	out, err := r.output(ctx, repo.in(), "log", "--no-merges", "--reverse", "-z", fmt.Sprintf("--max-count=%d", most), "--format=%H%n%s%n%b", base+".."+head)
	if err != nil {
		return nil, failed("read commits", err)
	}
	var list []Message
	for _, one := range lines(out) {
		id, rest, _ := strings.Cut(string(one), "\n")
		subject, body, _ := strings.Cut(rest, "\n")
		list = append(list, Message{Commit: id, Subject: subject, Body: strings.TrimSpace(body)})
	}
	return list, nil
}

// AllAlike reports whether history has a commit with the same change for each
// that a commit has beside it.
func (r *Runner) AllAlike(ctx context.Context, repo Repo, history, commit string) (bool, error) {
	return r.alike(ctx, repo.in(), history, commit)
}

// DeleteRemoteBranch deletes a branch of a remote that is at exactly that commit.
// One that is at another is left, and the error is ErrMoved; that there is none
// is no error.
func (r *Runner) DeleteRemoteBranch(ctx context.Context, repo Repo, via Via, branch, commit string) error {
	at, exists, err := r.RemoteBranch(ctx, repo, via, branch)
	if err != nil || !exists {
		return err
	}
	if at != commit {
		return ErrMoved
	}
	unlock, err := r.lockNetwork(ctx, repo)
	if err != nil {
		return err
	}
	defer unlock()
	ref := "refs/heads/" + branch
	var out bytes.Buffer
	err = r.reach(ctx, repo, via, call{
		limit: fetchLimit, stdout: &out,
		args: []string{
			"push", "--quiet", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", "--receive-pack=git-receive-pack",
			"--force-with-lease=" + ref + ":" + commit, "--end-of-options", via.Remote, ":" + ref,
		},
	})
	if refused := refusal(out.String()); refused != nil {
		return refused
	}
	return err
}

// WorktreeOf finds the worktree that has a branch checked out, the user's main
// one included, or is in the middle of a rebase of it.
func (r *Runner) WorktreeOf(repo Repo, branch string) (w Worktree, ok bool, err error) {
	trees, err := r.Worktrees(repo)
	if err != nil {
		return Worktree{}, false, err
	}
	if main, ok := r.MainWorktree(repo); ok {
		trees = append(trees, main)
	}
	for _, t := range trees {
		if !t.Exists() {
			continue
		}
		if t.Branch == branch {
			return t, true, nil
		}
		if s, ok := t.Rebasing(); ok && s.Branch == branch {
			return t, true, nil
		}
	}
	return Worktree{}, false, nil
}

// Advance moves a branch from one commit to a later one, and with it the files
// of the worktree that has it checked out. It changes nothing when the branch is
// elsewhere by now, when git is in the middle of something there, or when a file
// that would change has changes that are not committed.
func (r *Runner) Advance(ctx context.Context, repo Repo, branch, from, to string) error {
	w, out, err := r.WorktreeOf(repo, branch)
	if err != nil {
		return err
	}
	if !out || w.Main() && !isFile(filepath.Join(w.GitDir, "index")) { // a clone of hf's own has no files
		return fault.Around("git.move", func() error {
			return r.MoveRef(ctx, repo, "refs/heads/"+branch, from, to, "merge: by hf")
		})
	}
	if _, ok := w.Rebasing(); ok {
		return underway(branch, w.Path, "a rebase")
	}
	if what := w.Underway(); what != "" {
		return underway(branch, w.Path, what)
	}
	at, exists, err := r.Branch(ctx, repo, branch)
	switch {
	case err != nil:
		return err
	case exists && at == to:
		return nil
	case !exists || at != from:
		return movedOn(branch, at)
	}
	err = fault.Around("git.advance", func() error { return r.FastForward(ctx, w, to) })
	if err == nil || api.IsCode(err, api.CodeDiskFull) {
		return err
	}
	if at, _, look := r.Branch(ctx, repo, branch); look == nil && at != from {
		if at == to {
			return nil
		}
		return movedOn(branch, at)
	}
	if files, look := r.inTheWay(ctx, w, from, to); look == nil && len(files) > 0 {
		return &api.Error{
			Code:    api.CodeConflict,
			Message: fmt.Sprintf("%s is checked out in %s, where files are in the way that are not committed: %s", branch, w.Path, strings.Join(files, ", ")),
			Hint:    "commit, stash or move them, then try again; nothing was changed",
		}
	}
	return err
}

func underway(branch, path, what string) error {
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("%s is in the middle of %s in %s", branch, what, path),
		Hint: "finish or abort that, then try again",
	}
}

// inTheWay lists the uncommitted files of a worktree that differ between two
// commits.
func (r *Runner) inTheWay(ctx context.Context, w Worktree, from, to string) ([]string, error) {
	changed, err := r.ChangedFiles(ctx, w.Repo, from, to)
	if err != nil {
		return nil, err
	}
	mine, err := r.UncommittedFiles(ctx, w)
	if err != nil {
		return nil, err
	}
	theirs := map[string]bool{}
	for _, f := range changed {
		theirs[f] = true
	}
	var out []string
	for _, f := range mine {
		if theirs[f] {
			out = append(out, f)
		}
	}
	return out, nil
}

// FullScratch is ScratchWorktree with all the files of the commit, for what looks
// at them. RemoveScratch removes it.
func (r *Runner) FullScratch(ctx context.Context, repo Repo, path, commit string) (Worktree, error) {
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
	err = r.run(ctx, call{in: in, limit: bulkLimit, args: []string{"reset", "--hard", "--quiet", "--no-recurse-submodules"}})
	if err != nil {
		return Worktree{}, fullDisk(path, failed("check out "+path, err))
	}
	return readWorktree(repo, w.GitDir), nil
}
