package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// forges says of each host how looking at the pull requests there goes. The
// repos of a host share its rate limit, and often what is wrong.
func forges(st iostreams.Style, now time.Time, polls []api.ForgePoll) (fields []string) {
	for len(polls) > 0 {
		host := polls[0].Host
		n := 1
		for n < len(polls) && polls[n].Host == host {
			n++
		}
		fields = append(fields, "forge", forge(st, now, polls[:n]))
		for _, trouble := range troubles(polls[:n]) {
			fields = append(fields, "", st.Yellow(trouble))
		}
		polls = polls[n:]
	}
	return fields
}

func forge(st iostreams.Style, now time.Time, polls []api.ForgePoll) string {
	pulls := 0
	newest := polls[0]
	for _, p := range polls {
		pulls += p.PullsKnown
		if p.PolledAt != nil && (newest.PolledAt == nil || p.PolledAt.After(*newest.PolledAt)) {
			newest = p
		}
	}
	words := []string{
		sanitize.Line(polls[0].Host), render.Count(len(polls), "repo"), render.Count(pulls, "open pull request"),
	}
	if newest.Limit > 0 {
		budget := fmt.Sprintf("budget %d of %d", newest.Remaining, newest.Limit)
		if newest.ResetAt != nil && newest.ResetAt.After(now) {
			budget += ", full again in " + render.Age(*newest.ResetAt, now)
		}
		if newest.Remaining*10 < newest.Limit {
			budget = st.Yellow(budget)
		}
		words = append(words, budget)
	}
	if newest.PolledAt != nil {
		words = append(words, "looked at "+render.Age(now, *newest.PolledAt)+" ago")
	}
	return strings.Join(words, ", ")
}

// troubles are what keeps hf from looking: each once, with the repos it is of
// where it is not of all.
func troubles(polls []api.ForgePoll) (lines []string) {
	by := map[string][]string{}
	var order []string
	for _, p := range polls {
		if p.Error == nil {
			continue
		}
		text := sanitize.Line(p.Error.Message)
		if p.Error.Hint != "" {
			text += ": " + sanitize.Line(p.Error.Hint)
		}
		if !slices.Contains(order, text) {
			order = append(order, text)
		}
		by[text] = append(by[text], sanitize.Line(p.Name))
	}
	for _, text := range order {
		if len(by[text]) < len(polls) {
			text = strings.Join(by[text], ", ") + ": " + text
		}
		lines = append(lines, text)
	}
	return lines
}
