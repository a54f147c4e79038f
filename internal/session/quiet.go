package session

import (
	"fmt"
	"time"

	"github.com/hf-dev/hf/internal/agent/acp"
	"github.com/hf-dev/hf/pkg/api"
)

// quiet is what the supervisor says of an agent from which nothing came for a
// while in the middle of a turn. Silence is the usual face of a model server that
// cannot be reached or that refuses: agents try again and say nothing. It is a
// fact about a turn in progress and never called a failure.
type quiet struct {
	since time.Time // when anything last passed between hf and the agent
	said  int       // how many times the limit has passed by then
}

// silence returns since when nothing came from an agent that should be working,
// or the zero time where that means nothing.
func silence(f acp.Facts) time.Time {
	if f.Activity != api.ActivityWorking || f.Cancelling {
		return time.Time{}
	}
	since := f.TurnStart
	for _, t := range []time.Time{f.LastProgress, f.LastGiven} {
		if t.After(since) {
			since = t
		}
	}
	return since
}

// listen brings v.quiet up to date and returns what to say of the silence, ""
// for nothing.
func (v *supervisor) listen(f acp.Facts) string {
	limit := v.m.cfg.QuietAfter(v.agent)
	since := silence(f)
	v.quiet = quiet{since: since}
	if limit <= 0 || since.IsZero() {
		return ""
	}
	v.quiet.said = int(v.m.cfg.Now().Sub(since) / limit)
	if v.quiet.said <= 0 {
		return ""
	}
	long := (time.Duration(v.quiet.said) * limit).Round(time.Second / 10)
	if f.OpenTool != "" {
		return fmt.Sprintf("no output for %s from %s", long, f.OpenTool)
	}
	return fmt.Sprintf("no answer from the model for %s", long)
}

// untilQuiet is how long the silence may last before there is something new to
// say of it; 0 = there is nothing to wait for.
func (v *supervisor) untilQuiet() time.Duration {
	limit := v.m.cfg.QuietAfter(v.agent)
	if limit <= 0 || v.quiet.since.IsZero() {
		return 0
	}
	next := v.quiet.since.Add(time.Duration(v.quiet.said+1) * limit)
	return max(next.Sub(v.m.cfg.Now()), time.Millisecond)
}

// sayQuiet records in an event that a silence began to count, or that it ended.
func (v *supervisor) sayQuiet(tx Tx, was, is quiet) error {
	if (was.said > 0) == (is.said > 0) {
		return nil
	}
	e := api.QuietEvent{Session: v.id, Quiet: is.said > 0, Since: is.since}
	if !e.Quiet {
		e.Since = was.since
	}
	return tx.Event(api.EventSessionQuiet, v.task, e)
}
