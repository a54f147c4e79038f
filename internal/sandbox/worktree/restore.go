package worktree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// Restore implements sandbox.Provider. What git saved comes from
// git.SavedRef of the task; what it did not, from the trash, while it is there.
func (p *Provider) Restore(ctx context.Context, spec sandbox.Spec, how sandbox.Restore, progress func(string)) (sandbox.Restored, error) {
	path, err := p.Path(spec)
	if err != nil {
		return sandbox.Restored{}, err
	}
	root, err := p.realRoot()
	if err != nil {
		return sandbox.Restored{}, err
	}
	if progress == nil {
		progress = func(string) {}
	}
	progress("looking for what was saved")
	repo := repoOf(spec)
	rev, err := p.git.ResolveCommit(ctx, repo, git.SavedRef(spec.Task))
	if api.IsCode(err, api.CodeNotFound) {
		err = &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("nothing is saved of task %s: %s is gone", spec.Task, git.SavedRef(spec.Task))}
	}
	if err != nil {
		return sandbox.Restored{}, err
	}
	trash, inTrash := p.trashOf(root, spec.Task, rev)
	if late := git.LateRef(spec.Task, rev); inTrash {
		_, changed, err := p.git.SaveLate(ctx, repo, filepath.Join(root, trashDir, trash.id, treeDir), rev, late)
		if err != nil {
			return sandbox.Restored{}, err
		}
		if changed {
			rev = late
		}
	} else if id, err := p.git.ResolveCommit(ctx, repo, late); err == nil {
		rev = id // the trash was freed since
	}
	progress("bringing back the files")
	back, err := p.git.RestoreWorktree(ctx, repo, git.Restore{Path: path, Under: root, Rev: rev, Detach: how.Detach})
	if err != nil {
		return sandbox.Restored{}, err
	}
	missing := back.Left
	if inTrash {
		if missing, err = adopt(root, filepath.Join(trashDir, trash.id, treeDir), path, back.Left); err != nil {
			return sandbox.Restored{}, err
		}
	}
	w, _ := p.git.Worktree(repo, path)
	err = fault.Around("sandbox.restored", func() error { return os.WriteFile(filepath.Join(w.GitDir, marker), nil, 0o600) })
	if err != nil {
		return sandbox.Restored{}, fmt.Errorf("finish worktree: %w", err)
	}
	if inTrash {
		kept := sandbox.Kept{ID: trash.id, Task: spec.Task, Path: filepath.Join(root, trashDir, trash.id, treeDir)}
		// The next prune does it, if it cannot be done now.
		if freed, err := p.Free(ctx, kept, sandbox.Free{Force: len(missing) == 0}); err != nil {
			p.log.WarnContext(ctx, "free the trash of a restored task", "task", spec.Task, "err", err)
		} else {
			p.log.DebugContext(ctx, "trash of a restored task", "task", spec.Task, "freed", freed.Done, "why", freed.Why)
		}
	}
	return sandbox.Restored{
		Sandbox: sandbox.Sandbox{Spec: spec, Path: path}, Detail: back.String(), Branch: back.Branch, Missing: missing,
	}, nil
}

// trashOf finds the worktree of a task that was taken away when its work was
// saved to a commit.
func (p *Provider) trashOf(root, task, commit string) (record, bool) {
	list, err := p.records(root)
	if err != nil {
		return record{}, false
	}
	for _, rec := range list {
		if rec.Task == task && rec.Commit == commit && exists(filepath.Join(root, trashDir, rec.id, treeDir)) {
			return rec, true
		}
	}
	return record{}, false
}

// adopt moves what was not saved from a tree of the trash to where it was, and
// returns what is not there any more. Both lie below root, and no link out of it
// is followed.
func adopt(under, tree, path string, names []string) (missing []string, err error) {
	rel, err := filepath.Rel(under, path)
	if err != nil {
		return names, err
	}
	root, err := os.OpenRoot(under)
	if err != nil {
		return names, err
	}
	defer func() { _ = root.Close() }()
	for _, name := range names {
		plain := strings.TrimSuffix(name, "/")
		from, to := filepath.Join(tree, plain), filepath.Join(rel, plain)
		if _, err := root.Lstat(to); err == nil {
			continue // it was moved by an earlier call, or made anew
		}
		if _, err := root.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, name)
			continue
		}
		if err := root.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return names, fmt.Errorf("bring back %s: %w", plain, err)
		}
		if err := fault.Around("sandbox.adopt", func() error { return root.Rename(from, to) }); err != nil {
			return names, fmt.Errorf("bring back %s: %w", plain, err)
		}
	}
	return missing, nil
}
