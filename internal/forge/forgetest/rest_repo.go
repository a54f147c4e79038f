package forgetest

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func repoRoutes() []route {
	return []route{
		{"GET", "/{repo}", func(c *call) *answer { return reply(http.StatusOK, c.hub.repoView(c.repo)) }},
		{"GET", "/{repo}/branches", func(c *call) *answer {
			return paged(c, slices.Sorted(maps.Keys(c.repo.refs)), func(branch string) map[string]any { return c.branchView(branch) })
		}},
		{"GET", "/{repo}/branches/{branch...}", func(c *call) *answer {
			if c.repo.refs[c.vars["branch"]] == "" {
				return message(http.StatusNotFound, "Branch not found")
			}
			return reply(http.StatusOK, c.branchView(c.vars["branch"]))
		}},
		{"GET", "/{repo}/git/ref/heads/{branch...}", func(c *call) *answer {
			oid := c.repo.refs[c.vars["branch"]]
			if oid == "" {
				return message(http.StatusNotFound, "Not Found")
			}
			return reply(http.StatusOK, map[string]any{
				"ref": "refs/heads/" + c.vars["branch"], "node_id": nodeID(refAt{c.repo, "refs/heads/" + c.vars["branch"]}),
				"object": map[string]any{"type": "commit", "sha": oid},
			})
		}},
		{"DELETE", "/{repo}/git/refs/heads/{branch...}", func(c *call) *answer {
			if err := c.hub.deleteBranch(c.ctx, c.repo, c.vars["branch"]); err != nil {
				return failed(err)
			}
			return &answer{status: http.StatusNoContent}
		}},
		{"GET", "/{repo}/contents/{path...}", func(c *call) *answer {
			ref := c.args.Get("ref")
			if ref == "" {
				ref = c.repo.settings.DefaultBranch
			}
			text, ok := c.repo.git.file(c.ctx, c.commit(ref), c.vars["path"])
			if !ok {
				return message(http.StatusNotFound, "Not Found")
			}
			name := c.vars["path"][strings.LastIndexByte(c.vars["path"], '/')+1:]
			return reply(http.StatusOK, map[string]any{
				"type": "file", "name": name, "path": c.vars["path"], "size": len(text), "encoding": "base64",
				"content": base64.StdEncoding.EncodeToString([]byte(text)),
			})
		}},
		{"GET", "/{repo}/compare/{range...}", func(c *call) *answer { return c.compare() }},
		{"GET", "/{repo}/labels", func(c *call) *answer { return paged(c, c.repo.labels, labelView) }},
	}
}

func (c *call) branchView(branch string) map[string]any {
	return map[string]any{"name": branch, "commit": map[string]any{"sha": c.repo.refs[branch]}, "protected": false}
}

// commit is the commit that a name of a branch or a commit means, "" for none.
func (c *call) commit(name string) string {
	name = strings.TrimPrefix(name, "heads/")
	if oid := c.repo.refs[name]; oid != "" {
		return oid
	}
	oid, err := c.repo.git.git(c.ctx, "rev-parse", "-q", "--verify", "--end-of-options", name+"^{commit}")
	if err != nil {
		return ""
	}
	return oid
}

func (c *call) compare() *answer {
	from, to, ok := strings.Cut(c.vars["range"], "...")
	base, head := c.commit(from), c.commit(to)
	if !ok || base == "" || head == "" {
		return message(http.StatusNotFound, "Not Found")
	}
	ahead, err := c.repo.git.commits(c.ctx, base, head)
	if err != nil {
		return failed(err)
	}
	behind, err := c.repo.git.commits(c.ctx, head, base)
	if err != nil {
		return failed(err)
	}
	status := "identical"
	switch {
	case len(ahead) > 0 && len(behind) > 0:
		status = "diverged"
	case len(ahead) > 0:
		status = "ahead"
	case len(behind) > 0:
		status = "behind"
	}
	return reply(http.StatusOK, map[string]any{
		"status": status, "ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead),
	})
}

func labelView(l *label) map[string]any {
	return map[string]any{"id": l.id, "node_id": nodeID(l), "name": l.name, "color": l.color, "description": nil, "default": false}
}
