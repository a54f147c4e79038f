package server

import (
	"cmp"
	"context"
	"math"
	"net/http"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func (s *server) inspect(r *request) (api.Inspect, error) {
	return s.cfg.Backend.Inspect(r.Context())
}

func (s *server) status(r *request) (api.Summary, error) {
	workspace, err := r.workspace("")
	if err != nil {
		return api.Summary{}, err
	}
	sum, err := s.cfg.Tasks.Summary(r.Context(), workspace)
	if err != nil {
		return api.Summary{}, err
	}
	sum.Schema, sum.Forges = api.Schema, s.cfg.Pulls.Polls()
	sum.Backend, err = s.cfg.Backend.Backend(r.Context())
	return sum, err
}

func (s *server) workspaces(r *request) (api.WorkspaceList, error) {
	list, err := s.cfg.Workspaces.List(r.Context())
	return api.WorkspaceList{Schema: api.Schema, Workspaces: some(list)}, err
}

func (s *server) useWorkspace(r *request) (api.Workspace, error) {
	in, err := body[api.UseWorkspace](r)
	if err != nil {
		return api.Workspace{}, err
	}
	if in.Name == "" {
		return api.Workspace{}, invalid("the workspace has no name")
	}
	name, err := r.workspace(in.Name)
	if err != nil {
		return api.Workspace{}, err
	}
	return s.cfg.Workspaces.Use(r.Context(), r.id, name)
}

func (s *server) repos(r *request) (api.RepoList, error) {
	workspace, err := r.workspace("")
	if err != nil {
		return api.RepoList{}, err
	}
	list, err := s.cfg.Repos.List(r.Context(), workspace)
	return api.RepoList{Schema: api.Schema, Repos: each(list, s.view.repo)}, err
}

func (s *server) addRepo(r *request) (api.Repo, error) {
	in, err := body[api.AddRepo](r)
	if err != nil {
		return api.Repo{}, err
	}
	if in.Workspace, err = r.workspace(in.Workspace); err != nil {
		return api.Repo{}, err
	}
	repo, err := s.cfg.Repos.Add(r.Context(), r.id, in)
	return s.view.repo(&repo), err
}

func (s *server) removeRepo(r *request) (api.Repo, error) {
	workspace, ref, err := r.repo()
	if err != nil {
		return api.Repo{}, err
	}
	repo, err := s.cfg.Repos.Remove(r.Context(), r.id, workspace, ref)
	return s.view.repo(&repo), err
}

func (s *server) repoTrust(r *request) (api.RepoTrust, error) {
	workspace, ref, err := r.repo()
	if err != nil {
		return api.RepoTrust{}, err
	}
	return s.cfg.Repos.TrustState(r.Context(), workspace, ref)
}

func (s *server) trustRepo(r *request) (api.RepoTrust, error) {
	in, err := body[api.TrustRepo](r)
	if err != nil {
		return api.RepoTrust{}, err
	}
	if in.Hash == "" {
		return api.RepoTrust{}, invalid("the hash of the content to allow is missing")
	}
	workspace, ref, err := r.repo()
	if err != nil {
		return api.RepoTrust{}, err
	}
	return s.cfg.Repos.Trust(r.Context(), r.id, workspace, ref, in.Hash)
}

func (s *server) tasks(w http.ResponseWriter, r *request) error {
	f, err := s.filter(r)
	if err != nil {
		return err
	}
	list, seq, err := s.cfg.Tasks.List(r.Context(), f)
	if err != nil {
		return err
	}
	document, err := s.rows.list(list, seq, r.URL.Query().Get(api.QueryFields))
	if err != nil {
		return err
	}
	write(w, http.StatusOK, document)
	return nil
}

// filter reads what a list of tasks is narrowed to.
func (s *server) filter(r *request) (f task.Filter, err error) {
	if f.Workspace, err = r.workspace(""); err != nil {
		return f, err
	}
	if f.All, err = r.flag(api.QueryAll); err != nil {
		return f, err
	}
	q := r.URL.Query()
	for _, name := range q[api.QueryStatus] {
		status, err := shownStatus(name)
		if err != nil {
			return f, err
		}
		f.Statuses = append(f.Statuses, status)
	}
	if ref := q.Get(api.QueryRepo); ref != "" {
		f.RepoID, err = s.repoID(r.Context(), f.Workspace, ref)
	}
	return f, err
}

func (s *server) createTask(r *request) (api.Accepted, error) {
	in, err := bodyUpTo[api.CreateTask](r, maxUpload)
	if err != nil {
		return api.Accepted{}, err
	}
	if in.Workspace, err = r.workspace(in.Workspace); err != nil {
		return api.Accepted{}, err
	}
	receipt, err := s.cfg.Tasks.Create(r.Context(), r.id, in)
	return s.view.accepted(&receipt), err
}

func (s *server) task(r *request) (api.TaskDetail, error) {
	explain, err := r.flag(api.QueryExplain)
	if err != nil {
		return api.TaskDetail{}, err
	}
	id, err := r.task()
	if err != nil {
		return api.TaskDetail{}, err
	}
	d, err := s.cfg.Tasks.Detail(r.Context(), id)
	if err != nil {
		return api.TaskDetail{}, err
	}
	out := s.view.detail(&d)
	if explain {
		out.Facts, out.Env, err = s.cfg.Tasks.Explain(r.Context(), id)
	}
	return out, err
}

func (s *server) rename(r *request) (api.Accepted, error) {
	in, err := body[api.RenameTask](r)
	if err != nil {
		return api.Accepted{}, err
	}
	id, err := r.task()
	if err != nil {
		return api.Accepted{}, err
	}
	receipt, err := s.cfg.Tasks.Rename(r.Context(), r.id, id, in)
	return s.view.accepted(&receipt), err
}

func (s *server) preferences(*request) (api.Preferences, error) { return s.cfg.Preferences(), nil }

// action makes an endpoint of a mutation of one task.
func (s *server) action(do func(ctx context.Context, request, id string, in api.TaskAction) (task.Receipt, error)) func(*request) (api.Accepted, error) {
	return func(r *request) (api.Accepted, error) {
		in, err := body[api.TaskAction](r)
		if err != nil {
			return api.Accepted{}, err
		}
		id, err := r.task()
		if err != nil {
			return api.Accepted{}, err
		}
		receipt, err := do(r.Context(), r.id, id, in)
		return s.view.accepted(&receipt), err
	}
}

func (s *server) prune(r *request) (api.PruneList, error) {
	in, err := body[api.Prune](r)
	if err != nil {
		return api.PruneList{}, err
	}
	if in.OlderThanMS != nil && *in.OlderThanMS < 0 {
		return api.PruneList{}, invalid("an age is not negative")
	}
	var f task.Filter
	if f.Workspace, err = r.workspace(in.Workspace); err != nil {
		return api.PruneList{}, err
	}
	if in.Repo != "" {
		if f.RepoID, err = s.repoID(r.Context(), f.Workspace, in.Repo); err != nil {
			return api.PruneList{}, err
		}
	}
	out, err := s.cfg.Tasks.Prune(r.Context(), r.id, f, in)
	out.Schema, out.Items = api.Schema, some(out.Items)
	return out, err
}

func (s *server) send(r *request) (api.Message, error) {
	in, err := bodyUpTo[api.SendMessage](r, maxUpload)
	if err != nil {
		return api.Message{}, err
	}
	id, err := r.task()
	if err != nil {
		return api.Message{}, err
	}
	m, err := s.cfg.Sessions.Send(r.Context(), r.id, id, in)
	return s.view.message(&m), err
}

func (s *server) message(r *request) (api.Message, error) {
	id, err := r.task()
	if err != nil {
		return api.Message{}, err
	}
	m, err := s.cfg.Sessions.Message(r.Context(), id, r.PathValue("message"))
	return s.view.message(&m), err
}

func (s *server) permissions(r *request) ([]api.PermissionRequest, error) {
	id, err := r.task()
	if err != nil {
		return nil, err
	}
	list, err := s.cfg.Sessions.Permissions(r.Context(), id)
	return each(list, s.view.permission), err
}

func (s *server) approvals(r *request) ([]api.PermissionRequest, error) {
	workspace, err := r.workspace("")
	if err != nil {
		return nil, err
	}
	list, err := s.cfg.Sessions.OpenPermissions(r.Context(), workspace)
	return each(list, s.view.permission), err
}

func (s *server) resolve(r *request) (api.PermissionRequest, error) {
	in, err := body[api.ResolvePermission](r)
	if err != nil {
		return api.PermissionRequest{}, err
	}
	id, err := r.task()
	if err != nil {
		return api.PermissionRequest{}, err
	}
	p, err := s.cfg.Sessions.Resolve(r.Context(), r.id, id, r.PathValue("permission"), in)
	return s.view.permission(&p), err
}

func (s *server) diff(r *request) (api.Diff, error) {
	kind := api.PatchKind(cmp.Or(r.URL.Query().Get(api.QueryPatch), string(api.PatchText)))
	switch kind {
	case api.PatchNone, api.PatchText, api.PatchExact:
	default:
		return api.Diff{}, invalid("%s=%s: one of none, text and exact is needed", api.QueryPatch, kind)
	}
	id, err := r.task()
	if err != nil {
		return api.Diff{}, err
	}
	d, err := s.cfg.Tasks.Diff(r.Context(), id, kind)
	d.Schema, d.Files = api.Schema, some(d.Files)
	return d, err
}

func (s *server) command(r *request) (api.Command, error) {
	in, err := body[api.CommandRequest](r)
	if err != nil {
		return api.Command{}, err
	}
	if len(in.Argv) == 0 || in.Argv[0] == "" {
		return api.Command{}, invalid("there is no command to run")
	}
	id, err := r.task()
	if err != nil {
		return api.Command{}, err
	}
	return s.cfg.Tasks.Command(r.Context(), id, in)
}

func (s *server) terminal(r *request) (api.Terminal, error) {
	in, err := body[api.OpenTerminal](r)
	if err != nil {
		return api.Terminal{}, err
	}
	if in.Columns < 1 || in.Rows < 1 || in.Columns > math.MaxUint16 || in.Rows > math.MaxUint16 {
		return api.Terminal{}, invalid("a terminal of %d columns and %d rows cannot be", in.Columns, in.Rows)
	}
	id, err := r.task()
	if err != nil {
		return api.Terminal{}, err
	}
	return s.cfg.Tasks.OpenTerminal(r.Context(), id, in)
}

func (s *server) agents(r *request) (api.AgentList, error) {
	in, err := body[api.ListAgents](r)
	if err != nil {
		return api.AgentList{}, err
	}
	list, err := s.cfg.Agents.List(r.Context(), in.Env)
	return api.AgentList{Schema: api.Schema, Agents: some(list)}, err
}

func (s *server) doctor(r *request) (api.Findings, error) {
	in, err := body[api.CheckUp](r)
	if err != nil {
		return api.Findings{}, err
	}
	checks, err := s.cfg.Doctor.Check(r.Context(), in.Env)
	return api.Findings{Checks: some(checks)}, err
}

func (s *server) testAgent(r *request) (api.AgentTest, error) {
	in, err := body[api.TestAgent](r)
	if err != nil {
		return api.AgentTest{}, err
	}
	return s.cfg.Agents.Test(r.Context(), r.PathValue("agent"), in.Env)
}
