package branch

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Overview joins the branches of a repo, its tasks, its pull requests and hf's
// worktrees. It looks at the branches first; where it cannot, it tells what was
// known before, and why.
func (s *Service) Overview(ctx context.Context, id string) (api.RepoOverview, error) {
	out := api.RepoOverview{Schema: api.Schema, Rows: []api.OverviewRow{}}
	if err := s.Look(ctx, id); err != nil {
		if ctx.Err() != nil {
			return out, context.Cause(ctx)
		}
		out.Error = asError(err)
	}
	var j join
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		if j.repo, err = tx.Repo(id); err != nil {
			return err
		}
		if j.branches, err = tx.Branches(id); err != nil {
			return err
		}
		if j.tasks, err = tx.Tasks(task.Filter{RepoID: id, All: true}); err != nil {
			return err
		}
		j.pulls, err = tx.PullRequests(id)
		return err
	})
	if err != nil {
		return out, err
	}
	if j.repo.State != api.RepoReady {
		out.Error = &api.Error{Code: api.CodeConflict, Message: strings.TrimSpace("the repo is " + j.repo.State + " " + j.repo.Reason)}
	}
	at := git.Repo{Top: j.repo.Path, GitDir: j.repo.GitDir}
	if j.trees, err = s.cfg.Git.Worktrees(at); err != nil {
		out.Error = cmp.Or(out.Error, asError(err))
	}
	if main, ok := s.cfg.Git.MainWorktree(at); ok {
		j.trees = append(j.trees, main)
	}
	below, err := filepath.EvalSymlinks(s.cfg.Worktrees)
	if err != nil {
		below = s.cfg.Worktrees // nothing is there yet
	}
	out.Repo, out.Trunk, out.Rows = j.repo.Name, j.trunk(), j.rows(below)
	return out, nil
}

func asError(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	return &api.Error{Code: api.CodeGit, Message: err.Error()}
}

// join is what an overview is made of.
type join struct {
	repo     *task.Repo
	branches []Branch
	tasks    []task.Task // newest first
	pulls    []api.PullRequest
	trees    []git.Worktree
}

// trunk is the only branch that stands on none.
func (j *join) trunk() string {
	for i := range j.branches {
		if j.branches[i].Base == "" {
			return j.branches[i].Name
		}
	}
	return j.repo.DefaultBranch
}

// rows are the overview: the trunk, what tasks have, newest first, then what
// stands alone.
func (j *join) rows(worktrees string) []api.OverviewRow {
	var rows []api.OverviewRow
	here := map[string]bool{}
	for i := range j.branches {
		b := &j.branches[i]
		here[b.Name] = true
		row := api.OverviewRow{
			Branch: b.Name, Head: b.Head, Base: b.Base, Tracked: b.Tracked, Upstream: b.Upstream, Ahead: b.Ahead, Behind: b.Behind,
			Unpushed: b.Unpushed, NeedsRestack: b.NeedsRestack, Conflicts: b.Conflicts, Diff: b.Diff, Since: b.CommittedAt,
		}
		t := j.taskOf(b.Name)
		if t != nil {
			tell(&row, t)
		}
		if (t == nil || t.Lifecycle == api.LifecycleKilled) && b.Base != "" {
			row.Orphan = api.OrphanBranch
		}
		rows = append(rows, row)
	}
	for i := range j.tasks {
		if t := &j.tasks[i]; live(t) && !here[t.Branch] {
			here[t.Branch] = true
			row := api.OverviewRow{Branch: t.Branch, Orphan: api.OrphanTask, Base: t.Base, Since: new(t.CreatedAt)}
			tell(&row, t)
			rows = append(rows, row)
		}
	}
	for i := range rows {
		rows[i].PullRequest, rows[i].Path = j.pullOf(rows[i].Branch), j.pathOf(rows[i].Branch)
	}
	rows = append(rows, j.strangers(here)...)
	rows = append(rows, j.left(worktrees)...)
	slices.SortStableFunc(rows, func(a, b api.OverviewRow) int {
		return cmp.Or(rank(&a)-rank(&b), since(&b).Compare(since(&a)), strings.Compare(a.Branch, b.Branch))
	})
	return rows
}

// tell puts a task into a row.
func tell(row *api.OverviewRow, t *task.Task) {
	row.Task, row.Title = t.ID, t.Title
	row.Status, row.Reason = task.Shown(t)
}

// rank is how far up a row is.
func rank(r *api.OverviewRow) int {
	switch {
	case r.Orphan == "" && r.Base == "":
		return 0
	case r.Orphan == "" || r.Orphan == api.OrphanTask:
		return 1
	case r.Orphan == api.OrphanBranch:
		return 2
	case r.Orphan == api.OrphanPullRequest:
		return 3
	}
	return 4
}

func since(r *api.OverviewRow) time.Time {
	if r.Since == nil {
		return time.Time{}
	}
	return *r.Since
}

// taskOf is the task that has a branch: the live one, else the newest that had
// it.
func (j *join) taskOf(branch string) *task.Task {
	var had *task.Task
	for i := range j.tasks {
		t := &j.tasks[i]
		switch {
		case t.Branch != branch:
		case live(t):
			return t
		case had == nil:
			had = t
		}
	}
	return had
}

// pullOf is the pull request of a branch: an open one, else the newest.
func (j *join) pullOf(branch string) *api.PullRequestSummary {
	var best *api.PullRequest
	for i := range j.pulls {
		p := &j.pulls[i]
		if p.Branch == branch && (best == nil || best.Ended() && !p.Ended() || best.Ended() == p.Ended() && p.Number > best.Number) {
			best = p
		}
	}
	if best == nil {
		return nil
	}
	return &best.PullRequestSummary
}

func (j *join) pathOf(branch string) string {
	for _, w := range j.trees {
		has := w.Branch
		if rebase, ok := w.Rebasing(); ok && has == "" {
			has = rebase.Branch
		}
		if has == branch && branch != "" {
			return w.Path
		}
	}
	return ""
}

// strangers are the open pull requests of branches that are not here.
func (j *join) strangers(here map[string]bool) []api.OverviewRow {
	var rows []api.OverviewRow
	for i := range j.pulls {
		if p := &j.pulls[i]; !here[p.Branch] && !p.Ended() {
			rows = append(rows, api.OverviewRow{
				Branch: p.Branch, Orphan: api.OrphanPullRequest, Title: p.Title, Base: p.Base, PullRequest: &p.PullRequestSummary,
				Since: new(p.UpdatedAt),
			})
		}
	}
	return rows
}

// left are hf's worktrees that no live task has. Those that hf uses itself for a
// while are none of them.
func (j *join) left(below string) []api.OverviewRow {
	var rows []api.OverviewRow
	for _, w := range j.trees {
		rel, err := filepath.Rel(below, w.Path)
		if err != nil || !filepath.IsLocal(rel) || rel == "." {
			continue
		}
		owned := slices.ContainsFunc(j.tasks, func(t task.Task) bool {
			return t.Path == w.Path && t.Lifecycle != api.LifecycleKilled && t.Lifecycle != api.LifecycleArchived
		})
		if !owned {
			rows = append(rows, api.OverviewRow{Branch: w.Branch, Orphan: api.OrphanWorktree, Path: w.Path})
		}
	}
	return rows
}
