package git

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
)

// mergedWithin is how many commits of the base are compared with a branch that
// may have been squashed into one of them.
const mergedWithin = 2000

// Merged reports whether the work of a commit is in base, and how it came
// there: also when it was squashed or rebased, so that base does not have the
// commit itself.
func (r *Runner) Merged(ctx context.Context, repo Repo, commit, base string) (how string, ok bool, err error) {
	in := repo.in()
	_, err = r.output(ctx, in, "merge-base", "--is-ancestor", commit, base)
	switch {
	case err == nil:
		return "merged", true, nil
	case exitCode(err) != 1:
		return "", false, failed("look for the commits in "+base, err)
	}
	fork, err := r.line(ctx, in, "merge-base", commit, base)
	if exitCode(err) == 1 {
		return "", false, nil // they have nothing in common
	}
	if err != nil {
		return "", false, failed("look for the commits in "+base, err)
	}
	// A squash onto a base that had not moved has the very tree; later commits
	// may lie on top of it.
	trees, err := r.output(ctx, in, "log", "--format=%T", fmt.Sprintf("--max-count=%d", mergedWithin), fork+".."+base)
	if err != nil {
		return "", false, failed("look for the commits in "+base, err)
	}
	tree, err := r.line(ctx, in, "rev-parse", commit+"^{tree}")
	if err != nil {
		return "", false, failed("look for the commits in "+base, err)
	}
	if bytes.Contains(trees, []byte(tree)) {
		return "merged as a squash", true, nil
	}
	if alike, err := r.alike(ctx, in, base, commit); err != nil || alike {
		return "merged by a rebase", alike, err
	}
	squashed, err := r.squashed(ctx, in, fork, tree, base)
	return "merged as a squash", squashed, err
}

// alike reports whether base has a commit with the same change for each of
// commit's own.
func (r *Runner) alike(ctx context.Context, in place, base, commit string) (bool, error) {
	out, err := r.output(ctx, in, "rev-list", "--cherry-pick", "--right-only", "--max-count=1", base+"..."+commit)
	if err != nil {
		return false, failed("compare with "+base, err)
	}
	return len(bytes.TrimSpace(out)) == 0, nil
}

// squashed is alike for one commit with all changes since fork. That is made
// where the repository does not see it.
func (r *Runner) squashed(ctx context.Context, in place, fork, tree, base string) (bool, error) {
	objects, err := os.MkdirTemp(r.scratchDir(), "objects-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(objects) }()
	in.objects = objects
	var out bytes.Buffer
	who := []string{"GIT_AUTHOR_NAME=hf", "GIT_AUTHOR_EMAIL=hf@localhost", "GIT_COMMITTER_NAME=hf", "GIT_COMMITTER_EMAIL=hf@localhost"}
	err = r.run(ctx, call{in: in, args: []string{"commit-tree", tree, "-p", fork, "-m", "squash"}, stdout: &out, env: who})
	if err != nil {
		return false, failed("compare with "+base, err)
	}
	return r.alike(ctx, in, base, strings.TrimSpace(out.String()))
}

// Dirty reports whether a work tree has changes or untracked files, or git is
// in the middle of something there.
func (r *Runner) Dirty(ctx context.Context, w Worktree) (bool, error) {
	in, err := w.place()
	if err != nil {
		return false, err
	}
	for _, name := range []string{"MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "BISECT_LOG", "rebase-merge", "rebase-apply", "modules"} {
		if exists(in.gitDir + "/" + name) {
			return true, nil
		}
	}
	out, err := r.output(ctx, in, "status", "--porcelain", "-z", "--untracked-files=normal")
	if err != nil {
		return false, failed("look at "+w.Path, err)
	}
	return len(out) > 0, nil
}
