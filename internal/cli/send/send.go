// Package send is `hf send`.
package send

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/follow"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/prompt"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/upload"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// sender is what the command asks of the daemon.
type sender interface {
	follow.Watcher
	Send(ctx context.Context, task string, in api.SendMessage) (api.Message, error)
	Message(ctx context.Context, task, message string) (api.Message, error)
}

// Options is one parsed call.
type Options struct {
	IO      *iostreams.IOStreams
	Client  func() (sender, error)
	Env     func(context.Context) (api.Env, error)
	Output  *output.Flags
	Prompt  prompt.Source
	Attach  upload.Files
	Task    string
	Wait    bool
	Timeout time.Duration
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{
		IO: f.IO, Client: func() (sender, error) { return f.Client() }, Env: f.Env,
		Prompt: prompt.Source{IO: f.IO, Environ: f.Environ, Message: true},
	}
	cmd := &cobra.Command{
		Use:   "send TASK [MESSAGE...]",
		Short: "Send a message to the agent of a task",
		Long: `Send a message to the agent of a task.

It is durable when the command returns, and says so: accepted (the agent can take
it now), queued (it waits for the turn in progress, or for the agent to start) or
delivered. Anything else is an error. An agent that has ended is started again.

While the agent waits for an answer to a question of its own, the message is that
answer: the value, the number or name of a choice, or, for a form, one line NAME:
VALUE for each value. ` + "`hf deny TASK`" + ` declines the question.

Without a message, or with -, it is read from standard input, or written in
$VISUAL or $EDITOR on a terminal.`,
		Example: `  hf send k3f9 "also update the README"
  git diff | hf send - -
  hf send k3f9 --attach screenshot.png "the button is cut off"
  hf send . --wait "run the tests again"`,
		Args:              args.AtLeast("TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task, opts.Prompt.Args = factory.Task(args[0]), args[1:]
			if opts.Timeout < 0 {
				return exitcode.Usagef("--timeout is negative")
			}
			if opts.Timeout > 0 && !opts.Wait {
				return exitcode.Usagef("--timeout bounds --wait, which is not given")
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVarP(&opts.Prompt.File, "file", "F", "", "read the message from a `file`, - for standard input")
	cmd.Flags().BoolVar(&opts.Wait, "wait", false, "return at the end of its turn and of the check, or when a person is needed")
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "stop waiting after this `duration`")
	complete.Flag(cmd, "timeout", complete.Nothing)
	upload.Add(cmd, &opts.Attach)
	opts.Output = output.Add(cmd, f, api.Message{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	text, err := opts.Prompt.Read(ctx)
	if err != nil {
		return err
	}
	files, err := opts.Attach.Read()
	if err != nil {
		return err
	}
	c, err := opts.Client()
	if err != nil {
		return err
	}
	env, err := opts.Env(ctx)
	if err != nil {
		return err
	}
	m, err := c.Send(ctx, opts.Task, api.SendMessage{Text: text, Attachments: files, Env: env})
	if err != nil {
		return err
	}
	if opts.Wait {
		return opts.wait(ctx, c, m)
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, m)
	}
	if _, err = fmt.Fprintf(opts.IO.Out, "%s  message %s to task %s\n", m.State, m.ID, m.Task); err != nil {
		return err
	}
	return opts.sayWhy(ctx, c, m)
}

// sayWhy tells what a message waits for that only a person can end.
func (o *Options) sayWhy(ctx context.Context, c sender, m api.Message) error {
	if m.State != api.MessageQueued {
		return nil
	}
	d, err := c.Task(ctx, m.Task, false)
	if err != nil || d.Activity != api.ActivityTerminal {
		return nil //nolint:nilerr // the message is stored, which was said
	}
	_, err = fmt.Fprintf(o.IO.Err, "the agent is in its own terminal and gets it when that has ended: hf attach --terminal %s\n", m.Task)
	return err
}

// wait waits until the message's turn, and what follows it, is over.
func (o *Options) wait(ctx context.Context, c sender, m api.Message) error {
	_, _ = fmt.Fprintf(o.IO.Err, "%s  message %s to task %s\n", m.State, m.ID, m.Task) // progress
	limited, cancel := follow.Timeout(ctx, o.Timeout, m.Task)
	defer cancel()
	d, outcome := follow.Until(limited, c, m.Task, follow.Done, follow.Notices(o.IO))
	if ctx.Err() != nil {
		return outcome
	}
	latest, err := c.Message(ctx, m.Task, m.ID)
	if err != nil {
		return err
	}
	switch {
	case o.Output.On():
		err = o.Output.Write(ctx, latest)
	case d.Result != nil && outcome == nil:
		_, err = fmt.Fprintf(o.IO.Out, "%s  %s\n", latest.State, render.Result(d.Result))
	}
	if err != nil {
		return err
	}
	if outcome == nil && latest.State == api.MessageFailed {
		return &api.Error{Code: api.CodeAgent, Message: fmt.Sprintf("message %s failed: %s", latest.ID, latest.Error)}
	}
	return outcome
}
