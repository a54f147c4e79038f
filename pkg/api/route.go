package api

import (
	"net/url"
	"strings"
)

// Route is a method and a pattern of net/http's ServeMux. The server registers
// it as it is; the client fills it with Path, so that a path is written once.
type Route struct {
	Method  string
	Pattern string
}

func (r Route) String() string { return r.Method + " " + r.Pattern }

// Path fills the route's {wildcards} in order, escaped.
func (r Route) Path(args ...string) string {
	var b strings.Builder
	rest := r.Pattern
	for _, a := range args {
		i := strings.IndexByte(rest, '{')
		j := strings.IndexByte(rest, '}')
		if i < 0 || j < i {
			break
		}
		b.WriteString(rest[:i])
		b.WriteString(escape(a))
		rest = rest[j+1:]
	}
	b.WriteString(rest)
	return b.String()
}

// escape makes one segment of a path. A segment of dots only would be taken for
// a relative one and cleaned away.
func escape(segment string) string {
	if segment == "." || segment == ".." {
		return strings.ReplaceAll(segment, ".", "%2E")
	}
	return url.PathEscape(segment)
}

// Names a client may use in place of a task: the task whose sandbox holds the
// caller's directory (query cwd=), and the task last used. Git allows no ~ in
// a branch name, so neither hides a branch.
const (
	TaskOfCwd = "~cwd"
	TaskLast  = "~last"
)

// Query parameters shared by several routes.
const (
	QueryWorkspace = "workspace"
	QueryRepo      = "repo"
	QueryStatus    = "status"
	QueryAll       = "all" // 1: killed and archived ones too
	QueryCwd       = "cwd"
	QueryAfter     = "after"
	QueryFollow    = "follow" // 1: keep the stream open
	QuerySnapshot  = "snapshot"
	QueryTask      = "task"
	QueryBranch    = "branch"
	QueryBefore    = "before" // of history: only what happened before this event
	QueryLimit     = "limit"  // of history: the newest so many; 0 = all
	QueryExplain   = "explain"
	QueryPatch     = "patch"  // an api.PatchKind; text when absent
	QueryFields    = "fields" // of a list: what the client needs of a row, comma between; the rest, and what is zero, may be left out
)

// The routes.
var (
	RouteHello        = Route{"GET", "/v1/hello"}
	RouteBackend      = Route{"GET", "/v1/backend"}
	RouteInspect      = Route{"GET", "/v1/backend/inspect"}
	RouteStop         = Route{"POST", "/v1/backend/stop"}
	RouteUpgrade      = Route{"POST", "/v1/backend/upgrade"}
	RouteStatus       = Route{"GET", "/v1/status"}
	RouteDatabase     = Route{"GET", "/v1/db"}
	RouteBackup       = Route{"POST", "/v1/db/backup"}
	RouteCheck        = Route{"POST", "/v1/db/check"}
	RouteNuke         = Route{"POST", "/v1/db/nuke"}
	RouteWorkspaces   = Route{"GET", "/v1/workspaces"}
	RouteUseWorkspace = Route{"POST", "/v1/workspaces/use"}
	RouteRepos        = Route{"GET", "/v1/repos"}
	RouteAddRepo      = Route{"POST", "/v1/repos"}
	RouteListImport   = Route{"POST", "/v1/import/list"} // with the variables of the caller
	RouteImportRepos  = Route{"POST", "/v1/import"}
	RouteRemoveRepo   = Route{"DELETE", "/v1/repos/{repo}"}
	RouteRepoOverview = Route{"GET", "/v1/repos/{repo}/overview"}
	RouteRepoTrust    = Route{"GET", "/v1/repos/{repo}/trust"}
	RouteTrustRepo    = Route{"POST", "/v1/repos/{repo}/trust"}
	RouteTasks        = Route{"GET", "/v1/tasks"}
	RouteCreateTask   = Route{"POST", "/v1/tasks"}
	RouteTask         = Route{"GET", "/v1/tasks/{task}"}
	RouteRename       = Route{"POST", "/v1/tasks/{task}/rename"}
	RouteRetry        = Route{"POST", "/v1/tasks/{task}/retry"}
	RouteArchive      = Route{"POST", "/v1/tasks/{task}/archive"}
	RouteRestore      = Route{"POST", "/v1/tasks/{task}/restore"}
	RouteKill         = Route{"POST", "/v1/tasks/{task}/kill"}
	RoutePush         = Route{"POST", "/v1/tasks/{task}/push"}
	RouteSync         = Route{"POST", "/v1/tasks/{task}/sync"}
	RouteMerge        = Route{"POST", "/v1/tasks/{task}/merge"}
	RouteFix          = Route{"POST", "/v1/tasks/{task}/fix"}
	RoutePrune        = Route{"POST", "/v1/prune"}
	RouteInterrupt    = Route{"POST", "/v1/tasks/{task}/interrupt"}
	RouteSend         = Route{"POST", "/v1/tasks/{task}/messages"}
	RouteMessage      = Route{"GET", "/v1/tasks/{task}/messages/{message}"}
	RouteApprovals    = Route{"GET", "/v1/permissions"} // of every task of the workspace
	RoutePermissions  = Route{"GET", "/v1/tasks/{task}/permissions"}
	RouteResolve      = Route{"POST", "/v1/tasks/{task}/permissions/{permission}"}
	RouteTranscript   = Route{"GET", "/v1/tasks/{task}/transcript"}
	RouteDiff         = Route{"GET", "/v1/tasks/{task}/diff"}
	RouteCommand      = Route{"POST", "/v1/tasks/{task}/command"}
	RouteTerminal     = Route{"POST", "/v1/tasks/{task}/terminal"}
	RouteEvents       = Route{"GET", "/v1/events"}
	RouteHistory      = Route{"GET", "/v1/history"}
	RoutePreferences  = Route{"GET", "/v1/preferences"}
	RouteOperation    = Route{"GET", "/v1/operations/{operation}"}
	RouteStack        = Route{"GET", "/v1/stack"} // with task=, branch=, repo= or the caller's directory
	RouteStackAction  = Route{"POST", "/v1/stack/actions"}
	RouteAgents       = Route{"POST", "/v1/agents"} // with the variables of the caller: what is installed depends on them
	RoutePulls        = Route{"GET", "/v1/pulls"}
	RoutePull         = Route{"GET", "/v1/tasks/{task}/pull"}
	RouteCreatePull   = Route{"POST", "/v1/tasks/{task}/pull"}
	RoutePlanPull     = Route{"POST", "/v1/tasks/{task}/pull/plan"}
	RouteLookAtPull   = Route{"POST", "/v1/tasks/{task}/pull/look"}     // at the forge, with the variables of the caller
	RouteComments     = Route{"POST", "/v1/tasks/{task}/pull/comments"} // so, too
	RouteDoctor       = Route{"POST", "/v1/doctor"}
	RouteAuth         = Route{"POST", "/v1/auth"} // with the variables of the caller, as below: they may sign in
	RouteAuthLogin    = Route{"POST", "/v1/auth/login"}
	RouteAuthFlow     = Route{"GET", "/v1/auth/login/{flow}"} // waits a while for its end
	RouteAuthStore    = Route{"POST", "/v1/auth/store"}
	RouteAuthToken    = Route{"POST", "/v1/auth/token"}
	RouteAuthLogout   = Route{"POST", "/v1/auth/logout"}
	RouteTestAgent    = Route{"POST", "/v1/agents/{agent}/test"}
)
