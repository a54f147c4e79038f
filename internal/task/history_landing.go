package task

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// landingWords says what was done to bring a branch where it belongs.
func (e *HistoryEvent) landingWords() string {
	switch e.Kind {
	case api.EventPushed:
		p := data[api.PushEvent](e)
		if p.Before == "" {
			return fmt.Sprintf("pushed %s to %s, at %.7s", p.Branch, p.Remote, p.After)
		}
		return fmt.Sprintf("pushed %s to %s, %.7s..%.7s", p.Branch, p.Remote, p.Before, p.After)
	case api.EventMerged:
		m := data[api.MergeEvent](e)
		what := fmt.Sprintf("merged %s into %s", m.Branch, m.Base)
		if m.Number > 0 {
			what += fmt.Sprintf(" by pull request #%d", m.Number)
		}
		if m.Method != "" {
			what += fmt.Sprintf(" (%s)", m.Method)
		}
		if m.Commit != "" {
			what += fmt.Sprintf(", at %.7s", m.Commit)
		}
		return what
	case api.EventFixSent:
		f := data[api.FixEvent](e)
		who := "you asked"
		if f.Auto {
			who = fmt.Sprintf("hf asked (round %d of %d)", f.Round, f.Rounds)
		}
		return fmt.Sprintf("%s the agent to mend %s: %s", who, fixWords(f.Kind), strings.Join(f.What, ", "))
	default:
		f := data[api.FixEvent](e)
		return fmt.Sprintf("%s still to be mended after %d rounds, waits for a person: %s", fixWords(f.Kind), f.Rounds, strings.Join(f.What, ", "))
	}
}

func fixWords(k api.FixKind) string {
	switch k {
	case api.FixCI:
		return "failing checks"
	case api.FixReviews:
		return "review comments"
	case api.FixConflicts:
		return "conflicts"
	}
	return string(k)
}
