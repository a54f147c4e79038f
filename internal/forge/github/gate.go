package github

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/forge"
)

// A limit's waits where the forge names none: a minute at first, then twice as
// long each time, as GitHub asks for.
const (
	firstWait = time.Minute
	lastWait  = 15 * time.Minute
	clockSkew = time.Second // between this clock and the forge's
)

// resource is a rate limit of its own.
type resource string

const (
	core    resource = "core"    // REST
	graphql resource = "graphql" // GraphQL
	all     resource = ""        // secondary limits count everything
)

// gate knows the rate limits of one account on one host. While one is
// exhausted, nothing that it counts is sent: asking on may get an account
// blocked for good.
type gate struct {
	now func() time.Time

	mu     sync.Mutex
	budget forge.Budget // of GraphQL, which polling lives on
	closed map[resource]*forge.LimitError
	again  int // secondary limits in a row
}

func newGate(now func() time.Time) *gate {
	return &gate{now: now, closed: map[resource]*forge.LimitError{}}
}

// check returns the limit that a request would meet.
func (g *gate) check(r resource) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, which := range []resource{r, all} {
		if limit := g.closed[which]; limit != nil {
			if g.now().Before(limit.Until) {
				return limit
			}
			delete(g.closed, which)
		}
	}
	return nil
}

// block notes a limit that a request met.
func (g *gate) block(r resource, limit *forge.LimitError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if limit.Secondary {
		r = all
		g.again++
	}
	g.closed[r] = limit
}

// passed notes that a request was answered.
func (g *gate) passed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.again = 0
}

// until is when a limit is over, by the headers of the answer that told of it.
func (g *gate) until(h http.Header) time.Time {
	now := g.now()
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s >= 0 {
		return now.Add(min(time.Duration(s)*time.Second, 24*time.Hour) + clockSkew)
	}
	if at, err := http.ParseTime(h.Get("Retry-After")); err == nil && at.After(now) {
		return at.Add(clockSkew)
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		if at, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
			if t := time.Unix(at, 0); t.After(now) && t.Before(now.Add(24*time.Hour)) {
				return t.Add(clockSkew)
			}
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return now.Add(min(firstWait<<min(g.again, 10), lastWait))
}

// note keeps the budget as an answer told it.
func (g *gate) note(b forge.Budget) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.budget = b
}

// noteHeader keeps the budget of GraphQL as the headers of an answer tell it.
func (g *gate) noteHeader(h http.Header) {
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	if err != nil || h.Get("X-RateLimit-Resource") != string(graphql) {
		return
	}
	remaining, _ := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	reset, _ := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.budget.Limit, g.budget.Remaining = limit, remaining
	if reset > 0 {
		g.budget.ResetAt = time.Unix(reset, 0).UTC()
	}
}

func (g *gate) state() forge.Budget {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.budget
	for _, limit := range g.closed {
		if limit.Until.After(b.BlockedUntil) && g.now().Before(limit.Until) {
			b.BlockedUntil = limit.Until
		}
	}
	return b
}
