package change

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// KindSyncPlain syncs a task where there is no git-spice. It is stored, as are
// the names of its steps.
const KindSyncPlain = "sync_plain"

// The steps of syncs.
const (
	StepFetch  = "fetch"
	StepRebase = "rebase"
)

// fetched is what the remote had.
type fetched struct {
	Remote string `json:"remote,omitempty"` // "" = there is none
	Theirs string `json:"theirs,omitempty"` // the task's branch there, "" when it is not
	Base   string `json:"base,omitempty"`   // its base there
}

func (s *Service) syncPlans() []operation.Plan[Tx] {
	return []operation.Plan[Tx]{
		{Kind: string(api.StackSyncBranch), Changed: s.ended, Steps: []operation.Definition{
			{Name: StepFetch, Run: s.runFetch},
			{Name: StepPrepare, Run: s.runPrepare},
			{Name: StepRestack, Run: s.runAction},
		}},
		{Kind: KindSyncPlain, Changed: s.ended, Steps: []operation.Definition{
			{Name: StepFetch, Run: s.runFetch},
			{Name: StepRebase, Run: s.runRebase},
		}},
	}
}

// StartSync begins to take into a task's branch what others pushed to it, and to
// rebase it on its base.
func (s *Service) StartSync(ctx context.Context, request, id string, in api.SyncTask) (task.Receipt, error) {
	t, repo, err := s.ofTask(ctx, id)
	if err != nil {
		return task.Receipt{}, err
	}
	kind := string(api.StackSyncBranch)
	if _, err := s.cfg.Stacks.Program(ctx, task.Environ(in.Env)); err != nil {
		if ctx.Err() != nil {
			return task.Receipt{}, err
		}
		kind = KindSyncPlain
	}
	r, err := s.begin(ctx, request, repo, kind, in.Env, actionArgs{Task: id, Branch: t.Branch, Now: in.Now})
	return task.Receipt{Task: *t, Operation: r.Operation, Seq: r.Seq}, err
}

// runFetch asks the remote for the task's branch and its base. A local base that
// is only behind is moved on.
func (s *Service) runFetch(ctx context.Context, run *operation.Run) error {
	if _, err := s.turns.take(ctx, run); err != nil {
		return err
	}
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	via, err := s.via(ctx, repo, env)
	if api.IsCode(err, api.CodeNotFound) {
		run.SetResult(fetched{})
		run.Progress("there is no remote")
		return nil
	}
	if err != nil {
		return err
	}
	g := gitOf(repo)
	out := fetched{Remote: via.Remote}
	run.Progress("fetching " + t.Branch)
	if _, there, err := s.cfg.Git.RemoteBranch(ctx, g, via, t.Branch); err != nil {
		return err
	} else if there {
		if out.Theirs, err = s.cfg.Git.FetchBranch(ctx, g, via, t.Branch); err != nil {
			return err
		}
	}
	var said []string
	if of, err := s.taskOf(ctx, repo, t.Base); err != nil {
		return err
	} else if of == nil && t.Base != "" {
		if said, err = s.fetchBase(ctx, run, t, repo, env, via, &out); err != nil {
			return err
		}
	}
	run.SetResult(out)
	run.Progress(strings.Join(said, "; "))
	return nil
}

// fetchBase brings a base that is no task's up to date, as far as that goes.
func (s *Service) fetchBase(ctx context.Context, run *operation.Run, t *task.Task, repo *task.Repo, env api.Env, via git.Via, out *fetched) (said []string, err error) {
	err = s.followRemote(ctx, run, repo, env, t.Base)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case api.IsCode(err, api.CodeUnauthorized), err != nil && isNetwork(err):
		return nil, err
	case err != nil:
		said = append(said, fmt.Sprintf("%s stays where it is here: %v", t.Base, err))
	}
	out.Base, err = s.cfg.Git.ResolveCommit(ctx, gitOf(repo), "refs/remotes/"+via.Remote+"/"+t.Base)
	if api.IsCode(err, api.CodeNotFound) {
		return said, nil
	}
	return said, err
}

// isNetwork reports whether a remote could not be reached.
func isNetwork(err error) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.Retryable
}

// syncBranch is what an action on stacks does for a task: it takes in what others
// pushed to its branch, then restacks it.
func (d *driver) syncBranch(ctx context.Context, args actionArgs, on stack.OnConflict) (stack.Report, error) {
	forest, err := d.s.cfg.Stacks.State(ctx, d.in.Repo)
	if err != nil {
		return stack.Report{}, err
	}
	base := forest.Trunk
	if b, ok := forest.Branches[args.Branch]; ok {
		base = b.Base
	}
	taken, err := d.s.takeIn(ctx, &takeIn{
		run: d.run, repo: d.repo, branch: args.Branch, state: forest.Commit, base: base, leave: on == stack.Leave,
		busy: d.busy, begin: d.begin,
	})
	if err != nil {
		return stack.Report{}, err
	}
	if taken != nil {
		if err := d.done(ctx, *taken); err != nil {
			return stack.Report{}, err
		}
		if !taken.Outcome.Ok() {
			return stack.Report{Results: []stack.Result{*taken}}, nil
		}
	}
	return d.s.cfg.Stacks.Restack(ctx, d.in, stack.RestackRequest{Branch: args.Branch, Scope: stack.Only, OnConflict: on, Hooks: d.hooks()})
}

// runRebase is syncBranch without git-spice.
func (s *Service) runRebase(ctx context.Context, run *operation.Run) error {
	if _, err := s.turns.take(ctx, run); err != nil {
		return err
	}
	t, repo, _, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	args, err := argsOf[actionArgs](run.Op)
	if err != nil {
		return err
	}
	var release func()
	defer func() {
		if release != nil {
			release()
		}
	}()
	busy := func(ctx context.Context, _, _ string) (err error) {
		if release == nil {
			release, err = s.quiet(ctx, run, t, args.Now)
		}
		return err
	}
	in := &takeIn{run: run, repo: repo, branch: t.Branch, base: t.Base, leave: true, busy: busy}
	taken, err := s.takeIn(ctx, in)
	if err != nil {
		return err
	}
	if taken != nil && taken.Error != nil {
		return taken.Error
	}
	var f fetched
	run.Done(StepFetch, &f)
	onto, err := s.baseOf(ctx, t, repo, f)
	if err != nil {
		return err
	}
	if err := busy(ctx, "", ""); err != nil {
		return err
	}
	fork, err := s.forkOf(ctx, t, repo, onto)
	if err != nil {
		return err
	}
	said, err := s.rebasePlain(ctx, run, t, repo, onto, fork, true)
	if in.said != "" {
		said = strings.TrimSuffix(in.said+"; "+said, "; ")
	}
	run.Progress(said)
	return err
}

// baseOf is what a task's branch is to stand on without stacks: its base as the
// remote has it, where the local one is not further.
func (s *Service) baseOf(ctx context.Context, t *task.Task, repo *task.Repo, f fetched) (string, error) {
	at, there, err := s.cfg.Git.Branch(ctx, gitOf(repo), t.Base)
	if err != nil {
		return "", err
	}
	if f.Base == "" || t.NamedBase && there {
		if there {
			return at, nil
		}
		return s.cfg.Git.ResolveCommit(ctx, gitOf(repo), t.Base)
	}
	if there {
		if further, err := s.cfg.Git.Contains(ctx, gitOf(repo), at, f.Base); err != nil || further {
			return at, err
		}
	}
	return f.Base, nil
}

// forkOf is where a task's own commits begin: the commit it started from, while
// that is in its history, where its base has been rewritten.
func (s *Service) forkOf(ctx context.Context, t *task.Task, repo *task.Repo, onto string) (string, error) {
	fork, ok, err := s.cfg.Git.MergeBase(ctx, gitOf(repo), onto, "refs/heads/"+t.Branch)
	if err != nil {
		return "", err
	}
	if t.BaseCommit != "" {
		in, err := s.cfg.Git.Contains(ctx, gitOf(repo), "refs/heads/"+t.Branch, t.BaseCommit)
		if err != nil {
			return "", err
		}
		further, err := s.cfg.Git.Contains(ctx, gitOf(repo), t.BaseCommit, fork)
		if in && err == nil && further || !ok {
			return t.BaseCommit, err
		}
	}
	if !ok {
		err = &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("%s and its base have nothing in common", t.Branch)}
	}
	return fork, err
}
