package store

import (
	"fmt"

	"github.com/hf-dev/hf/internal/change"
)

var stackActionTable = newTable("stack_actions", []string{"operation"}, "", func(a *change.Action) []column {
	return []column{
		{"operation", &a.Operation},
		{"repo", &a.Repo},
		{"kind", &a.Kind},
		{"state", &a.State},
		{"snapshot", jsonOf(&a.Progress)},
		{"report", jsonOf(&a.Report)},
		{"created_at", micros{&a.CreatedAt}},
		{"updated_at", micros{&a.UpdatedAt}},
	}
}, nil)

// StackAction returns what is stored of an action on a stack, by its operation.
func (tx *Tx) StackAction(operation string) (*change.Action, error) {
	return stackActionTable.find(tx, "action on a stack", operation, `WHERE operation = ?`, operation)
}

// StackActions returns the newest actions on the stacks of a repo, or of all
// for "", that are in one of some states, nil for any. The newest comes first.
func (tx *Tx) StackActions(repo string, states []change.ActionState) ([]change.Action, error) {
	list, err := stackActionTable.all(tx, `WHERE (?1 = '' OR repo = ?1) AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2)))
		ORDER BY n DESC LIMIT 100`, repo, jsonOf(&states))
	if err != nil {
		return nil, fmt.Errorf("list actions on stacks: %w", err)
	}
	return list, nil
}

// PutStackAction inserts what is stored of an action on a stack, or replaces
// it, and sets its UpdatedAt.
func (tx *Tx) PutStackAction(a *change.Action) error {
	a.UpdatedAt = tx.time()
	if _, err := stackActionTable.put(tx, a); err != nil {
		return fmt.Errorf("write action %q on a stack: %w", a.Operation, err)
	}
	return nil
}
