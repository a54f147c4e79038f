package theme

import (
	"strconv"

	"github.com/hf-dev/hf/pkg/api"
)

// Diff is the size of a difference.
func (t *Theme) Diff(added, removed int) string {
	return t.Added.Render("+"+strconv.Itoa(added)) + " " + t.Removed.Render("-"+strconv.Itoa(removed))
}

// Pull is a pull request in short: its number, its state where that is not
// open, its checks and its review.
func (t *Theme) Pull(p *api.PullRequestSummary) string {
	s := "#" + strconv.Itoa(p.Number)
	switch p.State {
	case api.PullRequestMerged:
		return t.Keyword.Render(s + " merged")
	case api.PullRequestClosed:
		return t.Gone.Render(s + " closed")
	case api.PullRequestDraft:
		s = t.Dim.Render(s + " draft")
	case api.PullRequestNone, api.PullRequestOpen:
		s = t.Link.Render(s)
	}
	if c := t.Checks(p.Checks); c != "" {
		s += " " + c
	}
	if r := t.Review(p.Review); r != "" {
		s += " " + r
	}
	return s
}

// Checks is the sign of checks, "" for none.
func (t *Theme) Checks(c api.ChecksState) string {
	switch c {
	case api.ChecksPass:
		return t.Good.Render(t.Sign.Done)
	case api.ChecksFail:
		return t.Bad.Render(t.Sign.Failed)
	case api.ChecksPending:
		return t.Warn.Render(t.Sign.Pending)
	case api.ChecksNone:
	}
	return ""
}

// Review is the word of a review, "" for none.
func (t *Theme) Review(r api.ReviewState) string {
	switch r {
	case api.ReviewApproved:
		return t.Good.Render("ok")
	case api.ReviewChangesRequested:
		return t.Bad.Render("chg")
	case api.ReviewPending:
		return t.Warn.Render("rev")
	case api.ReviewNone:
	}
	return ""
}
