// Package shell is `hf shell`.
package shell

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exec"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
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
	Shell   string
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (commander, error) { return f.Client() }, Env: f.Env, Replace: exec.Become}
	return &cobra.Command{
		Use:   "shell TASK",
		Short: "Open a shell in a task's sandbox",
		Long: `Open your shell ($SHELL) in the sandbox of a task, with the variables its agent has.
hf turns into the shell; its end changes nothing for the task.

HF_TASK is the task's id and HF_BRANCH its branch, for your prompt:

  PS1='${HF_TASK:+[$HF_TASK] }\w \$ '`,
		Example: `  hf shell k3f9
  echo "git log --oneline -3" | hf shell -`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
			if opts.Shell = f.Getenv("SHELL"); opts.Shell == "" {
				opts.Shell = "/bin/sh"
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
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
	tty := opts.IO.InTTY() && opts.IO.OutTTY()
	command, err := c.Command(ctx, opts.Task, api.CommandRequest{Argv: []string{opts.Shell}, Env: env, TTY: tty})
	if err != nil {
		return err
	}
	if tty {
		_, err = fmt.Fprintln(opts.IO.Err, opts.IO.ErrStyle().Dim("in the sandbox of the task; `exit` leaves it"))
		if err != nil {
			return err
		}
	}
	return opts.Replace(command)
}
