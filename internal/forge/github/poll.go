package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	pulsePages = 5  // of 100 open pull requests each
	checkPages = 10 // of 100 checks each, of a pull request that has so many
	leastBatch = 5
)

// Poll asks in one of two ways. Where open pull requests are known, one request
// lists all that are open with what tells of a change; only what changed is then
// asked for in full. Where none is known there is nothing but new ones to find:
// that is a conditional REST request, free for the rate limit while the answer
// is the same. (The same request would not do for open ones: their checks change
// without it.)
func (c *client) Poll(ctx context.Context, ask forge.Poll) (forge.Polled, error) {
	out := forge.Polled{Repository: ask.Repository, Cursor: ask.Cursor}
	counted := &poll{client: c, out: &out}
	var err error
	if len(ask.Known) == 0 {
		err = counted.fresh(ctx, ask)
	} else {
		err = counted.known(ctx, ask)
	}
	slices.SortFunc(out.Changed, func(a, b forge.PullRequest) int { return cmp.Compare(a.Number, b.Number) })
	slices.Sort(out.Open)
	out.Budget = c.Budget()
	return out, err
}

// poll is one look.
type poll struct {
	client *client
	out    *forge.Polled
}

// fresh looks for the first open pull request.
func (p *poll) fresh(ctx context.Context, ask forge.Poll) error {
	if ask.Cursor != "" {
		p.out.Requests++
		quiet, etag, err := p.client.noneOpen(ctx, ask.Repository, ask.Cursor)
		if err != nil {
			return err
		}
		p.out.Cursor = etag
		if quiet {
			return nil
		}
	}
	p.out.Requests++
	var data repositoryNode[pullNode]
	batch := p.client.batchSize()
	err := p.client.graph(ctx, ask.Repository, openQuery(), map[string]any{"first": batch}, &data)
	p.client.learn(err)
	if err != nil {
		return err
	}
	if err := p.at(data.Repository != nil, func() string { return data.Repository.NameWithOwner }); err != nil {
		return err
	}
	for _, n := range data.Repository.PullRequests.Nodes {
		p.out.Open = append(p.out.Open, n.Number)
		p.out.Changed = append(p.out.Changed, p.client.complete(ctx, ask.Repository, n, &p.out.Requests))
	}
	p.out.More = data.Repository.PullRequests.PageInfo.HasNextPage
	if len(p.out.Open) > 0 || ask.Cursor != "" {
		return nil
	}
	// Nothing is open. From now on that is asked for at no cost.
	p.out.Requests++
	_, p.out.Cursor, err = p.client.noneOpen(ctx, ask.Repository, "")
	return err
}

// noneOpen asks whether there is no open pull request, as cheaply as it can be.
func (c *client) noneOpen(ctx context.Context, r forge.Repository, etag string) (quiet bool, next string, err error) {
	var list []struct{ Number int }
	a, err := c.conn.do(ctx, restRequest{
		method: http.MethodGet, path: "repos/" + r.FullName() + "/pulls", etag: etag,
		query: url.Values{"state": {"open"}, "sort": {"updated"}, "direction": {"desc"}, "per_page": {"1"}},
	}, &list)
	if err != nil {
		return false, "", err
	}
	if a.status == http.StatusNotModified {
		return true, etag, nil
	}
	next = a.header.Get("ETag")
	if len(list) > 0 {
		next = "" // it would tell of that one only
	}
	return len(list) == 0, next, nil
}

// known looks for what changed.
func (p *poll) known(ctx context.Context, ask forge.Poll) error {
	p.out.Cursor = ""
	open := map[int]string{} // number to stamp
	after, more := any(nil), true
	first := min((len(ask.Known)/10+2)*10, 100) // room for new ones: a second page would be a second request
	for range pulsePages {
		p.out.Requests++
		var data repositoryNode[pulse]
		if err := p.client.graph(ctx, ask.Repository, pulseQuery(), map[string]any{"first": first, "after": after}, &data); err != nil {
			return err
		}
		if err := p.at(data.Repository != nil, func() string { return data.Repository.NameWithOwner }); err != nil {
			return err
		}
		for _, n := range data.Repository.PullRequests.Nodes {
			open[n.Number] = n.stamp()
		}
		info := data.Repository.PullRequests.PageInfo
		if after, more = info.EndCursor, info.HasNextPage; !more {
			break
		}
	}
	p.out.Open = slices.Collect(maps.Keys(open))
	p.out.More = more

	var ended, changed []int
	for number := range ask.Known {
		if _, listed := open[number]; !listed {
			ended = append(ended, number)
		}
	}
	for number, stamp := range open {
		if before, ok := ask.Known[number]; !ok || before == "" || before != stamp {
			changed = append(changed, number)
		}
	}
	slices.Sort(changed)
	// Where not all open ones are listed, these need not have ended: each gets its
	// turn in the end.
	rand.Shuffle(len(ended), func(i, j int) { ended[i], ended[j] = ended[j], ended[i] })
	numbers := slices.Concat(changed, ended)
	if more && len(ended) > 0 {
		numbers = slices.Concat(changed[:min(len(changed), forge.PollBatch/2)], ended, changed[min(len(changed), forge.PollBatch/2):])
	}
	return p.details(ctx, ask, numbers)
}

// details asks for all of what changed, as much as one request can bring.
func (p *poll) details(ctx context.Context, ask forge.Poll, numbers []int) error {
	if len(numbers) == 0 {
		return nil
	}
	batch := p.client.batchSize()
	if len(numbers) > batch {
		numbers, p.out.More = numbers[:batch], true
	}
	nodes, err := p.client.byNumber(ctx, ask.Repository, numbers, &p.out.Requests)
	p.client.learn(err)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		n, ok := nodes[number]
		if !ok {
			p.out.Gone = append(p.out.Gone, number)
			p.out.Open = slices.DeleteFunc(p.out.Open, func(o int) bool { return o == number })
			continue
		}
		pull := p.client.complete(ctx, ask.Repository, n, &p.out.Requests)
		if pull.Stamp == ask.Known[number] {
			continue
		}
		p.out.Changed = append(p.out.Changed, pull)
		p.out.Open = slices.DeleteFunc(p.out.Open, func(o int) bool { return o == number })
		if pull.State == api.PullRequestOpen {
			p.out.Open = append(p.out.Open, number)
		}
	}
	return nil
}

// at notes under which name the repository answered.
func (p *poll) at(found bool, name func() string) error {
	if !found {
		return p.client.conn.notFound("there is no repository " + p.out.Repository.FullName())
	}
	p.out.Repository = renamed(p.out.Repository, name())
	return nil
}

// renamed is a repository under the name that GitHub gives it. A difference in
// the case of letters is none.
func renamed(r forge.Repository, nameWithOwner string) forge.Repository {
	owner, name, ok := strings.Cut(nameWithOwner, "/")
	now := forge.Repository{Host: r.Host, Owner: owner, Name: name}
	if !ok || now.Same(r) {
		return r
	}
	return now
}

// graph sends a query about a repository.
func (c *client) graph(ctx context.Context, r forge.Repository, query string, more map[string]any, out any) error {
	variables := map[string]any{"owner": r.Owner, "name": r.Name}
	maps.Copy(variables, more)
	err := c.conn.query(ctx, query, variables, out)
	if e, ok := out.(interface{ limits() *rateLimit }); ok && e.limits() != nil {
		l := e.limits()
		c.conn.gate.note(forge.Budget{Limit: l.Limit, Remaining: l.Remaining, Cost: l.Cost, ResetAt: l.ResetAt})
	}
	return err
}

func (n *repositoryNode[T]) limits() *rateLimit { return n.RateLimit }

// numbersNode is a repository with pull requests by alias.
type numbersNode struct {
	RateLimit  *rateLimit
	Repository map[string]json.RawMessage
}

func (n *numbersNode) limits() *rateLimit { return n.RateLimit }

// byNumber asks for pull requests. Those that do not exist are left out.
func (c *client) byNumber(ctx context.Context, r forge.Repository, numbers []int, requests *int) (map[int]pullNode, error) {
	*requests++
	var data numbersNode
	if err := c.graph(ctx, r, numbersQuery(numbers), nil, &data); err != nil {
		return nil, err
	}
	if data.Repository == nil {
		return nil, c.conn.notFound("there is no repository " + r.FullName())
	}
	out := map[int]pullNode{}
	for _, number := range numbers {
		var n *pullNode
		if raw := data.Repository[alias(number)]; raw != nil {
			if err := json.Unmarshal(raw, &n); err != nil {
				return nil, c.conn.explain(ctx, graphql, nil, err)
			}
		}
		if n != nil {
			out[number] = *n
		}
	}
	return out, nil
}

// complete makes a pull request of a node. One with more failing checks than
// an answer holds costs more requests: their names are needed.
func (c *client) complete(ctx context.Context, r forge.Repository, n pullNode, requests *int) forge.PullRequest {
	for range checkPages - 1 {
		known := n.Rollup.contexts()
		if !known.PageInfo.HasNextPage || n.checks().State != api.ChecksFail {
			break
		}
		*requests++
		var data struct {
			RateLimit  *rateLimit
			Repository *struct{ PullRequest *struct{ Rollup rollup } }
		}
		err := c.graph(ctx, r, contextsQuery, map[string]any{"number": n.Number, "after": known.PageInfo.EndCursor}, &data)
		if err != nil || data.Repository == nil || data.Repository.PullRequest == nil {
			break // the counts are right all the same
		}
		more := data.Repository.PullRequest.Rollup.contexts()
		if len(more.Nodes) == 0 {
			break
		}
		n.Rollup.Nodes[0].Commit.StatusCheckRollup.Contexts = contexts{more.PageInfo, slices.Concat(known.Nodes, more.Nodes)}
	}
	return n.pullRequest()
}

// batchSize is how many pull requests are asked for at once. GitHub gives up on
// an answer that takes it ten seconds to make.
func (c *client) batchSize() int { return int(c.shared.batch.Load()) }

// learn asks for less at once after GitHub gave up, until it is well again.
func (c *client) learn(err error) {
	switch {
	case err == nil:
		c.shared.batch.Store(min(2*c.shared.batch.Load(), forge.PollBatch))
	case api.IsCode(err, api.CodeTimeout) || api.IsCode(err, api.CodeForge) && isRetryable(err):
		c.shared.batch.Store(max(c.shared.batch.Load()/2, leastBatch))
	}
}

func isRetryable(err error) bool {
	e, ok := errors.AsType[*api.Error](err)
	return ok && e.Retryable
}

// PullRequests returns pull requests by number.
func (c *client) PullRequests(ctx context.Context, r forge.Repository, numbers []int) ([]forge.PullRequest, error) {
	var out []forge.PullRequest
	var requests int
	for some := range slices.Chunk(numbers, forge.PollBatch) {
		nodes, err := c.byNumber(ctx, r, some, &requests)
		if err != nil {
			return nil, err
		}
		for _, number := range some {
			if n, ok := nodes[number]; ok {
				out = append(out, c.complete(ctx, r, n, &requests))
			}
		}
	}
	return out, nil
}

// PullRequestsOf returns the pull requests of a branch.
func (c *client) PullRequestsOf(ctx context.Context, r forge.Repository, branch string) ([]forge.PullRequest, error) {
	var data repositoryNode[pullNode]
	if err := c.graph(ctx, r, branchQuery(), map[string]any{"branch": branch}, &data); err != nil {
		return nil, err
	}
	if data.Repository == nil {
		return nil, c.conn.notFound("there is no repository " + r.FullName())
	}
	var out []forge.PullRequest
	var requests int
	for _, n := range data.Repository.PullRequests.Nodes {
		if !n.IsCrossRepository {
			out = append(out, c.complete(ctx, r, n, &requests))
		}
	}
	return out, nil
}

// Budget is the state of the rate limit.
func (c *client) Budget() forge.Budget { return c.conn.gate.state() }
