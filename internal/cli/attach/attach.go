// Package attach is `hf attach`: a conversation with the agent of a task in a
// terminal, or line by line away from one.
package attach

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// talker is what the command asks of the daemon.
type talker interface {
	follow.Watcher
	Transcript(ctx context.Context, task, after string, live bool) iter.Seq2[api.Entry, error]
	Send(ctx context.Context, task string, in api.SendMessage) (api.Message, error)
	Resolve(ctx context.Context, task, permission string, in api.ResolvePermission) (api.PermissionRequest, error)
	Interrupt(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (talker, error)
	Env    func(context.Context) (api.Env, error)
	Task   string
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (talker, error) { return f.Client() }, Env: f.Env}
	return &cobra.Command{
		Use:   "attach TASK",
		Short: "Talk to the agent of a task",
		Long: `Talk to the agent of a task. What was said so far is shown, then what is said as it
is said. What you type is sent as a message. When the agent asks for a permission,
a allows it, A always, d denies it, and a number gives that answer.

Ctrl-C interrupts the turn, after asking. Ctrl-D detaches: the task goes on.

Away from a terminal every line of standard input is a message, or one of
/approve [REQUEST], /deny [REQUEST], /interrupt and /detach. At its end hf waits for
the turns that follow from them, and its exit code says how they went.`,
		Example: `  hf attach k3f9
  echo "run the tests again" | hf attach k3f9`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
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
	d, err := c.Task(ctx, opts.Task, false)
	if err != nil {
		return err
	}
	if gone(&d.Task) {
		return &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("task %s is %s: it has no agent to talk to", d.ID, render.Status(&d.Task)),
			Hint: fmt.Sprintf("`hf logs %[1]s` shows what was said, `hf restore %[1]s` brings the task back", d.ID),
		}
	}
	var s screen
	if opts.IO.InTTY() && opts.IO.CanDraw() && !opts.IO.NoInput {
		if s, err = newTerminal(opts.IO); err != nil {
			return err
		}
	} else {
		s = newPlain(opts.IO)
	}
	defer s.close()
	return newConversation(c, s, opts, d.Task).run(ctx)
}
