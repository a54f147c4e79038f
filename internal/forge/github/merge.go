package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// Merge merges a pull request. Its answer may get lost, so a refusal is looked
// into: what is merged is no failure.
func (c *client) Merge(ctx context.Context, r forge.Repository, number int, in forge.Merge) (forge.Merged, error) {
	method, err := c.method(ctx, r, in.Method)
	if err != nil {
		return forge.Merged{}, err
	}
	body := map[string]any{"sha": in.Expected, "merge_method": string(method)}
	if in.Title != "" {
		body["commit_title"] = in.Title
	}
	if in.Body != "" {
		body["commit_message"] = in.Body
	}
	var done struct {
		SHA string `json:"sha"`
	}
	_, err = c.conn.do(ctx, restRequest{method: http.MethodPut, path: pullPath(r, number, "/merge"), body: body}, &done)
	if err == nil {
		return forge.Merged{Commit: done.SHA, Method: method}, nil
	}
	if !api.IsCode(err, api.CodeConflict) && !api.IsCode(err, api.CodeInvalid) {
		return forge.Merged{}, err
	}
	pull, probe := c.identify(ctx, r, number)
	switch {
	case probe != nil:
		return forge.Merged{}, err
	case pull.State == "MERGED":
		merged := forge.Merged{}
		if pull.Merge != nil {
			merged.Commit = pull.Merge.Oid
		}
		return merged, nil
	case pull.HeadRefOid != in.Expected:
		return forge.Merged{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("#%d is at %.9s by now, not at %.9s: somebody pushed to it", number, pull.HeadRefOid, in.Expected),
			Hint: "look at what is new, then merge again; nothing was merged",
		}
	}
	return forge.Merged{}, err
}

// method finds the way to merge that a repository allows.
func (c *client) method(ctx context.Context, r forge.Repository, want api.MergeMethod) (api.MergeMethod, error) {
	if want != forge.MergeAny {
		return want, nil
	}
	info, err := c.Repository(ctx, r)
	if err != nil {
		return "", err
	}
	if len(info.Methods) == 0 {
		return api.MergeCommit, nil // who may not see the settings: GitHub says what it allows
	}
	return info.Methods[0], nil
}

// EnableAutoMerge lets GitHub merge when all that it demands is there.
func (c *client) EnableAutoMerge(ctx context.Context, r forge.Repository, number int, in forge.Merge) error {
	method, err := c.method(ctx, r, in.Method)
	if err != nil {
		return err
	}
	pull, err := c.identify(ctx, r, number)
	if err != nil || pull.AutoMerge != nil {
		return err
	}
	input := map[string]any{"pullRequestId": pull.ID, "mergeMethod": strings.ToUpper(string(method)), "expectedHeadOid": in.Expected}
	if in.Title != "" {
		input["commitHeadline"] = in.Title
	}
	if in.Body != "" {
		input["commitBody"] = in.Body
	}
	return c.mutate(ctx, `mutation HfAutoMerge($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { pullRequest { id } } }`, input)
}

// DisableAutoMerge takes that back.
func (c *client) DisableAutoMerge(ctx context.Context, r forge.Repository, number int) error {
	pull, err := c.identify(ctx, r, number)
	if err != nil || pull.AutoMerge == nil {
		return err
	}
	return c.mutate(ctx, `mutation HfNoAutoMerge($input: DisablePullRequestAutoMergeInput!) { disablePullRequestAutoMerge(input: $input) { pullRequest { id } } }`,
		map[string]any{"pullRequestId": pull.ID})
}
