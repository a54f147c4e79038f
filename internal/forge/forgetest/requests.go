package forgetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Request is one that the hub received. It holds no token.
type Request struct {
	Time     time.Time `json:"time"`
	Method   string    `json:"method"`
	Path     string    `json:"path"` // without /api or /api/v3; of the log host /_blob/…; of git over http as it is
	Query    string    `json:"query,omitempty"`
	Roots    []string  `json:"roots,omitempty"`    // what GraphQL was asked for
	Mutation bool      `json:"mutation,omitempty"` // of GraphQL
	User     string    `json:"user,omitempty"`
	Status   int       `json:"status"` // 0 when there was no answer
	Cost     int       `json:"cost"`   // of the rate budget; 0 for 304

	secret [sha256.Size]byte // of the token
}

// Is reports whether GraphQL was asked for a field, or the method and the path
// contain a text: the way Fault.Match chooses.
func (r Request) Is(what string) bool {
	return slices.Contains(r.Roots, what) || strings.Contains(r.Method+" "+r.Path, what)
}

func (h *Hub) note(r Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, r)
	close(h.arrived)
	h.arrived = make(chan struct{})
}

// Requests returns what was received and answered so far, oldest first.
func (h *Hub) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.log)
}

// Forget empties the log of requests.
func (h *Hub) Forget() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = nil
}

// Count is how many requests are what is asked for (see Request.Is), "" = all.
func (h *Hub) Count(what string) int {
	n := 0
	for _, r := range h.Requests() {
		if what == "" || r.Is(what) {
			n++
		}
	}
	return n
}

// Saw reports whether a token was sent in a request whose method and path contain
// a text.
func (h *Hub) Saw(token, what string) bool {
	sum := sha256.Sum256([]byte(token))
	return slices.ContainsFunc(h.Requests(), func(r Request) bool { return r.secret == sum && (what == "" || r.Is(what)) })
}

// Await returns the first request that matches, waiting for it if need be.
func (h *Hub) Await(ctx context.Context, match func(Request) bool) (Request, error) {
	for {
		h.mu.Lock()
		at, arrived := slices.IndexFunc(h.log, match), h.arrived
		var found Request
		if at >= 0 {
			found = h.log[at]
		}
		h.mu.Unlock()
		if at >= 0 {
			return found, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Request{}, fmt.Errorf("await a request to the hub: %w", ctx.Err())
		}
	}
}
