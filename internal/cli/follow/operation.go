// Package follow shows how hfd's work goes on while a command waits for it.
package follow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Eventer gives events.
type Eventer interface {
	Events(ctx context.Context, f client.EventFilter) iter.Seq2[api.Event, error]
}

// tick is how often the elapsed time of a step is drawn anew.
const tick = 200 * time.Millisecond

// Operation follows an accepted operation to its end and shows its steps on
// the error stream: on a terminal one live line for the step in progress, else
// a line for each step that ended. It returns the operation as it ended; that
// it failed is in its Error, and is not an error here.
func Operation(ctx context.Context, c Eventer, streams *iostreams.IOStreams, a api.Accepted) (api.Operation, error) {
	if a.Operation == nil {
		return api.Operation{}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newSteps(streams, a.Operation)
	defer s.clear()
	filter := client.EventFilter{After: a.Seq, Task: a.Task.ID}
	if a.Operation.Repo != "" {
		filter.Task = "" // its steps are no task's
	}
	events := Pump(ctx, c.Events(ctx, filter))
	redraw := time.NewTicker(tick)
	defer redraw.Stop()
	for {
		select {
		case <-redraw.C:
			s.draw(time.Now())
		case next, ok := <-events:
			if !ok {
				return api.Operation{}, context.Cause(ctx)
			}
			if next.Err != nil {
				return api.Operation{}, next.Err
			}
			op, done, err := s.event(next.Value)
			if done || err != nil {
				return op, err
			}
		}
	}
}

// Received is a value of a stream, or the error that ended it.
type Received[T any] struct {
	Value T
	Err   error
}

// Pump reads a stream in a goroutine of its own, which ends with ctx or with
// the stream. Its channel is closed then.
func Pump[T any](ctx context.Context, stream iter.Seq2[T, error]) <-chan Received[T] {
	ch := make(chan Received[T])
	go func() {
		defer close(ch)
		for v, err := range stream {
			select {
			case ch <- Received[T]{v, err}:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ch
}

// steps shows the steps of one operation.
type steps struct {
	w      io.Writer
	st     iostreams.Style
	live   bool // there is a terminal to draw on
	width  int
	id     string
	limits map[string]time.Duration

	name, detail string // of the step in progress
	since        time.Time
	drawn        bool
	frame        int
}

func newSteps(streams *iostreams.IOStreams, op *api.Operation) *steps {
	s := &steps{
		w: streams.Err, st: streams.ErrStyle(), live: streams.ErrCanDraw(), width: streams.Width(),
		id: op.ID, limits: map[string]time.Duration{},
	}
	for _, step := range op.Steps {
		s.limits[step.Name] = time.Duration(step.LimitMS) * time.Millisecond
	}
	return s
}

// event takes one event and reports whether the operation has ended.
func (s *steps) event(e api.Event) (api.Operation, bool, error) {
	switch e.Kind { //nolint:exhaustive // the other kinds say nothing about an operation
	case api.EventStepStarted, api.EventStepProgress, api.EventStepDone, api.EventStepFailed:
		var step api.StepEvent
		if err := json.Unmarshal(e.Data, &step); err != nil {
			return api.Operation{}, false, fmt.Errorf("read event %d: %w", e.Seq, err)
		}
		if step.Operation == s.id {
			s.step(e, step)
		}
	case api.EventOperationDone, api.EventOperationFailed:
		var op api.Operation
		if err := json.Unmarshal(e.Data, &op); err != nil {
			return op, false, fmt.Errorf("read event %d: %w", e.Seq, err)
		}
		return op, op.ID == s.id, nil
	}
	return api.Operation{}, false, nil
}

func (s *steps) step(e api.Event, step api.StepEvent) {
	if step.Step != s.name {
		s.name, s.since = step.Step, e.Time
	}
	s.detail = sanitize.Line(step.Detail)
	elapsed := render.Elapsed(max(0, e.Time.Sub(s.since)))
	switch e.Kind { //nolint:exhaustive // only steps get here
	case api.EventStepStarted, api.EventStepProgress:
		s.draw(e.Time)
		return
	case api.EventStepDone:
		s.ended(s.st.Green("✓"), s.name, s.detail, elapsed)
	case api.EventStepFailed:
		s.ended(s.st.Red("✗"), s.name, s.detail, elapsed)
		s.print(s.st.Dim(render.Indent("    ", sanitize.Text(step.Log))))
	}
	s.name = ""
}

func (s *steps) ended(mark, name, detail, elapsed string) {
	s.clear()
	line := mark + " " + name
	if detail != "" {
		line += "  " + s.st.Dim(detail)
	}
	s.print(line + s.st.Dim("  "+elapsed) + "\n")
}

// draw shows the step in progress, on a terminal.
func (s *steps) draw(now time.Time) {
	if !s.live || s.name == "" {
		return
	}
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	s.frame = (s.frame + 1) % len(frames)
	elapsed := max(0, now.Sub(s.since)).Truncate(100 * time.Millisecond)
	line := fmt.Sprintf("%c %s  %s", frames[s.frame], s.name, elapsed)
	if limit := s.limits[s.name]; limit > 0 {
		line += " of " + limit.String()
	}
	if s.detail != "" {
		line += "  " + s.detail
	}
	line = displaywidth.TruncateString(line, s.width-1, "…")
	s.print("\r\x1b[K" + line)
	s.drawn = true
}

// clear removes the live line.
func (s *steps) clear() {
	if s.drawn {
		s.print("\r\x1b[K")
		s.drawn = false
	}
}

func (s *steps) print(text string) {
	_, _ = io.WriteString(s.w, text) // progress that cannot be shown changes nothing
}
