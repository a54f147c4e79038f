package change

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Stacks makes stacks right; see package stack.
type Stacks interface {
	Program(ctx context.Context, env []string) (stack.Program, error)
	State(ctx context.Context, repo git.Repo) (stack.Forest, error)
	Init(ctx context.Context, in stack.In, trunk, remote string) error
	Track(ctx context.Context, in stack.In, branch, base string) error
	Untrack(ctx context.Context, in stack.In, branch string) error
	Restack(ctx context.Context, in stack.In, req stack.RestackRequest) (stack.Report, error)
	Reparent(ctx context.Context, in stack.In, req stack.ReparentRequest) (stack.Report, error)
	Fold(ctx context.Context, in stack.In, req stack.FoldRequest) (stack.Report, error)
	Sync(ctx context.Context, in stack.In, req stack.SyncRequest) (stack.SyncReport, error)
	InProgress(ctx context.Context, repo git.Repo) ([]stack.Rebase, error)
	Continue(ctx context.Context, in stack.In, a stack.Attempt) (stack.Result, error)
	Abort(ctx context.Context, in stack.In, worktree string) error
	Recover(ctx context.Context, in stack.In, a stack.Attempt) (stack.Recovered, error)
	Snapshot(ctx context.Context, repo git.Repo, keep string) (stack.Snapshot, error)
	Submit(ctx context.Context, in stack.In, req stack.SubmitRequest) ([]stack.Submitted, error)
	Undo(ctx context.Context, in stack.In, req stack.UndoRequest) (stack.UndoReport, error)
}

// actionArgs are the arguments of an operation on stacks.
type actionArgs struct {
	Task    string         `json:"task,omitempty"`
	Branch  string         `json:"branch,omitempty"`
	Scope   api.StackScope `json:"scope,omitempty"`
	Onto    string         `json:"onto,omitempty"` // a branch
	Now     bool           `json:"now,omitempty"`
	Draft   *bool          `json:"draft,omitempty"`
	DryRun  bool           `json:"dryRun,omitempty"`
	Message string         `json:"message,omitempty"`
	// Target is the operation of the action that is continued, aborted or undone.
	Target string `json:"target,omitempty"`
	// Auto says that nobody asked: who is at work is left alone, and a conflict
	// is put back.
	Auto bool `json:"auto,omitempty"`
}

// StackAction begins an action on the stacks of a repo.
func (s *Service) StackAction(ctx context.Context, request string, in api.StackAction) (Receipt, error) {
	if r, ok, err := s.replay(ctx, request); ok || err != nil {
		return r, err
	}
	args := actionArgs{
		Task: in.Task, Branch: in.Branch, Scope: in.Scope, Now: in.Now, Draft: in.Draft, DryRun: in.DryRun, Message: in.Message,
	}
	repo, err := s.stackRepo(ctx, in, &args)
	if err != nil {
		return Receipt{}, err
	}
	if err := s.checkAction(ctx, repo, in, &args); err != nil {
		return Receipt{}, err
	}
	if _, err := s.cfg.Stacks.Program(ctx, task.Environ(in.Env)); err != nil {
		return Receipt{}, err
	}
	return s.begin(ctx, request, repo, string(in.Action), in.Env, args)
}

// stackRepo finds the repo of an action and the branch of its task.
func (s *Service) stackRepo(ctx context.Context, in api.StackAction, args *actionArgs) (*task.Repo, error) {
	if in.Task == "" {
		return s.cfg.Repos.Resolve(ctx, in.Workspace, in.Repo, in.Cwd)
	}
	var repo *task.Repo
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(in.Task)
		if err != nil {
			return err
		}
		if t.Branch == "" {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no branch yet", t.ID), Hint: fmt.Sprintf("`hf show %s` says where it is.", t.ID)}
		}
		args.Branch = t.Branch
		repo, err = tx.Repo(t.RepoID)
		return err
	})
	return repo, err
}

// checkAction refuses what makes no sense, and finds what an action is about.
func (s *Service) checkAction(ctx context.Context, repo *task.Repo, in api.StackAction, args *actionArgs) (err error) {
	if repo.State != api.RepoReady {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("repo %s is %s", repo.Name, repo.State), Hint: "`hf repo list` says more."}
	}
	switch in.Action {
	case api.StackSyncRepo, api.StackRestackRepo:
		return nil
	case api.StackContinue, api.StackAbort, api.StackResolve:
		if in.Action == api.StackResolve && in.Task == "" {
			return invalid("resolve needs a task, whose agent is asked")
		}
		args.Target, err = s.stoppedAction(ctx, repo, args.Branch)
		return err
	case api.StackUndo:
		args.Target, err = s.lastAction(ctx, repo)
		return err
	default:
	}
	if args.Branch == "" && in.Action == api.StackSubmit {
		return nil
	}
	if args.Branch == "" {
		return invalid("%s needs a task or a branch", in.Action)
	}
	switch in.Action { //nolint:exhaustive // the others need no more
	case api.StackRestackSubtree:
		if args.Scope == "" {
			args.Scope = api.ScopeUpstack
		}
	case api.StackReparentBranch:
		if in.Onto == "" {
			return invalid("reparent_branch needs the task or branch to stand on")
		}
	}
	if in.Onto != "" {
		args.Onto, err = s.branchOf(ctx, repo, in.Onto)
	}
	return err
}

// branchOf is the branch of a task of the repo, or the word itself.
func (s *Service) branchOf(ctx context.Context, repo *task.Repo, word string) (branch string, err error) {
	branch = word
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		t, err := tx.Task(word)
		if api.IsCode(err, api.CodeNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if t.RepoID != repo.ID || t.Branch == "" {
			return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no branch in repo %s", t.ID, repo.Name)}
		}
		branch = t.Branch
		return nil
	})
	return branch, err
}

// replay returns the answer of a request that was carried out before.
func (s *Service) replay(ctx context.Context, request string) (r Receipt, ok bool, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		r, ok, err = replayed(tx, request)
		return err
	})
	return r, ok, err
}

// Operation returns an operation and, of one on stacks, what came of it.
func (s *Service) Operation(ctx context.Context, id string) (op *operation.Operation, report *api.StackReport, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) error {
		if op, err = tx.Operation(id); err != nil || op.Repo == "" {
			return err
		}
		args, err := argsOf[actionArgs](op)
		if err != nil {
			return err
		}
		if args.Target != "" {
			id = args.Target
		}
		a, err := tx.StackAction(id)
		if api.IsCode(err, api.CodeNotFound) {
			return nil // it did not get so far, or is something else
		}
		if err == nil {
			report = &a.Report
		}
		return err
	})
	return op, report, err
}

func invalid(format string, args ...any) error {
	return &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}
