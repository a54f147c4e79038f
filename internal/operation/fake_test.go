package operation

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hf-dev/hf/pkg/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a store that rolls back, for tests of time; the tests of crashes
// use the real one.
type memory struct {
	mu     sync.Mutex
	ops    []Operation
	events []api.Event
	fail   func() error // asked before each commit
}

type memoryTx struct{ *memory }

func (m *memory) Update(ctx context.Context, fn func(memoryTx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	ops, events := cloneAll(m.ops), slices.Clone(m.events)
	err := fn(memoryTx{m})
	if err == nil && m.fail != nil {
		err = m.fail()
	}
	if err != nil {
		m.ops, m.events = ops, events
	}
	return err
}

func cloneAll(ops []Operation) []Operation {
	ops = slices.Clone(ops)
	for i := range ops {
		ops[i].Steps = slices.Clone(ops[i].Steps)
	}
	return ops
}

func (tx memoryTx) Operation(id string) (*Operation, error) {
	for _, op := range cloneAll(tx.ops) {
		if op.ID == id {
			return &op, nil
		}
	}
	return nil, &api.Error{Code: api.CodeNotFound, Message: "no operation " + id}
}

func (tx memoryTx) PutOperation(op *Operation) error {
	stored := cloneAll([]Operation{*op})[0]
	for i := range tx.ops {
		if tx.ops[i].ID == op.ID {
			tx.ops[i] = stored
			return nil
		}
	}
	tx.ops = append(tx.ops, stored)
	return nil
}

func (tx memoryTx) LiveOperations() ([]Operation, error) {
	return slices.DeleteFunc(cloneAll(tx.ops), func(op Operation) bool { return !op.live() }), nil
}

func (tx memoryTx) Event(kind api.EventKind, workspace, task string, data any) (int64, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return 0, err
	}
	seq := int64(len(tx.events) + 1)
	tx.events = append(tx.events, api.Event{Seq: seq, Time: time.Now(), Kind: kind, Workspace: workspace, Task: task, Data: b})
	return seq, nil
}

// get returns the operation as it is stored.
func (m *memory) get(t *testing.T, id string) *Operation {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	op, err := memoryTx{m}.Operation(id)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// kinds returns the events stored so far, with the step where there is one.
func (m *memory) kinds(t *testing.T) []string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, e := range m.events {
		var data api.StepEvent
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatalf("event %s: %v in %s", e.Kind, err, e.Data)
		}
		name := string(e.Kind)
		if data.Step != "" {
			name += " " + data.Step
		}
		out = append(out, name)
	}
	return out
}

// insert stores a pending operation of kind "test".
func (m *memory) insert(t *testing.T, id string) {
	t.Helper()
	err := m.Update(t.Context(), func(tx memoryTx) error {
		return tx.PutOperation(&Operation{ID: id, Task: "task-" + id, Workspace: "default", Kind: "test", State: api.OperationPending})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// start returns a started runner of one plan, and closes it with the test.
func start(t *testing.T, m *memory, steps ...Definition) *Runner[memoryTx] {
	t.Helper()
	r := New(Config[memoryTx]{Store: m, Plans: []Plan[memoryTx]{{Kind: "test", Steps: steps}}})
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// run carries out one operation to its end.
func run(t *testing.T, m *memory, r *Runner[memoryTx], id string) *Operation {
	t.Helper()
	r.Enqueue(id)
	settle(r)
	return m.get(t, id)
}

// settle waits until nothing is at work.
func settle[T Tx](r *Runner[T]) {
	for {
		r.mu.Lock()
		var a *active
		for _, a = range r.active {
			break
		}
		r.mu.Unlock()
		if a == nil {
			return
		}
		<-a.done
	}
}
