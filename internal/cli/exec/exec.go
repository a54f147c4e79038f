// Package exec is `hf exec`.
package exec

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// commander is what the command asks of the daemon.
type commander interface {
	Command(ctx context.Context, task string, in api.CommandRequest) (api.Command, error)
}

// Options is one parsed call.
type Options struct {
	IO      *iostreams.IOStreams
	Client  func() (commander, error)
	Env     func(context.Context) (api.Env, error)
	Replace func(c api.Command) error // turns this process into the command
	Task    string
	Argv    []string
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (commander, error) { return f.Client() }, Env: f.Env, Replace: Become}
	cmd := &cobra.Command{
		Use:   "exec TASK -- COMMAND [ARG...]",
		Short: "Run a command in a task's sandbox",
		Long: `Run a command in the sandbox of a task, with the variables its agent has. hf turns
into the command: the terminal, the signals and the exit code are its own.`,
		Example: `  hf exec k3f9 -- go test ./...
  hf exec . -- sh`,
		Args:              args.AtLeast("TASK", "COMMAND"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task, opts.Argv = factory.Task(args[0]), args[1:]
			if len(opts.Argv) > 1 && opts.Argv[0] == "--" {
				opts.Argv = opts.Argv[1:]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().SetInterspersed(false) // what follows the task is the command's
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	env, err := opts.Env(ctx)
	if err != nil {
		return err
	}
	command, err := c.Command(ctx, opts.Task, api.CommandRequest{Argv: opts.Argv, Env: env, TTY: opts.IO.InTTY() && opts.IO.OutTTY()})
	if err != nil {
		return err
	}
	return opts.Replace(command)
}

// Become turns this process into a command. It returns only an error.
func Become(c api.Command) error {
	if err := os.Chdir(c.Dir); err != nil {
		return fmt.Errorf("enter the sandbox: %w", err)
	}
	err := xec.Replace(c.Argv, c.Env)
	if xec.IsNotFound(err) {
		return &api.Error{Code: api.CodeNotFound, Message: fmt.Sprintf("there is no program %q in the sandbox", c.Argv[0])}
	}
	return err
}
