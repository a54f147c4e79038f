package forgetest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func pullRoutes() []route {
	return []route{
		{"GET", "/{repo}/pulls", (*call).listPulls},
		{"POST", "/{repo}/pulls", func(c *call) *answer {
			draft, _ := c.in["draft"].(bool)
			p, err := c.hub.openPull(c.ctx, c.repo, c.token.user, Pull{
				Head: c.text("head"), Base: c.text("base"), Title: c.text("title"), Body: c.text("body"), Draft: draft,
			})
			if err != nil {
				return failed(err)
			}
			return c.onePull(http.StatusCreated, p)
		}},
		{"GET", "/{repo}/pulls/{number}", func(c *call) *answer { return c.onePull(http.StatusOK, c.pull) }},
		{"PATCH", "/{repo}/pulls/{number}", (*call).editPull},
		{"GET", "/{repo}/pulls/{number}/merge", func(c *call) *answer {
			if c.pull.merged.IsZero() {
				return message(http.StatusNotFound, "Not Found")
			}
			return &answer{status: http.StatusNoContent}
		}},
		{"PUT", "/{repo}/pulls/{number}/merge", func(c *call) *answer {
			err := c.hub.merge(c.ctx, c.pull, c.token.user, mergeRequest{
				method: strings.ToUpper(c.text("merge_method")), headline: c.text("commit_title"), body: c.text("commit_message"), expect: c.text("sha"),
			})
			if err != nil {
				return failed(err)
			}
			return reply(http.StatusOK, map[string]any{"sha": c.pull.mergeOid, "merged": true, "message": "Pull Request successfully merged"})
		}},
		{"GET", "/{repo}/pulls/{number}/reviews", func(c *call) *answer { return paged(c, c.pull.reviews, c.hub.reviewView) }},
		{"GET", "/{repo}/pulls/{number}/comments", func(c *call) *answer {
			var all []*remark
			for _, t := range c.pull.threads {
				all = append(all, t.comments...)
			}
			return paged(c, all, c.hub.remarkView)
		}},
		{"GET", "/{repo}/pulls/{number}/requested_reviewers", func(c *call) *answer {
			users := []any{}
			for _, u := range c.pull.requests {
				users = append(users, c.hub.userView(u))
			}
			return reply(http.StatusOK, map[string]any{"users": users, "teams": []any{}})
		}},
		{"GET", "/{repo}/pulls/{number}/commits", func(c *call) *answer {
			commits, err := c.repo.git.commits(c.ctx, c.pull.baseOid, c.pull.headOid)
			if err != nil {
				return failed(err)
			}
			return paged(c, commits, func(oid string) map[string]any {
				said, _ := commitAt{c.repo, oid}.said(c.ctx, "%B") // a commit of the list is there
				return map[string]any{"sha": oid, "commit": map[string]any{"message": said}}
			})
		}},
		{"GET", "/{repo}/pulls/{number}/files", func(c *call) *answer {
			files, err := c.repo.git.diff(c.ctx, c.pull.baseOid, c.pull.headOid)
			if err != nil {
				return failed(err)
			}
			return paged(c, files, func(f changed) map[string]any {
				return map[string]any{"filename": f.path, "additions": f.added, "deletions": f.removed, "changes": f.added + f.removed, "status": "modified"}
			})
		}},
		{"GET", "/{repo}/issues/{number}/comments", func(c *call) *answer { return paged(c, c.pull.comments, c.hub.commentView) }},
		{"POST", "/{repo}/issues/{number}/comments", func(c *call) *answer {
			return reply(http.StatusCreated, c.hub.commentView(c.hub.addComment(c.pull, c.token.user, c.text("body"))))
		}},
	}
}

func (c *call) listPulls() *answer {
	state := c.args.Get("state")
	head := c.args.Get("head")
	if _, branch, ok := strings.Cut(head, ":"); ok {
		head = branch
	}
	var out []*pull
	for _, p := range c.repo.pulls {
		if state == "closed" && p.open() || (state == "" || state == "open") && !p.open() ||
			head != "" && p.head != head || c.args.Has("base") && p.base != c.args.Get("base") {
			continue
		}
		out = append(out, p)
	}
	direction := c.args.Get("direction")
	if direction == "" {
		direction = "desc"
	}
	sortPulls(out, c.args.Get("sort"), direction)
	return paged(c, out, c.hub.pullView)
}

func (c *call) editPull() *answer {
	if c.has("base") {
		if err := c.hub.setBase(c.ctx, c.pull, c.text("base")); err != nil {
			return failed(err)
		}
	}
	if c.has("title") {
		c.pull.title = c.text("title")
	}
	if c.has("body") {
		c.pull.body = c.text("body")
	}
	c.pull.updated = c.hub.now()
	if c.has("state") {
		if err := c.hub.setOpen(c.pull, c.text("state") == "open"); err != nil {
			return failed(err)
		}
	}
	return c.onePull(http.StatusOK, c.pull)
}

// onePull is a pull request with what a list does not have.
func (c *call) onePull(status int, p *pull) *answer {
	v := c.hub.pullView(p)
	mergeable, err := c.hub.mergeable(c.ctx, p)
	if err != nil {
		return failed(err)
	}
	state, err := c.hub.mergeStatus(c.ctx, p)
	if err != nil {
		return failed(err)
	}
	files, err := p.repo.git.diff(c.ctx, p.baseOid, p.headOid)
	if err != nil {
		return failed(err)
	}
	v["mergeable"] = map[string]any{"MERGEABLE": true, "CONFLICTING": false}[mergeable]
	v["mergeable_state"] = strings.ToLower(state)
	v["merged"], v["merged_by"] = !p.merged.IsZero(), nil
	if p.mergedBy != nil {
		v["merged_by"] = c.hub.userView(p.mergedBy)
	}
	v["changed_files"], v["comments"], v["review_comments"] = len(files), len(p.comments), len(p.threads)
	return reply(status, v)
}

func (h *Hub) pullView(p *pull) map[string]any {
	state := strings.ToLower(p.state())
	if state == "merged" {
		state = "closed"
	}
	ref := func(branch, oid string) map[string]any {
		return map[string]any{"label": p.repo.owner.login + ":" + branch, "ref": branch, "sha": oid, "user": h.userView(p.repo.owner), "repo": h.repoView(p.repo)}
	}
	users := func(all []*user) []any {
		out := []any{}
		for _, u := range all {
			out = append(out, h.userView(u))
		}
		return out
	}
	labels := []any{}
	for _, l := range p.labels {
		labels = append(labels, labelView(l))
	}
	var auto any
	if p.auto != nil {
		auto = map[string]any{"enabled_by": h.userView(p.auto.by), "merge_method": strings.ToLower(p.auto.method)}
	}
	return map[string]any{
		"id": p.id, "node_id": nodeID(p), "number": p.number, "state": state, "title": p.title, "body": orNull(p.body), "draft": p.draft, "locked": false,
		"user": h.userView(p.author), "html_url": h.pullURL(p), "url": fmt.Sprintf("%s/repos/%s/pulls/%d", h.URL(), p.repo.full(), p.number),
		"created_at": when(p.created), "updated_at": when(p.updated), "closed_at": when(p.closed), "merged_at": when(p.merged), "merge_commit_sha": orNull(p.mergeOid),
		"head": ref(p.head, p.headOid), "base": ref(p.base, p.baseOid), "labels": labels, "assignees": users(p.assignees), "requested_reviewers": users(p.requests),
		"requested_teams": []any{}, "auto_merge": auto, "author_association": "COLLABORATOR", "milestone": nil,
	}
}

func (h *Hub) reviewView(r *review) map[string]any {
	return map[string]any{
		"id": r.id, "node_id": nodeID(r), "user": h.userView(r.by), "body": r.body, "state": r.state, "commit_id": r.oid, "submitted_at": when(r.at),
		"html_url": fmt.Sprintf("%s#pullrequestreview-%d", h.pullURL(r.pull), r.id),
	}
}

func (h *Hub) remarkView(c *remark) map[string]any {
	v := map[string]any{
		"id": c.id, "node_id": nodeID(c), "user": h.userView(c.by), "body": c.body, "path": c.thread.path, "line": c.thread.line, "original_line": c.thread.line,
		"side": "RIGHT", "commit_id": c.thread.oid, "created_at": when(c.at), "updated_at": when(c.at),
		"html_url": fmt.Sprintf("%s#discussion_r%d", h.pullURL(c.thread.pull), c.id),
	}
	if first := c.thread.comments[0]; first != c {
		v["in_reply_to_id"] = first.id
	}
	return v
}

func (h *Hub) commentView(c *comment) map[string]any {
	return map[string]any{
		"id": c.id, "node_id": nodeID(c), "user": h.userView(c.by), "body": c.body, "created_at": when(c.at), "updated_at": when(c.updated),
		"html_url": fmt.Sprintf("%s#issuecomment-%d", h.pullURL(c.pull), c.id),
	}
}

func checkRoutes() []route {
	job := func(c *call) *check {
		id, err := strconv.Atoi(c.vars["id"])
		if err != nil {
			return nil
		}
		if ch := c.hub.checkByID(id); ch != nil && ch.repo == c.repo {
			return ch
		}
		return nil
	}
	return []route{
		{"GET", "/{repo}/check-runs/{id}", func(c *call) *answer {
			if ch := job(c); ch != nil {
				return reply(http.StatusOK, c.hub.checkView(ch))
			}
			return message(http.StatusNotFound, "Not Found")
		}},
		{"GET", "/{repo}/check-runs/{id}/annotations", func(c *call) *answer { return paged(c, []any{}, nil) }},
		{"GET", "/{repo}/actions/jobs/{id}", func(c *call) *answer {
			if ch := job(c); ch != nil {
				return reply(http.StatusOK, c.hub.jobView(ch))
			}
			return message(http.StatusNotFound, "Not Found")
		}},
		{"GET", "/{repo}/actions/jobs/{id}/logs", func(c *call) *answer {
			ch := job(c)
			switch {
			case ch == nil:
				return message(http.StatusNotFound, "Not Found")
			case c.token == nil:
				return message(http.StatusForbidden, "Must have admin rights to Repository.")
			case ch.status != "COMPLETED":
				return message(http.StatusNotFound, "Not Found")
			case ch.log == "":
				return message(http.StatusGone, "Server Error")
			}
			return (&answer{status: http.StatusFound}).set("Location", fmt.Sprintf("http://%s/logs/%d?sig=secret", c.hub.blobs.Addr(), ch.id))
		}},
		{"GET", "/{repo}/actions/runs/{id}/jobs", func(c *call) *answer {
			for _, r := range c.repo.runs {
				if strconv.Itoa(r.id) != c.vars["id"] {
					continue
				}
				jobs := []any{}
				for _, ch := range r.checks() {
					jobs = append(jobs, c.hub.jobView(ch))
				}
				return reply(http.StatusOK, map[string]any{"total_count": len(jobs), "jobs": jobs})
			}
			return message(http.StatusNotFound, "Not Found")
		}},
		{"GET", "/{repo}/commits/{ref...}/check-runs", func(c *call) *answer {
			runs := []any{}
			for _, ch := range c.repo.checks[c.commit(c.vars["ref"])] {
				runs = append(runs, c.hub.checkView(ch))
			}
			return reply(http.StatusOK, map[string]any{"total_count": len(runs), "check_runs": runs})
		}},
		{"GET", "/{repo}/commits/{ref...}/status", func(c *call) *answer {
			oid := c.commit(c.vars["ref"])
			statuses := []any{}
			for _, s := range c.repo.statuses[oid] {
				statuses = append(statuses, c.hub.statusView(s))
			}
			state := (&repo{statuses: c.repo.statuses}).rollup(oid)
			if state == "" || state == "ERROR" {
				state = map[string]string{"": "PENDING", "ERROR": "FAILURE"}[state]
			}
			return reply(http.StatusOK, map[string]any{"state": strings.ToLower(state), "statuses": statuses, "total_count": len(statuses), "sha": oid})
		}},
		{"POST", "/{repo}/statuses/{sha}", func(c *call) *answer {
			s, err := c.hub.setStatus(c.ctx, c.repo, c.token.user, c.vars["sha"], Status{
				Context: c.text("context"), State: c.text("state"), Description: c.text("description"), URL: c.text("target_url"),
			})
			if err != nil {
				return failed(err)
			}
			return reply(http.StatusCreated, c.hub.statusView(s))
		}},
	}
}

func (h *Hub) checkByID(id int) *check {
	for _, r := range h.repos {
		for _, checks := range r.checks {
			if i := slices.IndexFunc(checks, func(c *check) bool { return c.id == id }); i >= 0 {
				return checks[i]
			}
		}
	}
	return nil
}

func lowerOrNull(s string) any { return orNull(strings.ToLower(s)) }

func (h *Hub) checkView(c *check) map[string]any {
	return map[string]any{
		"id": c.id, "node_id": nodeID(c), "name": c.name, "head_sha": c.oid, "status": strings.ToLower(c.status), "conclusion": lowerOrNull(c.conclusion),
		"started_at": when(c.started), "completed_at": when(c.completed), "html_url": h.checkURL(c), "details_url": h.checkURL(c),
		"output": map[string]any{"title": orNull(c.title), "summary": orNull(c.summary), "text": nil, "annotations_count": 0},
		"app":    map[string]any{"slug": "github-actions", "name": "GitHub Actions"}, "check_suite": map[string]any{"id": c.run.id},
	}
}

func (h *Hub) jobView(c *check) map[string]any {
	return map[string]any{
		"id": c.id, "run_id": c.run.id, "node_id": nodeID(c), "name": c.name, "head_sha": c.oid, "status": strings.ToLower(c.status),
		"conclusion": lowerOrNull(c.conclusion), "started_at": when(c.started), "completed_at": when(c.completed), "html_url": h.checkURL(c),
		"workflow_name": c.run.workflow, "steps": []any{},
	}
}

func (h *Hub) statusView(s *status) map[string]any {
	return map[string]any{
		"id": s.id, "context": s.context, "state": strings.ToLower(s.state), "description": orNull(s.description), "target_url": orNull(s.url), "created_at": when(s.at),
	}
}
