package forgetest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

// callerKey is the key of the caller of a request in its context.
type callerKey struct{}

// caller is who a request is from. A request that came so far has one.
func caller(ctx context.Context) *token {
	t, _ := ctx.Value(callerKey{}).(*token)
	return t
}

func viewer(ctx context.Context) *user {
	if t := caller(ctx); t != nil {
		return t.user
	}
	return nil
}

func notFound(format string, args ...any) error {
	return &graphql.Error{Type: "NOT_FOUND", Message: fmt.Sprintf(format, args...)}
}

func (h *Hub) rootResolvers() map[string]graphql.Resolver {
	return map[string]graphql.Resolver{
		"Query.viewer": func(ctx context.Context, _ any, _ graphql.Args) (any, error) { return viewer(ctx), nil },
		"Query.user": func(_ context.Context, _ any, args graphql.Args) (any, error) {
			if u := h.userNamed(args.String("login")); u != nil && !u.org {
				return u, nil
			}
			return nil, notFound("Could not resolve to a User with the login of '%s'.", args.String("login"))
		},
		"Query.organization": func(_ context.Context, _ any, args graphql.Args) (any, error) {
			if u := h.userNamed(args.String("login")); u != nil && u.org {
				return u, nil
			}
			return nil, notFound("Could not resolve to an Organization with the login of '%s'.", args.String("login"))
		},
		"Query.repositoryOwner": func(_ context.Context, _ any, args graphql.Args) (any, error) {
			return actor(h.userNamed(args.String("login"))), nil
		},
		"Query.repository": func(ctx context.Context, _ any, args graphql.Args) (any, error) {
			full := args.String("owner") + "/" + args.String("name")
			r := h.repoNamed(full)
			if r == nil || !r.sees(viewer(ctx)) || !is(r.full(), full) && !args.Bool("followRenames") {
				return nil, notFound("Could not resolve to a Repository with the name '%s'.", full)
			}
			return r, h.sync(ctx, r)
		},
		"Query.node": func(ctx context.Context, _ any, args graphql.Args) (any, error) {
			return h.node(ctx, args.String("id"))
		},
		"Query.nodes": func(ctx context.Context, _ any, args graphql.Args) (any, error) {
			var out []any
			for _, id := range args.Strings("ids") {
				n, err := h.node(ctx, id)
				if err != nil {
					n = err // of this one only
				}
				out = append(out, n)
			}
			return out, nil
		},
		"Query.rateLimit": func(ctx context.Context, _ any, _ graphql.Args) (any, error) {
			l, cost := h.limitOf(caller(ctx), "graphql"), costOf(ctx)
			return map[string]any{
				"cost": cost, "limit": l.limit, "remaining": l.remaining(), "used": l.used, "resetAt": when(l.reset), "nodeCount": 0,
			}, nil
		},
		"Label.name":                     get(func(l *label) any { return l.name }),
		"Label.color":                    get(func(l *label) any { return l.color }),
		"Label.description":              get(func(*label) any { return nil }),
		"Team.name":                      get(func(t *team) any { return t.slug }),
		"Team.slug":                      get(func(t *team) any { return t.slug }),
		"Team.combinedSlug":              get(func(t *team) any { return t.org.login + "/" + t.slug }),
		"PullRequestTemplate.repository": get(func(m map[string]any) any { return m["repository"] }),
	}
}

// node finds anything by its id.
func (h *Hub) node(ctx context.Context, id string) (any, error) {
	missing := notFound("Could not resolve to a node with the global id of '%s'", id)
	for _, u := range h.users {
		if nodeID(u) == id {
			return u, nil
		}
		for _, t := range u.teams {
			if nodeID(t) == id {
				return t, nil
			}
		}
	}
	for _, r := range h.repos {
		n := r.node(id)
		if n == nil {
			continue
		}
		if !r.sees(viewer(ctx)) {
			return nil, missing
		}
		return n, h.sync(ctx, r)
	}
	return nil, missing
}

// node finds what belongs to a repository by its id.
func (r *repo) node(id string) any {
	if nodeID(r) == id {
		return r
	}
	for _, l := range r.labels {
		if nodeID(l) == id {
			return l
		}
	}
	for branch := range r.refs {
		if ref := (refAt{r, "refs/heads/" + branch}); nodeID(ref) == id {
			return ref
		}
	}
	for _, list := range r.checks {
		for _, c := range list {
			if nodeID(c) == id {
				return c
			}
		}
	}
	for _, list := range r.statuses {
		for _, s := range list {
			if nodeID(s) == id {
				return s
			}
		}
	}
	for _, p := range r.pulls {
		if n := p.node(id); n != nil {
			return n
		}
	}
	return nil
}

func (p *pull) node(id string) any {
	if nodeID(p) == id {
		return p
	}
	for _, c := range p.comments {
		if nodeID(c) == id {
			return c
		}
	}
	for _, r := range p.reviews {
		if nodeID(r) == id {
			return r
		}
	}
	for _, t := range p.threads {
		if nodeID(t) == id {
			return t
		}
		for _, c := range t.comments {
			if nodeID(c) == id {
				return c
			}
		}
	}
	return nil
}

func (h *Hub) ownerResolvers() map[string]graphql.Resolver {
	m := map[string]graphql.Resolver{}
	for _, name := range []string{"User", "Organization"} {
		m[name+".login"] = get(func(u *user) any { return u.login })
		m[name+".name"] = get(func(u *user) any { return orNull(u.name) })
		m[name+".url"] = get(func(u *user) any { return h.web() + "/" + u.login })
		m[name+".resourcePath"] = get(func(u *user) any { return "/" + u.login })
		m[name+".avatarUrl"] = get(func(u *user) any { return fmt.Sprintf("%s/avatars/%d", h.web(), u.id) })
		m[name+".repositories"] = pages(func(ctx context.Context, u *user, args graphql.Args) ([]*repo, error) {
			return h.reposOf(u, viewer(ctx), args.Object("orderBy").String("field"), args.Object("orderBy").String("direction")), nil
		})
	}
	m["User.email"] = get(func(u *user) any { return u.signature().email })
	m["User.isViewer"] = on(func(ctx context.Context, u *user, _ graphql.Args) (any, error) { return u == viewer(ctx), nil })
	m["User.organizations"] = page(h.orgsOf)
	m["Organization.team"] = on(func(_ context.Context, u *user, args graphql.Args) (any, error) {
		for _, t := range u.teams {
			if is(t.slug, args.String("slug")) {
				return t, nil
			}
		}
		return nil, nil
	})
	return m
}

func (h *Hub) orgsOf(u *user) []*user {
	var out []*user
	for _, o := range h.users {
		if o.org && slices.Contains(o.members, u) {
			out = append(out, o)
		}
	}
	return out
}

// reposOf are the repositories of an owner that a user sees, by name unless told
// otherwise.
func (h *Hub) reposOf(owner, by *user, field, direction string) []*repo {
	var out []*repo
	for _, r := range h.repos {
		if r.owner == owner && r.sees(by) {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *repo) int {
		c := strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
		switch strings.ToUpper(field) {
		case "CREATED_AT", "CREATED":
			c = a.created.Compare(b.created)
		case "UPDATED_AT", "UPDATED":
			c = a.updated.Compare(b.updated)
		case "PUSHED_AT", "PUSHED":
			c = a.pushed.Compare(b.pushed)
		}
		if strings.EqualFold(direction, "DESC") {
			return -c
		}
		return c
	})
	return out
}
