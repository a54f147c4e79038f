package forgetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

func (h *Hub) repoResolvers() map[string]graphql.Resolver {
	constant := func(v any) graphql.Resolver { return get(func(*repo) any { return v }) }
	return map[string]graphql.Resolver{
		"Repository.name":             get(func(r *repo) any { return r.name }),
		"Repository.nameWithOwner":    get(func(r *repo) any { return r.full() }),
		"Repository.owner":            get(func(r *repo) any { return r.owner }),
		"Repository.description":      get(func(r *repo) any { return orNull(r.settings.Description) }),
		"Repository.url":              get(func(r *repo) any { return h.repoURL(r) }),
		"Repository.resourcePath":     get(func(r *repo) any { return "/" + r.full() }),
		"Repository.sshUrl":           get(func(r *repo) any { return h.sshURL(r) }),
		"Repository.homepageUrl":      constant(nil),
		"Repository.isPrivate":        get(func(r *repo) any { return r.settings.Private }),
		"Repository.isFork":           constant(false),
		"Repository.isArchived":       get(func(r *repo) any { return r.settings.Archived }),
		"Repository.isDisabled":       constant(false),
		"Repository.isEmpty":          get(func(r *repo) any { return len(r.refs) == 0 }),
		"Repository.isInOrganization": get(func(r *repo) any { return r.owner.org }),
		"Repository.visibility":       get(func(r *repo) any { return strings.ToUpper(visibility(r)) }),
		"Repository.viewerPermission": on(func(ctx context.Context, _ *repo, _ graphql.Args) (any, error) {
			if caller(ctx).readOnly {
				return "READ", nil
			}
			return "WRITE", nil
		}),
		"Repository.viewerCanAdminister": constant(false),
		"Repository.parent":              constant(nil),
		"Repository.createdAt":           get(func(r *repo) any { return when(r.created) }),
		"Repository.updatedAt":           get(func(r *repo) any { return when(r.updated) }),
		"Repository.pushedAt":            get(func(r *repo) any { return when(r.pushed) }),
		"Repository.defaultBranchRef":    get(func(r *repo) any { return r.ref(r.settings.DefaultBranch) }),
		"Repository.ref": on(func(_ context.Context, r *repo, args graphql.Args) (any, error) {
			return r.ref(strings.TrimPrefix(args.String("qualifiedName"), "refs/heads/")), nil
		}),
		"Repository.refs": pages(func(_ context.Context, r *repo, args graphql.Args) ([]refAt, error) {
			var out []refAt
			for _, branch := range slices.Sorted(maps.Keys(r.refs)) {
				name := "refs/heads/" + branch
				if strings.HasPrefix(name, args.String("refPrefix")) && strings.Contains(branch, args.String("query")) {
					out = append(out, refAt{r, name})
				}
			}
			return out, nil
		}),
		"Repository.object": on(func(ctx context.Context, r *repo, args graphql.Args) (any, error) {
			name := args.String("expression")
			if args.Has("oid") {
				name = args.String("oid")
			}
			oid, err := r.git.git(ctx, "rev-parse", "-q", "--verify", "--end-of-options", name+"^{commit}")
			if err != nil {
				return nil, nil //nolint:nilerr // what does not exist is null
			}
			return commitAt{r, oid}, nil
		}),
		"Repository.label": on(func(_ context.Context, r *repo, args graphql.Args) (any, error) {
			if l := r.label(args.String("name")); l != nil {
				return l, nil
			}
			return nil, nil
		}),
		"Repository.labels":          page(func(r *repo) []*label { return r.labels }),
		"Repository.assignableUsers": page(func(*repo) []*user { return h.people() }),
		"Repository.pullRequest": on(func(_ context.Context, r *repo, args graphql.Args) (any, error) {
			if p := r.pull(args.Int("number", 0)); p != nil {
				return p, nil
			}
			return nil, notFound("Could not resolve to a PullRequest with the number of %d.", args.Int("number", 0))
		}),
		"Repository.pullRequests": pages(func(_ context.Context, r *repo, args graphql.Args) ([]*pull, error) {
			return r.pullsBy(args), nil
		}),
		"Repository.pullRequestTemplates": on(func(ctx context.Context, r *repo, _ graphql.Args) (any, error) {
			return h.templates(ctx, r), nil
		}),
		"Repository.mergeCommitAllowed":       get(func(r *repo) any { return !r.settings.NoMergeCommit }),
		"Repository.squashMergeAllowed":       get(func(r *repo) any { return !r.settings.NoSquash }),
		"Repository.rebaseMergeAllowed":       get(func(r *repo) any { return !r.settings.NoRebase }),
		"Repository.autoMergeAllowed":         get(func(r *repo) any { return r.settings.AutoMerge }),
		"Repository.deleteBranchOnMerge":      get(func(r *repo) any { return r.settings.DeleteBranchOnMerge }),
		"Repository.viewerDefaultMergeMethod": constant("MERGE"),
	}
}

func visibility(r *repo) string {
	if r.settings.Private {
		return "private"
	}
	return "public"
}

func (h *Hub) repoURL(r *repo) string { return h.web() + "/" + r.full() }

func (h *Hub) people() []*user {
	return slices.DeleteFunc(slices.Clone(h.users), func(u *user) bool { return u.org })
}

// ref is a branch, or null.
func (r *repo) ref(branch string) any {
	if r.refs[branch] == "" {
		return nil
	}
	return refAt{r, "refs/heads/" + branch}
}

func (r *repo) label(name string) *label {
	for _, l := range r.labels {
		if is(l.name, name) {
			return l
		}
	}
	return nil
}

// pullsBy are the pull requests that the arguments of pullRequests choose.
func (r *repo) pullsBy(args graphql.Args) []*pull {
	var out []*pull
	states, labels := args.Strings("states"), args.Strings("labels")
	for _, p := range r.pulls {
		if args.Has("states") && !slices.Contains(states, p.state()) ||
			args.Has("headRefName") && p.head != args.String("headRefName") ||
			args.Has("baseRefName") && p.base != args.String("baseRefName") ||
			args.Has("labels") && !slices.ContainsFunc(p.labels, func(l *label) bool { return slices.Contains(labels, l.name) }) {
			continue
		}
		out = append(out, p)
	}
	if order := args.Object("orderBy"); order != nil {
		sortPulls(out, order.String("field"), order.String("direction"))
	}
	return out
}

func sortPulls(pulls []*pull, field, direction string) {
	slices.SortStableFunc(pulls, func(a, b *pull) int {
		c := a.number - b.number
		if strings.HasPrefix(strings.ToUpper(field), "UPDATED") {
			if t := a.updated.Compare(b.updated); t != 0 {
				c = t
			}
		}
		if strings.EqualFold(direction, "DESC") {
			return -c
		}
		return c
	})
}

// templates are the pull request templates on the default branch.
func (h *Hub) templates(ctx context.Context, r *repo) []any {
	out := []any{}
	tip := r.refs[r.settings.DefaultBranch]
	if tip == "" {
		return out
	}
	for _, dir := range []string{".github/", "", "docs/"} {
		for _, name := range []string{"PULL_REQUEST_TEMPLATE.md", "pull_request_template.md"} {
			if text, ok := r.git.file(ctx, tip, dir+name); ok {
				out = append(out, map[string]any{"filename": name, "body": text, "repository": r})
			}
		}
	}
	return out
}

func (h *Hub) refResolvers() map[string]graphql.Resolver {
	return map[string]graphql.Resolver{
		"Ref.name":       get(func(r refAt) any { return strings.TrimPrefix(r.name, "refs/heads/") }),
		"Ref.prefix":     get(func(refAt) any { return "refs/heads/" }),
		"Ref.repository": get(func(r refAt) any { return r.repo }),
		"Ref.target": get(func(r refAt) any {
			return commitAt{r.repo, r.repo.refs[strings.TrimPrefix(r.name, "refs/heads/")]}
		}),
		"Ref.associatedPullRequests": pages(func(_ context.Context, r refAt, args graphql.Args) ([]*pull, error) {
			return slices.DeleteFunc(r.repo.pullsBy(args), func(p *pull) bool { return "refs/heads/"+p.head != r.name }), nil
		}),
	}
}

// said is one line of what git says of a commit.
func (c commitAt) said(ctx context.Context, format string) (string, error) {
	return c.repo.git.fact(ctx, "show", "-s", "--format="+format, c.oid)
}

func (h *Hub) commitResolvers() map[string]graphql.Resolver {
	says := func(format string) graphql.Resolver {
		return on(func(ctx context.Context, c commitAt, _ graphql.Args) (any, error) { return c.said(ctx, format) })
	}
	by := func(name, email, date string) graphql.Resolver {
		return on(func(ctx context.Context, c commitAt, _ graphql.Args) (any, error) {
			text, err := c.said(ctx, name+"%n"+email+"%n"+date)
			lines := strings.Split(text, "\n")
			if err != nil || len(lines) < 3 {
				return nil, err
			}
			who, _, _ := strings.Cut(lines[1], "@users.noreply.github.com")
			return map[string]any{"name": lines[0], "email": lines[1], "date": lines[2], "user": actor(h.userNamed(who))}, nil
		})
	}
	url := get(func(c commitAt) any { return h.repoURL(c.repo) + "/commit/" + c.oid })
	return map[string]graphql.Resolver{
		"Commit.oid":             get(func(c commitAt) any { return c.oid }),
		"Commit.abbreviatedOid":  get(func(c commitAt) any { return c.oid[:7] }),
		"Commit.commitUrl":       url,
		"Commit.url":             url,
		"Commit.message":         says("%B"),
		"Commit.messageHeadline": says("%s"),
		"Commit.messageBody":     says("%b"),
		"Commit.committedDate":   says("%cI"),
		"Commit.authoredDate":    says("%aI"),
		"Commit.author":          by("%an", "%ae", "%aI"),
		"Commit.committer":       by("%cn", "%ce", "%cI"),
		"Commit.statusCheckRollup": get(func(c commitAt) any {
			return c.repo.rollupOf(c.oid)
		}),
		"Commit.status": get(func(c commitAt) any {
			if len(c.repo.statuses[c.oid]) == 0 {
				return nil
			}
			return statusAt(c)
		}),
		"Commit.checkSuites": page(func(c commitAt) []suite {
			var out []suite
			for _, r := range c.repo.runs {
				if r.oid == c.oid {
					out = append(out, suite{r})
				}
			}
			return out
		}),
		"Commit.associatedPullRequests": pages(func(ctx context.Context, c commitAt, _ graphql.Args) ([]*pull, error) {
			var out []*pull
			for _, p := range c.repo.pulls {
				commits, err := c.repo.git.commits(ctx, p.baseOid, p.headOid)
				if err != nil {
					return nil, err
				}
				if p.mergeOid == c.oid || slices.Contains(commits, c.oid) {
					out = append(out, p)
				}
			}
			return out, nil
		}),
		"PullRequestCommit.commit":      get(func(c pullCommit) any { return commitAt{c.pull.repo, c.oid} }),
		"PullRequestCommit.pullRequest": get(func(c pullCommit) any { return c.pull }),
		"PullRequestCommit.url": get(func(c pullCommit) any {
			return fmt.Sprintf("%s/commits/%s", h.pullURL(c.pull), c.oid)
		}),
	}
}

func (r *repo) rollupOf(oid string) any {
	if r.rollup(oid) == "" {
		return nil
	}
	return rollupAt{r, oid}
}
