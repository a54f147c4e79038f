package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Hello asks the daemon who it is. Peer knows it without asking.
func (c *Client) Hello(ctx context.Context) (out api.Hello, err error) {
	err = c.call(ctx, api.RouteHello, api.RouteHello.Path(), nil, nil, &out)
	return out, err
}

// Backend asks how the daemon is.
func (c *Client) Backend(ctx context.Context) (out api.Backend, err error) {
	err = c.call(ctx, api.RouteBackend, api.RouteBackend.Path(), nil, nil, &out)
	return out, err
}

// Inspect asks what the daemon is doing now.
func (c *Client) Inspect(ctx context.Context) (out api.Inspect, err error) {
	err = c.call(ctx, api.RouteInspect, api.RouteInspect.Path(), nil, nil, &out)
	return out, err
}

// Stop asks the daemon to end.
func (c *Client) Stop(ctx context.Context, in api.Stop) error {
	return c.call(ctx, api.RouteStop, api.RouteStop.Path(), nil, in, nil)
}

// Upgrade asks the daemon to exec another binary in its own place. No error
// means that it is about to.
func (c *Client) Upgrade(ctx context.Context, in api.Upgrade) error {
	return c.call(ctx, api.RouteUpgrade, api.RouteUpgrade.Path(), nil, in, nil)
}

// Status asks for the counts of a workspace.
func (c *Client) Status(ctx context.Context) (out api.Summary, err error) {
	err = c.call(ctx, api.RouteStatus, api.RouteStatus.Path(), c.scope(nil), nil, &out)
	return out, err
}

// Workspaces lists the workspaces.
func (c *Client) Workspaces(ctx context.Context) (out api.WorkspaceList, err error) {
	err = c.call(ctx, api.RouteWorkspaces, api.RouteWorkspaces.Path(), c.scope(nil), nil, &out)
	return out, err
}

// UseWorkspace makes a workspace the current one.
func (c *Client) UseWorkspace(ctx context.Context, name string) (out api.Workspace, err error) {
	err = c.call(ctx, api.RouteUseWorkspace, api.RouteUseWorkspace.Path(), nil, api.UseWorkspace{Name: name}, &out)
	return out, err
}

// Repos lists the repositories of the workspace.
func (c *Client) Repos(ctx context.Context) (out api.RepoList, err error) {
	err = c.call(ctx, api.RouteRepos, api.RouteRepos.Path(), c.scope(nil), nil, &out)
	return out, err
}

// AddRepo adds a repository. The client's workspace and directory stand in for
// those not given.
func (c *Client) AddRepo(ctx context.Context, in api.AddRepo) (out api.Repo, err error) {
	in.Workspace, in.Cwd = or(in.Workspace, c.opts.Workspace), or(in.Cwd, c.opts.Cwd)
	err = c.call(ctx, api.RouteAddRepo, api.RouteAddRepo.Path(), c.scope(nil), in, &out)
	return out, err
}

// RemoveRepo forgets a repository. Its files stay.
func (c *Client) RemoveRepo(ctx context.Context, repo string) error {
	return c.call(ctx, api.RouteRemoveRepo, api.RouteRemoveRepo.Path(repo), c.scope(nil), nil, nil)
}

// RepoTrust shows a repository's own commands.
func (c *Client) RepoTrust(ctx context.Context, repo string) (out api.RepoTrust, err error) {
	err = c.call(ctx, api.RouteRepoTrust, api.RouteRepoTrust.Path(repo), c.scope(nil), nil, &out)
	return out, err
}

// TrustRepo allows a repository's own commands, while they are exactly those
// with this hash.
func (c *Client) TrustRepo(ctx context.Context, repo, hash string) (out api.RepoTrust, err error) {
	err = c.call(ctx, api.RouteTrustRepo, api.RouteTrustRepo.Path(repo), c.scope(nil), api.TrustRepo{Hash: hash}, &out)
	return out, err
}

// TaskFilter narrows a list of tasks. The zero value is every live task of the
// workspace.
type TaskFilter struct {
	Repo   string
	Status []api.Status
	All    bool     // killed and archived ones too
	Fields []string // the JSON names of the fields that are needed, the rest may be zero; none = all
}

func (f TaskFilter) query() url.Values {
	q := url.Values{}
	set(q, api.QueryRepo, f.Repo)
	for _, s := range f.Status {
		q.Add(api.QueryStatus, string(s))
	}
	flag(q, api.QueryAll, f.All)
	set(q, api.QueryFields, strings.Join(f.Fields, ","))
	return q
}

// Tasks lists tasks.
func (c *Client) Tasks(ctx context.Context, f TaskFilter) (api.TaskList, error) {
	var out taskList
	err := c.call(ctx, api.RouteTasks, api.RouteTasks.Path(), c.scope(f.query()), nil, &out)
	return out.TaskList, err
}

// CreateTask asks for a task. The client's workspace and directory stand in
// for those not given.
func (c *Client) CreateTask(ctx context.Context, in api.CreateTask) (out api.Accepted, err error) {
	in.Workspace, in.Cwd = or(in.Workspace, c.opts.Workspace), or(in.Cwd, c.opts.Cwd)
	err = c.call(ctx, api.RouteCreateTask, api.RouteCreateTask.Path(), c.scope(nil), in, &out)
	return out, err
}

// Task shows one task, with the facts behind its status when explain is set.
// Here and below task is an id, the beginning of one, a branch, api.TaskOfCwd
// or api.TaskLast.
func (c *Client) Task(ctx context.Context, task string, explain bool) (out api.TaskDetail, err error) {
	q := url.Values{}
	flag(q, api.QueryExplain, explain)
	err = c.call(ctx, api.RouteTask, api.RouteTask.Path(task), c.scope(q), nil, &out)
	return out, err
}

// Rename gives a task another title.
func (c *Client) Rename(ctx context.Context, task string, in api.RenameTask) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteRename, api.RouteRename.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Retry goes on with a task from the step that failed.
func (c *Client) Retry(ctx context.Context, task string, in api.TaskAction) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteRetry, api.RouteRetry.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Archive parks a task after its work was saved.
func (c *Client) Archive(ctx context.Context, task string, in api.TaskAction) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteArchive, api.RouteArchive.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Restore brings an archived or killed task back.
func (c *Client) Restore(ctx context.Context, task string, in api.TaskAction) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteRestore, api.RouteRestore.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Kill ends a task after its work was saved.
func (c *Client) Kill(ctx context.Context, task string, in api.TaskAction) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteKill, api.RouteKill.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Prune frees what is finished, or says what could be freed.
func (c *Client) Prune(ctx context.Context, in api.Prune) (out api.PruneList, err error) {
	in.Workspace = or(in.Workspace, c.opts.Workspace)
	err = c.call(ctx, api.RoutePrune, api.RoutePrune.Path(), c.scope(nil), in, &out)
	return out, err
}

// Interrupt cancels the turn in progress.
func (c *Client) Interrupt(ctx context.Context, task string, in api.TaskAction) (out api.Accepted, err error) {
	err = c.call(ctx, api.RouteInterrupt, api.RouteInterrupt.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Send hands a message to a task's agent.
func (c *Client) Send(ctx context.Context, task string, in api.SendMessage) (out api.Message, err error) {
	err = c.call(ctx, api.RouteSend, api.RouteSend.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Message asks what became of a message.
func (c *Client) Message(ctx context.Context, task, message string) (out api.Message, err error) {
	err = c.call(ctx, api.RouteMessage, api.RouteMessage.Path(task, message), c.scope(nil), nil, &out)
	return out, err
}

// Permissions lists a task's open permission requests.
func (c *Client) Permissions(ctx context.Context, task string) (out []api.PermissionRequest, err error) {
	err = c.call(ctx, api.RoutePermissions, api.RoutePermissions.Path(task), c.scope(nil), nil, &out)
	return out, err
}

// Approvals lists the open permission requests of every task of the workspace.
func (c *Client) Approvals(ctx context.Context) (out []api.PermissionRequest, err error) {
	err = c.call(ctx, api.RouteApprovals, api.RouteApprovals.Path(), c.scope(nil), nil, &out)
	return out, err
}

// Resolve answers a permission request.
func (c *Client) Resolve(ctx context.Context, task, permission string, in api.ResolvePermission) (out api.PermissionRequest, err error) {
	err = c.call(ctx, api.RouteResolve, api.RouteResolve.Path(task, permission), c.scope(nil), in, &out)
	return out, err
}

// Transcript reads a task's transcript from behind the cursor after, "" for
// its beginning. With live set it goes on as the agent does, over every
// restart of the daemon; without, it ends where the transcript ends now.
func (c *Client) Transcript(ctx context.Context, task, after string, live bool) iter.Seq2[api.Entry, error] {
	path := func() string {
		q := url.Values{}
		set(q, api.QueryAfter, after)
		flag(q, api.QueryFollow, live)
		return withQuery(api.RouteTranscript.Path(task), c.scope(q))
	}
	return follow(ctx, c, path, func(e api.Entry) { after = e.Cursor })
}

// Diff asks what a task changed, with a patch of this kind.
func (c *Client) Diff(ctx context.Context, task string, kind api.PatchKind) (out api.Diff, err error) {
	q := url.Values{}
	set(q, api.QueryPatch, string(kind))
	err = c.call(ctx, api.RouteDiff, api.RouteDiff.Path(task), c.scope(q), nil, &out)
	return out, err
}

// Command asks how to run a command in a task's sandbox.
func (c *Client) Command(ctx context.Context, task string, in api.CommandRequest) (out api.Command, err error) {
	err = c.call(ctx, api.RouteCommand, api.RouteCommand.Path(task), c.scope(nil), in, &out)
	return out, err
}

// Terminal makes sure that a task's agent runs in its own terminal and asks where
// that is.
func (c *Client) Terminal(ctx context.Context, task string, in api.OpenTerminal) (out api.Terminal, err error) {
	err = c.call(ctx, api.RouteTerminal, api.RouteTerminal.Path(task), c.scope(nil), in, &out)
	return out, err
}

// EventFilter says which events to follow.
type EventFilter struct {
	After    int64  // the seq to go on behind; 0 = from the beginning
	Task     string // "" = all of the workspace
	Snapshot bool   // begin with an event of kind snapshot, and follow from where that was read
	Once     bool   // end at the newest event instead of waiting for more
}

// Events follows what happens, over every restart of the daemon.
func (c *Client) Events(ctx context.Context, f EventFilter) iter.Seq2[api.Event, error] {
	path := func() string {
		q := url.Values{}
		if f.After > 0 {
			q.Set(api.QueryAfter, strconv.FormatInt(f.After, 10))
		}
		set(q, api.QueryTask, f.Task)
		flag(q, api.QuerySnapshot, f.Snapshot)
		flag(q, api.QueryFollow, !f.Once)
		return withQuery(api.RouteEvents.Path(), c.scope(q))
	}
	return follow(ctx, c, path, func(e api.Event) {
		f.After = e.Seq
		f.Snapshot = false // what comes after it is enough from now on
	})
}

// HistoryFilter says which part of the history is wanted.
type HistoryFilter struct {
	Task   string // "" = of every task of the workspace
	Branch string // of tasks with this branch; "" = any
	Before int64  // only what happened before this event; 0 = no bound
	Limit  int    // the newest so many; 0 = all
	Follow bool   // go on as it happens
}

// History reads what happened, oldest first. With Follow it goes on over every
// restart of the daemon.
func (c *Client) History(ctx context.Context, f HistoryFilter) iter.Seq2[api.HistoryEntry, error] {
	after := int64(0)
	path := func() string {
		q := url.Values{}
		for name, n := range map[string]int64{api.QueryAfter: after, api.QueryBefore: f.Before, api.QueryLimit: int64(f.Limit)} {
			if n > 0 {
				q.Set(name, strconv.FormatInt(n, 10))
			}
		}
		set(q, api.QueryTask, f.Task)
		set(q, api.QueryBranch, f.Branch)
		flag(q, api.QueryFollow, f.Follow)
		return withQuery(api.RouteHistory.Path(), c.scope(q))
	}
	return follow(ctx, c, path, func(e api.HistoryEntry) { after = e.Seq })
}

// Preferences asks what the user's configuration wants of hf itself.
func (c *Client) Preferences(ctx context.Context) (out api.Preferences, err error) {
	err = c.call(ctx, api.RoutePreferences, api.RoutePreferences.Path(), nil, nil, &out)
	return out, err
}

// Agents lists the agents hfd can start.
func (c *Client) Agents(ctx context.Context, in api.ListAgents) (out api.AgentList, err error) {
	err = c.call(ctx, api.RouteAgents, api.RouteAgents.Path(), c.scope(nil), in, &out)
	return out, err
}

// TestAgent makes a real handshake with an agent.
func (c *Client) TestAgent(ctx context.Context, agent string, in api.TestAgent) (out api.AgentTest, err error) {
	err = c.call(ctx, api.RouteTestAgent, api.RouteTestAgent.Path(agent), c.scope(nil), in, &out)
	return out, err
}

// CheckUp asks the daemon to look at what hf needs and only it can see.
func (c *Client) CheckUp(ctx context.Context, in api.CheckUp) (out api.Findings, err error) {
	err = c.call(ctx, api.RouteDoctor, api.RouteDoctor.Path(), nil, in, &out)
	return out, err
}

// scope adds the client's workspace and directory to a query.
func (c *Client) scope(q url.Values) url.Values {
	if q == nil {
		q = url.Values{}
	}
	set(q, api.QueryWorkspace, c.opts.Workspace)
	set(q, api.QueryCwd, c.opts.Cwd)
	return q
}

func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func flag(q url.Values, name string, on bool) {
	if on {
		q.Set(name, "1")
	}
}

func or(v, otherwise string) string {
	if v != "" {
		return v
	}
	return otherwise
}
