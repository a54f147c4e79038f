package git

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Tips returns the commits that local branches are at: of those named, or of
// all.
func (r *Runner) Tips(ctx context.Context, repo Repo, names ...string) (map[string]string, error) {
	args := []string{"for-each-ref", "--format=%(objectname) %(refname:lstrip=2)"}
	for _, name := range names {
		args = append(args, "refs/heads/"+name) // no name of a ref is a pattern
	}
	if len(names) == 0 {
		args = append(args, "refs/heads")
	}
	out, err := r.output(ctx, repo.in(), args...)
	if err != nil {
		return nil, failed("list branches", err)
	}
	tips := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			tips[name] = id
		}
	}
	if len(names) > 0 { // a pattern also matches what is below it
		for name := range tips {
			if !slices.Contains(names, name) {
				delete(tips, name)
			}
		}
	}
	return tips, nil
}

// RefCommit returns the object that a ref names; ok is false when there is no
// such ref.
func (r *Runner) RefCommit(ctx context.Context, repo Repo, ref string) (commit string, ok bool, err error) {
	commit, err = r.line(ctx, repo.in(), "rev-parse", "--verify", "--quiet", "--end-of-options", ref)
	if code := exitCode(err); code == 1 || code == 128 {
		return "", false, nil
	}
	if err != nil {
		return "", false, failed("look for "+ref, err)
	}
	return commit, true, nil
}

// MoveRef moves a ref that is still at one commit to another; "" stands for no
// such ref. It is not for a branch that a worktree has checked out.
func (r *Runner) MoveRef(ctx context.Context, repo Repo, ref, from, to, why string) error {
	if !strings.HasPrefix(ref, "refs/") {
		return fmt.Errorf("%q is not a ref", ref)
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	args := []string{"update-ref", "--create-reflog", "-m", why, ref, to, from}
	switch {
	case to == "" && from == "":
		return nil
	case to == "":
		args = []string{"update-ref", "-m", why, "-d", ref, from}
	case from == "":
		args[len(args)-1] = strings.Repeat("0", len(to))
	}
	if _, err = r.output(ctx, repo.in(), args...); err == nil {
		return nil
	}
	if at, ok, look := r.RefCommit(ctx, repo, ref); look == nil && at != from && (ok || from != "") {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("%s has moved meanwhile", strings.TrimPrefix(ref, "refs/heads/")),
			Hint: "look at what is new there, then try again", Retryable: true,
		}
	}
	return failed("move "+ref, err)
}

// IsAncestor reports whether a commit is another, or in its history.
func (r *Runner) IsAncestor(ctx context.Context, repo Repo, ancestor, commit string) (bool, error) {
	_, err := r.output(ctx, repo.in(), "merge-base", "--is-ancestor", ancestor, commit)
	if exitCode(err) == 1 {
		return false, nil
	}
	if err != nil {
		return false, failed("compare commits", err)
	}
	return true, nil
}

// MergeBase returns the best common ancestor of two commits; ok is false when
// they have none.
func (r *Runner) MergeBase(ctx context.Context, repo Repo, a, b string) (commit string, ok bool, err error) {
	commit, err = r.line(ctx, repo.in(), "merge-base", a, b)
	if exitCode(err) == 1 {
		return "", false, nil
	}
	if err != nil {
		return "", false, failed("compare commits", err)
	}
	return commit, true, nil
}

// CountCommits counts what a commit has in its history and another has not.
func (r *Runner) CountCommits(ctx context.Context, repo Repo, in, notIn string) (int, error) {
	out, err := r.line(ctx, repo.in(), "rev-list", "--count", in, "^"+notIn)
	if err != nil {
		return 0, failed("compare commits", err)
	}
	return strconv.Atoi(out)
}

// ChangedFiles lists the files that differ between two commits.
func (r *Runner) ChangedFiles(ctx context.Context, repo Repo, a, b string) ([]string, error) {
	out, err := r.output(ctx, repo.in(), "diff-tree", "-r", "-z", "--name-only", "--no-renames", a, b)
	if err != nil {
		return nil, failed("compare commits", err)
	}
	return text(lines(out)), nil
}

// UncommittedFiles lists the files of a worktree that differ from its commit,
// and those that git does not know, ignored ones left out.
func (r *Runner) UncommittedFiles(ctx context.Context, w Worktree) ([]string, error) {
	in, err := w.place()
	if err != nil {
		return nil, err
	}
	out, err := r.output(ctx, in, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
	if err != nil {
		return nil, failed("look at "+w.Path, err)
	}
	var files []string
	for _, line := range lines(out) {
		if len(line) > 3 {
			files = append(files, string(line[3:]))
		}
	}
	return files, nil
}

func text(lines [][]byte) []string {
	var out []string
	for _, line := range lines {
		out = append(out, string(line))
	}
	return out
}

// maxTreeFile is how much of a file ReadTree reads.
const maxTreeFile = 1 << 20

// ReadTree returns the files of the tree that a ref names, by their paths, and
// the commit. The commit is "" when there is no such ref. One that is longer
// than a MiB is left out.
func (r *Runner) ReadTree(ctx context.Context, repo Repo, ref string) (commit string, files map[string][]byte, err error) {
	commit, ok, err := r.RefCommit(ctx, repo, ref)
	if err != nil || !ok {
		return "", nil, err
	}
	out, err := r.output(ctx, repo.in(), "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return "", nil, failed("read "+ref, err)
	}
	var ask bytes.Buffer
	var paths []string
	for _, line := range lines(out) {
		meta, path, ok := strings.Cut(string(line), "\t")
		f := strings.Fields(meta)
		if !ok || len(f) != 3 || f[1] != "blob" {
			continue
		}
		paths = append(paths, path)
		ask.WriteString(f[2] + "\n")
	}
	var blobs bytes.Buffer
	err = r.run(ctx, call{in: repo.in(), args: []string{"cat-file", "--batch"}, stdin: &ask, stdout: &blobs})
	if err != nil {
		return "", nil, failed("read "+ref, err)
	}
	files, err = splitBatch(blobs.Bytes(), paths)
	if err != nil {
		return "", nil, failed("read "+ref, err)
	}
	return commit, files, nil
}

// splitBatch takes the answer of `cat-file --batch` apart.
func splitBatch(out []byte, paths []string) (map[string][]byte, error) {
	files := make(map[string][]byte, len(paths))
	for _, path := range paths {
		line, rest, ok := bytes.Cut(out, []byte("\n"))
		f := strings.Fields(string(line))
		if !ok || len(f) != 3 {
			return nil, fmt.Errorf("git cat-file said %q", line)
		}
		size, err := strconv.Atoi(f[2])
		if err != nil || size < 0 || size >= len(rest) {
			return nil, fmt.Errorf("git cat-file said %q", line)
		}
		if size <= maxTreeFile {
			files[path] = rest[:size:size]
		}
		out = rest[size+1:]
	}
	return files, nil
}

// KeepCommits makes a ref below refs/hf/ keep any number of commits: it names an
// empty one whose parents they are.
func (r *Runner) KeepCommits(ctx context.Context, repo Repo, ref, why string, commits ...string) error {
	if len(commits) == 0 {
		return nil
	}
	var tree bytes.Buffer
	if err := r.run(ctx, call{in: repo.in(), args: []string{"mktree"}, stdin: strings.NewReader(""), stdout: &tree}); err != nil {
		return failed("keep commits", err)
	}
	args := []string{"commit-tree", strings.TrimSpace(tree.String()), "-m", why}
	seen := map[string]bool{}
	for _, c := range commits {
		if c != "" && !seen[c] {
			seen[c] = true
			args = append(args, "-p", c)
		}
	}
	var id bytes.Buffer
	who := []string{"GIT_AUTHOR_NAME=hf", "GIT_AUTHOR_EMAIL=hf@localhost", "GIT_COMMITTER_NAME=hf", "GIT_COMMITTER_EMAIL=hf@localhost"}
	if err := r.run(ctx, call{in: repo.in(), args: args, stdout: &id, env: who}); err != nil {
		return failed("keep commits", err)
	}
	return r.KeepRef(ctx, repo, ref, strings.TrimSpace(id.String()))
}

// ForkPoint finds in the reflog of a branch from which of its former commits
// another commit's history parts; ok is false when the reflog does not say.
func (r *Runner) ForkPoint(ctx context.Context, repo Repo, branch, commit string) (point string, ok bool) {
	point, err := r.line(ctx, repo.in(), "merge-base", "--fork-point", "refs/heads/"+branch, commit)
	return point, err == nil && point != ""
}

// FollowRename makes the main worktree follow a branch that was renamed on hf's
// view of the repository: there git does not find that worktree's HEAD.
func (r *Runner) FollowRename(ctx context.Context, repo Repo, from, to string) error {
	if headOf(repo.GitDir) != from {
		return nil
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := r.output(ctx, repo.in(), "symbolic-ref", "-m", "hf: branch renamed", "HEAD", "refs/heads/"+to); err != nil {
		return failed("rename "+from, err)
	}
	return nil
}
