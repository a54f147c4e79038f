package backend

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// inspector says what hfd is doing.
type inspector interface {
	Inspect(ctx context.Context) (api.Inspect, error)
}

// inspectOptions is one parsed call of `hf backend inspect`.
type inspectOptions struct {
	io     *iostreams.IOStreams
	client func() (inspector, error)
	output *output.Flags
}

func newInspect(f *factory.Factory, runF func(context.Context, *inspectOptions) error) *cobra.Command {
	opts := &inspectOptions{io: f.IO, client: func() (inspector, error) { return f.Client() }}
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Print what hfd is doing now, as JSON",
		Long:  "Print what hfd is doing now, as JSON: operations, sessions, pollers, requests\nand goroutines.",
		Example: `  hf backend inspect
  hf backend inspect --jq '.sessions[] | .task'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runInspect(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.Inspect{})
	return cmd
}

func runInspect(ctx context.Context, opts *inspectOptions) error {
	c, err := opts.client()
	if err != nil {
		return err
	}
	in, err := c.Inspect(ctx)
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, in)
	}
	b, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, b, "", "  "); err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	pretty.WriteByte('\n')
	_, err = opts.io.Out.Write(sanitize.JSON(pretty.Bytes()))
	return err
}
