// Package attach is `hf attach`: a conversation with the agent of a task in a
// terminal, or line by line away from one; or the agent's own terminal.
package attach

import (
	"context"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
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
	Opener func() (opener, error)
	Task   string

	Terminal  bool
	DetachKey string // "" = as configured
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (talker, error) { return f.Client() }, Opener: func() (opener, error) { return f.Client() }, Env: f.Env}
	cmd := &cobra.Command{
		Use:   "attach TASK",
		Short: "Talk to the agent of a task",
		Long: `Talk to the agent of a task. What was said so far is shown, then what is said as it
is said. What you type is sent as a message. When the agent asks for a permission,
a allows it, A always, d denies it, and a number gives that answer.

Ctrl-C interrupts the turn, after asking. Ctrl-D detaches: the task goes on.

Away from a terminal every line of standard input is a message, or one of
/approve [REQUEST], /deny [REQUEST], /interrupt and /detach. At its end hf waits for
the turns that follow from them, and its exit code says how they went.

--terminal leads to the agent's own terminal instead: its program as its makers
drew it, in the same conversation where it can take that up. Ctrl-Q (detach_key in
the configuration) leaves it; it goes on, also when hfd or your terminal ends, until
you end the program. One terminal is attached at a time: whoever comes last, and its
size counts. An agent is never in two places: hf ends the one it talks to first,
which is refused in the middle of a turn, and messages wait in the outbox until the
program has ended. What it does there hf does not know: the task is running, and
asks nobody for permission through hf.`,
		Example: `  hf attach k3f9
  hf attach --terminal k3f9
  echo "run the tests again" | hf attach k3f9`,
		Args:              args.Exact("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = factory.Task(args[0])
			if opts.DetachKey != "" && !opts.Terminal {
				return exitcode.Usagef("--detach-key is for --terminal, which is not given")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			if opts.Terminal {
				return ownTerminal(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Terminal, "terminal", false, "the agent's own terminal instead of the conversation")
	cmd.Flags().StringVar(&opts.DetachKey, "detach-key", "", "the `key` that leaves the agent's own terminal, such as ctrl+]")
	complete.Flag(cmd, "detach-key", complete.Nothing)
	return cmd
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
