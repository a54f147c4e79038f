package task

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// stackWords says what an action on stacks did.
func (e *HistoryEvent) stackWords() string {
	s := data[api.StackEvent](e)
	var did []string
	counts := map[api.StackOutcome]int{}
	for _, b := range s.Report.Branches {
		switch b.Outcome {
		case api.OutcomeUpToDate:
		case api.OutcomeConflict:
			did = append(did, fmt.Sprintf("%s conflicts with %s in %s", b.Branch, b.Base, strings.Join(b.Files, ", ")))
		case api.OutcomeBlocked:
			counts[b.Outcome]++
		default:
			what := b.Branch + " " + strings.ReplaceAll(string(b.Outcome), "_", " ")
			if b.Base != "" && (b.Outcome == api.OutcomeRestacked || b.Outcome == api.OutcomeMoved || b.Outcome == api.OutcomeTracked) {
				what += " onto " + b.Base
			}
			if b.Before != "" && b.After != "" && b.Before != b.After {
				what += fmt.Sprintf(" (%.7s..%.7s)", b.Before, b.After)
			}
			did = append(did, what)
		}
	}
	if n := counts[api.OutcomeBlocked]; n > 0 {
		did = append(did, fmt.Sprintf("%d above not touched", n))
	}
	if len(did) == 0 {
		did = append(did, "nothing to do")
	}
	what := string(s.Action) + ": " + strings.Join(did, "; ")
	if e.Kind == api.EventStackStopped {
		what += "; it waits for a person"
	}
	return what
}
