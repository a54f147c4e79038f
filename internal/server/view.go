package server

import (
	"time"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// view turns what the domain knows into what is said on the wire. A fact that
// is not known is left out; one that is known to be nothing is null.
type view struct {
	isolation func(provider string) string // may be nil
}

func (v view) task(t *task.Task) api.Task {
	status, reason := task.Shown(t)
	out := api.Task{
		Schema: api.Schema, ID: t.ID, Title: t.Title, Prompt: t.Prompt, Workspace: t.Workspace, Repo: t.RepoName,
		Branch: t.Branch, Base: t.Base, Parent: known(t.Parent), Status: status, Reason: reason,
		Activity: t.Activity, Lifecycle: t.Lifecycle, Step: known(t.Step), Agent: t.Agent, Model: t.Model, Mode: t.Mode, Provider: t.Provider,
		Path: t.Path, Session: t.Session, Diff: t.Diff, Ahead: t.Ahead, Behind: t.Behind,
		Restack: t.NeedsRestack, Conflicts: t.Conflicts, Unpushed: t.Unpushed, Pull: t.Pull, Rebase: t.Rebase,
		CreatedAt: t.CreatedAt.UTC(), UpdatedAt: t.UpdatedAt.UTC(), TurnStart: utc(t.TurnStartedAt),
		LastEvent: t.LastEvent, Result: t.Result,
	}
	if v.isolation != nil {
		out.Isolation = v.isolation(t.Provider)
	}
	return out
}

func (v view) list(tasks []task.Task, seq int64) api.TaskList {
	return api.TaskList{Schema: api.Schema, Tasks: each(tasks, v.task), Seq: seq}
}

func (v view) detail(d *task.Detail) api.TaskDetail {
	return api.TaskDetail{
		Task: v.task(&d.Task), Operation: v.operation(d.Operation),
		Permissions: each(d.Permissions, v.permission), Messages: each(d.Messages, v.message), PullDetail: d.Pull,
	}
}

func (v view) accepted(r *task.Receipt) api.Accepted {
	return api.Accepted{Task: v.task(&r.Task), Operation: v.operation(r.Operation), Seq: r.Seq, Warnings: r.Warnings}
}

func (v view) operation(op *operation.Operation) *api.Operation {
	if op == nil {
		return nil
	}
	return &api.Operation{
		ID: op.ID, Task: op.Task, Repo: op.Repo, Kind: op.Kind, State: op.State, Error: op.Error, Steps: each(op.Steps, v.step),
		CreatedAt: op.CreatedAt.UTC(), UpdatedAt: op.UpdatedAt.UTC(),
	}
}

func (v view) step(s *operation.Step) api.Step {
	return api.Step{
		Name: s.Name, State: s.State, Detail: s.Detail, Log: s.Log,
		StartedAt: utc(s.StartedAt), EndedAt: utc(s.EndedAt), LimitMS: s.Limit.Milliseconds(),
	}
}

func (v view) message(m *session.Message) api.Message {
	return session.View(m)
}

func (v view) permission(p *session.Permission) api.PermissionRequest {
	out := p.PermissionRequest
	out.Options = some(out.Options)
	out.CreatedAt, out.ResolvedAt = out.CreatedAt.UTC(), utc(out.ResolvedAt)
	return out
}

func (v view) repo(r *task.Repo) api.Repo {
	return api.Repo{
		Schema: api.Schema, ID: r.ID, Name: r.Name, Workspace: r.Workspace, Path: r.Path, Remote: r.Remote,
		DefaultBranch: r.DefaultBranch, Managed: r.Managed, State: r.State, Reason: r.Reason, Error: r.Failure,
		Tasks: r.Tasks, CreatedAt: r.CreatedAt.UTC(),
	}
}

// known is a text whose absence is a fact.
func known(s string) api.Opt[string] {
	if s == "" {
		return api.None[string]()
	}
	return api.Some(s)
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// each converts a list. The result is never nil: an empty list is [] in JSON.
func each[D, W any](list []D, convert func(*D) W) []W {
	out := make([]W, 0, len(list))
	for i := range list {
		out = append(out, convert(&list[i]))
	}
	return out
}

// some is a list that is [] in JSON when it is empty.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Operation is an operation as the API shows it.
func Operation(op *operation.Operation) *api.Operation { return view{}.operation(op) }
