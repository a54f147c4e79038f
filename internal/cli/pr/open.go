package pr

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/factory"
)

func newOpen(f *factory.Factory) *cobra.Command {
	o := newOptions(f)
	cmd := &cobra.Command{
		Use:   "open [TASK]",
		Short: "Open a task's pull request in a browser",
		Long: `Open a task's pull request in a browser: that of the variable BROWSER, or the
system's. Its address is printed, too; without a display that is all.`,
		Example: `  hf pr open k3f9
  BROWSER=w3m hf pr open`,
	}
	return forTask(cmd, f, &o, func(ctx context.Context) error { return o.open(ctx) })
}

func (o *options) open(ctx context.Context) error {
	c, err := o.client()
	if err != nil {
		return err
	}
	p, err := c.PullRequest(ctx, o.task)
	if err != nil {
		return err
	}
	return o.show(p.URL)
}
