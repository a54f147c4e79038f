package git

import (
	"context"
	"os"
	"path/filepath"

	"github.com/hf-dev/hf/pkg/api"
)

// LateRef is the ref for what changed in a task's work tree after it was saved
// to a commit and taken away.
func LateRef(task, commit string) string {
	return SavedRef(task) + "-late-" + commit[:min(len(commit), 12)]
}

// SaveLate saves a work tree that was taken away to a directory, if it changed
// after it had been saved: a process that hf did not end may have gone on
// writing. changed is false, and ref is not made, when it is as it was.
func (r *Runner) SaveLate(ctx context.Context, repo Repo, dir, rev, ref string) (saved Saved, changed bool, err error) {
	work, err := r.Saved(ctx, repo, rev)
	if err != nil {
		return Saved{}, false, err
	}
	before, err := r.ResolveCommit(ctx, repo, ref)
	if err != nil && !api.IsCode(err, api.CodeNotFound) {
		return Saved{}, false, err
	}
	// Git's record of it is gone: it is made again, from what was saved, where
	// nobody else sees it.
	admin, err := os.MkdirTemp(r.scratchDir(), "late-")
	if err != nil {
		return Saved{}, false, err
	}
	defer func() { _ = removeTree(admin) }()
	j := &restore{r: r, repo: repo, work: work, in: place{gitDir: admin, common: repo.GitDir, workTree: dir, index: ""}}
	if j.extra, err = r.tree(ctx, repo.in(), work.extra); err != nil {
		return Saved{}, false, err
	}
	head := work.Manifest.Head
	if head == "" {
		head = "ref: refs/heads/" + work.Manifest.Branch
	}
	for name, text := range map[string]string{"HEAD": head, "commondir": repo.GitDir} {
		if err := os.WriteFile(filepath.Join(admin, name), []byte(text+"\n"), 0o600); err != nil {
			return Saved{}, false, err
		}
	}
	if err := j.gitFiles(ctx); err != nil {
		return Saved{}, false, err
	}
	index := j.in
	index.index = filepath.Join(admin, "index")
	if _, ok := j.extra["git/index"]; ok {
		if err := j.index(ctx, index); err != nil {
			return Saved{}, false, err
		}
	}
	if saved, err = r.salvage(ctx, repo, j.in, ref, work.Manifest.Branch); err != nil {
		return saved, false, failed("save "+dir, err)
	}
	late, err := r.Saved(ctx, repo, saved.Commit)
	if err != nil {
		return saved, false, err
	}
	same, err := r.same(ctx, repo.in(), work, late)
	switch {
	case err != nil:
		return saved, false, err
	case same:
		err := r.DropRef(ctx, repo, ref, saved.Commit)
		return saved, false, err
	case before == "":
		return saved, true, nil
	}
	// The same may have been saved before: then what that was called by holds.
	if earlier, err := r.Saved(ctx, repo, before); err == nil {
		if same, err := r.same(ctx, repo.in(), earlier, late); err == nil && same {
			saved.Commit = before
			return saved, true, r.KeepRef(ctx, repo, ref, before)
		}
	}
	return saved, true, nil
}
