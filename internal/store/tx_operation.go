package store

import (
	"fmt"
	"time"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/pkg/api"
)

var operationTable = newTable("operations", []string{"id"}, "", func(o *operation.Operation) []column {
	return []column{
		{"id", &o.ID},
		{"task", orNull{&o.Task}},
		{"repo", orNull{&o.Repo}},
		{"workspace", &o.Workspace},
		{"kind", &o.Kind},
		{"state", &o.State},
		{"error", jsonOf(&o.Error)},
		{"args", rawJSON{&o.Args}},
		{"created_at", micros{&o.CreatedAt}},
		{"updated_at", micros{&o.UpdatedAt}},
	}
}, nil)

// stepRow is a step with its place.
type stepRow struct {
	operation string
	position  int
	limit     int64 // microseconds
	operation.Step
}

var stepTable = newTable("steps", []string{"operation", "name"}, "", func(s *stepRow) []column {
	return []column{
		{"operation", &s.operation},
		{"position", &s.position},
		{"name", &s.Name},
		{"state", &s.State},
		{"detail", &s.Detail},
		{"log", &s.Log},
		{"result", rawJSON{&s.Result}},
		{"started_at", optMicros{&s.StartedAt}},
		{"ended_at", optMicros{&s.EndedAt}},
		{"limit_us", &s.limit},
	}
}, nil)

// Operation returns an operation with its steps.
func (tx *Tx) Operation(id string) (*operation.Operation, error) {
	op, err := operationTable.find(tx, "operation", id, `WHERE id = ?`, id)
	if err != nil {
		return nil, err
	}
	return op, tx.readSteps(op)
}

// PutOperation inserts an operation with its steps, or replaces it, and sets
// its UpdatedAt. A second live one of a task is CodeConflict.
func (tx *Tx) PutOperation(op *operation.Operation) error {
	op.UpdatedAt = tx.time()
	_, err := operationTable.put(tx, op)
	if isUnique(err) {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("another operation on task %q is in progress", op.Task),
			Hint: "wait for it to end",
		}
	}
	if err != nil {
		return fmt.Errorf("write operation %q: %w", op.ID, err)
	}
	for i, step := range op.Steps {
		row := stepRow{operation: op.ID, position: i, limit: step.Limit.Microseconds(), Step: step}
		if _, err := stepTable.put(tx, &row); err != nil {
			return fmt.Errorf("write step %q of operation %q: %w", step.Name, op.ID, err)
		}
	}
	return nil
}

// LiveOperations returns the operations that are yet to end, oldest first.
func (tx *Tx) LiveOperations() ([]operation.Operation, error) {
	return tx.operations(`WHERE state IN ('pending', 'running') ORDER BY n`)
}

// OperationsOf returns the operations of a task, oldest first.
func (tx *Tx) OperationsOf(task string) ([]operation.Operation, error) {
	return tx.operations(`WHERE task = ? ORDER BY n`, task)
}

// LiveOperation returns the operation of a task that is yet to end, or nil
// when there is none.
func (tx *Tx) LiveOperation(task string) (*operation.Operation, error) {
	return tx.operationOf(task, `WHERE task = ? AND state IN ('pending', 'running')`)
}

// LastOperation returns the newest operation of a task, or nil when it never
// had one.
func (tx *Tx) LastOperation(task string) (*operation.Operation, error) {
	return tx.operationOf(task, `WHERE task = ? ORDER BY n DESC`)
}

func (tx *Tx) operationOf(task, condition string) (*operation.Operation, error) {
	ops, err := tx.operations(condition+` LIMIT 1`, task)
	if err != nil || len(ops) == 0 {
		return nil, err
	}
	return &ops[0], nil
}

func (tx *Tx) operations(condition string, args ...any) ([]operation.Operation, error) {
	ops, err := operationTable.all(tx, condition, args...)
	if err != nil {
		return nil, fmt.Errorf("list operations: %w", err)
	}
	for i := range ops {
		if err := tx.readSteps(&ops[i]); err != nil {
			return nil, err
		}
	}
	return ops, nil
}

func (tx *Tx) readSteps(op *operation.Operation) error {
	rows, err := stepTable.all(tx, `WHERE operation = ? ORDER BY position`, op.ID)
	if err != nil {
		return fmt.Errorf("read steps of operation %q: %w", op.ID, err)
	}
	for _, row := range rows {
		row.Step.Limit = time.Duration(row.limit) * time.Microsecond
		op.Steps = append(op.Steps, row.Step)
	}
	return nil
}
