package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// What the screen may take when nobody does anything.
const (
	streaming = 50                     // agents that stream
	pause     = 200 * time.Millisecond // between two of their lines
	watched   = 20 * time.Second       // how long that is looked at
	idleShare = 5                      // of a processor, in thousandths
)

// idles measures what the screen takes of a processor while agents stream and
// nobody presses a key: with none of them selected, and with one whose
// conversation is shown; and what it takes of hfd, where there is little else that
// hfd does.
func idles() screenPart {
	goal := []time.Duration{idleShare * watched / 1000}
	none := &row{what: fmt.Sprintf("tui, idle, %d agents stream", streaming), rival: "0.5 % of a core", goal: 1, format: share, its: goal}
	one := &row{what: "tui, idle, one of them is shown", rival: "0.5 % of a core", goal: 1, format: share, its: goal}
	ratio := &row{what: "tui, idle, one of them is shown", rival: "10 tasks", goal: 1.5, format: share}
	served := &row{what: "hfd for a tui that shows one", rival: "0.5 % of a core", goal: 1, format: share, its: goal}
	size := &row{what: "tui bytes of a streamed line", rival: "the screen", goal: 0.5, format: kilobytes, its: []time.Duration{screenSize}}
	return screenPart{[]*row{none, one, ratio, served, size}, func(ctx context.Context, few, many *talker, o options) error {
		script := fmt.Sprintf("stream: 1000000 every %s", pause)
		theirs, err := few.create(ctx, script)
		if err != nil {
			return err
		}
		ours := ""
		for range streaming {
			if ours, err = many.create(ctx, script); err != nil {
				return err
			}
		}
		if err := many.work(ctx, streaming); err != nil {
			return err
		}
		for range max(o.rounds/30, 1) {
			_, alone, _, err := few.watch(ctx)
			if err != nil {
				return err
			}
			its, daemon, _, err := few.watch(ctx, "tui", theirs)
			if err != nil {
				return err
			}
			ratio.its, served.ours = append(ratio.its, its), append(served.ours, max(daemon-alone, 0))
			self, _, _, err := many.watch(ctx, "tui")
			if err != nil {
				return err
			}
			none.ours = append(none.ours, self)
			self, _, bytes, err := many.watch(ctx, "tui", ours)
			if err != nil {
				return err
			}
			one.ours, ratio.ours = append(one.ours, self), append(ratio.ours, self)
			size.ours = append(size.ours, time.Duration(bytes))
		}
		return nil
	}}
}

// work waits until so many agents are at work.
func (t *talker) work(ctx context.Context, n int) error {
	for limit := time.Now().Add(2 * time.Minute); ; {
		seen, err := t.inspect(ctx)
		if err != nil {
			return err
		}
		working := 0
		for _, s := range seen.Sessions {
			if s.Activity == api.ActivityWorking {
				working++
			}
		}
		switch {
		case working >= n:
			return nil
		case time.Now().After(limit):
			return fmt.Errorf("%d agents of %d are at work", working, n)
		}
		select {
		case <-time.After(time.Second / 10):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// watch looks on for a while without pressing a key. It says how much of a
// processor the screen and hfd took, and how large a frame was. Without args
// there is no screen.
func (t *talker) watch(ctx context.Context, args ...string) (self, daemon time.Duration, size int, err error) {
	seen, err := t.inspect(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	if len(args) == 0 {
		before, err := processor(seen.Backend.PID)
		if err != nil {
			return 0, 0, 0, err
		}
		select {
		case <-time.After(watched):
		case <-ctx.Done():
			return 0, 0, 0, context.Cause(ctx)
		}
		after, err := processor(seen.Backend.PID)
		return 0, after - before, 0, err
	}
	tty, err := t.open(args...)
	if err != nil {
		return 0, 0, 0, err
	}
	defer tty.close()
	if _, err := tty.until(ctx, "Conversation"); err != nil {
		return 0, 0, 0, err
	}
	if _, _, err := tty.look(ctx, 3*time.Second); err != nil { // until all is read
		return 0, 0, 0, err
	}
	var before, after [2]time.Duration
	for i, pid := range []int{tty.process.Pid, seen.Backend.PID} {
		if before[i], err = processor(pid); err != nil {
			return 0, 0, 0, err
		}
	}
	frames, bytes, err := tty.look(ctx, watched)
	if err != nil {
		return 0, 0, 0, err
	}
	for i, pid := range []int{tty.process.Pid, seen.Backend.PID} {
		if after[i], err = processor(pid); err != nil {
			return 0, 0, 0, err
		}
	}
	return after[0] - before[0], after[1] - before[1], bytes / max(frames, 1), nil
}

// share writes what was used of a processor.
func share(used time.Duration) string {
	return fmt.Sprintf("%.2f %%", 100*used.Seconds()/watched.Seconds())
}

// memories measures whether the screen grows while an agent streams whose
// conversation is shown, and as long already as is kept.
func memories(o options) screenPart {
	grows := &row{what: fmt.Sprintf("tui, resident, end of %s of lines", o.stream), rival: "middle of it", goal: 1.1, format: megabytes}
	return screenPart{[]*row{grows}, func(ctx context.Context, _, many *talker, o options) error {
		task, err := many.create(ctx, fmt.Sprintf("stream: %d every 0s\nstream: 100000000 every 5ms", manyLines))
		if err != nil {
			return err
		}
		tty, err := many.open("tui", task)
		if err != nil {
			return err
		}
		defer tty.close()
		if _, err := tty.until(ctx, "of 100000000"); err != nil {
			return err
		}
		third := o.stream / 3
		for end := time.Now().Add(o.stream); time.Now().Before(end); {
			if _, _, err := tty.look(ctx, min(time.Second, third/10)); err != nil {
				return err
			}
			rss := memory(tty.process.Pid, "status", "VmRSS:")
			switch left := time.Until(end); {
			case left < third:
				grows.ours = append(grows.ours, rss)
			case left < 2*third:
				grows.its = append(grows.its, rss)
			}
		}
		return nil
	}}
}
