package hold

import (
	"context"
	"fmt"
	"time"

	"github.com/hf-dev/hf/pkg/api"
)

// stoppedEvery is how often a client that waits for an answer looks whether
// there can be one.
const stoppedEvery = time.Second

// stopped is an error when the holder was stopped, by SIGSTOP or a debugger:
// the kernel takes in what it is sent, and nobody answers. It is neither dead
// nor to be waited for.
func stopped(info Info) error {
	p, err := lookUp(info.PID)
	if err != nil || p.start != info.StartTime || p.state != 'T' && p.state != 't' {
		return nil //nolint:nilerr // one that is not there is found to be gone otherwise
	}
	return &api.Error{
		Code: api.CodeConflict, Message: fmt.Sprintf("the holder of the agent, process %d, is stopped", info.PID),
		Hint: fmt.Sprintf("kill -CONT %d lets it go on.", info.PID),
	}
}

// untilStopped returns a context that ends, with the reason, when the holder
// turns out to be stopped.
func untilStopped(ctx context.Context, info Info) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		tick := time.NewTicker(stoppedEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := stopped(info); err != nil {
					cancel(err)
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}
