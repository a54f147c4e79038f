package change

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/task"
)

// quiet waits until nobody works in a task's worktree, and keeps its agent from
// beginning a turn until release is called. With now it does not wait.
func (s *Service) quiet(ctx context.Context, run *operation.Run, t *task.Task, now bool) (release func(), err error) {
	release, err = s.cfg.Sessions.Hold(ctx, t.ID)
	if err != nil || now {
		return release, err
	}
	woken, stop := s.cfg.Store.Watch()
	defer stop()
	for {
		if err := s.cfg.Sessions.CatchUp(ctx, t.ID); err != nil {
			release()
			return nil, err
		}
		var what string
		err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
			what, err = atWork(tx, t.ID)
			return err
		})
		if err == nil && what == "" {
			return release, nil
		}
		if err != nil {
			release()
			return nil, err
		}
		run.Progress(fmt.Sprintf("waits for %s of task %s", what, t.ID))
		select {
		case <-woken:
		case <-run.Parking():
			release()
			return nil, operation.ErrParked
		case <-ctx.Done():
			release()
			return nil, context.Cause(ctx)
		}
	}
}
