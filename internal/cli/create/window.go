package create

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/tmux"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// windowOf returns what opens a tmux window that is attached to a task, nil
// outside of tmux.
func windowOf(f *factory.Factory) func(context.Context, *api.Task) error {
	if !tmux.Inside(f.Environ) {
		return nil
	}
	return func(ctx context.Context, t *api.Task) error {
		hf, err := factory.Self()
		if err != nil {
			return err
		}
		return tmux.Open(ctx, f.Environ, t.Title, []string{hf, "attach", "-w", t.Workspace, t.ID})
	}
}

// openWindow opens a window for a new task where the configuration wants one.
// The task is there and goes on: what fails here is told and no more.
func (o *Options) openWindow(ctx context.Context, c creator, t *api.Task) {
	if o.Window == nil || o.NoWindow {
		return
	}
	p, err := c.Preferences(ctx)
	if err == nil && p.TmuxWindow {
		err = o.Window(ctx, t)
	}
	if err != nil {
		_, _ = fmt.Fprintf(o.IO.Err, "hf: no tmux window for the task: %s\n", sanitize.Line(err.Error()))
	}
}
