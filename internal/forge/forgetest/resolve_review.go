package forgetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

func reviewsBy(all []*review, args graphql.Args) []*review {
	var out []*review
	for _, r := range all {
		if args.Has("states") && !slices.Contains(args.Strings("states"), r.state) || args.Has("author") && !is(r.by.login, args.String("author")) {
			continue
		}
		out = append(out, r)
	}
	return out
}

func (h *Hub) reviewResolvers() map[string]graphql.Resolver {
	return map[string]graphql.Resolver{
		"PullRequestReview.author":            get(func(r *review) any { return actor(r.by) }),
		"PullRequestReview.authorAssociation": get(func(*review) any { return "COLLABORATOR" }),
		"PullRequestReview.body":              get(func(r *review) any { return r.body }),
		"PullRequestReview.bodyText":          get(func(r *review) any { return r.body }),
		"PullRequestReview.state":             get(func(r *review) any { return r.state }),
		"PullRequestReview.url": get(func(r *review) any {
			return fmt.Sprintf("%s#pullrequestreview-%d", h.pullURL(r.pull), r.id)
		}),
		"PullRequestReview.commit":      get(func(r *review) any { return commitAt{r.pull.repo, r.oid} }),
		"PullRequestReview.createdAt":   get(func(r *review) any { return when(r.at) }),
		"PullRequestReview.updatedAt":   get(func(r *review) any { return when(r.at) }),
		"PullRequestReview.submittedAt": get(func(r *review) any { return when(r.at) }),
		"PullRequestReview.viewerDidAuthor": on(func(ctx context.Context, r *review, _ graphql.Args) (any, error) {
			return r.by == viewer(ctx), nil
		}),
		"PullRequestReview.comments": page(func(r *review) []*remark { return r.comments }),
	}
}

func (h *Hub) threadResolvers() map[string]graphql.Resolver {
	line := get(func(t *thread) any { return t.line })
	return map[string]graphql.Resolver{
		"PullRequestReviewThread.isResolved":  get(func(t *thread) any { return t.resolved != nil }),
		"PullRequestReviewThread.isOutdated":  on(func(ctx context.Context, t *thread, _ graphql.Args) (any, error) { return t.outdated(ctx) }),
		"PullRequestReviewThread.isCollapsed": get(func(t *thread) any { return t.resolved != nil }),
		"PullRequestReviewThread.path":        get(func(t *thread) any { return t.path }),
		"PullRequestReviewThread.line": on(func(ctx context.Context, t *thread, _ graphql.Args) (any, error) {
			old, err := t.outdated(ctx)
			if err != nil || old {
				return nil, err
			}
			return t.line, nil
		}),
		"PullRequestReviewThread.startLine":         get(func(*thread) any { return nil }),
		"PullRequestReviewThread.originalLine":      line,
		"PullRequestReviewThread.originalStartLine": get(func(*thread) any { return nil }),
		"PullRequestReviewThread.diffSide":          get(func(*thread) any { return "RIGHT" }),
		"PullRequestReviewThread.resolvedBy":        get(func(t *thread) any { return actor(t.resolved) }),
		"PullRequestReviewThread.viewerCanResolve":  get(func(t *thread) any { return t.resolved == nil }),
		"PullRequestReviewThread.viewerCanUnresolve": get(func(t *thread) any {
			return t.resolved != nil
		}),
		"PullRequestReviewThread.viewerCanReply": get(func(*thread) any { return true }),
		"PullRequestReviewThread.pullRequest":    get(func(t *thread) any { return t.pull }),
		"PullRequestReviewThread.comments":       page(func(t *thread) []*remark { return t.comments }),
	}
}

// outdated reports whether the file was changed since the thread was begun. GitHub
// looks at the line; a file is near enough.
func (t *thread) outdated(ctx context.Context) (bool, error) {
	if t.oid == t.pull.headOid {
		return false, nil
	}
	out, err := t.pull.repo.git.fact(ctx, "diff", "--name-only", t.oid, t.pull.headOid, "--", t.path)
	return out != "", err
}

func (h *Hub) commentResolvers() map[string]graphql.Resolver {
	m := map[string]graphql.Resolver{
		"PullRequestReviewComment.author":    get(func(c *remark) any { return actor(c.by) }),
		"PullRequestReviewComment.body":      get(func(c *remark) any { return c.body }),
		"PullRequestReviewComment.bodyText":  get(func(c *remark) any { return c.body }),
		"PullRequestReviewComment.path":      get(func(c *remark) any { return c.thread.path }),
		"PullRequestReviewComment.line":      get(func(c *remark) any { return c.thread.line }),
		"PullRequestReviewComment.startLine": get(func(*remark) any { return nil }),
		"PullRequestReviewComment.diffHunk": get(func(c *remark) any {
			return fmt.Sprintf("@@ -%[1]d +%[1]d @@", c.thread.line)
		}),
		"PullRequestReviewComment.originalLine": get(func(c *remark) any { return c.thread.line }),
		"PullRequestReviewComment.outdated":     on(func(ctx context.Context, c *remark, _ graphql.Args) (any, error) { return c.thread.outdated(ctx) }),
		"PullRequestReviewComment.url": get(func(c *remark) any {
			return fmt.Sprintf("%s#discussion_r%d", h.pullURL(c.thread.pull), c.id)
		}),
		"PullRequestReviewComment.createdAt": get(func(c *remark) any { return when(c.at) }),
		"PullRequestReviewComment.updatedAt": get(func(c *remark) any { return when(c.at) }),
		"PullRequestReviewComment.replyTo": get(func(c *remark) any {
			if first := c.thread.comments[0]; first != c {
				return first
			}
			return nil
		}),
		"PullRequestReviewComment.pullRequestReview": get(func(c *remark) any {
			if c.review == nil {
				return nil
			}
			return c.review
		}),
		"PullRequestReviewComment.pullRequest": get(func(c *remark) any { return c.thread.pull }),
		"PullRequestReviewComment.commit":      get(func(c *remark) any { return commitAt{c.thread.pull.repo, c.thread.oid} }),
		"PullRequestReviewComment.viewerDidAuthor": on(func(ctx context.Context, c *remark, _ graphql.Args) (any, error) {
			return c.by == viewer(ctx), nil
		}),

		"IssueComment.author":          get(func(c *comment) any { return actor(c.by) }),
		"IssueComment.body":            get(func(c *comment) any { return c.body }),
		"IssueComment.bodyText":        get(func(c *comment) any { return c.body }),
		"IssueComment.url":             get(func(c *comment) any { return fmt.Sprintf("%s#issuecomment-%d", h.pullURL(c.pull), c.id) }),
		"IssueComment.createdAt":       get(func(c *comment) any { return when(c.at) }),
		"IssueComment.updatedAt":       get(func(c *comment) any { return when(c.updated) }),
		"IssueComment.isMinimized":     get(func(*comment) any { return false }),
		"IssueComment.minimizedReason": get(func(*comment) any { return nil }),
		"IssueComment.pullRequest":     get(func(c *comment) any { return c.pull }),
	}
	for _, name := range []string{"viewerDidAuthor", "viewerCanUpdate", "viewerCanDelete"} {
		m["IssueComment."+name] = on(func(ctx context.Context, c *comment, _ graphql.Args) (any, error) { return c.by == viewer(ctx), nil })
	}
	for _, name := range []string{"PullRequestReviewComment", "IssueComment"} {
		m[name+".authorAssociation"] = func(context.Context, any, graphql.Args) (any, error) { return "COLLABORATOR", nil }
	}
	return m
}
