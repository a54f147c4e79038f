package forgetest

import (
	"context"
	"errors"
	"slices"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

// mutation is a resolver that changes something: it gets the input, and its answer
// has the client's own id in it.
func (h *Hub) mutation(f func(ctx context.Context, in graphql.Args) (map[string]any, error)) graphql.Resolver {
	return func(ctx context.Context, _ any, args graphql.Args) (any, error) {
		if caller(ctx).readOnly {
			return nil, &graphql.Error{Type: "FORBIDDEN", Message: "Resource not accessible by personal access token"}
		}
		in := args.Object("input")
		out, err := f(ctx, in)
		if err != nil {
			if p, ok := errors.AsType[*problem](err); ok {
				err = &graphql.Error{Type: p.typ, Message: p.message}
			}
			return nil, err
		}
		if out == nil {
			out = map[string]any{}
		}
		out["clientMutationId"] = orNull(in.String("clientMutationId"))
		out["actor"] = viewer(ctx)
		return out, nil
	}
}

// ofNode is a mutation of one thing, which a field of the input names.
func ofNode[T any](h *Hub, field string, f func(ctx context.Context, n T, in graphql.Args) (map[string]any, error)) graphql.Resolver {
	return h.mutation(func(ctx context.Context, in graphql.Args) (map[string]any, error) {
		n, err := h.node(ctx, in.String(field))
		if err != nil {
			return nil, err
		}
		t, ok := n.(T)
		if !ok {
			return nil, notFound("Could not resolve to a node with the global id of '%s'.", in.String(field))
		}
		return f(ctx, t, in)
	})
}

// ofPull is a mutation of a pull request that answers with it.
func (h *Hub) ofPull(f func(ctx context.Context, p *pull, in graphql.Args) error) graphql.Resolver {
	return ofNode(h, "pullRequestId", func(ctx context.Context, p *pull, in graphql.Args) (map[string]any, error) {
		if err := f(ctx, p, in); err != nil {
			return nil, err
		}
		return map[string]any{"pullRequest": p}, nil
	})
}

func mergeOf(in graphql.Args) mergeRequest {
	return mergeRequest{method: in.String("mergeMethod"), headline: in.String("commitHeadline"), body: in.String("commitBody"), expect: in.String("expectedHeadOid")}
}

func (h *Hub) mutations() map[string]graphql.Resolver {
	return map[string]graphql.Resolver{
		"Mutation.createPullRequest": ofNode(h, "repositoryId", func(ctx context.Context, r *repo, in graphql.Args) (map[string]any, error) {
			p, err := h.openPull(ctx, r, viewer(ctx), Pull{
				Head: in.String("headRefName"), Base: in.String("baseRefName"), Title: in.String("title"), Body: in.String("body"), Draft: in.Bool("draft"),
			})
			return map[string]any{"pullRequest": p}, err
		}),
		"Mutation.updatePullRequest": h.ofPull(h.update),
		"Mutation.closePullRequest":  h.ofPull(func(_ context.Context, p *pull, _ graphql.Args) error { return h.setOpen(p, false) }),
		"Mutation.reopenPullRequest": h.ofPull(func(_ context.Context, p *pull, _ graphql.Args) error { return h.setOpen(p, true) }),
		"Mutation.convertPullRequestToDraft": h.ofPull(func(_ context.Context, p *pull, _ graphql.Args) error {
			return h.setDraft(p, true)
		}),
		"Mutation.markPullRequestReadyForReview": h.ofPull(func(_ context.Context, p *pull, _ graphql.Args) error {
			return h.setDraft(p, false)
		}),
		"Mutation.mergePullRequest": h.ofPull(func(ctx context.Context, p *pull, in graphql.Args) error {
			return h.merge(ctx, p, viewer(ctx), mergeOf(in))
		}),
		"Mutation.enablePullRequestAutoMerge": h.ofPull(func(ctx context.Context, p *pull, in graphql.Args) error {
			m := mergeOf(in)
			if m.method == "" {
				m.method = "MERGE"
			}
			return h.setAuto(ctx, p, viewer(ctx), m)
		}),
		"Mutation.disablePullRequestAutoMerge": h.ofPull(func(_ context.Context, p *pull, _ graphql.Args) error {
			if p.auto == nil {
				return refused("Can't disable auto-merge for this pull request")
			}
			p.auto, p.updated = nil, h.now()
			return nil
		}),
		"Mutation.createLabel": ofNode(h, "repositoryId", func(_ context.Context, r *repo, in graphql.Args) (map[string]any, error) {
			if r.label(in.String("name")) != nil {
				return nil, refused("Name has already been taken")
			}
			l := &label{id: h.id(), name: in.String("name"), color: in.String("color")}
			r.labels = append(r.labels, l)
			return map[string]any{"label": l}, nil
		}),
		"Mutation.addLabelsToLabelable": ofNode(h, "labelableId", func(ctx context.Context, p *pull, in graphql.Args) (map[string]any, error) {
			err := addNodes(ctx, h, &p.labels, in.Strings("labelIds"))
			p.updated = h.now()
			return map[string]any{"labelable": p}, err
		}),
		"Mutation.addAssigneesToAssignable": ofNode(h, "assignableId", func(ctx context.Context, p *pull, in graphql.Args) (map[string]any, error) {
			err := addNodes(ctx, h, &p.assignees, in.Strings("assigneeIds"))
			p.updated = h.now()
			return map[string]any{"assignable": p}, err
		}),
		"Mutation.deleteRef": ofNode(h, "refId", func(ctx context.Context, r refAt, _ graphql.Args) (map[string]any, error) {
			return nil, h.deleteBranch(ctx, r.repo, r.name[len("refs/heads/"):])
		}),
	}
}

// addNodes adds what ids name to a list, each once.
func addNodes[T comparable](ctx context.Context, h *Hub, list *[]T, ids []string) error {
	for _, id := range ids {
		n, err := h.node(ctx, id)
		if err != nil {
			return err
		}
		t, ok := n.(T)
		if !ok {
			return notFound("Could not resolve to a node with the global id of '%s'.", id)
		}
		if !slices.Contains(*list, t) {
			*list = append(*list, t)
		}
	}
	return nil
}

func (h *Hub) update(ctx context.Context, p *pull, in graphql.Args) error {
	if in.Has("title") && in.String("title") == "" {
		return refused("Title can't be blank")
	}
	if in.Has("baseRefName") {
		if err := h.setBase(ctx, p, in.String("baseRefName")); err != nil {
			return err
		}
	}
	if in.Has("title") {
		p.title = in.String("title")
	}
	if in.Has("body") {
		p.body = in.String("body")
	}
	p.updated = h.now()
	if in.Has("state") {
		return h.setOpen(p, in.String("state") == "OPEN")
	}
	return nil
}

func (h *Hub) setDraft(p *pull, draft bool) error {
	if !p.open() {
		return refused("Pull request is closed")
	}
	if p.draft == draft {
		if draft {
			return refused("Pull request is already a draft")
		}
		return refused("Pull request is not a draft")
	}
	p.draft, p.updated = draft, h.now()
	return nil
}

func (h *Hub) deleteBranch(ctx context.Context, r *repo, branch string) error {
	if r.refs[branch] == "" {
		return refused("Reference does not exist")
	}
	if err := r.git.set(ctx, branch, ""); err != nil {
		return err
	}
	return h.sync(ctx, r)
}

func (h *Hub) reviewMutations() map[string]graphql.Resolver {
	return map[string]graphql.Resolver{
		"Mutation.addComment": ofNode(h, "subjectId", func(ctx context.Context, p *pull, in graphql.Args) (map[string]any, error) {
			c := h.addComment(p, viewer(ctx), in.String("body"))
			return map[string]any{"subject": p, "commentEdge": map[string]any{"node": c, "cursor": cursor(len(p.comments) - 1)}}, nil
		}),
		"Mutation.updateIssueComment": ofNode(h, "id", func(_ context.Context, c *comment, in graphql.Args) (map[string]any, error) {
			c.body, c.updated = in.String("body"), h.now()
			return map[string]any{"issueComment": c}, nil
		}),
		"Mutation.deleteIssueComment": ofNode(h, "id", func(_ context.Context, c *comment, _ graphql.Args) (map[string]any, error) {
			c.pull.comments = slices.DeleteFunc(c.pull.comments, func(o *comment) bool { return o == c })
			return nil, nil
		}),
		"Mutation.requestReviews": h.ofPull(func(ctx context.Context, p *pull, in graphql.Args) error {
			if !in.Bool("union") {
				p.requests = nil
			}
			if err := addNodes(ctx, h, &p.requests, in.Strings("userIds")); err != nil {
				return err
			}
			if slices.Contains(p.requests, p.author) {
				p.requests = slices.DeleteFunc(p.requests, func(u *user) bool { return u == p.author })
				return refused("Review cannot be requested from pull request author.")
			}
			p.updated = h.now()
			return nil
		}),
		"Mutation.addPullRequestReview": ofNode(h, "pullRequestId", func(ctx context.Context, p *pull, in graphql.Args) (map[string]any, error) {
			want := Review{State: reviewState(in.String("event")), Body: in.String("body")}
			for _, t := range in.Objects("threads") {
				want.Threads = append(want.Threads, Thread{Path: t.String("path"), Line: t.Int("line", 1), Body: t.String("body")})
			}
			r, err := h.addReview(ctx, p, viewer(ctx), want)
			return map[string]any{"pullRequestReview": r}, err
		}),
		"Mutation.addPullRequestReviewThreadReply": ofNode(h, "pullRequestReviewThreadId", func(ctx context.Context, t *thread, in graphql.Args) (map[string]any, error) {
			return map[string]any{"comment": h.reply(t, viewer(ctx), in.String("body"))}, nil
		}),
		"Mutation.resolveReviewThread": ofNode(h, "threadId", func(ctx context.Context, t *thread, _ graphql.Args) (map[string]any, error) {
			t.resolved = viewer(ctx)
			return map[string]any{"thread": t}, nil
		}),
		"Mutation.unresolveReviewThread": ofNode(h, "threadId", func(_ context.Context, t *thread, _ graphql.Args) (map[string]any, error) {
			t.resolved = nil
			return map[string]any{"thread": t}, nil
		}),
	}
}

func reviewState(event string) string {
	return map[string]string{"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "DISMISS": "DISMISSED"}[event]
}
