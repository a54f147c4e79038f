// Package server serves pkg/api over HTTP: it decodes a request, checks it,
// calls the service that can answer it, and encodes the answer. What may happen
// is decided elsewhere. The routes of the daemon's own life (hello, backend,
// stop, upgrade) are served in front of it.
package server

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Tasks carries out what people ask of tasks. A request id names one mutation:
// the same id again has the same answer and no second effect.
type Tasks interface {
	Create(ctx context.Context, request string, in api.CreateTask) (task.Receipt, error)
	List(ctx context.Context, f task.Filter) (tasks []task.Task, seq int64, err error)
	Find(ctx context.Context, workspace, ref, cwd string) (id string, err error)
	Detail(ctx context.Context, id string) (task.Detail, error)
	Explain(ctx context.Context, id string) (facts []api.Fact, env []string, err error)
	History(ctx context.Context, f task.HistoryFilter) (events []task.HistoryEvent, seq int64, err error)
	Rename(ctx context.Context, request, id string, in api.RenameTask) (task.Receipt, error)
	Retry(ctx context.Context, request, id string, in api.TaskAction) (task.Receipt, error)
	Archive(ctx context.Context, request, id string, in api.TaskAction) (task.Receipt, error)
	Restore(ctx context.Context, request, id string, in api.TaskAction) (task.Receipt, error)
	Kill(ctx context.Context, request, id string, in api.TaskAction) (task.Receipt, error)
	Interrupt(ctx context.Context, request, id string, in api.TaskAction) (task.Receipt, error)
	Prune(ctx context.Context, request string, f task.Filter, in api.Prune) (api.PruneList, error)
	Diff(ctx context.Context, id string, kind api.PatchKind) (api.Diff, error)
	Command(ctx context.Context, id string, in api.CommandRequest) (api.Command, error)
	OpenTerminal(ctx context.Context, id string, in api.OpenTerminal) (api.Terminal, error)
	Summary(ctx context.Context, workspace string) (api.Summary, error)
}

// Sessions talks with agents.
type Sessions interface {
	Send(ctx context.Context, request, task string, in api.SendMessage) (session.Message, error)
	Message(ctx context.Context, task, id string) (session.Message, error)
	Permissions(ctx context.Context, task string) ([]session.Permission, error)
	OpenPermissions(ctx context.Context, workspace string) ([]session.Permission, error)
	Resolve(ctx context.Context, request, task, permission string, in api.ResolvePermission) (session.Permission, error)
	// Transcript yields entries from behind the cursor after. With follow it
	// goes on until ctx ends or yield returns an error.
	Transcript(ctx context.Context, task, after string, follow bool, yield func(api.Entry) error) error
}

// Events is the ordered journal of what happened.
type Events interface {
	Events(ctx context.Context, after int64, task string, limit int) ([]api.Event, error)
	LastSeq(ctx context.Context) (int64, error)
	// Watch wakes after every commit that appended an event.
	Watch() (woken <-chan struct{}, stop func())
}

// Repos knows the repositories.
type Repos interface {
	Add(ctx context.Context, request string, in api.AddRepo) (task.Repo, error)
	List(ctx context.Context, workspace string) ([]task.Repo, error)
	Remove(ctx context.Context, request, workspace, ref string) (task.Repo, error)
	TrustState(ctx context.Context, workspace, ref string) (api.RepoTrust, error)
	Trust(ctx context.Context, request, workspace, ref, hash string) (api.RepoTrust, error)
}

// Branches knows the branches of repositories.
type Branches interface {
	Overview(ctx context.Context, workspace, repo string) (api.RepoOverview, error)
}

// Workspaces knows the workspaces.
type Workspaces interface {
	List(ctx context.Context) ([]api.Workspace, error)
	Use(ctx context.Context, request, name string) (api.Workspace, error)
	Current(ctx context.Context) (string, error)
}

// Agents knows the agent programs. env is what the caller sent of its
// environment, nil when that is not known.
type Agents interface {
	List(ctx context.Context, env map[string]string) ([]api.Agent, error)
	Test(ctx context.Context, name string, env map[string]string) (api.AgentTest, error)
}

// Backend knows the daemon.
type Backend interface {
	Backend(ctx context.Context) (api.Backend, error)
	Inspect(ctx context.Context) (api.Inspect, error)
}

// Database knows where everything is stored.
type Database interface {
	Database(ctx context.Context) (api.Database, error)
	Check(ctx context.Context) (api.DatabaseCheck, error)
	Backup(ctx context.Context, request string, in api.BackupRequest) (api.BackupFile, error)
	Nuke(ctx context.Context, in api.NukeRequest) (api.Nuked, error)
}

// Doctor looks at what hf needs. It changes nothing.
type Doctor interface {
	Check(ctx context.Context, env map[string]string) ([]api.Check, error)
}

// Auth knows who is signed in to a forge.
type Auth interface {
	Status(ctx context.Context, in api.AuthQuery) (api.AuthList, error)
	Begin(ctx context.Context, request string, in api.AuthLogin) (api.AuthFlow, error)
	Flow(ctx context.Context, id string) (api.AuthFlow, error)
	Store(ctx context.Context, in api.AuthStore) (api.AuthAccount, error)
	Token(ctx context.Context, in api.AuthQuery) (api.AuthSecret, error)
	Logout(ctx context.Context, in api.AuthLogout) (api.AuthLoggedOut, error)
	// Saw is told of the variables of every caller that sent some.
	Saw(env api.Env)
}

// Config is what a server works with.
type Config struct {
	Log        *slog.Logger // required
	Version    string       // of this build, for the header
	Tasks      Tasks        // required, as are the services below
	Landings   Landings
	Sessions   Sessions
	Events     Events
	Repos      Repos
	Branches   Branches
	Workspaces Workspaces
	Agents     Agents
	Backend    Backend
	Doctor     Doctor
	Database   Database
	Changes    Changes
	Auth       Auth
	Pulls      Pulls
	PullMaker  PullMaker
	Importer   Importer

	// Preferences is what the user's configuration wants of hf itself. Required.
	Preferences func() api.Preferences
	// Isolation names the wall around a provider's sandboxes. Nil: not known.
	Isolation func(provider string) string
	// Authorise refuses a request by an error. Nil: whoever got here may do
	// everything, since the listener asked who that is.
	Authorise func(r *http.Request) error
}

type server struct {
	cfg  Config
	view view
	rows *rows
}

// New returns the handler of every route but those of the daemon's own life.
//
// A stream ends when it has told everything, unless it follows: then it ends
// with the request's context. Whoever cancels that must cut the connection too,
// since a client takes a stream's proper end for its last word.
func New(cfg Config) http.Handler {
	v := view{isolation: cfg.Isolation}
	s := &server{cfg: cfg, view: v, rows: newRows(v)}
	mux := http.NewServeMux()
	for _, e := range s.endpoints() {
		mux.Handle(e.route.String(), s.guard(e))
	}
	mux.Handle("/", s.guard(endpoint{handle: s.unknown}))
	return mux
}

// endpoint is a route and what serves it.
type endpoint struct {
	route  api.Route
	handle func(w http.ResponseWriter, r *request) error
}

// endpoints is the table of all routes.
func (s *server) endpoints() []endpoint {
	return []endpoint{
		{api.RouteInspect, answer(http.StatusOK, s.inspect)},
		{api.RouteStatus, answer(http.StatusOK, s.status)},
		{api.RouteDatabase, answer(http.StatusOK, s.database)},
		{api.RouteCheck, answer(http.StatusOK, s.checkDatabase)},
		{api.RouteBackup, answer(http.StatusOK, s.backup)},
		{api.RouteNuke, answer(http.StatusOK, s.nuke)},
		{api.RouteWorkspaces, answer(http.StatusOK, s.workspaces)},
		{api.RouteUseWorkspace, answer(http.StatusOK, s.useWorkspace)},
		{api.RouteRepos, answer(http.StatusOK, s.repos)},
		{api.RouteAddRepo, answer(http.StatusAccepted, s.addRepo)},
		{api.RouteListImport, answer(http.StatusOK, s.listImport)},
		{api.RouteImportRepos, answer(http.StatusAccepted, s.importRepos)},
		{api.RouteRemoveRepo, answer(http.StatusOK, s.removeRepo)},
		{api.RouteRepoOverview, answer(http.StatusOK, s.repoOverview)},
		{api.RouteRepoTrust, answer(http.StatusOK, s.repoTrust)},
		{api.RouteTrustRepo, answer(http.StatusOK, s.trustRepo)},
		{api.RouteTasks, s.tasks},
		{api.RouteCreateTask, answer(http.StatusAccepted, s.createTask)},
		{api.RouteTask, answer(http.StatusOK, s.task)},
		{api.RouteRename, answer(http.StatusOK, s.rename)},
		{api.RouteRetry, answer(http.StatusAccepted, s.action(s.cfg.Tasks.Retry))},
		{api.RouteArchive, answer(http.StatusAccepted, s.action(s.cfg.Tasks.Archive))},
		{api.RouteRestore, answer(http.StatusAccepted, s.action(s.cfg.Tasks.Restore))},
		{api.RouteKill, answer(http.StatusAccepted, s.action(s.cfg.Tasks.Kill))},
		{api.RoutePush, answer(http.StatusAccepted, landing(s, s.cfg.Landings.StartPush))},
		{api.RouteSync, answer(http.StatusAccepted, landing(s, s.cfg.Landings.StartSync))},
		{api.RouteFix, answer(http.StatusAccepted, landing(s, s.cfg.Landings.StartFix))},
		{api.RouteMerge, answer(http.StatusAccepted, landing(s, s.cfg.Landings.StartMerge))},
		{api.RoutePrune, answer(http.StatusOK, s.prune)},
		{api.RouteInterrupt, answer(http.StatusAccepted, s.action(s.cfg.Tasks.Interrupt))},
		{api.RouteSend, answer(http.StatusAccepted, s.send)},
		{api.RouteMessage, answer(http.StatusOK, s.message)},
		{api.RouteApprovals, answer(http.StatusOK, s.approvals)},
		{api.RoutePermissions, answer(http.StatusOK, s.permissions)},
		{api.RouteResolve, answer(http.StatusOK, s.resolve)},
		{api.RouteDiff, answer(http.StatusOK, s.diff)},
		{api.RouteCommand, answer(http.StatusOK, s.command)},
		{api.RouteTerminal, answer(http.StatusOK, s.terminal)},
		{api.RouteOperation, answer(http.StatusOK, s.operation)},
		{api.RouteStack, answer(http.StatusOK, s.stack)},
		{api.RouteStackAction, answer(http.StatusAccepted, s.stackAction)},
		{api.RoutePulls, answer(http.StatusOK, s.pulls)},
		{api.RoutePull, answer(http.StatusOK, s.pull)},
		{api.RouteCreatePull, answer(http.StatusAccepted, landing(s, s.cfg.PullMaker.StartPull))},
		{api.RoutePlanPull, answer(http.StatusOK, s.planPull)},
		{api.RouteLookAtPull, answer(http.StatusOK, s.lookAtPull)},
		{api.RouteComments, answer(http.StatusOK, s.comments)},
		{api.RouteAgents, answer(http.StatusOK, s.agents)},
		{api.RouteTestAgent, answer(http.StatusOK, s.testAgent)},
		{api.RouteDoctor, answer(http.StatusOK, s.doctor)},
		{api.RouteAuth, answer(http.StatusOK, s.auth)},
		{api.RouteAuthLogin, answer(http.StatusAccepted, s.authLogin)},
		{api.RouteAuthFlow, answer(http.StatusOK, s.authFlow)},
		{api.RouteAuthStore, answer(http.StatusOK, s.authStore)},
		{api.RouteAuthToken, answer(http.StatusOK, s.authToken)},
		{api.RouteAuthLogout, answer(http.StatusOK, s.authLogout)},
		{api.RouteTranscript, s.transcript},
		{api.RouteEvents, s.events},
		{api.RouteHistory, s.history},
		{api.RoutePreferences, answer(http.StatusOK, s.preferences)},
	}
}
