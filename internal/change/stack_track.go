package change

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// untrackedKey is the setting that says that a person took a branch out of its
// stack, so that hf does not put it back by itself.
func untrackedKey(repo, branch string) string { return "untracked/" + repo + "/" + branch }

// tracking says which branches of tasks become part of stacks.
type tracking struct {
	only     map[string]bool // nil = all
	except   string
	wanted   string // the one that somebody wants to be in a stack: why it cannot be is said
	progress func(string)
}

// trackTasks makes a repo ready for stacks, and branches of its tasks part of
// them: each on its parent's, or on the trunk. What cannot be is said, and keeps
// nothing else from being done.
func (s *Service) trackTasks(ctx context.Context, in stack.In, repo *task.Repo, how tracking) (notes []string, err error) {
	forest, err := s.prepared(ctx, in, repo, how.progress)
	if err != nil {
		return nil, err
	}
	tasks, out, err := s.trackable(ctx, repo)
	if err != nil {
		return nil, err
	}
	for _, name := range bottomUp(tasks) {
		t := tasks[name]
		_, tracked := forest.Branches[name]
		if tracked || out[name] || name == forest.Trunk || name == how.except || how.only != nil && !how.only[name] {
			continue
		}
		if _, ok := forest.Branches[t.Base]; !ok && t.Base != forest.Trunk {
			if name == how.wanted {
				notes = append(notes, fmt.Sprintf("%s is in no stack: it stands on %s, which is in none either; `hf stack track %s` changes that", name, t.Base, t.Base))
			}
			continue
		}
		if _, there, err := s.cfg.Git.Branch(ctx, in.Repo, name); err != nil {
			return nil, err
		} else if !there {
			continue
		}
		how.progress("tracks " + name)
		if err := s.cfg.Stacks.Track(ctx, in, name, t.Base); err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			notes = append(notes, fmt.Sprintf("%s is in no stack: %v", name, err))
			continue
		}
		forest.Branches[name] = stack.Branch{Name: name, Base: t.Base}
	}
	return notes, nil
}

// trackable are the tasks of a repo by their branches, and those that a person
// took out of their stacks.
func (s *Service) trackable(ctx context.Context, repo *task.Repo) (tasks map[string]*task.Task, out map[string]bool, err error) {
	out = map[string]bool{}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if tasks, err = branchTasks(tx, repo.ID); err != nil {
			return err
		}
		for name := range tasks {
			value, _, err := tx.Setting(untrackedKey(repo.ID, name))
			if err != nil {
				return err
			}
			out[name] = value != ""
		}
		return nil
	})
	return tasks, out, err
}

// prepared is the forest of a repo, which is made one with stacks where it is
// none yet.
func (s *Service) prepared(ctx context.Context, in stack.In, repo *task.Repo, progress func(string)) (stack.Forest, error) {
	forest, err := s.cfg.Stacks.State(ctx, in.Repo)
	if err != nil {
		return forest, err
	}
	if forest.Commit == "" {
		trunk, err := s.trunk(ctx, repo)
		if err != nil {
			return forest, err
		}
		remote, _, err := s.cfg.Git.Remote(ctx, in.Repo)
		if err != nil {
			return forest, err
		}
		progress("prepares " + repo.Name + " for stacks on " + trunk)
		if err := s.cfg.Stacks.Init(ctx, in, trunk, remote); err != nil {
			return forest, err
		}
		if forest, err = s.cfg.Stacks.State(ctx, in.Repo); err != nil {
			return forest, err
		}
	}
	if forest.Branches == nil {
		forest.Branches = map[string]stack.Branch{}
	}
	return forest, nil
}

// TrackTask makes the branch of a task part of a stack, with those of tasks that
// it stands on. Without git-spice it does nothing: hf's own record says what
// stands on what, and the branch is tracked when there is one.
func (s *Service) TrackTask(ctx context.Context, id string, env api.Env) error {
	t, repo, err := s.taskAndRepo(ctx, id)
	if err != nil || t.Branch == "" {
		return err
	}
	in := stack.In{Repo: gitOf(repo), Env: task.Environ(env)}
	if _, err := s.cfg.Stacks.Program(ctx, in.Env); err != nil {
		return nil //nolint:nilerr // there is none
	}
	tasks, _, err := s.trackable(ctx, repo)
	if err != nil {
		return err
	}
	only := map[string]bool{}
	for below := t; below != nil && !only[below.Branch]; below = tasks[below.Base] {
		only[below.Branch] = true
	}
	notes, err := s.trackTasks(ctx, in, repo, tracking{only: only, wanted: t.Branch, progress: func(string) {}})
	if err == nil && len(notes) > 0 {
		err = &api.Error{Code: api.CodeConflict, Message: notes[0]}
	}
	return err
}

func (s *Service) taskAndRepo(ctx context.Context, id string) (t *task.Task, repo *task.Repo, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if t, err = tx.Task(id); err != nil {
			return err
		}
		repo, err = tx.Repo(t.RepoID)
		return err
	})
	return t, repo, err
}

// trunk is the branch that the stacks of a repo stand on.
func (s *Service) trunk(ctx context.Context, repo *task.Repo) (string, error) {
	name, err := s.cfg.Git.DefaultBranch(ctx, gitOf(repo))
	if api.IsCode(err, api.CodeNotFound) && repo.DefaultBranch != "" {
		return repo.DefaultBranch, nil
	}
	return name, err
}

// bottomUp lists branches of tasks, each after that of its base.
func bottomUp(tasks map[string]*task.Task) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(branch string)
	visit = func(branch string) {
		t, ok := tasks[branch]
		if !ok || seen[branch] {
			return
		}
		seen[branch] = true
		visit(t.Base)
		out = append(out, branch)
	}
	for _, branch := range sorted(tasks) {
		visit(branch)
	}
	return out
}
