package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// Prune frees what is finished, and says of everything else why it is kept:
// the sandboxes of tasks whose work is merged, what was removed and is saved,
// what is saved of tasks that ended long ago, and directories of nobody. What is
// in use, or would be lost, is never freed.
func (s *Service) Prune(ctx context.Context, request string, f Filter, in api.Prune) (out api.PruneList, err error) {
	select { // one at a time: two would free the same
	case s.pruning <- struct{}{}:
		defer func() { <-s.pruning }()
	case <-ctx.Done():
		return out, context.Cause(ctx)
	}
	if out, known, err := s.pruned(ctx, request); known || err != nil {
		return out, err
	}
	p := &prune{s: s, f: f, in: in, now: s.cfg.Now(), repos: map[string]*Repo{}, tasks: map[string]*Task{}}
	if err := p.survey(ctx); err != nil {
		return out, err
	}
	out = api.PruneList{Schema: api.Schema, DryRun: in.DryRun}
	for i := range p.found {
		thing := &p.found[i]
		if thing.Free && !in.DryRun {
			p.free(ctx, thing)
		}
		if thing.Free {
			out.Bytes += thing.Bytes
		}
		out.Items = append(out.Items, thing.PruneItem)
	}
	if in.DryRun || request == "" {
		return out, nil
	}
	return out, s.cfg.Store.Update(ctx, func(tx Tx) error {
		b, err := json.Marshal(out)
		if err != nil {
			return err
		}
		return tx.Remember(request, b)
	})
}

// pruned is the answer to a request that was carried out before.
func (s *Service) pruned(ctx context.Context, request string) (out api.PruneList, known bool, err error) {
	if request == "" {
		return out, false, nil
	}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		b, ok, err := tx.Replay(request)
		if err != nil || !ok {
			return err
		}
		known = true
		return json.Unmarshal(b, &out)
	})
	return out, known, err
}

// prune is one run of Prune.
type prune struct {
	s   *Service
	f   Filter // what it is about
	in  api.Prune
	now time.Time

	repos map[string]*Repo // those of the tasks, by id
	tasks map[string]*Task // every one there is, by id
	found []thing
}

// thing is something that may be freed.
type thing struct {
	api.PruneItem
	free func(ctx context.Context) (why string, err error) // "" = as was said
}

// keptError is why something that was to be freed is kept after all.
type keptError string

func (e keptError) Error() string { return string(e) }

func (p *prune) add(t thing) { p.found = append(p.found, t) }

// free frees one thing. That it cannot be is no failure of the others.
func (p *prune) free(ctx context.Context, t *thing) {
	why, err := t.free(ctx)
	switch kept, is := errors.AsType[keptError](err); {
	case is:
		t.Free, t.Why = false, string(kept)
	case err != nil:
		p.s.cfg.Log.Warn("prune", "kind", t.Kind, "name", t.Name, "err", err)
		t.Free, t.Why = false, err.Error()
	case why != "":
		t.Why = why
	}
}

// keeps is for how long something is kept.
func (p *prune) keeps(usual time.Duration) time.Duration {
	if p.in.OlderThanMS != nil {
		return time.Duration(*p.in.OlderThanMS) * time.Millisecond
	}
	return usual
}

// inScope reports whether the request is about a task.
func (p *prune) inScope(t *Task) bool {
	return (p.f.Workspace == "" || t.Workspace == p.f.Workspace) && (p.f.RepoID == "" || t.RepoID == p.f.RepoID)
}

// survey finds everything that the request is about.
func (p *prune) survey(ctx context.Context) error {
	var order []*Task
	err := p.s.cfg.Store.View(ctx, func(tx Tx) error {
		all, err := tx.Tasks(Filter{All: true})
		if err != nil {
			return err
		}
		for i := range all {
			t := &all[i]
			p.tasks[t.ID] = t
			order = append(order, t)
			if p.repos[t.RepoID] == nil {
				if p.repos[t.RepoID], err = tx.Repo(t.RepoID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range order {
		if !endedLife(t.Lifecycle) && p.inScope(t) {
			p.task(ctx, t)
		}
	}
	if err := p.kept(ctx); err != nil {
		return err
	}
	if err := p.refs(ctx); err != nil {
		return err
	}
	for _, t := range order {
		if t.Lifecycle == api.LifecycleKilled && p.inScope(t) {
			p.transcript(ctx, t)
		}
	}
	return nil
}

func endedLife(l api.Lifecycle) bool {
	return l == api.LifecycleArchived || l == api.LifecycleKilled
}

// task looks at a task that has not ended.
func (p *prune) task(ctx context.Context, t *Task) {
	item := api.PruneItem{Kind: api.PruneTask, Name: t.ID, Task: t.ID, Repo: t.RepoName, Since: t.lastUsed()}
	why, free, err := p.finished(ctx, t)
	if err != nil {
		why, free = "it could not be looked at: "+err.Error(), false
	}
	item.Why, item.Free = why, free
	if free {
		item.Bytes = p.size(ctx, t)
	}
	p.add(thing{PruneItem: item, free: func(ctx context.Context) (string, error) { return "", p.end(ctx, t) }})
}

// lastUsed is when something last happened with a task.
func (t *Task) lastUsed() time.Time {
	if t.ActivitySince.IsZero() {
		return t.CreatedAt
	}
	return t.ActivitySince
}

// finished says whether all that a task made is merged, or why not to end it.
func (p *prune) finished(ctx context.Context, t *Task) (why string, free bool, err error) {
	status, reason := Shown(t)
	if t.Lifecycle != api.LifecycleReady || !Final(t) {
		return "it is " + describe(status, reason), false, nil
	}
	err = p.s.cfg.Store.View(ctx, func(tx Tx) error {
		live, err := tx.LiveOperation(t.ID)
		if err != nil {
			return err
		}
		waiting, _, err := outbox(tx, t)
		if live != nil {
			why = "hf works on it: " + live.Kind
		} else if waiting {
			why = "a message waits for its agent"
		}
		return err
	})
	if err != nil || why != "" {
		return why, false, err
	}
	if age := p.keeps(0); p.now.Sub(t.lastUsed()) < age {
		return fmt.Sprintf("it was used within %s", age), false, nil
	}
	repo := p.repos[t.RepoID]
	wt, ok, err := p.s.worktree(ctx, t, repo)
	if err != nil {
		return "", false, err
	}
	if !ok {
		return "its sandbox is gone: `hf kill` ends it", false, nil
	}
	return p.merged(ctx, t, wt)
}

// merged says whether everything in a worktree is in the branch that the task
// started from.
func (p *prune) merged(ctx context.Context, t *Task, wt git.Worktree) (why string, free bool, err error) {
	g := p.s.cfg.Git
	dirty, err := g.Dirty(ctx, wt)
	switch {
	case err != nil:
		return "", false, err
	case dirty:
		return "it has changes that are not committed", false, nil
	case wt.Branch != t.Branch:
		return "it is not on its branch", false, nil
	}
	tip, _, err := g.Branch(ctx, wt.Repo, t.Branch)
	if err != nil {
		return "", false, err
	}
	if tip == t.BaseCommit {
		return "it has made no commit yet", false, nil
	}
	for _, remote := range []bool{true, false} {
		base, err := g.StartPoint(ctx, wt.Repo, t.Base, remote)
		if err != nil {
			continue // the base is gone: what counts is in the other, if at all
		}
		how, ok, err := g.Merged(ctx, wt.Repo, tip, base)
		if err != nil {
			return "", false, err
		}
		if ok {
			return fmt.Sprintf("its work is in %s, %s", t.Base, how), true, nil
		}
	}
	return p.mergedThere(ctx, t, wt.Repo, tip)
}

// mergedThere says whether everything up to tip was merged by a pull request,
// into whatever base, and maybe as other commits.
func (p *prune) mergedThere(ctx context.Context, t *Task, repo git.Repo, tip string) (why string, free bool, err error) {
	var pulls []api.PullRequest
	err = p.s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		pulls, err = tx.PullRequestsOf(t.RepoID, t.Branch)
		return err
	})
	if err != nil {
		return "", false, err
	}
	why = "its work is not merged into " + t.Base
	for i := range pulls {
		pr := &pulls[i]
		if pr.Task != t.ID || !pr.Ended() {
			continue
		}
		if pr.State == api.PullRequestClosed {
			why = fmt.Sprintf("its pull request #%d was closed without being merged", pr.Number)
			continue
		}
		if tip == pr.Head {
			return fmt.Sprintf("its pull request #%d was merged into %s", pr.Number, pr.Base), true, nil
		}
		if _, ok, err := p.s.cfg.Git.Merged(ctx, repo, tip, pr.Head); err == nil && ok { // an error: the commit is not here
			return fmt.Sprintf("its pull request #%d was merged into %s", pr.Number, pr.Base), true, nil
		}
		why = fmt.Sprintf("it has commits that its merged pull request #%d does not have", pr.Number)
	}
	return why, false, nil
}

// end kills a task, which saves whatever there is, and waits until it is.
func (p *prune) end(ctx context.Context, t *Task) error {
	fresh, _, err := p.s.load(ctx, t.ID)
	if err != nil {
		return err
	}
	if why, free, err := p.finished(ctx, fresh); err != nil || !free {
		return errors.Join(err, keptError(why))
	}
	receipt, err := p.s.Kill(ctx, "", t.ID, api.TaskAction{})
	if err != nil {
		return err
	}
	return p.s.await(ctx, func(tx Tx) (bool, error) {
		op, err := tx.Operation(receipt.Operation.ID)
		if err != nil {
			return false, err
		}
		if op.Error != nil {
			return false, op.Error
		}
		return op.State == api.OperationDone, nil
	})
}

// refs looks at what is saved in the repositories.
func (p *prune) refs(ctx context.Context) error {
	seen := map[string]bool{} // two workspaces may know the same repository
	for _, id := range slices.Sorted(maps.Keys(p.repos)) {
		repo := p.repos[id]
		if seen[repo.GitDir] || !exists(repo.GitDir) || p.f.RepoID != "" && id != p.f.RepoID {
			continue
		}
		seen[repo.GitDir] = true
		g := git.Repo{Top: repo.Path, GitDir: repo.GitDir}
		list, err := p.s.cfg.Git.KeptRefs(ctx, g)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			why := "what is saved there could not be looked at: " + err.Error()
			p.add(thing{PruneItem: api.PruneItem{Kind: api.PruneSaved, Name: repo.Path, Repo: repo.Name, Since: repo.CreatedAt, Why: why}})
		}
		for _, ref := range list {
			p.ref(g, repo, ref)
		}
	}
	return nil
}

// ref looks at one ref. Of a task that is parked everything is kept; one that
// this hf does not know may be parked by another.
func (p *prune) ref(g git.Repo, repo *Repo, ref git.KeptRef) {
	name, is := strings.CutPrefix(ref.Name, git.SavedRef(""))
	if !is {
		name, is = strings.CutPrefix(ref.Name, BranchRef(""))
	}
	id, _, _ := strings.Cut(name, "-")
	t := p.tasks[id]
	if !is || t != nil && !p.inScope(t) {
		return
	}
	item := api.PruneItem{Kind: api.PruneSaved, Name: ref.Name, Task: id, Repo: repo.Name, Since: ref.At}
	age := p.keeps(p.s.cfg.Settings().KeepSaved)
	switch {
	case t == nil:
		item.Why, item.Task = "no task of this hf: another one may need it", ""
	case t.Lifecycle == api.LifecycleArchived:
		item.Why = "its task is archived: `hf restore` needs it"
	case t.Lifecycle == api.LifecycleKilled:
		if t.EndedAt != nil && t.EndedAt.After(item.Since) {
			item.Since = *t.EndedAt
		}
		item.Free = p.now.Sub(item.Since) >= age
		item.Why = p.until(item, age, "its task was killed")
	case t.Lifecycle == api.LifecycleReady:
		item.Free = p.now.Sub(item.Since) >= age
		item.Why = p.until(item, age, "its task was restored, and this was saved")
	default:
		status, reason := Shown(t)
		item.Why = "its task is " + describe(status, reason)
	}
	p.add(thing{PruneItem: item, free: func(ctx context.Context) (string, error) {
		if err := p.same(ctx, t); err != nil {
			return "", err
		}
		return "", p.s.cfg.Git.DropRef(ctx, g, ref.Name, ref.Commit)
	}})
}

// until says since when something can be freed, or from when on.
func (p *prune) until(item api.PruneItem, age time.Duration, what string) string {
	if item.Free {
		return fmt.Sprintf("%s on %s", what, item.Since.Format(time.DateOnly))
	}
	return fmt.Sprintf("%s on %s, and is kept until %s", what, item.Since.Format(time.DateOnly), item.Since.Add(age).Format(time.DateOnly))
}

// same refuses when a task is not what it was when it was looked at: it may
// just be coming back.
func (p *prune) same(ctx context.Context, t *Task) error {
	now, _, err := p.s.load(ctx, t.ID)
	if err == nil && now.Lifecycle != t.Lifecycle {
		err = keptError("its task is " + string(now.Lifecycle) + " now")
	}
	return err
}

// transcript looks at the journals of a killed task.
func (p *prune) transcript(ctx context.Context, t *Task) {
	bytes, err := p.s.cfg.Sessions.Stored(ctx, t.ID)
	if err != nil || bytes == 0 {
		return
	}
	item := api.PruneItem{Kind: api.PruneTranscript, Name: t.ID, Task: t.ID, Repo: t.RepoName, Since: t.UpdatedAt, Bytes: bytes}
	if t.EndedAt != nil {
		item.Since = *t.EndedAt
	}
	age := p.keeps(p.s.cfg.Settings().KeepSaved)
	item.Free = p.now.Sub(item.Since) >= age
	item.Why = p.until(item, age, "its task was killed")
	p.add(thing{PruneItem: item, free: func(ctx context.Context) (string, error) {
		if err := p.same(ctx, t); err != nil {
			return "", err
		}
		if err := p.s.cfg.Sessions.Drop(ctx, t.ID); err != nil {
			return "", err
		}
		return "", p.s.dropTaskFiles(t.ID)
	}})
}
