// Package operation runs long pieces of daemon work as named steps, each
// recorded before and after its effect, so that a crash at any point can be
// resumed: a step that was started is probed and run again, or halts the
// operation for a person, as its definition says.
package operation

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// Operation is one stored piece of work, on one task or, where it concerns
// several, on their repo.
type Operation struct {
	ID        string
	Task      string // "" for one on a repo
	Repo      string // the id, for one on a repo
	Workspace string
	Kind      string // names the Plan
	State     api.OperationState
	Error     *api.Error
	Args      json.RawMessage
	Steps     []Step // in the plan's order
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Step is the stored state of one step.
type Step struct {
	Name      string
	State     api.StepState
	Detail    string
	Log       string // tail of its output
	Result    json.RawMessage
	StartedAt *time.Time
	EndedAt   *time.Time
	Limit     time.Duration // 0 = none
}

// Resume says what to do with a step that was started when the daemon died.
type Resume int

// The ways to resume.
const (
	Retry Resume = iota // Run probes first, so running it again is safe
	Halt                // neither probing nor repeating is possible: a person decides
)

// Definition is one step of a plan. Its name is stored: never rename one, give
// a changed plan a new kind instead.
type Definition struct {
	Name   string
	Resume Resume
	Limit  time.Duration // 0 = none; exceeding it fails the step with api.CodeTimeout
	Run    func(ctx context.Context, run *Run) error
}

// Plan is the definition of a kind of operation. T is the transaction type of
// the store.
type Plan[T any] struct {
	Kind  string
	Steps []Definition
	// About names the task that an operation on a repo concerns, "" for none: its
	// events are that task's. Nil: none does.
	About func(op *Operation) string
	// Changed is called in every transaction that changes the operation or a
	// step of it, so that what shows the operation changes with it. step is nil
	// when the operation as a whole changed.
	Changed func(tx T, op *Operation, step *Step) error
}
