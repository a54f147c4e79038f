package forgetest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hf-dev/hf/internal/forge/forgetest/graphql"
)

func (h *Hub) checkResolvers() map[string]graphql.Resolver {
	constant := func(v any) graphql.Resolver {
		return func(context.Context, any, graphql.Args) (any, error) { return v, nil }
	}
	checkURL := get(func(c *check) any { return h.checkURL(c) })
	return map[string]graphql.Resolver{
		"StatusCheckRollup.state":  get(func(r rollupAt) any { return r.repo.rollup(r.oid) }),
		"StatusCheckRollup.commit": get(func(r rollupAt) any { return commitAt(r) }),
		"StatusCheckRollup.contexts": on(func(_ context.Context, r rollupAt, args graphql.Args) (any, error) {
			checks, statuses := r.repo.checks[r.oid], r.repo.statuses[r.oid]
			out, err := connection(append(list(checks), list(statuses)...), args)
			if err != nil {
				return nil, err
			}
			out["checkRunCount"], out["statusContextCount"] = len(checks), len(statuses)
			out["checkRunCountsByState"] = counts(checks, func(c *check) string {
				if c.conclusion != "" {
					return c.conclusion
				}
				return c.status
			})
			out["statusContextCountsByState"] = counts(statuses, func(s *status) string { return s.state })
			return out, nil
		}),
		"Status.contexts": get(func(s statusAt) any { return list(s.repo.statuses[s.oid]) }),
		"Status.state": get(func(s statusAt) any {
			return (&repo{statuses: s.repo.statuses}).rollup(s.oid)
		}),

		"CheckRun.name":         get(func(c *check) any { return c.name }),
		"CheckRun.status":       get(func(c *check) any { return c.status }),
		"CheckRun.conclusion":   get(func(c *check) any { return orNull(c.conclusion) }),
		"CheckRun.startedAt":    get(func(c *check) any { return when(c.started) }),
		"CheckRun.completedAt":  get(func(c *check) any { return when(c.completed) }),
		"CheckRun.detailsUrl":   checkURL,
		"CheckRun.url":          checkURL,
		"CheckRun.permalink":    checkURL,
		"CheckRun.resourcePath": get(func(c *check) any { return fmt.Sprintf("/%s/actions/runs/%d/job/%d", c.repo.full(), c.run.id, c.id) }),
		"CheckRun.title":        get(func(c *check) any { return orNull(c.title) }),
		"CheckRun.summary":      get(func(c *check) any { return orNull(c.summary) }),
		"CheckRun.text":         constant(nil),
		"CheckRun.externalId":   constant(nil),
		"CheckRun.isRequired":   get(func(c *check) any { return c.repo.required(c.name) }),
		"CheckRun.checkSuite":   get(func(c *check) any { return suite{c.run} }),
		"CheckRun.repository":   get(func(c *check) any { return c.repo }),
		"CheckRun.annotations":  page(func(*check) []any { return nil }),

		"CheckSuite.status":      get(func(s suite) any { return s.run.status() }),
		"CheckSuite.conclusion":  get(func(s suite) any { return orNull(s.run.conclusion()) }),
		"CheckSuite.app":         constant(appOf{}),
		"CheckSuite.commit":      get(func(s suite) any { return commitAt{s.run.repo, s.run.oid} }),
		"CheckSuite.workflowRun": get(func(s suite) any { return s.run }),
		"CheckSuite.createdAt":   get(func(s suite) any { return when(s.run.created) }),
		"App.name":               constant("GitHub Actions"),
		"App.slug":               constant("github-actions"),
		"WorkflowRun.event":      constant("pull_request"),
		"WorkflowRun.runNumber":  get(func(r *run) any { return r.id }),
		"WorkflowRun.url":        get(func(r *run) any { return h.runURL(r) }),
		"WorkflowRun.createdAt":  get(func(r *run) any { return when(r.created) }),
		"WorkflowRun.updatedAt":  get(func(r *run) any { return when(r.created) }),
		"WorkflowRun.workflow":   get(func(r *run) any { return workflow{r} }),
		"Workflow.name":          get(func(w workflow) any { return w.run.workflow }),
		"Workflow.url":           get(func(w workflow) any { return h.repoURL(w.run.repo) + "/actions" }),

		"StatusContext.context":     get(func(s *status) any { return s.context }),
		"StatusContext.state":       get(func(s *status) any { return s.state }),
		"StatusContext.description": get(func(s *status) any { return orNull(s.description) }),
		"StatusContext.targetUrl":   get(func(s *status) any { return orNull(s.url) }),
		"StatusContext.createdAt":   get(func(s *status) any { return when(s.at) }),
		"StatusContext.creator":     get(func(s *status) any { return actor(s.by) }),
		"StatusContext.avatarUrl":   constant(nil),
		"StatusContext.isRequired":  get(func(s *status) any { return s.repo.required(s.context) }),
	}
}

// counts says how many there are of each state.
func counts[T any](items []T, state func(T) string) []any {
	n := map[string]int{}
	for _, item := range items {
		n[state(item)]++
	}
	out := []any{}
	for _, s := range slices.Sorted(maps.Keys(n)) {
		out = append(out, map[string]any{"state": s, "count": n[s]})
	}
	return out
}

func (h *Hub) runURL(r *run) string {
	return fmt.Sprintf("%s/actions/runs/%d", h.repoURL(r.repo), r.id)
}

func (h *Hub) checkURL(c *check) string { return fmt.Sprintf("%s/job/%d", h.runURL(c.run), c.id) }

// checks are the jobs of a run.
func (r *run) checks() []*check {
	var out []*check
	for _, c := range r.repo.checks[r.oid] {
		if c.run == r {
			out = append(out, c)
		}
	}
	return out
}

func (r *run) status() string {
	for _, c := range r.checks() {
		if c.status != "COMPLETED" {
			return "IN_PROGRESS"
		}
	}
	return "COMPLETED"
}

func (r *run) conclusion() string {
	if r.status() != "COMPLETED" {
		return ""
	}
	for _, c := range r.checks() {
		if c.state() != "SUCCESS" {
			return "FAILURE"
		}
	}
	return "SUCCESS"
}
