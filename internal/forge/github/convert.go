package github

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	maxRuns    = 500
	maxSummary = 4 << 10
)

// stamp tells one state of a pull request from another.
func (p pulse) stamp() string {
	byState := func(a, b stateCount) int { return strings.Compare(a.State, b.State) }
	for i := range p.Commits.Nodes {
		if r := p.Commits.Nodes[i].Commit.StatusCheckRollup; r != nil { // in no order
			slices.SortFunc(r.Contexts.CheckRunCountsByState, byState)
			slices.SortFunc(r.Contexts.StatusContextCountsByState, byState)
		}
	}
	b, err := json.Marshal(p)
	if err != nil {
		return "" // numbers and texts always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// total is nil where there are no checks.
func (p pulse) total() *checkTotals {
	if len(p.Commits.Nodes) == 0 {
		return nil
	}
	return p.Commits.Nodes[0].Commit.StatusCheckRollup
}

func (n pullNode) pullRequest() forge.PullRequest {
	out := forge.PullRequest{
		Number: n.Number, ID: n.ID, URL: n.URL, Title: n.Title, Body: n.Body, Author: n.Author.name(),
		State: state(n.State), Draft: n.IsDraft,
		HeadBranch: n.HeadRefName, HeadOwner: n.HeadRepositoryOwner.name(), HeadCommit: n.HeadRefOid,
		BaseBranch: n.BaseRefName, CrossRepo: n.IsCrossRepository,
		Mergeable: mergeable(n.Mergeable), Checks: n.checks(), Review: n.review(),
		AutoMerge: n.AutoMergeRequest != nil,
		CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt, MergedAt: n.MergedAt,
		Stamp: n.stamp(),
	}
	for _, t := range n.ReviewThreads.Nodes {
		if !t.IsResolved {
			out.Unresolved++
		}
	}
	if n.MergeCommit != nil && out.State == api.PullRequestMerged {
		out.MergeCommit = n.MergeCommit.Oid // of an open one it is a trial merge
	}
	return out
}

func (l *login) name() string {
	if l == nil {
		return ""
	}
	return l.Login
}

func state(s string) api.PullRequestState {
	switch s {
	case "MERGED":
		return api.PullRequestMerged
	case "CLOSED":
		return api.PullRequestClosed
	}
	return api.PullRequestOpen
}

func mergeable(s string) forge.Mergeable {
	switch s {
	case "MERGEABLE":
		return forge.MergeableYes
	case "CONFLICTING":
		return forge.MergeableNo
	}
	return forge.MergeableUnknown
}

// checkState is how a word of GitHub's for a check counts. What is over without
// a success is a failure, as it is for who looks at its pages; stale is as good
// as not run.
func checkState(word string) api.ChecksState {
	switch word {
	case "SUCCESS", "NEUTRAL", "SKIPPED":
		return api.ChecksPass
	case "FAILURE", "ERROR", "CANCELLED", "TIMED_OUT", "ACTION_REQUIRED", "STARTUP_FAILURE":
		return api.ChecksFail
	}
	return api.ChecksPending
}

func (c contextNode) run() forge.CheckRun {
	if c.Typename == "StatusContext" {
		run := forge.CheckRun{ID: c.ID, Name: c.Context, State: checkState(c.State), URL: c.TargetURL, Summary: c.Description}
		if run.State != api.ChecksPending {
			run.Result = strings.ToLower(c.State)
		}
		return run
	}
	run := forge.CheckRun{ID: c.ID, Name: c.Name, URL: c.DetailsURL, State: api.ChecksPending, Summary: strings.TrimSpace(c.Title + "\n" + c.Summary)}
	run.Summary = strings.ToValidUTF8(run.Summary[:min(len(run.Summary), maxSummary)], "")
	if w := c.CheckSuite.WorkflowRun; w != nil {
		run.Workflow = w.Workflow.Name
	}
	if c.Status == "COMPLETED" {
		run.State, run.Result = checkState(c.Conclusion), strings.ToLower(c.Conclusion)
	}
	if c.CheckSuite.WorkflowRun != nil || c.CheckSuite.App != nil && c.CheckSuite.App.Slug == "github-actions" {
		run.JobID = jobOf(c.DetailsURL)
	}
	return run
}

// jobOf reads the number of a job of Actions from the address of its page. The
// check run has the same, but GraphQL's numbers end at 2³¹.
func jobOf(address string) int64 {
	m := regexp.MustCompile(`/job/([0-9]+)(?:$|[/?#])`).FindStringSubmatch(address)
	if m == nil { // of older servers
		m = regexp.MustCompile(`^https?://[^/]+/[^/]+/[^/]+/runs/([0-9]+)(?:$|[/?#])`).FindStringSubmatch(address)
	}
	if m == nil {
		return 0
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// began tells attempts of one check apart.
func (c contextNode) began() time.Time {
	if c.Typename == "StatusContext" {
		return c.CreatedAt
	}
	return c.StartedAt
}

// key is equal for the attempts of one check. A workflow that two events
// started is two checks.
func (c contextNode) key() string {
	event := ""
	if w := c.CheckSuite.WorkflowRun; w != nil {
		event = w.Event
	}
	return c.Typename + "\x00" + event + "\x00" + c.run().FullName()
}

// checks joins the latest attempts. Where not all are known, the counts are
// those that GitHub made.
func (n pullNode) checks() forge.Checks {
	known := n.Rollup.contexts()
	latest := map[string]contextNode{}
	for _, c := range known.Nodes {
		if before, ok := latest[c.key()]; !ok || c.began().After(before.began()) {
			latest[c.key()] = c
		}
	}
	var out forge.Checks
	var counts []stateCount
	for _, c := range latest {
		run := c.run()
		out.Runs = append(out.Runs, run)
		counts = append(counts, stateCount{strings.ToUpper(run.Result), 1})
	}
	slices.SortFunc(out.Runs, func(a, b forge.CheckRun) int {
		return cmp.Or(strings.Compare(a.FullName(), b.FullName()), strings.Compare(a.ID, b.ID))
	})
	total := n.total()
	if known.PageInfo.HasNextPage && total != nil {
		counts = slices.Concat(total.Contexts.CheckRunCountsByState, total.Contexts.StatusContextCountsByState)
	}
	tally(&out, counts)
	if total != nil && out.State != api.ChecksFail && (total.State == "PENDING" || total.State == "EXPECTED") {
		out.State = api.ChecksPending // one that is demanded was not heard of yet
	}
	return out
}

// tally counts checks by GitHub's words for them; "" is one that runs.
func tally(out *forge.Checks, counts []stateCount) {
	for _, c := range counts {
		out.Total += c.Count
		switch checkState(c.State) {
		case api.ChecksPass:
			out.Passed += c.Count
		case api.ChecksFail:
			out.Failed += c.Count
		default:
			out.Pending += c.Count
		}
	}
	switch {
	case out.Failed > 0:
		out.State = api.ChecksFail
	case out.Pending > 0:
		out.State = api.ChecksPending
	case out.Passed > 0:
		out.State = api.ChecksPass
	default:
		out.State = api.ChecksNone
	}
}

// review says what the reviewers decided. GitHub does not where the branch
// demands no review.
func (n pullNode) review() forge.Review {
	states := map[string]api.ReviewState{}
	note := func(reviews []review) {
		for _, r := range reviews {
			who := r.Author.name()
			switch {
			case who == "" || who == n.Author.name() || r.State == "PENDING":
			case r.State == "APPROVED":
				states[who] = api.ReviewApproved
			case r.State == "CHANGES_REQUESTED":
				states[who] = api.ReviewChangesRequested
			default:
				states[who] = api.ReviewNone
			}
		}
	}
	note(n.LatestReviews.Nodes)
	note(n.LatestOpinionatedReviews.Nodes) // which a later comment does not take back
	for _, r := range n.ReviewRequests.Nodes {
		if r.RequestedReviewer == nil {
			continue
		}
		if who := cmp.Or(r.RequestedReviewer.Login, r.RequestedReviewer.CombinedSlug); who != "" {
			states[who] = api.ReviewPending
		}
	}
	out := forge.Review{Decision: api.ReviewNone}
	for who, state := range states {
		out.Reviewers = append(out.Reviewers, forge.Reviewer{Login: who, State: state})
	}
	slices.SortFunc(out.Reviewers, func(a, b forge.Reviewer) int { return strings.Compare(a.Login, b.Login) })
	switch n.ReviewDecision {
	case "APPROVED":
		out.Decision = api.ReviewApproved
		return out
	case "CHANGES_REQUESTED":
		out.Decision = api.ReviewChangesRequested
		return out
	case "REVIEW_REQUIRED":
		out.Decision = api.ReviewPending
	}
	for _, decision := range []api.ReviewState{api.ReviewPending, api.ReviewApproved, api.ReviewChangesRequested} { // the last one wins
		if decision == api.ReviewApproved && n.ReviewDecision != "" {
			continue // not enough of them
		}
		if slices.ContainsFunc(out.Reviewers, func(r forge.Reviewer) bool { return r.State == decision }) {
			out.Decision = decision
		}
	}
	return out
}
