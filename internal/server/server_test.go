package server_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/server"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func TestRoutes(t *testing.T) {
	tests := []struct {
		route        api.Route
		args         []string
		query, body  string
		status       int
		call, answer string // what the service got last; a part of the answer
	}{
		{route: api.RouteInspect, status: 200, call: "inspect", answer: `"requests":2`},
		{route: api.RouteStatus, query: "workspace=w", status: 200, call: "summary w", answer: `"pid":5`},
		{route: api.RouteDatabase, status: 200, call: "database", answer: `"path":"/db"`},
		{route: api.RouteCheck, body: `{}`, status: 200, call: "check database", answer: `"ok":true`},
		{route: api.RouteBackup, body: `{"path":"/b"}`, status: 200, call: "backup rq /b", answer: `"path":"/b"`},
		{route: api.RouteNuke, body: `{"force":true}`, status: 200, call: "nuke true", answer: `"dir":"/old"`},
		{route: api.RouteWorkspaces, status: 200, call: "workspaces", answer: `"workspaces":[]`},
		{route: api.RouteUseWorkspace, body: `{"name":"w"}`, status: 200, call: "use rq w", answer: `"current":true`},
		{route: api.RouteRepos, status: 200, call: "repos default", answer: `"name":"app"`},
		{route: api.RouteAddRepo, body: `{"spec":"."}`, query: "workspace=w", status: 202, call: "add rq w .", answer: `"createdAt":"2026-05-01T10:00:00Z"`},
		{route: api.RouteListImport, body: `{"owner":"acme"}`, query: "workspace=w", status: 200, call: "import? w acme", answer: `"repos":[]`},
		{route: api.RouteImportRepos, body: `{"remotes":["a","b"]}`, status: 202, call: "import rq default a b", answer: `"name":"app"`},
		{route: api.RouteRemoveRepo, args: []string{"o/app"}, status: 200, call: "remove rq default o/app", answer: `"name":"o/app"`},
		{route: api.RouteRepoOverview, args: []string{"app"}, status: 200, call: "overview default app", answer: `"rows":[]`},
		{route: api.RouteRepoTrust, args: []string{"app"}, status: 200, call: "trust? default app", answer: `"trusted":false`},
		{route: api.RouteTrustRepo, args: []string{"app"}, body: `{"hash":"h"}`, status: 200, call: "trust rq default app h", answer: `"trusted":true`},
		{route: api.RouteTasks, query: "all=1&status=idle&status=error&repo=app", status: 200, call: `list {"Workspace":"default","RepoID":"r1","Lifecycles":null,"Statuses":["idle","error"],"All":true}`, answer: `"seq":41`},
		{route: api.RouteCreateTask, body: `{"prompt":"fix it","workspace":"mine"}`, query: "workspace=w", status: 202, call: "create rq mine fix it", answer: `"operation":{"id":"o1"`},
		{route: api.RouteTask, args: []string{"fix/it"}, query: "cwd=/a", status: 200, call: "detail id-of-fix/it", answer: `"permissions":[],"messages":[{"id":"m1"`},
		{route: api.RouteTask, args: []string{"t"}, query: "explain=1", status: 200, call: "explain id-of-t", answer: `"env":["PATH"]`},
		{route: api.RouteRename, args: []string{"t"}, body: `{"title":"new"}`, status: 200, call: "rename rq id-of-t new", answer: `"seq":7`},
		{route: api.RouteRetry, args: []string{"t"}, body: `{}`, status: 202, call: "retry rq id-of-t", answer: `"seq":7`},
		{route: api.RouteArchive, args: []string{"t"}, status: 202, call: "archive rq id-of-t", answer: `"seq":7`},
		{route: api.RouteRestore, args: []string{"t"}, status: 202, call: "restore rq id-of-t", answer: `"seq":7`},
		{route: api.RouteKill, args: []string{"t"}, status: 202, call: "kill rq id-of-t", answer: `"seq":7`},
		{route: api.RouteInterrupt, args: []string{"t"}, status: 202, call: "interrupt rq id-of-t", answer: `"seq":7`},
		{route: api.RoutePush, args: []string{"t"}, body: `{"env":{"PATH":"/bin"}}`, status: 202, call: "push rq id-of-t /bin", answer: `"seq":7`},
		{route: api.RouteSync, args: []string{"t"}, body: `{"now":true}`, status: 202, call: "sync rq id-of-t true", answer: `"seq":7`},
		{route: api.RouteFix, args: []string{"t"}, body: `{"kinds":["ci"]}`, status: 202, call: "fix rq id-of-t [ci]", answer: `"seq":7`},
		{route: api.RouteMerge, args: []string{"t"}, body: `{"method":"squash"}`, status: 202, call: "merge rq id-of-t squash", answer: `"seq":7`},
		{route: api.RoutePrune, body: `{"dryRun":true}`, status: 200, call: "prune rq default", answer: `"dryRun":true`},
		{route: api.RouteSend, args: []string{"t"}, body: `{"text":"hi"}`, status: 202, call: "send rq id-of-t hi", answer: `"state":"accepted"`},
		{route: api.RouteMessage, args: []string{"t", "m9"}, status: 200, call: "message id-of-t m9", answer: `"id":"m9"`},
		{route: api.RoutePermissions, args: []string{"t"}, status: 200, call: "permissions id-of-t", answer: `[]`},
		{route: api.RouteApprovals, query: "workspace=w", status: 200, call: "approvals w", answer: `[]`},
		{route: api.RouteResolve, args: []string{"t", "p1"}, body: `{"option":"yes"}`, status: 200, call: "resolve rq id-of-t p1 yes", answer: `"options":[]`},
		{route: api.RouteDiff, args: []string{"t"}, query: "patch=exact", status: 200, call: "diff id-of-t exact", answer: `"files":[]`},
		{route: api.RouteTerminal, args: []string{"t"}, body: `{"cols":80,"rows":24}`, status: 200, call: "terminal id-of-t 80x24", answer: `"dir":"/terminals/id-of-t"`},
		{route: api.RouteTerminal, args: []string{"t"}, body: `{"cols":0,"rows":24}`, status: 400, answer: "cannot be"},
		{route: api.RouteTerminal, args: []string{"t"}, body: `{"cols":80,"rows":65536}`, status: 400, answer: "cannot be"},
		{route: api.RouteCommand, args: []string{"t"}, body: `{"argv":["ls"]}`, status: 200, call: "command id-of-t ls", answer: `"argv":["ls"]`},
		{route: api.RouteOperation, args: []string{"o1"}, status: 200, call: "operation o1", answer: `"stack":{"action":"sync_repo","operation":""`},
		{route: api.RouteStack, query: "workspace=w&repo=app&cwd=/a", status: 200, call: "stack w  app /a", answer: `"trunk":"main","branches":[]`},
		{route: api.RouteStack, query: "task=fix/it&cwd=/a", status: 200, call: "stack default id-of-fix/it  /a", answer: `"repo":"app"`},
		{route: api.RouteStackAction, body: `{"action":"reparent_branch","task":"t","onto":"main"}`, status: 202, call: "stack action rq reparent_branch id-of-t  id-of-main", answer: `"seq":7`},
		{route: api.RouteAgents, body: `{"env":{"PATH":"/bin"}}`, status: 200, call: "agents /bin", answer: `"agents":[]`},
		{route: api.RouteTestAgent, args: []string{"demo"}, body: `{"env":{"PATH":"/bin"}}`, status: 200, call: "test demo /bin", answer: `"ok":true`},
		{route: api.RouteDoctor, body: `{"env":{"PATH":"/bin"}}`, status: 200, call: "check /bin", answer: `"checks":[]`},
		{route: api.RouteAuth, body: `{"host":"h"}`, status: 200, call: "auth h", answer: `"accounts":[{"host":"h"`},
		{route: api.RouteAuthLogin, body: `{"host":"h"}`, status: 202, call: "login rq h", answer: `"id":"f1"`},
		{route: api.RouteAuthFlow, args: []string{"f9"}, status: 200, call: "flow f9", answer: `"id":"f9"`},
		{route: api.RouteAuthStore, body: `{"host":"h","token":"s"}`, status: 200, call: "store h s", answer: `"host":"h"`},
		{route: api.RouteAuthToken, body: `{"host":"h"}`, status: 200, call: "token h", answer: `"token":"t"`},
		{route: api.RouteAuthLogout, body: `{"host":"h"}`, status: 200, call: "logout h", answer: `"host":"h"`},
		{route: api.RoutePulls, query: "workspace=w&all=1&repo=app", status: 200, call: "pulls w r1 true", answer: `"pulls":[]`},
		{route: api.RoutePull, args: []string{"t"}, status: 200, call: "pull id-of-t", answer: `"number":7`},
		{route: api.RouteCreatePull, args: []string{"t"}, body: `{"title":"T","draft":true}`, status: 202, call: "create pull rq id-of-t T", answer: `"seq":7`},
		{route: api.RoutePlanPull, args: []string{"t"}, body: `{"base":"b"}`, status: 200, call: "plan pull id-of-t b", answer: `"base":"b"`},
		{route: api.RouteLookAtPull, args: []string{"t"}, body: `{"env":{"PATH":"/bin"}}`, status: 200, call: "look id-of-t /bin", answer: `"number":7`},
		{route: api.RouteComments, args: []string{"t"}, body: `{"env":{"PATH":"/bin"}}`, status: 200, call: "comments id-of-t /bin", answer: `"threads":[]`},
		{route: api.RouteTranscript, args: []string{"t"}, query: "after=s:1:0", status: 200, call: "transcript id-of-t s:1:0", answer: ``},
		{route: api.RouteHistory, query: "task=t&branch=b&workspace=w", status: 200, call: "history w id-of-t b", answer: ``},
		{route: api.RoutePreferences, status: 200, call: "", answer: `"editor":"ed"`},
		{route: api.RouteEvents, status: 200, call: "", answer: ``},
	}
	tried := map[api.Route]bool{
		// Served in front of this handler, by what knows of the process.
		api.RouteHello: true, api.RouteBackend: true, api.RouteStop: true, api.RouteUpgrade: true,
	}
	for _, tt := range tests {
		tried[tt.route] = true
		t.Run(tt.route.String(), func(t *testing.T) {
			w := newWorld()
			s := serve(t, w)
			status, body := ask(t, s, tt.route.Method, tt.route.Path(tt.args...)+"?"+tt.query, tt.body)
			if status != tt.status {
				t.Fatalf("status = %d, want %d: %s", status, tt.status, body)
			}
			if w.last() != tt.call {
				t.Errorf("call = %q, want %q", w.last(), tt.call)
			}
			if !strings.Contains(body, tt.answer) {
				t.Errorf("answer = %s\nwant it to have %s", body, tt.answer)
			}
			if tt.call == "" {
				return
			}
			w.err = &api.Error{Code: api.CodeHalted, Message: "over", Hint: "ask"}
			status, body = ask(t, s, tt.route.Method, tt.route.Path(tt.args...)+"?"+tt.query, tt.body)
			if status != http.StatusConflict || body != `{"code":"halted","message":"over","hint":"ask"}` {
				t.Errorf("the service's error became %d %s", status, body)
			}
		})
	}
	for name, route := range routesOfAPI(t) {
		if !tried[route] {
			t.Errorf("%s (%s) is served by nobody, or not tested", name, route)
		}
	}
}

// routesOfAPI reads the routes from the source: a list kept by hand could miss
// one.
func routesOfAPI(t *testing.T) map[string]api.Route {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../pkg/api/route.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]api.Route{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		lit, ok := spec.Values[0].(*ast.CompositeLit)
		if !ok || len(lit.Elts) != 2 {
			return true
		}
		var words [2]string
		for i, e := range lit.Elts {
			words[i], _ = strconv.Unquote(e.(*ast.BasicLit).Value)
		}
		out[spec.Names[0].Name] = api.Route{Method: words[0], Pattern: words[1]}
		return true
	})
	if len(out) < 20 {
		t.Fatalf("only %d routes found in route.go", len(out))
	}
	return out
}

// What starts work says how its caller signs in to forges; work that nobody waits
// for goes on with that.
func TestCallersVariablesAreKept(t *testing.T) {
	w := newWorld()
	s := serve(t, w)
	for route, body := range map[api.Route]string{
		api.RouteAddRepo: `{"spec":"x","env":{"GH_TOKEN":"a"}}`, api.RouteCreateTask: `{"prompt":"x","env":{"GH_TOKEN":"a"}}`,
		api.RouteUseWorkspace: `{"name":"w"}`, api.RoutePrune: `{}`,
	} {
		if status, answer := ask(t, s, route.Method, route.Path(), body); status/100 != 2 {
			t.Errorf("%s: %d %s", route, status, answer)
		}
	}
	if len(w.seen) != 2 || w.seen[0]["GH_TOKEN"] != "a" || w.seen[1]["GH_TOKEN"] != "a" {
		t.Errorf("seen = %v", w.seen)
	}
}

func TestRefuses(t *testing.T) {
	long := strings.Repeat("x", 2<<20)
	tests := map[string]struct{ method, path, body, code, message string }{
		"unknown field":         {"POST", "/v1/tasks", `{"promt":"x"}`, "invalid_argument", `unknown field \"promt\"`},
		"no JSON":               {"POST", "/v1/tasks", `prompt`, "invalid_argument", "makes no sense"},
		"wrong type":            {"POST", "/v1/tasks", `{"prompt":1}`, "invalid_argument", "makes no sense"},
		"two values":            {"POST", "/v1/tasks", `{}{}`, "invalid_argument", "more than one"},
		"too large":             {"POST", "/v1/tasks/t1/kill", `{"env":{"A":"` + long + `"}}`, "invalid_argument", "larger than 2097152 bytes"},
		"too much attached":     {"POST", "/v1/tasks", `{"prompt":"` + strings.Repeat(long, 16) + `"}`, "invalid_argument", "larger than 30"},
		"workspace in query":    {"GET", "/v1/tasks?workspace=a/b", ``, "invalid_argument", `\"a/b\" cannot be a workspace`},
		"workspace in body":     {"POST", "/v1/tasks", `{"workspace":"a b"}`, "invalid_argument", `cannot be a workspace`},
		"use no workspace":      {"POST", "/v1/workspaces/use?workspace=w", `{}`, "invalid_argument", "no name"},
		"status":                {"GET", "/v1/tasks?status=done", ``, "invalid_argument", `\"done\" is no status: it is one of queued,`},
		"flag":                  {"GET", "/v1/tasks?all=yes", ``, "invalid_argument", "all=yes: 1 or 0"},
		"repo":                  {"GET", "/v1/tasks?repo=none", ``, "not_found", `no repo \"none\" in workspace default`},
		"after":                 {"GET", "/v1/events?after=x", ``, "invalid_argument", "a number is needed"},
		"after the last":        {"GET", "/v1/events?after=99", ``, "conflict", "event 99 has not happened"},
		"no command":            {"POST", "/v1/tasks/t/command", `{"argv":[""]}`, "invalid_argument", "no command"},
		"no hash":               {"POST", "/v1/repos/a/trust", `{}`, "invalid_argument", "hash"},
		"unknown task":          {"GET", "/v1/tasks/nobody", ``, "not_found", `no task \"nobody\"`},
		"unknown task streamed": {"GET", "/v1/tasks/nobody/transcript?follow=1", ``, "not_found", `no task`},
		"unknown route":         {"GET", "/v1/nothing", ``, "not_found", "hfd v1 has no GET /v1/nothing"},
		"unknown method":        {"PUT", "/v1/tasks", ``, "not_found", "no PUT"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := ask(t, serve(t, newWorld()), tt.method, tt.path, tt.body)
			if status < 400 || !strings.Contains(body, `"code":"`+tt.code+`"`) || !strings.Contains(body, tt.message) {
				t.Errorf("%d %.300s\nwant %s with %s", status, body, tt.code, tt.message)
			}
		})
	}
}

func TestMutationsNeedAnID(t *testing.T) {
	w := newWorld()
	s := serve(t, w)
	for _, id := range []string{"", "a b", strings.Repeat("x", 129)} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/v1/tasks/t/kill", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set(api.HeaderRequest, id)
		if status, body := do(t, s, req); status != 400 || !strings.Contains(body, api.HeaderRequest) {
			t.Errorf("id %.10q: %d %s", id, status, body)
		}
	}
	if w.last() != "" {
		t.Errorf("a refused request did %q", w.last())
	}
}

func TestNewerClientHearsThatTheDaemonIsTooOld(t *testing.T) {
	s := serve(t, newWorld())
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/v1/future", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(api.HeaderLevel, strconv.Itoa(api.Level+1))
	if status, body := do(t, s, req); status != http.StatusPreconditionFailed || !strings.Contains(body, `"daemon_too_old"`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestErrors(t *testing.T) {
	tests := map[string]struct {
		err    error
		status int
		want   api.Error
	}{
		"wrapped":  {fmt.Errorf("create branch: %w", &api.Error{Code: api.CodeExists, Message: "it exists", Hint: "h"}), 409, api.Error{Code: api.CodeExists, Message: "create branch: it exists", Hint: "h"}},
		"retry":    {&api.Error{Code: api.CodeUnavailable, Message: "stopping", Retryable: true}, 503, api.Error{Code: api.CodeUnavailable, Message: "stopping", Retryable: true}},
		"internal": {errors.New("no such table"), 500, api.Error{Code: api.CodeInternal, Message: "no such table", Hint: "see `hf backend logs`"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.err = tt.err
			status, body := ask(t, serve(t, w), "GET", "/v1/db", "")
			var got api.Error
			if err := json.Unmarshal([]byte(body), &got); err != nil || status != tt.status || got != tt.want {
				t.Errorf("%d %s, want %d %+v", status, body, tt.status, tt.want)
			}
		})
	}
}

// panicky is a service with a bug.
type panicky struct{ databases }

func TestPanicIsAnAnswer(t *testing.T) {
	s := serve(t, newWorld(), func(c *server.Config) { c.Database = panicky{} })
	status, body := ask(t, s, "GET", "/v1/db", "")
	if status != 500 || !strings.Contains(body, "hfd has a bug") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := ask(t, s, "GET", "/v1/tasks", ""); status != 200 {
		t.Errorf("after a panic: %d", status)
	}
}

func TestAuthorise(t *testing.T) {
	w := newWorld()
	s := serve(t, w, func(c *server.Config) {
		c.Authorise = func(r *http.Request) error {
			if r.Method == http.MethodGet {
				return nil
			}
			return &api.Error{Code: api.CodeUnauthorized, Message: "read only"}
		}
	})
	if status, _ := ask(t, s, "POST", "/v1/tasks/t/kill", ""); status != 401 || w.last() != "" {
		t.Errorf("status %d, call %q", status, w.last())
	}
	if status, _ := ask(t, s, "GET", "/v1/tasks", ""); status != 200 {
		t.Errorf("reading: status %d", status)
	}
}

func TestHeaders(t *testing.T) {
	s := serve(t, newWorld())
	for _, path := range []string{"/v1/tasks", "/v1/nothing", "/v1/events"} {
		resp, err := s.Client().Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Header.Get(api.HeaderLevel) != strconv.Itoa(api.Level) || resp.Header.Get(api.HeaderVersion) != "v1" {
			t.Errorf("%s: %v", path, resp.Header)
		}
	}
}

// TestTask pins what is absent, what is null and what is there.
func TestTask(t *testing.T) {
	started := epoch
	tests := map[string]struct {
		task task.Task
		want string
	}{
		"new": {
			task.Task{ID: "a", Workspace: "w", RepoName: "r", Title: "T", Prompt: "p", Agent: "demo", Provider: "worktree", Lifecycle: api.LifecycleQueued, CreatedAt: epoch, UpdatedAt: epoch},
			`{"schema":1,"id":"a","title":"T","prompt":"p","workspace":"w","repo":"r","parent":null,"status":"queued","lifecycle":"queued","step":null,"agent":"demo","provider":"worktree","createdAt":"2026-05-01T10:00:00Z","updatedAt":"2026-05-01T10:00:00Z"}`,
		},
		"in a turn": {
			task.Task{
				ID: "a", Workspace: "w", RepoName: "r", Title: "T", Branch: "b", Base: "main", Parent: "z", Agent: "demo", Provider: "worktree", Path: "/wt", Session: "s",
				Lifecycle: api.LifecycleReady, Activity: api.ActivityWorking, Step: "check", Diff: &api.DiffStat{}, TurnStartedAt: &started, CreatedAt: epoch, UpdatedAt: epoch, LastEvent: 4,
			},
			`{"schema":1,"id":"a","title":"T","workspace":"w","repo":"r","branch":"b","base":"main","parent":"z","status":"running","activity":"working","lifecycle":"ready","step":"check","agent":"demo","provider":"worktree","isolation":"none","path":"/wt","session":"s","diff":{"files":0,"added":0,"removed":0,"untracked":0},"createdAt":"2026-05-01T10:00:00Z","updatedAt":"2026-05-01T10:00:00Z","turnStartedAt":"2026-05-01T10:00:00Z","lastEvent":4}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.tasks = []task.Task{tt.task}
			s := serve(t, w, func(c *server.Config) {
				if tt.task.Path != "" {
					c.Isolation = func(string) string { return "none" }
				}
			})
			_, body := ask(t, s, "GET", "/v1/tasks", "")
			if want := `{"schema":1,"tasks":[` + tt.want + `],"seq":41}`; body != want {
				t.Errorf("got  %s\nwant %s", body, want)
			}
		})
	}
}
