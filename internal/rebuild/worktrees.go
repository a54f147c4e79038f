package rebuild

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/ids"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// named takes a worktree's directory apart: <slug>-<id>, or <id>.
var named = regexp.MustCompile(`^(?:(.+)-)?([a-z][a-z0-9]{7})$`)

// worktrees brings back the tasks of worktrees that no session speaks of: their
// agent was never started.
func (b *builder) worktrees(ctx context.Context) error {
	root, err := filepath.EvalSymlinks(b.Worktrees)
	if err != nil {
		return nil // there are none
	}
	known := map[string]bool{} // by path
	var repos []task.Repo
	err = b.Store.View(ctx, func(tx Tx) error {
		tasks, err := tx.Tasks(task.Filter{All: true})
		if err != nil {
			return err
		}
		for i := range tasks {
			known[tasks[i].Path] = true
		}
		repos, err = tx.Repos("")
		return err
	})
	if err != nil {
		return err
	}
	for i := range repos {
		if repos[i].State != api.RepoReady {
			continue
		}
		list, err := b.Git.Worktrees(git.Repo{Top: repos[i].Path, GitDir: repos[i].GitDir})
		if err != nil {
			b.problem("worktrees of %s: %v", repos[i].Name, err)
			continue
		}
		for _, w := range list {
			if known[w.Path] || !strings.HasPrefix(w.Path, root+string(filepath.Separator)) {
				continue
			}
			known[w.Path] = true
			if err := b.worktree(ctx, &repos[i], w); err != nil {
				return err
			}
		}
	}
	return b.strays(ctx, root, known)
}

// worktree brings back the task of one worktree.
func (b *builder) worktree(ctx context.Context, repo *task.Repo, w git.Worktree) error {
	parts := named.FindStringSubmatch(filepath.Base(w.Path))
	if parts == nil || w.Branch == "" {
		b.problem("worktree %s: no task can be made of it", w.Path)
		return nil
	}
	title, id := strings.ReplaceAll(parts[1], "-", " "), parts[2]
	if title == "" {
		title = w.Branch
	}
	g := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
	base, err := b.Git.DefaultBranch(ctx, g)
	if err != nil {
		base = repo.DefaultBranch
	}
	commit, err := b.Git.ResolveCommit(ctx, g, base)
	if err != nil {
		b.problem("worktree %s: %v", w.Path, err)
		return nil
	}
	t := &task.Task{
		ID: id, Workspace: repo.Workspace, Title: title, Slug: parts[1], Branch: w.Branch, Base: base, BaseCommit: commit,
		Agent: b.Agent(), Provider: b.Provider, Permission: api.PermissionAsk, Path: w.Path, CreatedAt: madeAt(w),
	}
	added := false
	err = b.Store.Update(ctx, func(tx Tx) error {
		have, err := tx.Task(id)
		switch {
		case err == nil: // a task that was not so far yet when the copy was made
			if have.Path != "" {
				return nil
			}
			have.Path = w.Path
			return tx.PutTask(have)
		case !api.IsCode(err, api.CodeNotFound):
			return err
		}
		added = true
		return b.addTask(tx, t, repo, api.LifecycleReady)
	})
	if api.IsCode(err, api.CodeExists) {
		b.problem("worktree %s: %v", w.Path, err)
		return nil
	}
	if err == nil && added {
		b.result.Tasks = append(b.result.Tasks, id)
	}
	return err
}

// strays brings back the tasks of worktrees whose repository is not in the
// database, if that agrees that it has them: an agent can write what a worktree
// says of its repository. Directories that nobody knows are left as they are.
func (b *builder) strays(ctx context.Context, root string, known map[string]bool) error {
	dirs, err := filepath.Glob(filepath.Join(root, "*", "*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || info.Mode().Type() != fs.ModeDir || known[dir] || named.FindString(filepath.Base(dir)) == "" || strings.HasPrefix(filepath.Base(filepath.Dir(dir)), ".") {
			continue
		}
		g, err := git.Discover(dir)
		if err != nil {
			b.problem("worktree %s: %v; its files stay", dir, err)
			continue
		}
		w, ok := b.Git.Worktree(g, dir)
		if !ok {
			b.problem("worktree %s: %s does not know it; its files stay", dir, g.Top)
			continue
		}
		repo := &task.Repo{
			ID: ids.New(), Workspace: b.Workspace, Name: filepath.Base(g.Top), Path: g.Top, GitDir: g.GitDir, State: api.RepoReady, CreatedAt: b.Now().UTC(),
		}
		if repo.DefaultBranch, err = b.Git.DefaultBranch(ctx, g); err != nil {
			b.problem("worktree %s: %v; its files stay", dir, err)
			continue
		}
		if err := b.worktree(ctx, repo, w); err != nil {
			return err
		}
	}
	return nil
}

// madeAt is when git made a worktree, as near as that is known.
func madeAt(w git.Worktree) time.Time {
	info, err := os.Stat(filepath.Join(w.GitDir, "gitdir"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC()
}
