package change

import (
	"context"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// KindPush pushes a task's branch. It is stored, as are the names of its steps.
const KindPush = "push"

// The steps of a push.
const (
	StepLease = "lease" // what is on the remote, and may it be pushed over
	StepPush  = "push"
)

// about is the arguments of an operation that is about one task.
type about struct {
	Task string `json:"task"`
}

// aboutTask is the task that an operation on a repo is about, "" when it is about
// none, or its arguments cannot be read.
func aboutTask(op *operation.Operation) string {
	args, err := argsOf[about](op)
	if err != nil {
		return ""
	}
	return args.Task
}

func (s *Service) pushPlan() operation.Plan[Tx] {
	return operation.Plan[Tx]{Kind: KindPush, Changed: s.ended, Steps: []operation.Definition{
		{Name: StepLease, Run: s.runLease},
		{Name: StepPush, Run: s.runPush},
	}}
}

// StartPush begins to push a task's branch to its remote.
func (s *Service) StartPush(ctx context.Context, request, id string, in api.PushTask) (task.Receipt, error) {
	t, repo, err := s.ofTask(ctx, id)
	if err != nil {
		return task.Receipt{}, err
	}
	r, err := s.begin(ctx, request, repo, KindPush, in.Env, about{Task: id})
	return task.Receipt{Task: *t, Operation: r.Operation, Seq: r.Seq}, err
}

// runLease asks the remote what it has. Which commit is pushed is decided here:
// one that comes later is for the next push.
func (s *Service) runLease(ctx context.Context, run *operation.Run) error {
	if _, err := s.turns.take(ctx, run); err != nil {
		return err
	}
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	commit, err := s.tip(ctx, t, repo)
	if err != nil {
		return err
	}
	l, err := s.Lease(ctx, repo, t.Branch, commit, env)
	if err != nil {
		return err
	}
	run.SetResult(l)
	var said []string
	if l.Recreates {
		said = append(said, fmt.Sprintf("%s was deleted on %s and is made again", l.Branch, l.Remote))
	}
	if l.Rewrites {
		said = append(said, fmt.Sprintf("%s was rewritten: what hf pushed before is replaced", l.Branch))
	}
	if n := s.uncommitted(ctx, t, repo); n > 0 {
		said = append(said, count(n, "file that is not committed is not pushed", "files that are not committed are not pushed"))
	}
	run.Progress(strings.Join(said, "; "))
	return nil
}

func (s *Service) runPush(ctx context.Context, run *operation.Run) error {
	if _, err := s.turns.take(ctx, run); err != nil {
		return err
	}
	t, repo, env, err := s.subject(ctx, run)
	if err != nil {
		return err
	}
	var l Lease
	if !run.Done(StepLease, &l) {
		return fmt.Errorf("push %s: the lease is lost", t.Branch)
	}
	if err := s.Push(ctx, repo, l, t.Branch, env); err != nil {
		return err
	}
	run.Progress(l.words())
	return nil
}

// words say what was pushed where.
func (l Lease) words() string {
	switch {
	case !l.Needed():
		return fmt.Sprintf("%s/%s is up to date", l.Remote, l.Branch)
	case l.Expected == "":
		return fmt.Sprintf("%s/%s is new, at %.7s", l.Remote, l.Branch, l.Commit)
	case l.Rewrites:
		return fmt.Sprintf("%s/%s %.7s...%.7s (rewritten)", l.Remote, l.Branch, l.Expected, l.Commit)
	}
	return fmt.Sprintf("%s/%s %.7s..%.7s", l.Remote, l.Branch, l.Expected, l.Commit)
}
