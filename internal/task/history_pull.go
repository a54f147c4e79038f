package task

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// failedShown is how many names of failing checks a line of the history has.
const failedShown = 5

// pullWords says what happened to a pull request.
func (e *HistoryEvent) pullWords() string {
	p := data[api.PullRequestEvent](e)
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	was := p.Was
	if was == nil {
		was = &api.PullRequestSummary{State: api.PullRequestNone, Checks: api.ChecksNone, Review: api.ReviewNone}
	}
	if p.Now.State != was.State {
		add("%s", stateWords(&p, was.State))
	}
	if p.Now.Checks != was.Checks || len(p.Failed) > 0 && p.Now.Checks == api.ChecksFail && len(parts) == 0 && !p.Conflicts && p.Threads == p.ThreadsWere {
		if words := checksWords(&p); words != "" {
			add("%s", words)
		}
	}
	if p.Now.Review != was.Review {
		if words := reviewWords(p.Now.Review); words != "" {
			add("%s", words)
		}
	}
	if p.Threads > p.ThreadsWere {
		add("%d unresolved review threads", p.Threads)
	}
	if p.Conflicts {
		add("it conflicts with its base")
	}
	if len(parts) == 0 {
		parts = append(parts, "changed")
	}
	return fmt.Sprintf("pull request #%d: %s", p.Now.Number, strings.Join(parts, ", "))
}

func stateWords(p *api.PullRequestEvent, was api.PullRequestState) string {
	where := ""
	if u, err := url.Parse(p.Now.URL); err == nil && u.Host != "" {
		where = " on " + u.Host
	}
	switch p.Now.State {
	case api.PullRequestMerged:
		return "merged" + where
	case api.PullRequestClosed:
		return "closed" + where + " without being merged"
	case api.PullRequestDraft:
		if was == api.PullRequestOpen {
			return "made a draft again"
		}
		return "opened as a draft: " + p.Title
	case api.PullRequestOpen:
		switch was {
		case api.PullRequestDraft:
			return "ready for review"
		case api.PullRequestClosed:
			return "reopened"
		default:
			return "opened: " + p.Title
		}
	case api.PullRequestNone:
	}
	return "it is there no more"
}

func checksWords(p *api.PullRequestEvent) string {
	switch p.Now.Checks {
	case api.ChecksFail:
		names := p.Failed
		more := ""
		if len(names) > failedShown {
			names, more = names[:failedShown], " …"
		}
		return join("checks failed", strings.Join(names, ", ")+more)
	case api.ChecksPass:
		return "checks passed"
	case api.ChecksPending:
		return "checks run"
	case api.ChecksNone:
	}
	return ""
}

func reviewWords(r api.ReviewState) string {
	switch r {
	case api.ReviewApproved:
		return "approved"
	case api.ReviewChangesRequested:
		return "changes requested"
	case api.ReviewPending:
		return "waits for a review"
	case api.ReviewNone:
	}
	return ""
}
