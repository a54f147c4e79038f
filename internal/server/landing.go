package server

import (
	"context"
	"encoding/json"

	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Landings bring the work of tasks to where it belongs.
type Landings interface {
	StartPush(ctx context.Context, request, task string, in api.PushTask) (task.Receipt, error)
	StartSync(ctx context.Context, request, task string, in api.SyncTask) (task.Receipt, error)
	StartFix(ctx context.Context, request, task string, in api.FixTask) (task.Receipt, error)
	StartMerge(ctx context.Context, request, task string, in api.MergeTask) (task.Receipt, error)
}

// landing makes an endpoint of a request about one task's branch.
func landing[In any](s *server, do func(ctx context.Context, request, task string, in In) (task.Receipt, error)) func(*request) (api.Accepted, error) {
	return func(r *request) (api.Accepted, error) {
		in, err := body[In](r)
		if err != nil {
			return api.Accepted{}, err
		}
		id, err := r.task()
		if err != nil {
			return api.Accepted{}, err
		}
		receipt, err := do(r.Context(), r.id, id, in)
		return s.view.accepted(&receipt), err
	}
}

// fixed is what came of a fix.
func fixed(op *operation.Operation) *api.Fixed {
	if op.Kind != change.KindFix {
		return nil
	}
	for _, step := range op.Steps {
		var out api.Fixed
		if step.Name == change.StepSend && step.State == api.StepDone && len(step.Result) > 0 && json.Unmarshal(step.Result, &out) == nil {
			out.Schema = api.Schema
			return &out
		}
	}
	return nil
}
