package render

import (
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

func TestPull(t *testing.T) {
	for want, p := range map[string]api.PullRequestSummary{
		"#7":                 {State: api.PullRequestOpen, Checks: api.ChecksNone, Review: api.ReviewNone},
		"#7 draft ●":         {State: api.PullRequestDraft, Draft: true, Checks: api.ChecksPending, Review: api.ReviewPending},
		"#7 ✓ approved":      {State: api.PullRequestOpen, Checks: api.ChecksPass, Review: api.ReviewApproved},
		"#7 ✗ changes":       {State: api.PullRequestOpen, Checks: api.ChecksFail, Review: api.ReviewChangesRequested},
		"#7 merged":          {State: api.PullRequestMerged, Checks: api.ChecksPass, Review: api.ReviewApproved},
		"#7 closed":          {State: api.PullRequestClosed, Checks: api.ChecksFail},
		"\x1b[2m#7 ✓\x1b[0m": {State: api.PullRequestOpen, Checks: api.ChecksPass, Stale: true},
	} {
		p.Number = 7
		got := Pull(&p)
		if p.Stale { // what may be old is dim
			io, _, _, _ := iostreams.Test()
			io.SetColor(true)
			got = PullStyle(io.OutStyle(), &p)(got)
		}
		if got != want {
			t.Errorf("%+v is %q, want %q", p, got, want)
		}
	}
}

func TestPullFields(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	p := api.PullRequest{
		PullRequestSummary: api.PullRequestSummary{
			Number: 7, URL: "https://github.com/a/b/pull/7", State: api.PullRequestOpen, Checks: api.ChecksFail, Review: api.ReviewChangesRequested,
			ObservedAt: now.Add(-time.Minute),
		},
		Title: "Fix\x1b[2J it", Author: "ada", Branch: "feat", Base: "main", Mergeable: new(false), UnresolvedThreads: 2, AutoMerge: true,
		CheckRuns: []api.CheckRun{
			{Name: "lint", State: api.ChecksPass}, {Name: "un\x1b[1mit", Workflow: "ci", State: api.ChecksFail}, {Name: "slow", State: api.ChecksPending},
		},
		Reviewers: []api.Reviewer{{Login: "bob", State: api.ReviewChangesRequested}, {Login: "eve", State: api.ReviewPending}, {Login: "joe", State: api.ReviewNone}},
	}
	want := `title    Fix it
url      https://github.com/a/b/pull/7
state    open, conflicts with main, merges by itself when it may
checks   ✗ failed: ci / unit; 1 run
review   changes requested: bob ✗, eve (asked), joe
threads  2 unresolved review threads
branch   feat
author   ada
seen     1m ago
`
	if got := PullFields(0, iostreams.Style{}, now, &p); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
