package model

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

const (
	// gather is the least time between two updates. What happens after a
	// silence is shown at once; what many agents do is shown together.
	gather = 40 * time.Millisecond
	// few is how many tasks are asked for one by one.
	few = 8
	// The waits between attempts to reach hfd.
	firstWait = 50 * time.Millisecond
	lastWait  = 2 * time.Second
)

// Source is what the feed follows. It ends with an error when hfd goes away: a
// client that repeats nothing.
type Source interface {
	Tasks(ctx context.Context, f client.TaskFilter) (api.TaskList, error)
	Events(ctx context.Context, f client.EventFilter) iter.Seq2[api.Event, error]
}

// Asker is what the feed asks of hfd besides.
type Asker interface {
	Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error)
	Tasks(ctx context.Context, f client.TaskFilter) (api.TaskList, error)
	Approvals(ctx context.Context) ([]api.PermissionRequest, error)
}

// Feed follows what happens and tells of it in updates, few a second however
// much that is.
type Feed struct {
	Source Source
	Asker  Asker
	Send   func(Update)
}

// Run follows until ctx ends. Where hfd goes away it says so once and tries
// again, for ever: hfd is started again by whoever needs it first.
func (f *Feed) Run(ctx context.Context) {
	wait := firstWait
	for ctx.Err() == nil {
		moved, err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		f.Send(Update{Conn: Connection{Err: err}})
		if moved {
			wait = firstWait
		}
		sleep(ctx, wait)
		wait = min(2*wait, lastWait)
	}
}

// happened is one event, or the end of them.
type happened struct {
	event api.Event
	err   error
}

// follow reads all tasks, and one stream to its end of what happens to them from
// then on.
func (f *Feed) follow(ctx context.Context) (moved bool, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	u := Update{Conn: Connection{Up: true}}
	seq, err := u.everything(ctx, f.Source, f.Asker)
	if err != nil {
		return false, err
	}
	f.Send(u)
	ch := make(chan happened)
	go func() {
		defer close(ch)
		for e, err := range f.Source.Events(ctx, client.EventFilter{After: seq}) {
			select {
			case ch <- happened{e, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	var p pending
	var due <-chan time.Time
	last := time.Now()
	for {
		select {
		case h, ok := <-ch:
			switch {
			case !ok:
				return true, errors.New("hfd ended the stream of events")
			case h.err != nil:
				return true, h.err
			}
			p.add(&h.event)
			if due == nil {
				due = time.After(max(gather-time.Since(last), 0))
			}
		case <-due:
			due, last = nil, time.Now()
			u, err := p.resolve(ctx, f.Asker)
			if err != nil {
				return true, err
			}
			p = pending{}
			f.Send(u)
		case <-ctx.Done():
			return true, context.Cause(ctx)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
