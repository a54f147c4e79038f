package config

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// getOptions is one parsed call of `hf config get`.
type getOptions struct {
	io     *iostreams.IOStreams
	ask    asker
	output *output.Flags
	key    string
}

func newGet(f *factory.Factory, runF func(context.Context, *getOptions) error) *cobra.Command {
	opts := &getOptions{io: f.IO, ask: f.Config}
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Print one setting",
		Long: `Print the value that holds for one key: the file's, or the default. A list is
printed as JSON.`,
		Example: `  hf config get agent
  hf config get agents.claude.permission
  hf config get backend.idle_exit --jq .origin`,
		Args:              args.Exact("KEY"),
		ValidArgsFunction: keys(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runGet(cmd.Context(), opts)
		},
	}
	opts.output = output.Add(cmd, f, api.ConfigValue{})
	return cmd
}

func runGet(ctx context.Context, opts *getOptions) error {
	a, err := opts.ask(ctx, api.ConfigRequest{Do: api.ConfigGet, Key: opts.key})
	if err != nil {
		return err
	}
	if opts.output.On() {
		return opts.output.Write(ctx, a.Values[0])
	}
	_, err = fmt.Fprintln(opts.io.Out, show(a.Values[0].Value))
	return err
}

func newPath(f *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print where the configuration is",
		Long:  "Print where the configuration is, or would be: HF_CONFIG, or config.toml in\n$XDG_CONFIG_HOME/hf or ~/.config/hf.",
		Example: `  hf config path
  cat "$(hf config path)"`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(*cobra.Command, []string) error {
			paths, err := f.Paths()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(f.IO.Out, paths.Config)
			return err
		},
	}
}
