package forgetest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// limit is a rate budget.
type limit struct {
	limit int
	used  int
	reset time.Time
}

func (l *limit) remaining() int { return max(0, l.limit-l.used) }

// The budgets that GitHub has.
const (
	defaultLimit   = 5000
	anonymousLimit = 60
)

// limitOf is the budget of a token for one sort of requests: core or graphql.
func (h *Hub) limitOf(t *token, resource string) *limit {
	limits, size := h.nobody, anonymousLimit
	if t != nil {
		limits, size = t.limits, h.options.Limit
		if size == 0 {
			size = defaultLimit
		}
	}
	l := limits[resource]
	if l == nil {
		l = &limit{limit: size}
		limits[resource] = l
	}
	if now := h.now(); !now.Before(l.reset) {
		l.used, l.reset = 0, now.Add(time.Hour)
	}
	return l
}

func (l *limit) headers(a *answer, resource string) {
	a.set("X-RateLimit-Limit", strconv.Itoa(l.limit)).
		set("X-RateLimit-Remaining", strconv.Itoa(l.remaining())).
		set("X-RateLimit-Used", strconv.Itoa(l.used)).
		set("X-RateLimit-Reset", strconv.FormatInt(l.reset.Unix(), 10)).
		set("X-RateLimit-Resource", resource)
}

// refusal is what a request gets when the budget is used up.
func (l *limit) refusal(x *exchange) *answer {
	who := "for 127.0.0.1."
	if x.token != nil {
		who = fmt.Sprintf("for user ID %d.", x.token.user.id)
	}
	if x.Path == "/graphql" {
		return reply(http.StatusOK, map[string]any{
			"errors": []any{map[string]any{"type": "RATE_LIMITED", "message": "API rate limit exceeded " + who}},
		})
	}
	return message(http.StatusForbidden, "API rate limit exceeded %s", who)
}

// rateLimits tells the budgets. It costs nothing.
func (h *Hub) rateLimits(x *exchange) *answer {
	resources := map[string]any{}
	for _, name := range []string{"core", "graphql"} {
		l := h.limitOf(x.token, name)
		resources[name] = map[string]any{"limit": l.limit, "used": l.used, "remaining": l.remaining(), "reset": l.reset.Unix()}
	}
	return reply(http.StatusOK, map[string]any{"resources": resources, "rate": resources["core"]})
}
