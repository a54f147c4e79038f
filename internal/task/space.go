package task

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

// RetryFull goes on with what a full disk stopped. It is called when there is
// space again.
func (s *Service) RetryFull(ctx context.Context) error {
	var stopped []string
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		tasks, err := tx.Tasks(Filter{})
		if err != nil {
			return err
		}
		for i := range tasks {
			op, err := tx.LastOperation(tasks[i].ID)
			if err != nil {
				return err
			}
			if op != nil && op.State == api.OperationFailed && op.Error != nil && op.Error.Code == api.CodeDiskFull {
				stopped = append(stopped, op.Task)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range stopped {
		_, err := s.Retry(ctx, "", id, api.TaskAction{})
		if err != nil && !api.IsCode(err, api.CodeConflict) { // somebody was first
			return err
		}
	}
	return nil
}
