package change

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// gitSpiceKey is the setting that says which git-spice was used last.
const gitSpiceKey = "git-spice"

func putGitSpice(tx Tx, g *api.GitSpice) error {
	b, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return tx.PutSetting(gitSpiceKey, string(b))
}

func gitSpice(tx Tx) (*api.GitSpice, error) {
	text, ok, err := tx.Setting(gitSpiceKey)
	if err != nil || !ok {
		return nil, err
	}
	g := new(api.GitSpice)
	if json.Unmarshal([]byte(text), g) != nil {
		return nil, nil // of another hf
	}
	return g, nil
}

// Stack returns the stacks of a repo: of that of a task, or the one that a name,
// or else a directory, means. It reads what is stored, and starts no process.
func (s *Service) Stack(ctx context.Context, workspace, id, ref, cwd string) (out api.Stack, err error) {
	var repo *task.Repo
	if id == "" {
		if repo, err = s.cfg.Repos.Resolve(ctx, workspace, ref, cwd); err != nil {
			return out, err
		}
	}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if id != "" {
			t, err := tx.Task(id)
			if err != nil {
				return err
			}
			if repo, err = tx.Repo(t.RepoID); err != nil {
				return err
			}
		}
		out.Repo, out.Trunk = repo.Name, repo.DefaultBranch
		if out.GitSpice, err = gitSpice(tx); err != nil {
			return err
		}
		tasks, err := branchTasks(tx, repo.ID)
		if err != nil {
			return err
		}
		branches, err := tx.Branches(repo.ID)
		if err != nil {
			return err
		}
		pulls, err := tx.PullRequests(repo.ID)
		if err != nil {
			return err
		}
		out.Branches = tree(out.Trunk, inStacks(branches, tasks, pulls))
		for i := range out.Branches {
			b := &out.Branches[i]
			t := tasks[b.Name]
			b.Current = t != nil && (t.ID == id || id == "" && within(cwd, t.Path))
		}
		return nil
	})
	return out, err
}

func within(cwd, dir string) bool {
	rel, err := filepath.Rel(dir, cwd)
	return dir != "" && err == nil && filepath.IsLocal(rel)
}

// inStacks are the branches that are of tasks, or that git-spice knows, as they
// are known. One that nobody has looked at yet is as its task has it.
func inStacks(branches []branch.Branch, tasks map[string]*task.Task, pulls []api.PullRequest) []api.StackBranch {
	open := map[string]api.PullRequestSummary{}
	for i := range pulls { // by number: of several the newest
		open[pulls[i].Branch] = pulls[i].PullRequestSummary
	}
	var out []api.StackBranch
	seen := map[string]bool{}
	for i := range branches {
		b := branches[i].Branch
		if tasks[b.Name] == nil && !b.Tracked || b.Base == "" {
			continue
		}
		seen[b.Name] = true
		if p, ok := open[b.Name]; ok {
			b.PullRequest = api.Some(p)
		}
		out = append(out, api.StackBranch{Branch: b})
	}
	for _, name := range sorted(tasks) {
		if t := tasks[name]; !seen[name] {
			out = append(out, api.StackBranch{Branch: api.Branch{Name: name, Base: t.Base, Ahead: t.Ahead, Behind: t.Behind, Unpushed: t.Unpushed, NeedsRestack: t.NeedsRestack}})
		}
	}
	for i := range out {
		b := &out[i]
		t := tasks[b.Name]
		if t == nil {
			continue
		}
		b.Task, b.Title = t.ID, t.Title
		if t.Base != "" { // an action says it at once
			b.Base = t.Base
		}
		if t.NeedsRestack != nil { // and this
			b.NeedsRestack = t.NeedsRestack
		}
		if !t.Pull.IsZero() {
			b.PullRequest = t.Pull
		}
		if p, ok := b.PullRequest.Get(); ok && p.State == api.PullRequestMerged && !b.Tracked {
			b.NeedsRestack = nil // its work is done: it is in no stack, and goes nowhere
		}
		b.Status, b.Reason = task.Shown(t)
	}
	return out
}

// tree puts each branch behind the one it stands on, what stands on the trunk
// first. What stands on itself in a circle comes last.
func tree(trunk string, branches []api.StackBranch) []api.StackBranch {
	at := make(map[string]int, len(branches))
	above := map[string][]int{}
	for i := range branches {
		at[branches[i].Name] = i
		above[branches[i].Base] = append(above[branches[i].Base], i)
	}
	out := make([]api.StackBranch, 0, len(branches))
	drawn := make([]bool, len(branches))
	var draw func(i, depth int)
	draw = func(i, depth int) {
		if drawn[i] {
			return
		}
		drawn[i] = true
		b := branches[i]
		b.Depth = depth
		out = append(out, b)
		for _, up := range above[b.Name] {
			draw(up, depth+1)
		}
	}
	var roots []string // what nothing below is in the tree of
	for base := range above {
		if _, ok := at[base]; !ok && base != trunk {
			roots = append(roots, base)
		}
	}
	slices.Sort(roots)
	if i, ok := at[trunk]; ok {
		draw(i, 0)
	}
	for _, base := range append([]string{trunk}, roots...) {
		for _, i := range above[base] {
			draw(i, 0)
		}
	}
	for i := range branches {
		draw(i, 0)
	}
	return out
}
