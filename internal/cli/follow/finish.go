package follow

import (
	"context"
	"errors"
	"fmt"

	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// Finish ends a command whose request was accepted: it follows the operation to
// its end, or does not with noWait, and prints the task as it then is. That the
// operation failed is its error.
func Finish(ctx context.Context, c Watcher, streams *iostreams.IOStreams, out *output.Flags, a api.Accepted, noWait bool) error {
	if noWait {
		return printTask(ctx, streams, out, &a.Task)
	}
	op, err := Operation(ctx, c, streams, a)
	if err != nil {
		return err
	}
	d, err := c.Task(ctx, a.Task.ID, false)
	if err != nil {
		return err
	}
	return errors.Join(printTask(ctx, streams, out, &d.Task), Failed(a.Task.ID, &op))
}

func printTask(ctx context.Context, streams *iostreams.IOStreams, out *output.Flags, t *api.Task) error {
	if out.On() {
		return out.Write(ctx, t)
	}
	_, err := fmt.Fprintf(streams.Out, "%s  %s\n", t.ID, render.Status(t))
	return err
}
