package forgetest

import (
	"context"
	_ "embed" // the schema
	"encoding/base64"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

//go:embed schema.graphql
var schemaText string

// connections are the types that come in pages.
func connections() []string {
	return []string{
		"User", "Organization", "Repository", "Ref", "Label", "PullRequest", "PullRequestReview", "PullRequestReviewThread",
		"PullRequestReviewComment", "PullRequestCommit", "PullRequestChangedFile", "IssueComment", "ReviewRequest",
		"CheckAnnotation", "CheckSuite",
	}
}

// newSchema puts the schema and its resolvers together.
func (h *Hub) newSchema() (*graphql.Schema, error) {
	var text strings.Builder
	text.WriteString(schemaText)
	text.WriteString("type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }\n")
	for _, name := range connections() {
		fmt.Fprintf(&text, "type %[1]sConnection { nodes: [%[1]s] edges: [%[1]sEdge] totalCount: Int! pageInfo: PageInfo! }\n", name)
		fmt.Fprintf(&text, "type %[1]sEdge { node: %[1]s cursor: String! }\n", name)
	}
	resolvers := map[string]graphql.Resolver{}
	for _, part := range []map[string]graphql.Resolver{
		h.rootResolvers(), h.ownerResolvers(), h.repoResolvers(), h.refResolvers(), h.commitResolvers(), h.checkResolvers(),
		h.pullResolvers(), h.pullListResolvers(), h.reviewResolvers(), h.threadResolvers(), h.commentResolvers(), h.mutations(), h.reviewMutations(),
	} {
		maps.Copy(resolvers, part)
	}
	for _, name := range []string{
		"User", "Organization", "Team", "Repository", "Ref", "Commit", "CheckRun", "CheckSuite", "WorkflowRun", "Workflow", "StatusContext",
		"PullRequest", "PullRequestCommit", "Label", "ReviewRequest", "PullRequestReview", "PullRequestReviewThread",
		"PullRequestReviewComment", "IssueComment", "StatusCheckRollup", "Status", "App",
	} {
		resolvers[name+".id"] = func(_ context.Context, source any, _ graphql.Args) (any, error) { return nodeID(source), nil }
	}
	for _, name := range []string{
		"User", "Organization", "Repository", "CheckRun", "CheckSuite", "WorkflowRun", "Workflow", "App",
		"PullRequest", "PullRequestReview", "PullRequestReviewComment", "IssueComment",
	} {
		resolvers[name+".databaseId"] = func(_ context.Context, source any, _ graphql.Args) (any, error) { return number(source), nil }
	}
	for _, name := range []string{"PullRequest", "PullRequestReviewComment", "IssueComment"} {
		resolvers[name+".fullDatabaseId"] = func(_ context.Context, source any, _ graphql.Args) (any, error) {
			return strconv.Itoa(number(source)), nil
		}
	}
	return graphql.NewSchema(text.String(), resolvers, typeOf)
}

// on is a resolver for sources of one type.
func on[T any](f func(ctx context.Context, source T, args graphql.Args) (any, error)) graphql.Resolver {
	return func(ctx context.Context, source any, args graphql.Args) (any, error) {
		t, ok := source.(T)
		if !ok {
			return nil, fmt.Errorf("%T is not the source that was expected", source)
		}
		return f(ctx, t, args)
	}
}

// get is a resolver that only looks at its source.
func get[T any](f func(T) any) graphql.Resolver {
	return on(func(_ context.Context, source T, _ graphql.Args) (any, error) { return f(source), nil })
}

// pages is a resolver of a connection.
func pages[T, I any](f func(ctx context.Context, source T, args graphql.Args) ([]I, error)) graphql.Resolver {
	return on(func(ctx context.Context, source T, args graphql.Args) (any, error) {
		items, err := f(ctx, source, args)
		if err != nil {
			return nil, err
		}
		return connection(list(items), args)
	})
}

// page is pages for what the source has at hand.
func page[T, I any](f func(T) []I) graphql.Resolver {
	return pages(func(_ context.Context, source T, _ graphql.Args) ([]I, error) { return f(source), nil })
}

func list[T any](items []T) []any {
	out := make([]any, len(items))
	for i, item := range items {
		out[i] = item
	}
	return out
}

// maxPage is the most that GitHub puts on a page.
const maxPage = 100

// connection is a page of items.
func connection(items []any, args graphql.Args) (map[string]any, error) {
	begin, end := 0, len(items)
	if n, ok := cursorIndex(args.String("after")); ok {
		begin = min(n+1, end)
	}
	if n, ok := cursorIndex(args.String("before")); ok {
		end = max(begin, min(n, end))
	}
	for _, side := range []string{"first", "last"} {
		if n := args.Int(side, 0); n > maxPage {
			return nil, &graphql.Error{Type: "EXCESSIVE_PAGINATION", Message: fmt.Sprintf("Requesting %d records on the connection exceeds the `%s` limit of %d records.", n, side, maxPage)}
		}
	}
	if args.Has("first") {
		end = min(end, begin+args.Int("first", 0))
	}
	if args.Has("last") {
		begin = max(begin, end-args.Int("last", 0))
	}
	info := map[string]any{"hasPreviousPage": begin > 0, "hasNextPage": end < len(items)}
	nodes, edges := []any{}, []any{}
	for i := begin; i < end; i++ {
		nodes = append(nodes, items[i])
		edges = append(edges, map[string]any{"node": items[i], "cursor": cursor(i)})
	}
	if len(nodes) > 0 {
		info["startCursor"], info["endCursor"] = cursor(begin), cursor(end-1)
	}
	return map[string]any{"nodes": nodes, "edges": edges, "totalCount": len(items), "pageInfo": info}, nil
}

func cursor(i int) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "cursor:%d", i))
}

func cursorIndex(s string) (int, bool) {
	text, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimPrefix(string(text), "cursor:"))
	return n, err == nil
}

// when is a time of the answer, null for none.
func when(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// orNull is null for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// actor is a user, or null.
func actor(u *user) any {
	if u == nil {
		return nil
	}
	return u
}

// Things of the schema that are no more than a place in something else.
type (
	refAt struct {
		repo *repo
		name string
	}
	commitAt struct {
		repo *repo
		oid  string
	}
	pullCommit struct {
		pull *pull
		oid  string
	}
	rollupAt struct {
		repo *repo
		oid  string
	}
	statusAt struct {
		repo *repo
		oid  string
	}
	suite       struct{ run *run }
	workflow    struct{ run *run }
	requestedOf struct {
		pull *pull
		user *user
	}
	appOf struct{}
)

// typeOf is the name that GitHub has for a source.
func typeOf(source any) string {
	switch s := source.(type) {
	case *user:
		if s.org {
			return "Organization"
		}
		return "User"
	case *team:
		return "Team"
	case *repo:
		return "Repository"
	case refAt:
		return "Ref"
	case commitAt:
		return "Commit"
	case *check:
		return "CheckRun"
	case *status:
		return "StatusContext"
	case *run:
		return "WorkflowRun"
	case suite:
		return "CheckSuite"
	case *pull:
		return "PullRequest"
	case *label:
		return "Label"
	case *review:
		return "PullRequestReview"
	case *thread:
		return "PullRequestReviewThread"
	case *remark:
		return "PullRequestReviewComment"
	case *comment:
		return "IssueComment"
	}
	return fmt.Sprintf("%T", source)
}

// number is the databaseId of a source.
func number(source any) int {
	switch s := source.(type) {
	case *user:
		return s.id
	case *repo:
		return s.id
	case *check:
		return s.id
	case *run:
		return s.id
	case suite:
		return s.run.id
	case workflow:
		return s.run.repo.id
	case *pull:
		return s.id
	case *review:
		return s.id
	case *remark:
		return s.id
	case *comment:
		return s.id
	case *label:
		return s.id
	case *team:
		return s.id
	case *thread:
		return s.id
	case *status:
		return s.id
	}
	return 1
}

// nodeID is the global id of a source. It stays when what it names is renamed.
func nodeID(source any) string {
	in := func(prefix string, r *repo, what string) string {
		return prefix + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d:%s", r.id, what))
	}
	switch s := source.(type) {
	case refAt:
		return in("REF_", s.repo, s.name)
	case commitAt:
		return in("C_", s.repo, s.oid)
	case pullCommit:
		return in("PURC_", s.pull.repo, s.oid)
	case rollupAt:
		return in("SCR_", s.repo, s.oid)
	case statusAt:
		return in("ST_", s.repo, s.oid)
	case requestedOf:
		return in("RR_", s.pull.repo, fmt.Sprintf("%d:%s", s.pull.number, s.user.login))
	}
	prefix := map[string]string{
		"User": "U_", "Organization": "O_", "Team": "T_", "Repository": "R_", "CheckRun": "CR_", "StatusContext": "SC_", "WorkflowRun": "WFR_",
		"CheckSuite": "CS_", "PullRequest": "PR_", "Label": "LA_", "PullRequestReview": "PRR_", "PullRequestReviewThread": "PRRT_",
		"PullRequestReviewComment": "PRRC_", "IssueComment": "IC_",
	}[typeOf(source)]
	if prefix == "" {
		prefix = "X_"
	}
	return fmt.Sprintf("%skwDO%08d", prefix, number(source))
}
