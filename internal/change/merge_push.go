package change

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// runPushChildren pushes what was moved off the merged branch and hf had pushed
// before: until then its pull requests have the commits that were merged, and
// conflict with them. That one cannot be pushed is no failure of the merge. After
// a merge here nothing is pushed: the base has commits then that are not on the
// remote, and that are nobody's to publish but the user's.
func (s *Service) runPushChildren(ctx context.Context, run *operation.Run) error {
	m, err := decided(run)
	if err != nil || pending(run) || m.Number == 0 {
		return err
	}
	_, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	moved, err := s.movedChildren(ctx, run)
	if err != nil || len(moved) == 0 {
		return err
	}
	forest, err := s.cfg.Stacks.State(ctx, gitOf(repo))
	if err != nil {
		return err
	}
	var said []string
	for _, branch := range moved {
		run.Progress("pushing " + branch)
		what, err := s.pushAgain(ctx, repo, forest, branch, env)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			what = fmt.Sprintf("%s was not pushed: %v", branch, err)
		}
		if what != "" {
			said = append(said, what)
		}
	}
	run.Progress(strings.Join(said, "; "))
	return nil
}

// movedChildren are the branches that the merge moved, each once, by their names.
func (s *Service) movedChildren(ctx context.Context, run *operation.Run) ([]string, error) {
	m, err := decided(run)
	if err != nil {
		return nil, err
	}
	var st stands
	run.Done(StepPrepare, &st)
	names := map[string]bool{}
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		for _, id := range st.Plain {
			t, err := tx.Task(id)
			if err != nil {
				return err
			}
			names[t.Branch] = t.Rebase == nil
		}
		a, err := tx.StackAction(run.Op.ID)
		if api.IsCode(err, api.CodeNotFound) {
			return nil // it was done without stacks
		}
		if err != nil {
			return err
		}
		for _, move := range a.Progress.moves() {
			names[move.Branch] = move.Branch != m.Branch && !slices.Contains(a.Progress.left(), move.Branch)
		}
		return nil
	})
	out := sorted(names)
	return slices.DeleteFunc(out, func(name string) bool { return !names[name] }), err
}

// pushAgain pushes a branch that hf has pushed before, and says what it did. One
// that somebody deleted on the remote stays so.
func (s *Service) pushAgain(ctx context.Context, repo *task.Repo, forest stack.Forest, branch string, env api.Env) (string, error) {
	tip, there, err := s.cfg.Git.Branch(ctx, gitOf(repo), branch)
	if err != nil || !there {
		return "", err
	}
	remote, _, err := s.cfg.Git.Remote(ctx, gitOf(repo))
	if err != nil || remote == "" {
		return "", err
	}
	name := branch
	if b, ok := forest.Branches[branch]; ok && b.Upstream != "" {
		name = b.Upstream
	}
	known, err := s.remoteBranch(ctx, repo.ID, remote, name)
	if err != nil || known.Pushed == "" || known.Pushed == tip {
		return "", err
	}
	l, err := s.Lease(ctx, repo, name, tip, env)
	if err != nil || l.Recreates || !l.Needed() {
		return "", err
	}
	return l.words(), s.Push(ctx, repo, l, branch, env)
}
