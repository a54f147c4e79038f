package session

import (
	"context"
	"time"

	"github.com/hf-dev/hf/internal/hold"
	"github.com/hf-dev/hf/pkg/api"
)

// cancelSettle is how long the commands of a cancelled turn may take to end.
const cancelSettle = 2 * time.Second

// leftover is what a cancelled turn may have left running: an agent that
// answers "cancelled" need not have ended the command it was running.
type leftover struct {
	began time.Time // of the turn
	look  time.Time // when to look; zero: nothing to look for
}

// noteCancelled remembers to look after a turn that was cancelled in the middle
// of a command.
func (v *supervisor) noteCancelled(entries []api.Entry) {
	running := false
	for _, e := range entries {
		switch e.Kind {
		case api.EntryUser:
			v.left = leftover{began: e.Time}
		case api.EntryTool:
			running = running || e.Tool != nil && e.Tool.Kind == "execute" && e.Tool.Status == "interrupted"
		case api.EntryTurnEnd:
			if running && e.StopReason == api.StopCancelled && !v.left.began.IsZero() {
				v.left.look = v.m.cfg.Now().Add(cancelSettle)
			}
		default:
		}
	}
}

// endLeftover ends the agent when a command of the cancelled turn still runs:
// the user asked for it to stop. The next message starts the agent again, with
// its conversation where it can take that up.
func (v *supervisor) endLeftover(ctx context.Context) {
	if v.left.look.IsZero() || v.m.cfg.Now().Before(v.left.look) {
		return
	}
	v.left.look = time.Time{}
	pids, err := hold.Since(v.dir, v.left.began)
	if err != nil || len(pids) == 0 {
		return
	}
	v.log.Warn("a cancelled turn left processes running: ending the agent", "pids", pids)
	v.farewellNote = "its command went on after the interrupt, so the agent was ended; the next message starts it again"
	if err := v.stop(ctx, DefaultGrace); err != nil {
		v.log.Error("end the agent", "err", err)
	}
}

// pause is how long the loop may wait for news: until the outbox opens again, a
// leftover is to be looked for or a silence counts; 0 = for ever.
func (v *supervisor) pause() time.Duration {
	var d time.Duration
	soonest := func(until time.Duration) {
		if until > 0 && (d == 0 || until < d) {
			d = until
		}
	}
	soonest(v.untilReset())
	soonest(v.untilQuiet())
	if !v.left.look.IsZero() {
		soonest(max(v.left.look.Sub(v.m.cfg.Now()), time.Millisecond))
	}
	return d
}
