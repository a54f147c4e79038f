package pr

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/pkg/api"
)

func newStatus(f *factory.Factory) *cobra.Command {
	o := newOptions(f)
	cmd := &cobra.Command{
		Use:   "status [TASK]",
		Short: "Show how a task's pull request stands",
		Long: `Show how a task's pull request stands: its checks with the names of those that
failed, its reviews, and whether it can be merged. Where the forge cannot be
asked, what hfd saw last is shown, and it says so.`,
		Example: `  hf pr status k3f9
  hf pr status --jq .review`,
	}
	o.output = output.Add(cmd, f, api.PullRequest{})
	return forTask(cmd, f, &o, func(ctx context.Context) error { return o.status(ctx) })
}

func (o *options) status(ctx context.Context) error {
	c, err := o.client()
	if err != nil {
		return err
	}
	p, err := o.look(ctx, c)
	if err != nil {
		return err
	}
	if o.output.On() {
		return o.output.Write(ctx, p)
	}
	width := 0
	if o.io.OutTTY() {
		width = o.io.Width()
	}
	st := o.io.OutStyle()
	_, err = fmt.Fprintf(o.io.Out, "%s\n%s", st.Bold(fmt.Sprintf("#%d", p.Number)), render.PullFields(width, st, o.now(), &p))
	return err
}
