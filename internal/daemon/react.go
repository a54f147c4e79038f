package daemon

import (
	"context"
	"log/slog"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// noteEvery is how often it is noted how far the reactions are.
const noteEvery = 2 * time.Second

// reactions is what follows from events without anybody asking for it.
type reactions struct {
	events  eventStore
	refresh func(ctx context.Context, task string) error // the shown difference
	check   func(ctx context.Context, task string) error // the task's check, if due
	start   func(ctx context.Context, task string) error // an agent for messages that wait
	// branches is told that there may be other tasks, or other branches of theirs.
	branches func()
	pulls    func(e api.Event) // is told of everything
	// stacks does what follows for the stacks of repos.
	stacks func(ctx context.Context, e api.Event) error
	// land does what follows for the branch of a task.
	land func(ctx context.Context, e api.Event) error
	log  *slog.Logger
}

// run follows the events after seq until ctx ends. It is told of every one, in
// order; what it does may be done any number of times. How far it is, it notes
// now and then, for the daemon that follows one that died.
func (r reactions) run(ctx context.Context, seq int64) {
	noted := seq
	woken, stop := r.events.Watch()
	defer stop()
	for {
		events, err := r.events.Events(ctx, seq, "", 256)
		if err != nil && ctx.Err() == nil {
			r.log.Error("read events", "err", err)
		}
		for _, e := range events {
			seq = e.Seq
			r.react(ctx, e)
		}
		if len(events) > 0 {
			continue
		}
		var due <-chan time.Time
		if seq > noted {
			due = time.After(noteEvery)
		}
		select {
		case <-woken:
		case <-due:
			if err := r.events.noteReacted(ctx, seq); err != nil && ctx.Err() == nil {
				r.log.Warn("note how far reactions are", "err", err)
			}
			noted = seq
		case <-ctx.Done():
			return
		}
	}
}

func (r reactions) react(ctx context.Context, e api.Event) {
	if err := r.stacks(ctx, e); err != nil && ctx.Err() == nil {
		r.log.Debug("follow an event", "event", e.Kind, "task", e.Task, "err", err)
	}
	var what []func(context.Context, string) error
	r.pulls(e)
	switch e.Kind {
	case api.EventTaskCreated:
		r.branches()
	case api.EventTurnEnded:
		what = append(what, r.refresh, r.check)
	case api.EventOperationDone, api.EventOperationFailed:
		r.branches()
		what = append(what, r.refresh, r.check, r.start)
	case api.EventCheckEnded:
		what = append(what, r.refresh)
	case api.EventSessionEnded:
		what = append(what, r.start)
	default:
	}
	if r.land != nil {
		if err := r.land(ctx, e); err != nil && ctx.Err() == nil {
			r.log.Warn("follow an event", "event", e.Kind, "task", e.Task, "err", err)
		}
	}
	for _, do := range what {
		if err := do(ctx, e.Task); err != nil && ctx.Err() == nil {
			r.log.Debug("follow an event", "event", e.Kind, "task", e.Task, "err", err)
		}
	}
}
