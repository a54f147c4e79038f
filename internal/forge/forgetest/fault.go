package forgetest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FaultKind is a way in which GitHub, or the way to it, fails.
type FaultKind string

// The faults.
const (
	FaultUnauthorized FaultKind = "401"       // the token is not accepted
	FaultForbidden    FaultKind = "403"       // the token may not do this
	FaultNotFound     FaultKind = "404"       // there is no such thing, or one may not know of it
	FaultTooMany      FaultKind = "429"       // too many requests, with Retry-After
	FaultSecondary    FaultKind = "secondary" // a secondary rate limit: 403 with Retry-After
	FaultExhausted    FaultKind = "exhausted" // the hour's budget is used up
	FaultServer       FaultKind = "500"       // the server broke
	FaultGateway      FaultKind = "502"       // a page of HTML, from a proxy
	FaultUnavailable  FaultKind = "503"       // the server is away
	FaultSlow         FaultKind = "slow"      // the answer takes Delay
	FaultHang         FaultKind = "hang"      // there is no answer until the client gives up
	FaultTruncate     FaultKind = "truncate"  // the JSON ends in the middle
	FaultGarbage      FaultKind = "garbage"   // 200, and HTML where JSON should be
	FaultDrop         FaultKind = "drop"      // the connection ends without an answer
)

// Fault is a failure to play.
type Fault struct {
	Kind FaultKind `json:"kind"`
	// Match says which requests fail: those whose method and path ("GET
	// /repos/acme/demo/pulls") contain it, or that ask GraphQL for a field of that name
	// ("createPullRequest"). "" = all.
	Match string        `json:"match,omitempty"`
	Skip  int           `json:"skip,omitempty"`  // so many matching requests go well first
	Times int           `json:"times,omitempty"` // how many fail; 0 = all until Heal
	Retry time.Duration `json:"retry,omitempty"` // Retry-After; 0 = 60s
	Delay time.Duration `json:"delay,omitempty"` // of FaultSlow
	// Late carries the request out first: what it changed stays, its answer is lost.
	Late bool `json:"late,omitempty"`
}

// Fail makes requests fail from now on.
func (h *Hub) Fail(f Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, &f)
}

// Heal ends all faults.
func (h *Hub) Heal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = nil
}

func (f *Fault) matches(x *exchange) bool {
	return f.Match == "" || strings.Contains(x.Method+" "+x.Path, f.Match) || slices.Contains(x.Roots, f.Match)
}

// takeFault returns the fault that a request must meet, if any.
func (h *Hub) takeFault(x *exchange) *Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, f := range h.faults {
		if !f.matches(x) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		meets := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				h.faults = slices.Delete(h.faults, i, i+1)
			}
		}
		return &meets
	}
	return nil
}

// fail answers by a fault. a is the true answer of one that comes late.
func (h *Hub) fail(w http.ResponseWriter, x *exchange, f *Fault, a *answer) {
	switch f.Kind {
	case FaultSlow:
		select {
		case <-time.After(f.Delay):
		case <-x.http.Context().Done():
		case <-h.ctx.Done():
		}
		if a != nil {
			h.send(w, x, a)
		}
	case FaultHang:
		h.note(x.Request)
		select {
		case <-x.http.Context().Done():
		case <-h.ctx.Done():
		}
		panic(http.ErrAbortHandler)
	case FaultDrop:
		h.note(x.Request)
		drop(w)
	case FaultTruncate:
		if a == nil {
			a = h.answer(x)
		}
		a.body = a.body[:len(a.body)/2]
		a.set("Content-Length", strconv.Itoa(len(a.body)))
		h.send(w, x, a)
	default:
		h.send(w, x, f.answer())
	}
}

// drop ends the connection. A few bytes go first: a client would otherwise ask again
// by itself, as it may when nothing came over a connection that was idle.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_, _ = conn.Write([]byte("HTTP/1.1 20"))
		conn.Close()
	}
	panic(http.ErrAbortHandler)
}

func (f *Fault) answer() *answer {
	retry := f.Retry
	if retry == 0 {
		retry = time.Minute
	}
	after := strconv.Itoa(int((retry + time.Second - 1) / time.Second))
	switch f.Kind {
	case FaultUnauthorized:
		return message(http.StatusUnauthorized, "Bad credentials")
	case FaultForbidden:
		return message(http.StatusForbidden, "Resource not accessible by personal access token")
	case FaultNotFound:
		return message(http.StatusNotFound, "Not Found")
	case FaultTooMany:
		return message(http.StatusTooManyRequests, "Too many requests. Please try again later.").set("Retry-After", after)
	case FaultSecondary:
		return message(http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.").set("Retry-After", after)
	case FaultExhausted:
		reset := time.Now().Add(retry).Unix()
		return message(http.StatusForbidden, "API rate limit exceeded for user ID 1.").
			set("X-RateLimit-Limit", "5000").set("X-RateLimit-Remaining", "0").set("X-RateLimit-Used", "5000").
			set("X-RateLimit-Reset", strconv.FormatInt(reset, 10)).set("X-RateLimit-Resource", "core")
	case FaultGateway:
		return (&answer{status: http.StatusBadGateway, body: []byte("<html><h1>502 Bad Gateway</h1></html>")}).set("Content-Type", "text/html")
	case FaultUnavailable:
		return message(http.StatusServiceUnavailable, "No server is currently available to service your request.")
	case FaultGarbage:
		return (&answer{status: http.StatusOK, body: []byte("<html><body>Sign in to the airport's network</body></html>")}).set("Content-Type", "text/html")
	default:
		return message(http.StatusInternalServerError, "Server Error")
	}
}

func (k FaultKind) known() error {
	all := []FaultKind{
		FaultUnauthorized, FaultForbidden, FaultNotFound, FaultTooMany, FaultSecondary, FaultExhausted, FaultServer, FaultGateway,
		FaultUnavailable, FaultSlow, FaultHang, FaultTruncate, FaultGarbage, FaultDrop,
	}
	if !slices.Contains(all, k) {
		return fmt.Errorf("there is no fault %q; there are %v", k, all)
	}
	return nil
}
