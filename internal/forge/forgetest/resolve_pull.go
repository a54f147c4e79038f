package forgetest

import (
	"context"
	"fmt"
	"html"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

func (h *Hub) pullURL(p *pull) string { return fmt.Sprintf("%s/pull/%d", h.repoURL(p.repo), p.number) }

func (h *Hub) pullResolvers() map[string]graphql.Resolver {
	constant := func(v any) graphql.Resolver { return get(func(*pull) any { return v }) }
	url := get(func(p *pull) any { return h.pullURL(p) })
	open := get(func(p *pull) any { return p.open() })
	return map[string]graphql.Resolver{
		"PullRequest.number":       get(func(p *pull) any { return p.number }),
		"PullRequest.url":          url,
		"PullRequest.permalink":    url,
		"PullRequest.resourcePath": get(func(p *pull) any { return fmt.Sprintf("/%s/pull/%d", p.repo.full(), p.number) }),
		"PullRequest.title":        get(func(p *pull) any { return p.title }),
		"PullRequest.titleHTML":    get(func(p *pull) any { return html.EscapeString(p.title) }),
		"PullRequest.body":         get(func(p *pull) any { return p.body }),
		"PullRequest.bodyText":     get(func(p *pull) any { return p.body }),
		"PullRequest.bodyHTML":     get(func(p *pull) any { return html.EscapeString(p.body) }),
		"PullRequest.state":        get(func(p *pull) any { return p.state() }),
		"PullRequest.isDraft":      get(func(p *pull) any { return p.draft }),
		"PullRequest.closed":       get(func(p *pull) any { return !p.open() }),
		"PullRequest.closedAt":     get(func(p *pull) any { return when(p.closed) }),
		"PullRequest.merged":       get(func(p *pull) any { return !p.merged.IsZero() }),
		"PullRequest.mergedAt":     get(func(p *pull) any { return when(p.merged) }),
		"PullRequest.mergedBy":     get(func(p *pull) any { return actor(p.mergedBy) }),
		"PullRequest.mergeCommit": get(func(p *pull) any {
			if p.mergeOid == "" {
				return nil
			}
			return commitAt{p.repo, p.mergeOid}
		}),
		"PullRequest.potentialMergeCommit": constant(nil),
		"PullRequest.mergeable": on(func(ctx context.Context, p *pull, _ graphql.Args) (any, error) {
			return h.mergeable(ctx, p)
		}),
		"PullRequest.mergeStateStatus": on(func(ctx context.Context, p *pull, _ graphql.Args) (any, error) {
			return h.mergeStatus(ctx, p)
		}),
		"PullRequest.canBeRebased":      open,
		"PullRequest.locked":            constant(false),
		"PullRequest.author":            get(func(p *pull) any { return actor(p.author) }),
		"PullRequest.authorAssociation": constant("COLLABORATOR"),
		"PullRequest.createdAt":         get(func(p *pull) any { return when(p.created) }),
		"PullRequest.updatedAt":         get(func(p *pull) any { return when(p.updated) }),
		"PullRequest.publishedAt":       get(func(p *pull) any { return when(p.created) }),
		"PullRequest.lastEditedAt":      constant(nil),

		"PullRequest.baseRefName":         get(func(p *pull) any { return p.base }),
		"PullRequest.baseRefOid":          get(func(p *pull) any { return p.baseOid }),
		"PullRequest.baseRef":             get(func(p *pull) any { return p.repo.ref(p.base) }),
		"PullRequest.baseRepository":      get(func(p *pull) any { return p.repo }),
		"PullRequest.headRefName":         get(func(p *pull) any { return p.head }),
		"PullRequest.headRefOid":          get(func(p *pull) any { return p.headOid }),
		"PullRequest.headRef":             get(func(p *pull) any { return p.repo.ref(p.head) }),
		"PullRequest.headRepository":      get(func(p *pull) any { return p.repo }),
		"PullRequest.headRepositoryOwner": get(func(p *pull) any { return p.repo.owner }),
		"PullRequest.repository":          get(func(p *pull) any { return p.repo }),

		"PullRequest.isCrossRepository":   constant(false),
		"PullRequest.isInMergeQueue":      constant(false),
		"PullRequest.isMergeQueueEnabled": constant(false),
		"PullRequest.maintainerCanModify": constant(false),
		"PullRequest.viewerDidAuthor": on(func(ctx context.Context, p *pull, _ graphql.Args) (any, error) {
			return p.author == viewer(ctx), nil
		}),
		"PullRequest.viewerCanUpdate":           constant(true),
		"PullRequest.viewerCanClose":            open,
		"PullRequest.viewerCanReopen":           get(func(p *pull) any { return p.state() == "CLOSED" }),
		"PullRequest.viewerCanEnableAutoMerge":  get(func(p *pull) any { return p.open() && p.repo.settings.AutoMerge }),
		"PullRequest.viewerCanDisableAutoMerge": get(func(p *pull) any { return p.auto != nil }),
		"PullRequest.viewerCanMergeAsAdmin":     constant(false),
		"PullRequest.viewerCanDeleteHeadRef":    get(func(p *pull) any { return !p.open() }),
		"PullRequest.totalCommentsCount": get(func(p *pull) any {
			n := len(p.comments)
			for _, t := range p.threads {
				n += len(t.comments)
			}
			return n
		}),
		"PullRequest.statusCheckRollup": get(func(p *pull) any { return p.repo.rollupOf(p.headOid) }),
		"PullRequest.reviewDecision":    get(func(p *pull) any { return orNull(p.decision()) }),
		"PullRequest.autoMergeRequest": get(func(p *pull) any {
			if p.auto == nil {
				return nil
			}
			return p.auto
		}),
		"AutoMergeRequest.enabledAt":      get(func(a *autoMerge) any { return when(a.at) }),
		"AutoMergeRequest.enabledBy":      get(func(a *autoMerge) any { return actor(a.by) }),
		"AutoMergeRequest.mergeMethod":    get(func(a *autoMerge) any { return a.method }),
		"AutoMergeRequest.commitHeadline": get(func(a *autoMerge) any { return orNull(a.headline) }),
		"AutoMergeRequest.commitBody":     get(func(a *autoMerge) any { return orNull(a.body) }),
		"AutoMergeRequest.pullRequest":    get(func(a *autoMerge) any { return a.pull }),
	}
}

func (h *Hub) pullListResolvers() map[string]graphql.Resolver {
	sum := func(f func([]changed) int) graphql.Resolver {
		return on(func(ctx context.Context, p *pull, _ graphql.Args) (any, error) {
			files, err := p.repo.git.diff(ctx, p.baseOid, p.headOid)
			return f(files), err
		})
	}
	return map[string]graphql.Resolver{
		"PullRequest.reviews": pages(func(_ context.Context, p *pull, args graphql.Args) ([]*review, error) {
			return reviewsBy(p.reviews, args), nil
		}),
		"PullRequest.latestReviews":            page(func(p *pull) []*review { return p.latestReviews(false) }),
		"PullRequest.latestOpinionatedReviews": page(func(p *pull) []*review { return p.latestReviews(true) }),
		"PullRequest.reviewRequests": page(func(p *pull) []requestedOf {
			var out []requestedOf
			for _, u := range p.requests {
				out = append(out, requestedOf{p, u})
			}
			return out
		}),
		"PullRequest.reviewThreads": page(func(p *pull) []*thread { return p.threads }),
		"PullRequest.comments":      page(func(p *pull) []*comment { return p.comments }),
		"PullRequest.labels":        page(func(p *pull) []*label { return p.labels }),
		"PullRequest.assignees":     page(func(p *pull) []*user { return p.assignees }),
		"PullRequest.commits": pages(func(ctx context.Context, p *pull, _ graphql.Args) ([]pullCommit, error) {
			commits, err := p.repo.git.commits(ctx, p.baseOid, p.headOid)
			var out []pullCommit
			for _, oid := range commits {
				out = append(out, pullCommit{p, oid})
			}
			return out, err
		}),
		"PullRequest.files": pages(func(ctx context.Context, p *pull, _ graphql.Args) ([]any, error) {
			files, err := p.repo.git.diff(ctx, p.baseOid, p.headOid)
			var out []any
			for _, f := range files {
				out = append(out, map[string]any{"path": f.path, "additions": f.added, "deletions": f.removed})
			}
			return out, err
		}),
		"PullRequest.changedFiles": sum(func(files []changed) int { return len(files) }),
		"PullRequest.additions": sum(func(files []changed) (n int) {
			for _, f := range files {
				n += f.added
			}
			return n
		}),
		"PullRequest.deletions": sum(func(files []changed) (n int) {
			for _, f := range files {
				n += f.removed
			}
			return n
		}),
		"ReviewRequest.asCodeOwner":       get(func(requestedOf) any { return false }),
		"ReviewRequest.requestedReviewer": get(func(r requestedOf) any { return r.user }),
	}
}
