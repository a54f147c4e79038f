package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	ghapi "github.com/cli/go-gh/v2/pkg/api"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

const maxRedirects = 3

// conn sends requests for one account to one host.
type conn struct {
	endpoint Endpoint
	source   forge.Source
	refuse   func() // tells that the token is not accepted
	gate     *gate
	limit    time.Duration // of a whole request
	page     int           // repositories at once

	rest    *http.Client
	logs    *http.Client // whose answers are not bounded
	graphql *ghapi.GraphQLClient
}

func newConn(e Endpoint, c forge.Credential, next http.RoundTripper, g *gate, opts Options) (*conn, error) {
	out := &conn{endpoint: e, source: c.Source, refuse: func() { opts.Tokens.Refused(c) }, gate: g, limit: opts.Limit, page: opts.Page}
	options := func(graphql bool, most int64) ghapi.ClientOptions {
		return ghapi.ClientOptions{
			// Names that make go-gh look nothing up. The guard decides where requests
			// go, and signs them.
			Host: forge.DefaultHost, APIHost: "api." + forge.DefaultHost, AuthToken: "none",
			Transport:    guard{next: next, endpoint: e, token: c.Token, graphql: graphql, most: most},
			LogIgnoreEnv: true,
			Headers: map[string]string{
				"User-Agent": opts.Agent, "Accept": "application/vnd.github+json", "Time-Zone": "UTC",
				"X-GitHub-Api-Version": "2022-11-28", "Content-Type": "application/json; charset=utf-8",
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	var err error
	if out.rest, err = ghapi.NewHTTPClient(options(false, opts.Answer)); err != nil {
		return nil, fmt.Errorf("make a REST client: %w", err)
	}
	if out.logs, err = ghapi.NewHTTPClient(options(false, 0)); err != nil {
		return nil, fmt.Errorf("make a client for logs: %w", err)
	}
	if out.graphql, err = ghapi.NewGraphQLClient(options(true, opts.Answer)); err != nil {
		return nil, fmt.Errorf("make a GraphQL client: %w", err)
	}
	return out, nil
}

// query sends a GraphQL request. What does not exist in a repository that does
// is nil in out, and no error.
func (c *conn) query(ctx context.Context, query string, variables map[string]any, out any) error {
	if err := c.gate.check(graphql); err != nil {
		return err
	}
	ctx, x := watch(ctx)
	ctx, cancel := c.limited(ctx)
	defer cancel()
	err := c.graphql.DoWithContext(ctx, query, variables, out)
	c.gate.noteHeader(x.header)
	if err != nil && !onlyMissing(err) {
		return c.explain(ctx, graphql, x.header, err)
	}
	c.gate.passed()
	return nil
}

// onlyMissing reports whether something below the first level of an answer does
// not exist, and nothing else is wrong.
func onlyMissing(err error) bool {
	e, ok := errors.AsType[*ghapi.GraphQLError](err)
	return ok && !slices.ContainsFunc(e.Errors, func(i ghapi.GraphQLErrorItem) bool { return i.Type != "NOT_FOUND" || len(i.Path) < 2 })
}

// answer is what a REST request brought.
type answer struct {
	status int // 304 is an answer, others that are no success are errors
	header http.Header
	url    *url.URL // that answered, after redirects
}

// restRequest is a request to send.
type restRequest struct {
	method string
	path   string // below the base
	query  url.Values
	body   any // nil for none
	etag   string
}

// do sends a REST request and decodes its answer into out, unless that is nil.
func (c *conn) do(ctx context.Context, r restRequest, out any) (answer, error) {
	ctx, cancel := c.limited(ctx)
	defer cancel()
	resp, err := c.send(ctx, c.rest, r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{resp.StatusCode, resp.Header, resp.Request.URL}
	if out == nil || resp.StatusCode == http.StatusNotModified || resp.StatusCode == http.StatusNoContent {
		return a, nil
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return a, c.explain(ctx, core, resp.Header, err)
	}
	return a, nil
}

// send returns an answer that is a success, or 304. The caller closes its body.
//
// It follows redirects itself: a renamed repository is answered with one, and
// the method must stay what it is. The server of another address gets a plain
// GET at most, and never the token.
func (c *conn) send(ctx context.Context, client *http.Client, r restRequest) (*http.Response, error) {
	if err := c.gate.check(core); err != nil {
		return nil, err
	}
	var body []byte
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return nil, fmt.Errorf("encode a request: %w", err)
		}
	}
	at := c.endpoint.REST.JoinPath(strings.Split(r.path, "/")...)
	at.RawQuery = r.query.Encode()
	for range maxRedirects + 1 {
		req, err := http.NewRequestWithContext(ctx, r.method, at.String(), bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("make a request: %w", err)
		}
		if r.etag != "" {
			req.Header.Set("If-None-Match", r.etag)
		}
		resp, err := client.Do(req)
		if err != nil {
			return nil, c.explain(ctx, core, nil, err)
		}
		if resp.StatusCode == http.StatusNotModified || resp.StatusCode/100 == 2 {
			c.gate.passed()
			return resp, nil
		}
		next, ok := c.redirect(r.method, resp)
		if !ok {
			err := c.explain(ctx, core, resp.Header, ghapi.HandleHTTPError(resp))
			_ = resp.Body.Close()
			return nil, err
		}
		_ = resp.Body.Close()
		at = next
	}
	return nil, c.failed("sends requests in a circle", false)
}

// redirect returns where an answer sends a request to, if it may go there.
func (c *conn) redirect(method string, resp *http.Response) (*url.URL, bool) {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, false
	}
	next, err := resp.Location()
	switch {
	case err != nil:
		return nil, false
	case sameOrigin(next, c.endpoint.REST):
		return next, true
	case method != http.MethodGet:
		return nil, false
	}
	return next, next.Scheme == "https" || next.Scheme == c.endpoint.REST.Scheme
}

// errSlow is the end of the time that a request has.
var errSlow = errors.New("no answer in time")

func (c *conn) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.limit, errSlow)
}

func (c *conn) failed(what string, retryable bool) error {
	e := &api.Error{Code: api.CodeForge, Message: c.endpoint.Host + " " + what, Retryable: retryable}
	if retryable {
		e.Hint = "what was done before is kept; ask for the same again in a while"
	}
	return e
}

// tail reads a body to its end and keeps the last of it.
func tail(r io.Reader, limit int) (text []byte, cut bool, err error) {
	keep := make([]byte, 0, 2*limit)
	buffer := make([]byte, 32<<10)
	for {
		n, err := r.Read(buffer)
		keep = append(keep, buffer[:n]...)
		if len(keep) > 2*limit {
			keep = append(keep[:0], keep[len(keep)-limit:]...)
			cut = true
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, false, err
		}
	}
	if len(keep) > limit {
		keep, cut = keep[len(keep)-limit:], true
	}
	if cut {
		if i := bytes.IndexByte(keep, '\n'); i >= 0 && i < len(keep)-1 {
			keep = keep[i+1:]
		}
	}
	return keep, cut, nil
}
