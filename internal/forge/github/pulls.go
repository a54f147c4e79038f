package github

import (
	"context"
	"fmt"
	"net/http"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// pullPath is the address of a pull request, or of a part of it.
func pullPath(r forge.Repository, number int, part string) string {
	return fmt.Sprintf("repos/%s/pulls/%d%s", r.FullName(), number, part)
}

// restPull is what REST says of a pull request; GraphQL says the rest.
type restPull struct {
	Number  int    `json:"number"`
	NodeID  string `json:"node_id"`
	HTMLURL string `json:"html_url"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	Draft   bool   `json:"draft"`
	Head    struct {
		Ref string `json:"ref"`
		SHA string `json:"sha"`
	} `json:"head"`
	Base struct {
		Ref string `json:"ref"`
	} `json:"base"`
	User *struct {
		Login string `json:"login"`
	} `json:"user"`
}

// CreatePullRequest makes a pull request.
func (c *client) CreatePullRequest(ctx context.Context, r forge.Repository, in forge.NewPullRequest) (forge.PullRequest, error) {
	var made restPull
	_, err := c.conn.do(ctx, restRequest{
		method: http.MethodPost, path: "repos/" + r.FullName() + "/pulls",
		body: map[string]any{"title": in.Title, "body": in.Body, "head": in.Head, "base": in.Base, "draft": in.Draft},
	}, &made)
	if err != nil {
		return forge.PullRequest{}, err
	}
	return c.afresh(ctx, r, made), nil
}

// afresh returns all of a pull request that was just changed. It was: when
// nothing more can be learned of it now, what is known is the answer.
func (c *client) afresh(ctx context.Context, r forge.Repository, made restPull) forge.PullRequest {
	found, err := c.PullRequests(ctx, r, []int{made.Number})
	if err == nil && len(found) == 1 {
		return found[0]
	}
	out := forge.PullRequest{
		Number: made.Number, ID: made.NodeID, URL: made.HTMLURL, Title: made.Title, Body: made.Body,
		State: api.PullRequestOpen, Draft: made.Draft,
		HeadBranch: made.Head.Ref, HeadOwner: r.Owner, HeadCommit: made.Head.SHA, BaseBranch: made.Base.Ref,
		Mergeable: forge.MergeableUnknown, Checks: forge.Checks{State: api.ChecksNone}, Review: forge.Review{Decision: api.ReviewNone},
	}
	if made.User != nil {
		out.Author = made.User.Login
	}
	return out
}

// UpdatePullRequest changes the title, the body or the base.
func (c *client) UpdatePullRequest(ctx context.Context, r forge.Repository, number int, in forge.PullRequestChange) (forge.PullRequest, error) {
	body := map[string]any{}
	for name, value := range map[string]*string{"title": in.Title, "body": in.Body, "base": in.Base} {
		if value != nil {
			body[name] = *value
		}
	}
	var made restPull
	_, err := c.conn.do(ctx, restRequest{method: http.MethodPatch, path: pullPath(r, number, ""), body: body}, &made)
	if err != nil {
		return forge.PullRequest{}, err
	}
	return c.afresh(ctx, r, made), nil
}

// ClosePullRequest closes one without merging it.
func (c *client) ClosePullRequest(ctx context.Context, r forge.Repository, number int) error {
	_, err := c.conn.do(ctx, restRequest{method: http.MethodPatch, path: pullPath(r, number, ""), body: map[string]any{"state": "closed"}}, nil)
	return err
}

// identity is what a mutation needs to know.
type identity struct {
	ID         string
	State      string
	IsDraft    bool
	HeadRefOid string
	AutoMerge  *struct{ EnabledAt string } `json:"autoMergeRequest"`
	Merge      *struct{ Oid string }       `json:"mergeCommit"`
}

const identityQuery = `query HfIdentity($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) { id state isDraft headRefOid autoMergeRequest { enabledAt } mergeCommit { oid } }
  }
}`

func (c *client) identify(ctx context.Context, r forge.Repository, number int) (identity, error) {
	var data struct {
		Repository *struct{ PullRequest *identity }
	}
	if err := c.graph(ctx, r, identityQuery, map[string]any{"number": number}, &data); err != nil {
		return identity{}, err
	}
	if data.Repository == nil || data.Repository.PullRequest == nil {
		return identity{}, c.conn.notFound(fmt.Sprintf("%s has no pull request #%d", r.FullName(), number))
	}
	return *data.Repository.PullRequest, nil
}

// SetDraft makes a pull request a draft or ready for review. REST cannot.
func (c *client) SetDraft(ctx context.Context, r forge.Repository, number int, draft bool) error {
	pull, err := c.identify(ctx, r, number)
	if err != nil || pull.IsDraft == draft {
		return err
	}
	mutation := "markPullRequestReadyForReview"
	kind := "MarkPullRequestReadyForReviewInput"
	if draft {
		mutation, kind = "convertPullRequestToDraft", "ConvertPullRequestToDraftInput"
	}
	query := fmt.Sprintf(`mutation HfDraft($input: %s!) { %s(input: $input) { pullRequest { id isDraft } } }`, kind, mutation)
	return c.mutate(ctx, query, map[string]any{"pullRequestId": pull.ID})
}

func (c *client) mutate(ctx context.Context, query string, input map[string]any) error {
	var data map[string]any
	return c.conn.query(ctx, query, map[string]any{"input": input}, &data)
}
