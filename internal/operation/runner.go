package operation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Tx is what the runner needs of a transaction.
type Tx interface {
	Operation(id string) (*Operation, error)
	PutOperation(op *Operation) error
	LiveOperations() ([]Operation, error)
	Event(kind api.EventKind, workspace, task string, data any) (int64, error)
}

// Store runs fn in a transaction that is durable when Update returns nil.
type Store[T Tx] interface {
	Update(ctx context.Context, fn func(T) error) error
}

// Config is what a Runner works with.
type Config[T Tx] struct {
	Store         Store[T] // required
	Plans         []Plan[T]
	MaxConcurrent int              // operations in progress at a time; 0 = no limit
	Log           *slog.Logger     // nil = none
	Now           func() time.Time // nil = time.Now
}

// Runner carries operations out, each in a goroutine of its own.
type Runner[T Tx] struct {
	cfg   Config[T]
	plans map[string]Plan[T]
	slots chan struct{} // nil = no limit

	mu      sync.Mutex
	ctx     context.Context // of all work; nil before Start
	cancel  context.CancelFunc
	parking context.Context // ends when work shall stop at the next step boundary
	park    context.CancelFunc
	active  map[string]*active
}

// active is an operation that has a goroutine.
type active struct {
	cancel context.CancelCauseFunc
	again  bool // enqueued meanwhile: look at it once more
	done   chan struct{}
}

// errCancelled is the cause of the end of a step whose operation is cancelled.
var errCancelled = &api.Error{Code: api.CodeConflict, Message: "cancelled"}

// New returns a runner that does nothing before Start.
func New[T Tx](cfg Config[T]) *Runner[T] {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Runner[T]{cfg: cfg, plans: make(map[string]Plan[T]), active: make(map[string]*active)}
	for _, p := range cfg.Plans {
		r.plans[p.Kind] = p
	}
	if cfg.MaxConcurrent > 0 {
		r.slots = make(chan struct{}, cfg.MaxConcurrent)
	}
	return r
}

// Start resumes every live operation and lets Enqueue begin more. The end of
// ctx is that of all work: the steps in progress are cancelled and stay
// started, to be resumed by the next Start.
func (r *Runner[T]) Start(ctx context.Context) error {
	r.mu.Lock()
	r.ctx, r.cancel = context.WithCancel(ctx)
	r.mu.Unlock()
	return r.Resume(ctx)
}

// Resume undoes a Park: it goes on with every live operation.
func (r *Runner[T]) Resume(ctx context.Context) error {
	r.mu.Lock()
	if r.ctx == nil {
		r.mu.Unlock()
		return errors.New("resume operations: not started")
	}
	r.parking, r.park = context.WithCancel(r.ctx)
	r.mu.Unlock()

	var live []Operation
	err := r.cfg.Store.Update(ctx, func(tx T) (err error) {
		live, err = tx.LiveOperations()
		return err
	})
	if err != nil {
		return fmt.Errorf("resume operations: %w", err)
	}
	for _, op := range live {
		r.Enqueue(op.ID)
	}
	return nil
}

// Enqueue begins an operation that the caller has stored as pending. Before
// Start, and once the runner is parked or closed, it does nothing: the next
// Start or Resume finds the operation. Enqueueing one again is harmless.
func (r *Runner[T]) Enqueue(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil || r.parking.Err() != nil {
		return
	}
	if a, ok := r.active[id]; ok {
		a.again = true // it may be about to leave
		return
	}
	ctx, cancel := context.WithCancelCause(r.ctx)
	a := &active{cancel: cancel, done: make(chan struct{})}
	r.active[id] = a
	go r.work(ctx, id, a)
}

func (r *Runner[T]) work(ctx context.Context, id string, a *active) {
	defer close(a.done)
	defer a.cancel(nil)
	for {
		r.mu.Lock()
		parking := r.parking
		r.mu.Unlock()
		r.execute(ctx, parking, id)

		r.mu.Lock()
		if !a.again || ctx.Err() != nil {
			delete(r.active, id)
			r.mu.Unlock()
			return
		}
		a.again = false
		r.mu.Unlock()
	}
}

// Park stops all work at the next step boundary, telling steps that wait by
// Run.Parking, and returns when it has stopped or ctx ends.
func (r *Runner[T]) Park(ctx context.Context) error {
	r.mu.Lock()
	if r.park != nil {
		r.park()
	}
	waiting := slices.Collect(maps.Values(r.active))
	r.mu.Unlock()
	for _, a := range waiting {
		select {
		case <-a.done:
		case <-ctx.Done():
			return fmt.Errorf("park operations: %w", context.Cause(ctx))
		}
	}
	return nil
}

// Close cancels the steps in progress, which stay started, and waits for them.
func (r *Runner[T]) Close() {
	r.mu.Lock()
	if r.cancel != nil {
		r.cancel() // and with it the context of parking
	}
	waiting := slices.Collect(maps.Values(r.active))
	r.mu.Unlock()
	for _, a := range waiting {
		<-a.done
	}
}

// Cancel ends a live operation as failed: its step in progress is cancelled
// and awaited. It is not an error when the operation has ended by itself.
func (r *Runner[T]) Cancel(ctx context.Context, id string) error {
	r.mu.Lock()
	a := r.active[id]
	r.mu.Unlock()
	if a != nil {
		a.cancel(errCancelled)
		select {
		case <-a.done:
		case <-ctx.Done():
			return fmt.Errorf("cancel operation %s: %w", id, context.Cause(ctx))
		}
	}
	err := r.cfg.Store.Update(ctx, func(tx T) error {
		op, err := tx.Operation(id)
		if err != nil || !op.live() {
			return err
		}
		return r.fail(tx, op, op.started(), errCancelled, "")
	})
	if err != nil {
		return fmt.Errorf("cancel operation %s: %w", id, err)
	}
	return nil
}

// Retry makes a failed or halted operation pending again, from the step that
// failed, in the caller's transaction. The caller enqueues it afterwards.
func (r *Runner[T]) Retry(_ context.Context, tx T, id string) (*Operation, error) {
	op, err := tx.Operation(id)
	if err != nil {
		return nil, err
	}
	if op.State != api.OperationFailed && op.State != api.OperationHalted {
		return nil, &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("operation %s is %s: only one that failed can be retried", id, op.State)}
	}
	Reset(op, r.cfg.Now())
	return op, r.put(tx, op, nil)
}

// Reset makes a failed or halted operation pending again, from the step that
// failed. It changes op only; the caller stores it.
func Reset(op *Operation, now time.Time) {
	op.State, op.Error, op.UpdatedAt = api.OperationPending, nil, now
	for i := range op.Steps {
		if s := &op.Steps[i]; s.State != api.StepDone {
			*s = Step{Name: s.Name, State: api.StepPending, Limit: s.Limit}
		}
	}
}

// live reports whether the operation is yet to end.
func (op *Operation) live() bool {
	return op.State == api.OperationPending || op.State == api.OperationRunning
}

// started returns the index of the step that was begun and not ended, or -1.
func (op *Operation) started() int {
	return slices.IndexFunc(op.Steps, func(s Step) bool { return s.State == api.StepStarted })
}

// Busy reports whether an operation is in progress.
func (r *Runner[T]) Busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.active) > 0
}
