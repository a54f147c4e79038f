package stack

import (
	"context"
)

// Submit pushes branches and makes or updates their pull requests, one after the
// other. It ends at the first that fails; what came of it is in the last entry.
func (e *Engine) Submit(ctx context.Context, in In, req SubmitRequest) ([]Submitted, error) {
	return nil, unfinished("Submit")
}
