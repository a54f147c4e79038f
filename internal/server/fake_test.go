package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/server"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

var epoch = time.Date(2026, 5, 1, 12, 0, 0, 0, time.FixedZone("CEST", 2*60*60))

// world is a small fake of everything behind the server. It notes the calls it
// gets, and answers each of them with err when that is set.
type world struct {
	mu     sync.Mutex
	calls  []string
	err    error
	tasks  []task.Task
	events []api.Event
	seen   []api.Env // variables of callers
	woken  chan struct{}

	entries []api.Entry
	torn    error         // ends a transcript after its entries
	streams chan struct{} // receives when a following transcript has told all it has
}

func newWorld() *world {
	return &world{
		tasks: []task.Task{{
			ID: "t1", Workspace: "default", RepoName: "app", Title: "Fix it", Prompt: "fix it", Branch: "fix/it", Base: "main",
			Agent: "demo", Provider: "worktree", Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle, CreatedAt: epoch, UpdatedAt: epoch,
		}},
		woken: make(chan struct{}, 1), streams: make(chan struct{}, 1),
	}
}

func (w *world) note(parts ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, strings.Join(parts, " "))
	return w.err
}

func (w *world) last() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.calls) == 0 {
		return ""
	}
	return w.calls[len(w.calls)-1]
}

func (w *world) receipt() task.Receipt {
	return task.Receipt{Task: w.tasks[0], Operation: &operation.Operation{ID: "o1", Task: "t1", Kind: "create", State: api.OperationPending, CreatedAt: epoch, UpdatedAt: epoch}, Seq: 7}
}

type tasks struct{ *world }

func (w tasks) Create(_ context.Context, request string, in api.CreateTask) (task.Receipt, error) {
	return w.receipt(), w.note("create", request, in.Workspace, in.Prompt)
}

func (w tasks) List(_ context.Context, f task.Filter) ([]task.Task, int64, error) {
	b, _ := json.Marshal(f)
	return w.world.tasks, 41, w.note("list", string(b))
}

func (w tasks) Find(_ context.Context, workspace, ref, cwd string) (string, error) {
	if ref == "nobody" {
		return "", &api.Error{Code: api.CodeNotFound, Message: `no task "nobody"`}
	}
	return "id-of-" + ref, w.note("find", workspace, ref, cwd)
}

func (w tasks) Detail(_ context.Context, id string) (task.Detail, error) {
	return task.Detail{Task: w.world.tasks[0], Messages: []session.Message{{ID: "m1", Text: "hi", State: api.MessageQueued, CreatedAt: epoch}}}, w.note("detail", id)
}

func (w tasks) Explain(_ context.Context, id string) ([]api.Fact, []string, error) {
	return []api.Fact{{Name: "status"}}, []string{"PATH"}, w.note("explain", id)
}

func (w tasks) Retry(_ context.Context, request, id string, _ api.TaskAction) (task.Receipt, error) {
	return w.receipt(), w.note("retry", request, id)
}

func (w tasks) Archive(_ context.Context, request, id string, _ api.TaskAction) (task.Receipt, error) {
	return w.receipt(), w.note("archive", request, id)
}

func (w tasks) Restore(_ context.Context, request, id string, _ api.TaskAction) (task.Receipt, error) {
	return w.receipt(), w.note("restore", request, id)
}

func (w tasks) Kill(_ context.Context, request, id string, _ api.TaskAction) (task.Receipt, error) {
	return w.receipt(), w.note("kill", request, id)
}

func (w tasks) Prune(_ context.Context, request string, f task.Filter, in api.Prune) (api.PruneList, error) {
	return api.PruneList{DryRun: in.DryRun}, w.note("prune", request, f.Workspace)
}

func (w tasks) Interrupt(_ context.Context, request, id string, _ api.TaskAction) (task.Receipt, error) {
	r := w.receipt()
	r.Operation = nil
	return r, w.note("interrupt", request, id)
}

func (w tasks) Rename(_ context.Context, request, id string, in api.RenameTask) (task.Receipt, error) {
	r := w.receipt()
	r.Operation = nil
	return r, w.note("rename", request, id, in.Title)
}

// History has every event of the world, the filter's workspace and task apart.
func (w tasks) History(_ context.Context, f task.HistoryFilter) (out []task.HistoryEvent, seq int64, err error) {
	err = w.note("history", f.Workspace, f.Task, f.Branch)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.world.events {
		if e.Seq > f.After && (f.Before == 0 || e.Seq < f.Before) {
			out = append(out, task.HistoryEvent{Event: e, Title: "Fix it", Branch: "fix/it"})
		}
	}
	switch {
	case len(out) <= f.Limit:
	case f.Newest:
		out = out[len(out)-f.Limit:]
	default:
		out = out[:f.Limit]
	}
	return out, int64(len(w.world.events)), err
}

func (w tasks) Diff(_ context.Context, id string, kind api.PatchKind) (api.Diff, error) {
	return api.Diff{Task: id}, w.note("diff", id, string(kind))
}

func (w tasks) OpenTerminal(_ context.Context, id string, in api.OpenTerminal) (api.Terminal, error) {
	return api.Terminal{Task: id, Dir: "/terminals/" + id, DetachKey: "ctrl+q"}, w.note("terminal", id, fmt.Sprint(in.Columns, "x", in.Rows))
}

func (w tasks) Command(_ context.Context, id string, in api.CommandRequest) (api.Command, error) {
	return api.Command{Argv: in.Argv}, w.note("command", id, in.Argv[0])
}

func (w tasks) Summary(_ context.Context, workspace string) (api.Summary, error) {
	return api.Summary{Workspace: workspace, Tasks: 3}, w.note("summary", workspace)
}

type sessions struct{ *world }

func (w sessions) Send(_ context.Context, request, id string, in api.SendMessage) (session.Message, error) {
	return session.Message{ID: "m1", Task: id, Text: in.Text, State: api.MessageAccepted}, w.note("send", request, id, in.Text)
}

func (w sessions) Message(_ context.Context, task, id string) (session.Message, error) {
	return session.Message{ID: id, Task: task}, w.note("message", task, id)
}

func (w sessions) Permissions(_ context.Context, task string) ([]session.Permission, error) {
	return nil, w.note("permissions", task)
}

func (w sessions) OpenPermissions(_ context.Context, workspace string) ([]session.Permission, error) {
	return nil, w.note("approvals", workspace)
}

func (w sessions) Resolve(_ context.Context, request, task, permission string, in api.ResolvePermission) (session.Permission, error) {
	return session.Permission{PermissionRequest: api.PermissionRequest{ID: permission, Task: task}}, w.note("resolve", request, task, permission, in.Option)
}

func (w sessions) Transcript(ctx context.Context, task, after string, follow bool, yield func(api.Entry) error) error {
	if err := w.note("transcript", task, after); err != nil {
		return err
	}
	for _, e := range w.entries {
		if err := yield(e); err != nil {
			return err
		}
	}
	if !follow {
		return w.torn
	}
	w.streams <- struct{}{}
	<-ctx.Done()
	return context.Cause(ctx)
}

type events struct{ *world }

func (w events) Events(_ context.Context, after int64, id string, limit int) ([]api.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []api.Event
	for _, e := range w.world.events {
		if e.Seq > after && (id == "" || e.Task == id) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, w.err
}

func (w events) LastSeq(context.Context) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int64(len(w.world.events)), nil
}

func (w events) Watch() (<-chan struct{}, func()) { return w.woken, func() {} }

func (w *world) happen(e api.Event) {
	w.mu.Lock()
	e.Seq = int64(len(w.events)) + 1
	w.events = append(w.events, e)
	w.mu.Unlock()
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

type repos struct{ *world }

func (w repos) Add(_ context.Context, request string, in api.AddRepo) (task.Repo, error) {
	return task.Repo{ID: "r1", Name: "app", State: api.RepoReady, CreatedAt: epoch}, w.note("add", request, in.Workspace, in.Spec)
}

func (w repos) Importable(_ context.Context, in api.ListImport) (api.ImportPage, error) {
	return api.ImportPage{Owner: in.Owner}, w.note("import?", in.Workspace, in.Owner)
}

func (w repos) Import(_ context.Context, request string, in api.ImportRepos) ([]task.Repo, error) {
	return []task.Repo{{ID: "r1", Name: "app"}}, w.note("import", request, in.Workspace, strings.Join(in.Remotes, " "))
}

func (w repos) List(_ context.Context, workspace string) ([]task.Repo, error) {
	return []task.Repo{{ID: "r1", Name: "app", Path: "/src/app"}}, w.note("repos", workspace)
}

func (w repos) Remove(_ context.Context, request, workspace, ref string) (task.Repo, error) {
	return task.Repo{ID: "r1", Name: ref}, w.note("remove", request, workspace, ref)
}

type branches struct{ *world }

func (w branches) Overview(_ context.Context, workspace, ref string) (api.RepoOverview, error) {
	return api.RepoOverview{Repo: ref, Rows: []api.OverviewRow{}}, w.note("overview", workspace, ref)
}

func (w repos) TrustState(_ context.Context, workspace, ref string) (api.RepoTrust, error) {
	return api.RepoTrust{Repo: ref}, w.note("trust?", workspace, ref)
}

func (w repos) Trust(_ context.Context, request, workspace, ref, hash string) (api.RepoTrust, error) {
	return api.RepoTrust{Repo: ref, Hash: hash, Trusted: true}, w.note("trust", request, workspace, ref, hash)
}

type workspaces struct{ *world }

func (w workspaces) List(context.Context) ([]api.Workspace, error) {
	return nil, w.note("workspaces")
}

func (w workspaces) Use(_ context.Context, request, name string) (api.Workspace, error) {
	return api.Workspace{Name: name, Current: true}, w.note("use", request, name)
}

func (w workspaces) Current(context.Context) (string, error) { return "default", nil }

type agents struct{ *world }

func (w agents) List(_ context.Context, env map[string]string) ([]api.Agent, error) {
	return nil, w.note("agents", env["PATH"])
}

func (w agents) Test(_ context.Context, name string, env map[string]string) (api.AgentTest, error) {
	return api.AgentTest{Agent: name, OK: true}, w.note("test", name, env["PATH"])
}

type doctor struct{ *world }

func (w doctor) Check(_ context.Context, env map[string]string) ([]api.Check, error) {
	return nil, w.note("check", env["PATH"])
}

type backend struct{ *world }

func (w backend) Backend(context.Context) (api.Backend, error) { return api.Backend{PID: 5}, nil }
func (w backend) Inspect(context.Context) (api.Inspect, error) {
	return api.Inspect{Requests: 2}, w.note("inspect")
}

type databases struct{ *world }

func (w databases) Database(context.Context) (api.Database, error) {
	return api.Database{Path: "/db"}, w.note("database")
}

func (w databases) Check(context.Context) (api.DatabaseCheck, error) {
	return api.DatabaseCheck{OK: true}, w.note("check database")
}

func (w databases) Backup(_ context.Context, request string, in api.BackupRequest) (api.BackupFile, error) {
	return api.BackupFile{Path: in.Path}, w.note("backup " + request + " " + in.Path)
}

func (w databases) Nuke(_ context.Context, in api.NukeRequest) (api.Nuked, error) {
	return api.Nuked{Dir: "/old"}, w.note("nuke " + strconv.FormatBool(in.Force))
}

type changes struct{ *world }

func (w changes) Operation(_ context.Context, id string) (*operation.Operation, *api.StackReport, error) {
	return w.receipt().Operation, &api.StackReport{Action: api.StackSyncRepo, Branches: []api.StackResult{}}, w.note("operation", id)
}

func (w changes) Stack(_ context.Context, workspace, task, repo, cwd string) (api.Stack, error) {
	return api.Stack{Repo: "app", Trunk: "main"}, w.note("stack", workspace, task, repo, cwd)
}

func (w changes) StackAction(_ context.Context, request string, in api.StackAction) (change.Receipt, error) {
	return change.Receipt{Operation: w.receipt().Operation, Seq: 7}, w.note("stack action", request, string(in.Action), in.Task, in.Branch, in.Onto)
}

type landings struct{ *world }

func (w landings) StartPush(_ context.Context, request, id string, in api.PushTask) (task.Receipt, error) {
	return task.Receipt{Task: task.Task{ID: id}, Seq: 7}, w.note("push " + request + " " + id + " " + in.Env["PATH"])
}

func (w landings) StartSync(_ context.Context, request, id string, in api.SyncTask) (task.Receipt, error) {
	return task.Receipt{Task: task.Task{ID: id}, Seq: 7}, w.note(fmt.Sprintf("sync %s %s %v", request, id, in.Now))
}

func (w landings) StartFix(_ context.Context, request, id string, in api.FixTask) (task.Receipt, error) {
	return task.Receipt{Task: task.Task{ID: id}, Seq: 7}, w.note(fmt.Sprintf("fix %s %s %s", request, id, in.Kinds))
}

func (w landings) StartMerge(_ context.Context, request, id string, in api.MergeTask) (task.Receipt, error) {
	return task.Receipt{Task: task.Task{ID: id}, Seq: 7}, w.note(fmt.Sprintf("merge %s %s %s", request, id, in.Method))
}

type pulls struct{ *world }

func (w pulls) Polls() []api.ForgePoll { return []api.ForgePoll{{Repo: "r1", Host: "github.com"}} }

func (w pulls) List(_ context.Context, workspace, repo string, all bool) ([]api.PullRequest, error) {
	return nil, w.note("pulls", workspace, repo, strconv.FormatBool(all))
}

func (w pulls) OfTask(_ context.Context, task string) (api.PullRequest, error) {
	return api.PullRequest{PullRequestSummary: api.PullRequestSummary{Number: 7}}, w.note("pull", task)
}

func (w pulls) LookAt(_ context.Context, task string, env api.Env) (api.PullRequest, error) {
	return api.PullRequest{PullRequestSummary: api.PullRequestSummary{Number: 7}}, w.note("look", task, env["PATH"])
}

func (w pulls) StartPull(_ context.Context, request, id string, in api.CreatePull) (task.Receipt, error) {
	return task.Receipt{Task: w.tasks[0], Seq: 7}, w.note("create pull", request, id, in.Title)
}

func (w pulls) PlanPull(_ context.Context, id string, in api.CreatePull) (api.PullPlan, error) {
	return api.PullPlan{Base: in.Base}, w.note("plan pull", id, in.Base)
}

func (w pulls) Comments(_ context.Context, task string, env api.Env) (api.Conversation, error) {
	return api.Conversation{}, w.note("comments", task, env["PATH"])
}

// serve starts a server over a world. The config may be adjusted.
func serve(t *testing.T, w *world, adjust ...func(*server.Config)) *httptest.Server {
	t.Helper()
	cfg := server.Config{
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})), Version: "v1",
		Tasks: tasks{w}, Landings: landings{w}, Changes: changes{w}, Sessions: sessions{w}, Events: events{w}, Repos: repos{w},
		Branches:   branches{w},
		Workspaces: workspaces{w}, Agents: agents{w}, Backend: backend{w}, Database: databases{w}, Doctor: doctor{w},
		Auth: auths{w}, Pulls: pulls{w}, PullMaker: pulls{w}, Importer: repos{w},
		Preferences: func() api.Preferences { return api.Preferences{Editor: "ed"} },
	}
	for _, f := range adjust {
		f(&cfg)
	}
	s := httptest.NewServer(server.New(cfg))
	t.Cleanup(s.Close)
	return s
}

// ask makes a request and returns the status and the body. Mutations carry the
// request id rq.
func ask(t *testing.T, s *httptest.Server, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method != http.MethodGet {
		req.Header.Set(api.HeaderRequest, "rq")
	}
	return do(t, s, req)
}

func do(t *testing.T, s *httptest.Server, req *http.Request) (int, string) {
	t.Helper()
	resp, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
