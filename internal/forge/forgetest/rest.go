package forgetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// call is a REST request on its way to its handler.
type call struct {
	*exchange
	hub  *Hub
	ctx  context.Context // of this one request
	vars map[string]string
	args url.Values
	in   map[string]any // the JSON of the body
	repo *repo          // of a path below /repos
	pull *pull          // of a path below /repos/…/pulls/N or /repos/…/issues/N
}

func (c *call) text(name string) string {
	s, _ := c.in[name].(string)
	return s
}

func (c *call) has(name string) bool {
	_, ok := c.in[name]
	return ok
}

// route is a path of the REST API. {name} stands for one part of a path and {name...}
// for several.
type route struct {
	method, path string
	serve        func(c *call) *answer
}

func (h *Hub) routes() []route {
	return slices.Concat(userRoutes(), repoRoutes(), pullRoutes(), checkRoutes())
}

// rest answers a REST request.
func (h *Hub) rest(x *exchange) *answer {
	c := &call{exchange: x, hub: h, ctx: h.context(x), args: x.http.URL.Query()}
	if len(x.body) > 0 {
		if err := json.Unmarshal(x.body, &c.in); err != nil {
			return message(http.StatusBadRequest, "Problems parsing JSON")
		}
	}
	path, moved, a := h.findRepo(c)
	if a != nil {
		return a
	}
	known := false
	for _, r := range h.routes() {
		vars, ok := match(r.path, path)
		if !ok {
			continue
		}
		if known = true; r.method != x.Method {
			continue
		}
		c.vars = vars
		if c.repo != nil {
			if moved {
				return h.redirect(c, path)
			}
			if err := h.sync(c.ctx, c.repo); err != nil {
				return failed(err)
			}
		}
		if a := c.findPull(); a != nil {
			return a
		}
		if x.Method != http.MethodGet {
			switch {
			case x.token == nil:
				return message(http.StatusUnauthorized, "Requires authentication")
			case x.token.readOnly:
				return message(http.StatusForbidden, "Resource not accessible by personal access token")
			}
		}
		return r.serve(c)
	}
	if known {
		return message(http.StatusMethodNotAllowed, "Method not allowed")
	}
	return message(http.StatusNotFound, "Not Found")
}

// findRepo finds the repository of a path. It returns the path with {repo} for it,
// and whether the name is one that the repository had before.
func (h *Hub) findRepo(c *call) (path string, moved bool, a *answer) {
	parts := strings.Split(strings.Trim(c.Path, "/"), "/")
	rest := 0
	switch {
	case parts[0] == "repos" && len(parts) >= 3:
		full := parts[1] + "/" + parts[2]
		c.repo, rest = h.repoNamed(full), 3
		moved = c.repo != nil && !is(c.repo.full(), full)
	case parts[0] == "repositories" && len(parts) >= 2:
		rest = 2
		for _, r := range h.repos {
			if strconv.Itoa(r.id) == parts[1] {
				c.repo = r
			}
		}
	default:
		return c.Path, false, nil
	}
	var u *user
	if c.token != nil {
		u = c.token.user
	}
	if c.repo == nil || !c.repo.sees(u) {
		return "", false, message(http.StatusNotFound, "Not Found")
	}
	return "/" + strings.Join(append([]string{"{repo}"}, parts[rest:]...), "/"), moved, nil
}

// redirect tells where a renamed repository is.
func (h *Hub) redirect(c *call, path string) *answer {
	prefix := strings.TrimSuffix(strings.TrimSuffix(c.http.URL.Path, "/"), c.Path)
	to := fmt.Sprintf("http://%s%s/repositories/%d%s", c.http.Host, prefix, c.repo.id, strings.TrimPrefix(path, "/{repo}"))
	if c.Query != "" {
		to += "?" + c.Query
	}
	status := http.StatusMovedPermanently
	if c.Method != http.MethodGet {
		status = http.StatusTemporaryRedirect
	}
	return reply(status, map[string]any{"message": "Moved Permanently", "url": to, "documentation_url": "https://docs.github.com/rest"}).set("Location", to)
}

func (c *call) findPull() *answer {
	if c.repo == nil || c.vars["number"] == "" {
		return nil
	}
	n, err := strconv.Atoi(c.vars["number"])
	if err == nil {
		c.pull = c.repo.pull(n)
	}
	if c.pull == nil {
		return message(http.StatusNotFound, "Not Found")
	}
	return nil
}

// match holds a path against a pattern.
func match(pattern, path string) (map[string]string, bool) {
	want, have := strings.Split(strings.Trim(pattern, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	vars := map[string]string{}
	for i, w := range want {
		name, isVar := strings.CutPrefix(w, "{")
		name = strings.TrimSuffix(name, "}")
		switch many, isMany := strings.CutSuffix(name, "..."); {
		case isVar && isMany:
			after := len(want) - i - 1
			if len(have) < i+1+after {
				return nil, false
			}
			vars[many] = strings.Join(have[i:len(have)-after], "/")
			have = append(append(slices.Clone(have[:i]), vars[many]), have[len(have)-after:]...)
		case i >= len(have):
			return nil, false
		case isVar && w != "{repo}":
			vars[name] = have[i]
		case w != have[i]:
			return nil, false
		}
	}
	return vars, len(want) == len(have)
}

// paged is a page of a list, with the links to the others.
func paged[T any](c *call, all []T, view func(T) map[string]any) *answer {
	size, page := 30, 1
	if n, err := strconv.Atoi(c.args.Get("per_page")); err == nil && n > 0 {
		size = min(n, maxPage)
	}
	if n, err := strconv.Atoi(c.args.Get("page")); err == nil && n > 0 {
		page = n
	}
	last := max(1, (len(all)+size-1)/size)
	begin := min((page-1)*size, len(all))
	out := []map[string]any{}
	for _, item := range all[begin:min(begin+size, len(all))] {
		out = append(out, view(item))
	}
	a := reply(http.StatusOK, out)
	link := func(page int, rel string) string {
		args := maps.Clone(c.args)
		args.Set("page", strconv.Itoa(page))
		return fmt.Sprintf(`<http://%s%s?%s>; rel="%s"`, c.http.Host, c.http.URL.Path, args.Encode(), rel)
	}
	var links []string
	if page > 1 {
		links = append(links, link(page-1, "prev"))
	}
	if page < last {
		links = append(links, link(page+1, "next"), link(last, "last"))
	}
	if page > 1 {
		links = append(links, link(1, "first"))
	}
	if len(links) > 0 {
		a.set("Link", strings.Join(links, ", "))
	}
	return a
}

func userRoutes() []route {
	return []route{
		{"GET", "/", func(c *call) *answer {
			return reply(http.StatusOK, map[string]any{"current_user_url": c.hub.URL() + "/user"})
		}},
		{"GET", "/meta", func(*call) *answer {
			return reply(http.StatusOK, map[string]any{"verifiable_password_authentication": false})
		}},
		{"GET", "/user", func(c *call) *answer {
			if c.token == nil {
				return message(http.StatusUnauthorized, "Requires authentication")
			}
			return reply(http.StatusOK, c.hub.userView(c.token.user))
		}},
		{"GET", "/users/{login}", func(c *call) *answer {
			if u := c.hub.userNamed(c.vars["login"]); u != nil {
				return reply(http.StatusOK, c.hub.userView(u))
			}
			return message(http.StatusNotFound, "Not Found")
		}},
		{"GET", "/user/orgs", func(c *call) *answer {
			if c.token == nil {
				return message(http.StatusUnauthorized, "Requires authentication")
			}
			return paged(c, c.hub.orgsOf(c.token.user), c.hub.userView)
		}},
		{"GET", "/user/repos", func(c *call) *answer {
			if c.token == nil {
				return message(http.StatusUnauthorized, "Requires authentication")
			}
			return c.listRepos(c.token.user)
		}},
		{"GET", "/users/{login}/repos", func(c *call) *answer { return c.listRepos(c.hub.userNamed(c.vars["login"])) }},
		{"GET", "/orgs/{login}", func(c *call) *answer {
			if u := c.hub.userNamed(c.vars["login"]); u != nil && u.org {
				return reply(http.StatusOK, c.hub.userView(u))
			}
			return message(http.StatusNotFound, "Not Found")
		}},
		{"GET", "/orgs/{login}/repos", func(c *call) *answer {
			u := c.hub.userNamed(c.vars["login"])
			if u == nil || !u.org {
				return message(http.StatusNotFound, "Not Found")
			}
			return c.listRepos(u)
		}},
	}
}

func (c *call) listRepos(owner *user) *answer {
	if owner == nil {
		return message(http.StatusNotFound, "Not Found")
	}
	var by *user
	if c.token != nil {
		by = c.token.user
	}
	return paged(c, c.hub.reposOf(owner, by, c.args.Get("sort"), c.args.Get("direction")), c.hub.repoView)
}

func (h *Hub) userView(u *user) map[string]any {
	kind := "User"
	if u.org {
		kind = "Organization"
	}
	return map[string]any{
		"login": u.login, "id": u.id, "node_id": nodeID(u), "type": kind, "name": orNull(u.name), "html_url": h.web() + "/" + u.login,
		"url": h.URL() + "/users/" + u.login, "avatar_url": fmt.Sprintf("%s/avatars/%d", h.web(), u.id), "site_admin": false,
	}
}

func (h *Hub) repoView(r *repo) map[string]any {
	return map[string]any{
		"id": r.id, "node_id": nodeID(r), "name": r.name, "full_name": r.full(), "owner": h.userView(r.owner), "private": r.settings.Private,
		"visibility": visibility(r), "html_url": h.repoURL(r), "url": h.URL() + "/repos/" + r.full(), "clone_url": h.repoURL(r) + ".git",
		"ssh_url": h.sshURL(r), "git_url": strings.Replace(h.repoURL(r), "https:", "git:", 1) + ".git",
		"description": orNull(r.settings.Description), "fork": false, "archived": r.settings.Archived, "disabled": false,
		"default_branch": r.settings.DefaultBranch, "created_at": when(r.created), "updated_at": when(r.updated), "pushed_at": when(r.pushed),
		"allow_merge_commit": !r.settings.NoMergeCommit, "allow_squash_merge": !r.settings.NoSquash, "allow_rebase_merge": !r.settings.NoRebase,
		"allow_auto_merge": r.settings.AutoMerge, "delete_branch_on_merge": r.settings.DeleteBranchOnMerge, "size": 1, "language": nil,
		"permissions": map[string]any{"admin": false, "push": true, "pull": true}, "has_issues": true, "topics": []string{}, "is_template": false,
	}
}
