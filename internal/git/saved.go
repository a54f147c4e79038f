package git

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/pkg/api"
)

// SavedWork is a saved commit, taken apart.
type SavedWork struct {
	Commit   string
	Manifest Manifest
	index    string // the commit of the index
	extra    string // the commit of everything else
}

// Saved reads a saved commit, by its id or its ref.
func (r *Runner) Saved(ctx context.Context, repo Repo, rev string) (SavedWork, error) {
	return r.saved(ctx, repo.in(), rev)
}

func (r *Runner) saved(ctx context.Context, in place, rev string) (SavedWork, error) {
	var w SavedWork
	id, err := r.resolve(ctx, in, rev)
	if api.IsCode(err, api.CodeNotFound) {
		return w, &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("there is no saved work at %s", rev)}
	}
	if err != nil {
		return w, err
	}
	w.Commit = id
	line, err := r.line(ctx, in, "rev-list", "--parents", "--no-walk", id)
	if err != nil {
		return w, failed("read saved work", err)
	}
	parents := strings.Fields(line)[1:]
	for _, headed := range []bool{true, false} {
		at := 1
		if headed {
			at = 2
		}
		if len(parents) <= at {
			continue
		}
		text, err := r.output(ctx, in, "cat-file", "blob", parents[at]+":manifest.json")
		if err != nil && exitCode(err) < 0 {
			return w, failed("read saved work", err)
		}
		var m Manifest
		if err != nil || json.Unmarshal(text, &m) != nil || (m.Head != "") != headed || headed && m.Head != parents[0] {
			continue
		}
		w.Manifest, w.index, w.extra = m, parents[at-1], parents[at]
		return w, nil
	}
	return w, &api.Error{Code: api.CodeGit, Message: fmt.Sprintf("%s is not work that hf saved", rev)}
}

// same reports whether two saved commits hold the same work.
func (r *Runner) same(ctx context.Context, in place, a, b SavedWork) (bool, error) {
	out, err := r.output(ctx, in, "rev-parse", a.Commit+"^{tree}", b.Commit+"^{tree}", a.index+"^{tree}", b.index+"^{tree}")
	if err != nil {
		return false, failed("compare saved work", err)
	}
	if ids := strings.Fields(string(out)); len(ids) != 4 || ids[0] != ids[1] || ids[2] != ids[3] {
		return false, nil
	}
	var extra [2]map[string]treeEntry
	var said [2]string
	for i, w := range []SavedWork{a, b} {
		if extra[i], err = r.tree(ctx, in, w.extra); err != nil {
			return false, err
		}
		delete(extra[i], "manifest.json")
		delete(extra[i], "git/index")                  // its content was compared; sizes and times are no work
		w.Manifest.Left, w.Manifest.Skipped = nil, nil // what is not saved may come and go
		text, err := json.Marshal(w.Manifest)
		if err != nil {
			return false, err
		}
		said[i] = string(text)
	}
	return said[0] == said[1] && maps.Equal(extra[0], extra[1]), nil
}

// clean reports whether nothing but commits and untracked files was saved: the
// index was HEAD's, the tracked files were those of the index, and git was in
// the middle of nothing.
func (r *Runner) clean(ctx context.Context, in place, w SavedWork) (bool, error) {
	m := w.Manifest
	if m.Head == "" || len(m.Changed) > 0 || len(m.Gone) > 0 {
		return false, nil
	}
	out, err := r.output(ctx, in, "rev-parse", m.Head+"^{tree}", w.index+"^{tree}")
	if err != nil {
		return false, failed("compare saved work", err)
	}
	ids := strings.Fields(string(out))
	if len(ids) != 2 || ids[0] != ids[1] {
		return false, nil
	}
	files, err := r.tree(ctx, in, w.extra)
	if err != nil {
		return false, err
	}
	for name := range files {
		for _, busy := range []string{"stages/", "git/MERGE_HEAD", "git/CHERRY_PICK_HEAD", "git/REVERT_HEAD", "git/BISECT_LOG", "git/rebase-"} {
			if strings.HasPrefix(name, busy) {
				return false, nil
			}
		}
	}
	return true, nil
}

// treeEntry is a file of a commit's tree.
type treeEntry struct{ mode, id string }

// tree lists all files of a commit.
func (r *Runner) tree(ctx context.Context, in place, commit string) (map[string]treeEntry, error) {
	out, err := r.output(ctx, in, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, failed("read saved work", err)
	}
	files := map[string]treeEntry{}
	for _, line := range lines(out) {
		meta, name, ok := bytes.Cut(line, []byte{'\t'})
		f := strings.Fields(string(meta))
		if !ok || len(f) != 3 {
			return nil, fmt.Errorf("git ls-tree printed %q", line)
		}
		files[string(name)] = treeEntry{f[0], f[2]}
	}
	return files, nil
}

// KeptRef is a ref below refs/hf/.
type KeptRef struct {
	Name   string
	Commit string
	At     time.Time // when its commit was made
}

// KeptRefs lists the refs that hf keeps in a repository.
func (r *Runner) KeptRefs(ctx context.Context, repo Repo) ([]KeptRef, error) {
	out, err := r.output(ctx, repo.in(), "for-each-ref", "--format=%(refname) %(objectname) %(committerdate:unix)", "refs/hf/")
	if err != nil {
		return nil, failed("list what is kept", err)
	}
	var list []KeptRef
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		k := KeptRef{Name: f[0], Commit: f[1]}
		if len(f) == 3 {
			if sec, err := strconv.ParseInt(f[2], 10, 64); err == nil {
				k.At = time.Unix(sec, 0).UTC()
			}
		}
		list = append(list, k)
	}
	return list, nil
}

// KeepRef makes a ref below refs/hf/ point to a commit, wherever it was.
func (r *Runner) KeepRef(ctx context.Context, repo Repo, ref, commit string) error {
	return r.changeRef(ctx, repo, ref, func(in place) error {
		_, err := r.output(ctx, in, "update-ref", ref, commit)
		return err
	})
}

// DropRef deletes a ref below refs/hf/ that is still at a commit. It is not an
// error when there is none.
func (r *Runner) DropRef(ctx context.Context, repo Repo, ref, commit string) error {
	return r.changeRef(ctx, repo, ref, func(in place) error {
		at, err := r.line(ctx, in, "rev-parse", "--verify", "--quiet", ref)
		if exitCode(err) > 0 {
			return nil
		}
		if err == nil && at != commit {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s has moved to %.12s", ref, at)}
		}
		_, err = r.output(ctx, in, "update-ref", "-d", ref, commit)
		return err
	})
}

func (r *Runner) changeRef(ctx context.Context, repo Repo, ref string, change func(place) error) error {
	if !strings.HasPrefix(ref, "refs/hf/") || branchProblem(strings.TrimPrefix(ref, "refs/")) != "" {
		return fmt.Errorf("%q is not a ref of hf's", ref)
	}
	unlock, err := r.locks.Lock(ctx, repo.GitDir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := fault.Around("git.ref", func() error { return change(repo.in()) }); err != nil {
		return failed("change "+ref, err)
	}
	return nil
}
