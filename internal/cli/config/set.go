package config

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// maxValue bounds a value that is read from standard input, in bytes.
const maxValue = 64 << 10

// setOptions is one parsed call of `hf config set` or `unset`.
type setOptions struct {
	io     *iostreams.IOStreams
	ask    asker
	keeper func() (looker, error)
	key    string
	value  string
	unset  bool
}

func newSet(f *factory.Factory, runF func(context.Context, *setOptions) error) *cobra.Command {
	opts := &setOptions{io: f.IO, ask: f.Config, keeper: func() (looker, error) { return f.Launcher(false) }}
	return &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Change one setting",
		Long: `Change one setting in the file, which keeps its comments and order. A value that
cannot be changes nothing. A VALUE of - is read from standard input, which keeps
a secret out of the shell's history.

A list is words between blanks, or a TOML list: '["my agent", "--acp"]'.`,
		Example: `  hf config set agent claude
  hf config set backend.idle_exit 2h
  hf config set agents.claude.env.ANTHROPIC_API_KEY '$ANTHROPIC_API_KEY'
  hf config set agents.mine.command 'my-agent --acp'`,
		Args:              valueArgs,
		ValidArgsFunction: complete.ConfigKeyThenValue(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key, opts.value = args[0], args[1]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runSet(cmd.Context(), opts)
		},
	}
}

// valueArgs wants a key and a value, which may be empty.
func valueArgs(cmd *cobra.Command, argv []string) error {
	if len(argv) == 2 && argv[0] != "" {
		return nil
	}
	return args.Exact("KEY", "VALUE")(cmd, argv)
}

func newUnset(f *factory.Factory, runF func(context.Context, *setOptions) error) *cobra.Command {
	opts := &setOptions{io: f.IO, ask: f.Config, keeper: func() (looker, error) { return f.Launcher(false) }, unset: true}
	return &cobra.Command{
		Use:   "unset KEY",
		Short: "Take a setting out of the file",
		Long:  "Take a setting out of the file, so that the default holds again.",
		Example: `  hf config unset agent
  hf config unset agents.claude.env.ANTHROPIC_API_KEY`,
		Args:              args.Exact("KEY"),
		ValidArgsFunction: keys(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.key = args[0]
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return runSet(cmd.Context(), opts)
		},
	}
}

func runSet(ctx context.Context, opts *setOptions) error {
	in := api.ConfigRequest{Do: api.ConfigSet, Key: opts.key, Value: opts.value}
	switch {
	case opts.unset:
		in.Do = api.ConfigUnset
	case opts.value == "-":
		b, err := io.ReadAll(io.LimitReader(opts.io.In, maxValue+1))
		if err != nil {
			return fmt.Errorf("read the value: %w", err)
		}
		if len(b) > maxValue {
			return exitcode.Usagef("the value is longer than %d bytes", maxValue)
		}
		in.Value = strings.TrimRight(string(b), "\r\n")
	}
	a, err := opts.ask(ctx, in)
	if err != nil {
		return err
	}
	check, err := opts.ask(ctx, api.ConfigRequest{Do: api.ConfigCheck})
	if err != nil {
		return err
	}
	if err := warnings(opts.io, &check.File); err != nil {
		return err
	}
	return tell(ctx, opts.io, opts.keeper, &a)
}
