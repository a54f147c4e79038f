package server

import (
	"context"
	"slices"

	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

// Changes carries out what people ask of branches. A request id names one
// mutation, as for Tasks.
type Changes interface {
	// Operation returns an operation and, of one on stacks, what it did.
	Operation(ctx context.Context, id string) (*operation.Operation, *api.StackReport, error)
	// Stack returns the stacks of the repo that a whole task id, a repo or a
	// directory names, the first that is not "".
	Stack(ctx context.Context, workspace, task, repo, cwd string) (api.Stack, error)
	// StackAction begins an action. The request's tasks are whole ids.
	StackAction(ctx context.Context, request string, in api.StackAction) (change.Receipt, error)
}

func (s *server) operation(r *request) (api.OperationDetail, error) {
	op, report, err := s.cfg.Changes.Operation(r.Context(), r.PathValue("operation"))
	if err != nil {
		return api.OperationDetail{}, err
	}
	return api.OperationDetail{Operation: *s.view.operation(op), Stack: report, Fixed: fixed(op)}, nil
}

func (s *server) stack(r *request) (api.Stack, error) {
	workspace, err := r.workspace("")
	if err != nil {
		return api.Stack{}, err
	}
	q := r.URL.Query()
	id := ""
	if ref := q.Get(api.QueryTask); ref != "" {
		if id, err = r.find(ref); err != nil {
			return api.Stack{}, err
		}
	}
	out, err := s.cfg.Changes.Stack(r.Context(), workspace, id, q.Get(api.QueryRepo), q.Get(api.QueryCwd))
	out.Schema, out.Branches = api.Schema, some(out.Branches)
	return out, err
}

func (s *server) stackAction(r *request) (api.ChangeAccepted, error) {
	in, err := body[api.StackAction](r)
	if err != nil {
		return api.ChangeAccepted{}, err
	}
	if !slices.Contains(stackActions(), in.Action) {
		return api.ChangeAccepted{}, invalid("there is no action %q on stacks", in.Action)
	}
	if in.Workspace, err = r.workspace(in.Workspace); err != nil {
		return api.ChangeAccepted{}, err
	}
	if in.Task, in.Branch, err = r.taskOrBranch(in.Task, in.Branch); err != nil {
		return api.ChangeAccepted{}, err
	}
	if in.Onto != "" {
		task, branch, err := r.taskOrBranch(in.Onto, "")
		if err != nil {
			return api.ChangeAccepted{}, err
		}
		in.Onto = task + branch // one of them
	}
	receipt, err := s.cfg.Changes.StackAction(r.Context(), r.id, in)
	return s.view.changeAccepted(&receipt), err
}

// taskOrBranch finds out whether a word means a task, by its whole id then, or
// is left to be a branch.
func (r *request) taskOrBranch(word, branch string) (task, of string, err error) {
	if word == "" {
		return "", branch, nil
	}
	id, err := r.find(word)
	if api.IsCode(err, api.CodeNotFound) && word != api.TaskOfCwd && word != api.TaskLast {
		return "", word, nil
	}
	return id, branch, err
}

func stackActions() []api.StackActionKind {
	return []api.StackActionKind{
		api.StackSyncRepo, api.StackRestackRepo, api.StackRestackSubtree, api.StackRebaseBranch, api.StackReparentBranch,
		api.StackTrack, api.StackUntrack, api.StackSubmit, api.StackFold,
		api.StackContinue, api.StackAbort, api.StackResolve, api.StackUndo,
	}
}

func (v view) changeAccepted(r *change.Receipt) api.ChangeAccepted {
	if r.Operation == nil {
		return api.ChangeAccepted{}
	}
	return api.ChangeAccepted{Operation: *v.operation(r.Operation), Seq: r.Seq}
}
