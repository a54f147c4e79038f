package follow

import (
	"context"
	"errors"

	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// Each asks the same of several tasks, one after another, and ends each as
// Finish does. All names are looked up first, so that a wrong one changes
// nothing; that something went wrong with one task does not keep it from the
// next.
func Each(ctx context.Context, c Watcher, streams *iostreams.IOStreams, out *output.Flags, tasks []string, noWait bool,
	ask func(id string) (api.Accepted, error),
) error {
	ids := make([]string, len(tasks))
	for i, task := range tasks {
		d, err := c.Task(ctx, task, false)
		if err != nil {
			return err
		}
		ids[i] = d.ID
	}
	var errs []error
	for _, id := range ids {
		a, err := ask(id)
		if err == nil {
			err = Finish(ctx, c, streams, out, a, noWait)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
