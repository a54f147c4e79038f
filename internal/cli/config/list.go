package config

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// listOptions is one parsed call of `hf config list`.
type listOptions struct {
	io     *iostreams.IOStreams
	ask    asker
	output *output.Flags
	origin bool
	below  string
}

// hidden stands for a secret that was not asked for by its key.
const hidden = "(secret)"

func newList(f *factory.Factory, runF func(context.Context, *listOptions) error) *cobra.Command {
	opts := &listOptions{io: f.IO, ask: f.Config}
	cmd := &cobra.Command{
		Use:     "list [TABLE]",
		Aliases: []string{"ls"},
		Short:   "List the settings",
		Long: `List every setting with its value, those of the file and the defaults. A secret
that the file holds in plain text is not printed; ` + "`hf config get`" + ` prints it.`,
		Example: `  hf config list
  hf config list --origin
  hf config list agents.claude
  hf config list --jq '.[] | select(.origin != "default") | .key'`,
		Args:              args.Range(0, "TABLE"),
		ValidArgsFunction: keys(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.below = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runList(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.origin, "origin", "o", false, "say where each value comes from: default, FILE:LINE or a variable")
	opts.output = output.Add(cmd, f, api.ConfigValue{}, output.Array)
	return cmd
}

func runList(ctx context.Context, opts *listOptions) error {
	a, err := opts.ask(ctx, api.ConfigRequest{Do: api.ConfigList})
	if err != nil {
		return err
	}
	values := []api.ConfigValue{}
	for _, v := range a.Values {
		if opts.below != "" && v.Key != opts.below && !strings.HasPrefix(v.Key, opts.below+".") {
			continue
		}
		if v.Secret {
			v.Value = hidden
		}
		values = append(values, v)
	}
	if len(values) == 0 && opts.below != "" {
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("nothing is set below %q", opts.below), Hint: "`hf config list` shows all there is"}
	}
	if opts.output.On() {
		return opts.output.Write(ctx, values)
	}
	width, st := 0, opts.io.OutStyle()
	if opts.io.OutTTY() {
		width = opts.io.Width()
	}
	head := []string{"KEY", "VALUE"}
	if opts.origin {
		head = append(head, "ORIGIN")
	}
	tb := table.New(width, st.Dim, head...)
	for _, v := range values {
		row := []table.Cell{{Text: v.Key, Style: st.Bold}, {Text: show(v.Value)}}
		if opts.origin {
			row = append(row, table.Cell{Text: v.Origin, Style: st.Dim})
		}
		tb.Cells(row...)
	}
	return tb.Render(opts.io.Out)
}
