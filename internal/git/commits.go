package git

import (
	"context"
	"fmt"
	"strings"
)

// Commit is a commit and what it says of itself.
type Commit struct {
	ID      string
	Subject string
	Body    string
}

// Commits returns the commits that head has and base has not, merges left out,
// the oldest first: of more than limit the newest.
func (r *Runner) Commits(ctx context.Context, repo Repo, base, head string, limit int) ([]Commit, error) {
	from, err := r.ResolveCommit(ctx, repo, base)
	if err != nil {
		return nil, err
	}
	to, err := r.ResolveCommit(ctx, repo, head)
	if err != nil {
		return nil, err
	}
	out, err := r.output(ctx, repo.in(), "log", "--no-merges", "--reverse", fmt.Sprintf("--max-count=%d", limit), "-z",
		"--encoding=UTF-8", "--format=%H%n%s%n%b", from+".."+to, "--")
	if err != nil {
		return nil, failed("list the commits of "+head, err)
	}
	var commits []Commit
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		id, rest, ok := strings.Cut(entry, "\n")
		if !ok {
			continue
		}
		subject, body, _ := strings.Cut(rest, "\n")
		commits = append(commits, Commit{ID: id, Subject: subject, Body: strings.TrimSpace(body)})
	}
	return commits, nil
}

// Files returns the names of the files in a directory of a commit, sorted: those
// in directories below it are none of them. dir is "" for the top. A directory
// that is not there has none.
func (t Tree) Files(ctx context.Context, commit, dir string) ([]string, error) {
	id, err := t.r.ResolveCommit(ctx, t.repo, commit)
	if err != nil {
		return nil, err
	}
	args := []string{"ls-tree", "-z", "--full-tree", id}
	if dir != "" {
		args = append(args, "--", strings.TrimSuffix(dir, "/")+"/")
	}
	out, err := t.r.output(ctx, t.repo.in(), args...)
	if err != nil {
		return nil, failed("list "+dir, err)
	}
	var names []string
	for entry := range strings.SplitSeq(string(out), "\x00") {
		about, path, ok := strings.Cut(entry, "\t")
		if !ok || strings.HasPrefix(about, "120000 ") || !strings.Contains(about, " blob ") {
			continue
		}
		names = append(names, path[strings.LastIndexByte(path, '/')+1:])
	}
	return names, nil
}
