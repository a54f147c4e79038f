package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// progressPause is the least time between two stored progress details.
const progressPause = 200 * time.Millisecond

// ErrParked is what a step returns that stopped because of Run.Parking. It is
// run again when the runner goes on, in this process or the next. A step with
// Resume Halt may return it only while its effect has not begun.
var ErrParked = errors.New("parked")

// WithLog returns err with the tail of the output that explains it, which is
// stored with the failed step.
func WithLog(err error, log string) error {
	if err == nil {
		return nil
	}
	return &logged{err: err, log: log}
}

type logged struct {
	err error
	log string
}

func (l *logged) Error() string { return l.err.Error() }
func (l *logged) Unwrap() error { return l.err }

// Run is what a step sees of the operation it belongs to. Its methods may be
// called from any goroutine until the step returns; later calls do nothing.
type Run struct {
	Op *Operation // as it was when the step began; read-only

	parking context.Context
	store   func(detail, log string)
	storing sync.Mutex // held while store runs

	mu      sync.Mutex
	ended   bool
	detail  string
	stored  time.Time   // when detail and log were last stored
	pending *time.Timer // will store them
	result  json.RawMessage
	err     error // of the result
	log     string
}

func newRun(parking context.Context, op *Operation, store func(detail, log string)) *Run {
	seen := *op
	seen.Steps = slices.Clone(op.Steps)
	return &Run{Op: &seen, parking: parking, store: store}
}

// Done reads the result of an earlier step into v, a pointer. It reports
// whether the step is done and had a result.
func (r *Run) Done(step string, v any) bool {
	for _, s := range r.Op.Steps {
		if s.Name == step && s.State == api.StepDone && len(s.Result) > 0 {
			return json.Unmarshal(s.Result, v) == nil
		}
	}
	return false
}

// SetResult keeps v as JSON for later steps. It is stored if the step succeeds.
func (r *Run) SetResult(v any) {
	b, err := json.Marshal(v)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.result, r.err = b, nil
	if err != nil {
		r.err = fmt.Errorf("encode the result: %w", err)
	}
}

// Progress says what the step is at. It returns at once; the newest detail is
// stored and announced, at most five times a second.
func (r *Run) Progress(detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || detail == r.detail {
		return
	}
	r.detail = detail
	r.changed()
}

// changed sees to it that detail and log are stored. r.mu is held.
func (r *Run) changed() {
	if r.pending == nil {
		r.pending = time.AfterFunc(max(0, progressPause-time.Since(r.stored)), r.flush)
	}
}

func (r *Run) flush() {
	r.storing.Lock()
	defer r.storing.Unlock()
	r.mu.Lock()
	detail, log, ended := r.detail, r.log, r.ended
	r.pending, r.stored = nil, time.Now()
	r.mu.Unlock()
	if !ended {
		r.store(detail, log)
	}
}

// Log keeps the tail of the step's output, which is stored as a detail is. In
// the place of it a failed step has the log of its error, if there is one.
func (r *Run) Log(tail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended || tail == r.log {
		return
	}
	r.log = tail
	r.changed()
}

// Logged is the log so far.
func (r *Run) Logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log
}

// Parking is closed when the step should stop waiting and return ErrParked.
func (r *Run) Parking() <-chan struct{} { return r.parking.Done() }

// Parkable returns a context that also ends when the runner is parked, with
// ErrParked as its cause.
func (r *Run) Parkable(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(r.parking, func() { cancel(ErrParked) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// end stops the progress and returns what was last said. After it, store is
// not called any more.
func (r *Run) end() (detail, log string) {
	r.mu.Lock()
	r.ended = true
	if r.pending != nil {
		r.pending.Stop()
	}
	detail, log = r.detail, r.log
	r.mu.Unlock()
	r.storing.Lock() // waits for a store in progress
	defer r.storing.Unlock()
	return detail, log
}
