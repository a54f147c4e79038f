package forgetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

// answer is what a request gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) set(name, value string) *answer {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// reply is an answer in JSON.
func reply(status int, body any) *answer {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, fmt.Appendf(nil, "%q", err.Error())
	}
	return (&answer{status: status, body: text}).set("Content-Type", "application/json; charset=utf-8")
}

// message is GitHub's form of an error.
func message(status int, format string, args ...any) *answer {
	return reply(status, map[string]any{
		"message": fmt.Sprintf(format, args...), "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status),
	})
}

// exchange is a request and what is known of it while it is answered.
type exchange struct {
	Request
	http    *http.Request
	body    []byte
	token   *token
	graphql *graphql.Prepared
	problem *graphql.Response // what is wrong with a GraphQL request
}

// serve answers one request.
func (h *Hub) serve(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	if strings.HasPrefix(path, "/_hub/") {
		h.serveWords(w, r)
		return
	}
	if gitPath(path) {
		h.serveGit(w, r)
		return
	}
	if h.page(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	x := &exchange{http: r, body: body}
	x.Time, x.Method, x.Query = time.Now(), r.Method, r.URL.RawQuery
	x.Path = strings.TrimSuffix(path, "/")
	for _, prefix := range []string{"/api/v3", "/api"} {
		if rest, ok := strings.CutPrefix(x.Path, prefix); ok && (rest == "" || rest[0] == '/') {
			x.Path = rest
			break
		}
	}
	if secret := secretOf(r); secret != "" {
		x.secret = sha256.Sum256([]byte(secret))
	}
	if x.Path == "/graphql" {
		x.prepare(h.schema)
	}

	f := h.takeFault(x)
	if f != nil && !f.Late {
		h.fail(w, x, f, nil)
		if f.Kind != FaultSlow {
			return
		}
	}
	a := h.answer(x)
	if f != nil && f.Late {
		h.fail(w, x, f, a)
		return
	}
	h.send(w, x, a)
}

// send writes an answer and notes the request.
func (h *Hub) send(w http.ResponseWriter, x *exchange, a *answer) {
	x.Status = a.status
	h.note(x.Request)
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // fails when the client is gone
}

// prepare reads a GraphQL request.
func (x *exchange) prepare(s *graphql.Schema) {
	var req graphql.Request
	if err := json.Unmarshal(x.body, &req); err != nil {
		return
	}
	if x.graphql, x.problem = s.Prepare(req); x.graphql != nil {
		x.Roots = x.graphql.Operation().Roots()
		x.Cost = x.graphql.Cost()
		x.Mutation = x.graphql.Operation().Kind == "mutation"
	}
}

// answer carries a request out.
func (h *Hub) answer(x *exchange) *answer {
	if strings.HasPrefix(x.Path, "/login/") {
		return h.login(x)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.authenticate(x); a != nil {
		return a
	}
	resource := "core"
	if x.Path == "/graphql" {
		resource = "graphql"
	}
	l := h.limitOf(x.token, resource)
	var a *answer
	switch {
	case x.Path == "/rate_limit":
		a = h.rateLimits(x)
	case l.remaining() == 0:
		a = l.refusal(x)
	case resource == "graphql":
		l.used = min(l.limit, l.used+max(x.Cost, 1))
		a = h.runGraphQL(x)
	default:
		a = h.rest(x)
		if etag(x, a); a.status != http.StatusNotModified {
			l.used++
			x.Cost = 1
		}
	}
	l.headers(a, resource)
	a.set("X-Github-Request-Id", fmt.Sprintf("HUB:%d", len(h.log)))
	if x.token != nil {
		a.set("X-Oauth-Scopes", strings.Join(x.token.scopes, ", "))
	}
	return a
}

// secretOf is the token that a request came with.
func secretOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "token") || strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(value)
	}
	return ""
}

// authenticate finds out who a request is from, and refuses a wrong token.
func (h *Hub) authenticate(x *exchange) *answer {
	secret := secretOf(x.http)
	if secret == "" {
		if x.Path == "/graphql" {
			return message(http.StatusUnauthorized, "This endpoint requires you to be authenticated.")
		}
		return nil
	}
	t := h.tokens[secret]
	if t == nil || t.revoked {
		return message(http.StatusUnauthorized, "Bad credentials")
	}
	x.token, x.User = t, t.user.login
	return nil
}

// exchangeKey is the key of the request in a context.
type exchangeKey struct{}

// costOf is what a GraphQL request costs.
func costOf(ctx context.Context) int {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x.Cost
	}
	return 1
}

// context is what git and resolvers get: it ends with the hub, not with the
// request, so that what was begun is done.
func (h *Hub) context(x *exchange) context.Context {
	return context.WithValue(context.WithValue(h.ctx, callerKey{}, x.token), exchangeKey{}, x)
}

func (h *Hub) runGraphQL(x *exchange) *answer {
	switch {
	case x.problem != nil:
		return reply(http.StatusOK, x.problem)
	case x.graphql == nil:
		return message(http.StatusBadRequest, "Problems parsing JSON")
	}
	return reply(http.StatusOK, x.graphql.Run(h.context(x)))
}

// etag makes an answer one that can be asked about again for nothing.
func etag(x *exchange, a *answer) {
	if x.Method != http.MethodGet || a.status != http.StatusOK {
		return
	}
	sum := sha256.Sum256(a.body)
	tag := fmt.Sprintf(`W/"%x"`, sum)
	a.set("ETag", tag).set("Cache-Control", "private, max-age=60, s-maxage=60")
	known := strings.Split(x.http.Header.Get("If-None-Match"), ",")
	if slices.ContainsFunc(known, func(k string) bool { return strings.TrimPrefix(strings.TrimSpace(k), "W/") == tag[2:] }) {
		a.status, a.body = http.StatusNotModified, nil
		a.header.Del("Content-Type")
	}
}

// serveBlob serves the logs that the API redirects to. As at GitHub they are on
// another host, whose addresses are secrets themselves; a token has no business there.
func (h *Hub) serveBlob(w http.ResponseWriter, r *http.Request) {
	q := Request{Time: time.Now(), Method: r.Method, Path: "/_blob" + r.URL.Path, Status: http.StatusOK}
	if secret := secretOf(r); secret != "" {
		q.secret = sha256.Sum256([]byte(secret))
	}
	h.mu.Lock()
	var found *check
	if id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/logs/")); err == nil {
		found = h.checkByID(id)
	}
	var text string
	if found != nil {
		text = found.log
	}
	h.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "":
		q.Status = http.StatusBadRequest
		text = "<Error><Code>InvalidAuthenticationInfo</Code></Error>"
	case found == nil:
		q.Status = http.StatusNotFound
	}
	h.note(q)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(q.Status)
	_, _ = io.Copy(w, bytes.NewReader([]byte(text)))
}

// failed is the answer to an error of what was asked for.
func failed(err error) *answer {
	if p, ok := errors.AsType[*problem](err); ok {
		if p.status == http.StatusUnprocessableEntity {
			return reply(p.status, map[string]any{
				"message": "Validation Failed", "errors": []any{map[string]any{"resource": "PullRequest", "code": "custom", "message": p.message}},
				"documentation_url": "https://docs.github.com/rest", "status": "422",
			})
		}
		return message(p.status, "%s", p.message)
	}
	if g, ok := errors.AsType[*graphql.Error](err); ok {
		return message(http.StatusNotFound, "%s", g.Message)
	}
	return message(http.StatusInternalServerError, "%v", err)
}
