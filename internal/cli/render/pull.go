package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// Pull is a short form of a pull request: its number, and how it stands.
func Pull(p *api.PullRequestSummary) string {
	words := []string{"#" + strconv.Itoa(p.Number)}
	switch p.State {
	case api.PullRequestMerged, api.PullRequestClosed:
		return words[0] + " " + string(p.State)
	case api.PullRequestDraft:
		words = append(words, "draft")
	case api.PullRequestOpen, api.PullRequestNone:
	}
	if mark := ChecksMark(p.Checks); mark != "" {
		words = append(words, mark)
	}
	switch p.Review {
	case api.ReviewApproved:
		words = append(words, "approved")
	case api.ReviewChangesRequested:
		words = append(words, "changes")
	case api.ReviewPending, api.ReviewNone:
	}
	return strings.Join(words, " ")
}

// PullStyle returns the colour of the short form of a pull request: dim when it
// may be old.
func PullStyle(st iostreams.Style, p *api.PullRequestSummary) func(string) string {
	switch {
	case p.Stale, p.State == api.PullRequestClosed:
		return st.Dim
	case p.State == api.PullRequestMerged:
		return st.Blue
	case p.Checks == api.ChecksFail:
		return st.Red
	case p.Review == api.ReviewChangesRequested, p.Checks == api.ChecksPending:
		return st.Yellow
	case p.State == api.PullRequestDraft:
		return st.Dim
	}
	return st.Green
}

// ChecksMark is how checks stand, in one column; "" where there are none.
func ChecksMark(c api.ChecksState) string {
	switch c {
	case api.ChecksPass:
		return "✓"
	case api.ChecksFail:
		return "✗"
	case api.ChecksPending:
		return "●"
	case api.ChecksNone:
	}
	return ""
}

// Checks says how checks stand, with the names of those that failed.
func Checks(p *api.PullRequest) string {
	count := map[api.ChecksState]int{}
	for i := range p.CheckRuns {
		count[p.CheckRuns[i].State]++
	}
	switch p.Checks {
	case api.ChecksNone:
		return "none"
	case api.ChecksFail:
		names := p.Failing()
		for i := range names {
			names[i] = sanitize.Line(names[i])
		}
		s := "✗ failed: " + strings.Join(names, ", ")
		if n := count[api.ChecksPending]; n > 0 {
			s += fmt.Sprintf("; %d run", n)
		}
		return s
	case api.ChecksPending:
		return fmt.Sprintf("● run: %d of %d done", len(p.CheckRuns)-count[api.ChecksPending], len(p.CheckRuns))
	case api.ChecksPass:
	}
	return "✓ passed: " + Count(count[api.ChecksPass], "check")
}

// Review says what the reviewers decided, and who they are.
func Review(p *api.PullRequest) string {
	decision := map[api.ReviewState]string{
		api.ReviewApproved: "approved", api.ReviewChangesRequested: "changes requested", api.ReviewPending: "waits for a review",
	}[p.Review]
	var who []string
	for _, r := range p.Reviewers {
		name := sanitize.Line(r.Login)
		switch r.State {
		case api.ReviewApproved:
			name += " ✓"
		case api.ReviewChangesRequested:
			name += " ✗"
		case api.ReviewPending:
			name += " (asked)"
		case api.ReviewNone:
		}
		who = append(who, name)
	}
	switch {
	case decision == "":
		return strings.Join(who, ", ")
	case len(who) == 0:
		return decision
	}
	return decision + ": " + strings.Join(who, ", ")
}

// PullState says where a pull request is, and where it is to go.
func PullState(p *api.PullRequest) string {
	words := []string{string(p.State)}
	if p.Mergeable != nil && !p.Ended() {
		words = append(words, map[bool]string{true: "can be merged into ", false: "conflicts with "}[*p.Mergeable]+sanitize.Line(p.Base))
	} else {
		words = append(words, "into "+sanitize.Line(p.Base))
	}
	if p.AutoMerge && !p.Ended() {
		words = append(words, "merges by itself when it may")
	}
	return strings.Join(words, ", ")
}

// PullFields are the facts of a pull request, one a line.
func PullFields(width int, st iostreams.Style, now time.Time, p *api.PullRequest) string {
	threads := ""
	if p.UnresolvedThreads > 0 {
		threads = Count(p.UnresolvedThreads, "unresolved review thread")
	}
	return FieldsIn(width, st,
		"title", sanitize.Line(p.Title),
		"url", sanitize.Line(p.URL),
		"state", PullStyle(st, &p.PullRequestSummary)(PullState(p)),
		"checks", Checks(p),
		"review", Review(p),
		"threads", threads,
		"branch", sanitize.Line(p.Branch),
		"author", sanitize.Line(p.Author),
		"seen", Age(now, p.ObservedAt)+" ago",
	)
}
