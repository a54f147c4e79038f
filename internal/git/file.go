package git

import (
	"context"
	"fmt"
)

// Tree reads files from the commits of one repository.
type Tree struct {
	r    *Runner
	repo Repo
}

// Tree returns a reader of a repository's commits.
func (r *Runner) Tree(repo Repo) Tree { return Tree{r: r, repo: repo} }

// ReadFile returns a file of a commit as it is stored, at most limit bytes of
// it. ok is false when the commit has no such file.
func (t Tree) ReadFile(ctx context.Context, commit, path string, limit int) (content []byte, ok bool, err error) {
	id, err := t.r.ResolveCommit(ctx, t.repo, commit)
	if err != nil {
		return nil, false, err
	}
	entry, err := t.r.output(ctx, t.repo.in(), "ls-tree", "-z", "--full-tree", id, "--", path)
	if err != nil {
		return nil, false, failed("read "+path, err)
	}
	var mode, kind, blob string
	if _, err := fmt.Sscanf(string(entry), "%s %s %s\t", &mode, &kind, &blob); err != nil || kind != "blob" || mode == "120000" {
		return nil, false, nil //nolint:nilerr // no entry, a directory or a link: no such file
	}
	out := &limitWriter{limit: limit}
	err = t.r.run(ctx, call{in: t.repo.in(), args: []string{"cat-file", "blob", blob}, stdout: out})
	if err != nil && !out.cut {
		return nil, false, failed("read "+path, err)
	}
	return out.buf.Bytes(), true, nil
}
