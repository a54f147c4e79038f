// Package approve is `hf approve` and `hf deny`, and `hf approvals`, which
// lists what they answer.
package approve

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// resolver is what the commands ask of the daemon.
type resolver interface {
	Permissions(ctx context.Context, task string) ([]api.PermissionRequest, error)
	Resolve(ctx context.Context, task, permission string, in api.ResolvePermission) (api.PermissionRequest, error)
}

// Options is one parsed call.
type Options struct {
	IO      *iostreams.IOStreams
	Client  func() (resolver, error)
	Output  *output.Flags
	Task    string
	Request string // "" = the only open one
	Answer  api.ResolvePermission
}

// NewApprove returns `hf approve`. runF, where not nil, gets the options in its
// place.
func NewApprove(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	return newCmd(f, runF, true, &cobra.Command{
		Use:   "approve TASK [REQUEST]",
		Short: "Allow what an agent asks for",
		Long: `Allow what the agent of a task asks for. REQUEST may be left out when it asks for
one thing only. --always takes the lasting answer, where the agent offers one.`,
		Example: `  hf approve k3f9
  hf approve k3f9 c3f2 --always`,
	})
}

// NewDeny returns `hf deny`. runF, where not nil, gets the options in its place.
func NewDeny(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	return newCmd(f, runF, false, &cobra.Command{
		Use:   "deny TASK [REQUEST]",
		Short: "Refuse what an agent asks for",
		Long: `Refuse what the agent of a task asks for, or decline to answer its question.
REQUEST may be left out when it asks for one thing only. Some agents end their
turn when they are refused.`,
		Example: `  hf deny k3f9
  hf deny k3f9 c3f2`,
	})
}

func newCmd(f *factory.Factory, runF func(context.Context, *Options) error, allow bool, cmd *cobra.Command) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (resolver, error) { return f.Client() }, Answer: api.ResolvePermission{Allow: allow}}
	cmd.Args = args.Range(1, "TASK", "REQUEST")
	cmd.ValidArgsFunction = complete.TaskThenRequest(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.Task = factory.Task(args[0])
		if len(args) > 1 {
			opts.Request = args[1]
		}
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return run(cmd.Context(), opts)
	}
	cmd.Flags().BoolVar(&opts.Answer.Always, "always", false, "for everything like it, too")
	cmd.Flags().StringVar(&opts.Answer.Option, "option", "", "the `id` of one of the agent's own answers")
	complete.Flag(cmd, "option", complete.Options(f))
	opts.Output = output.Add(cmd, f, api.PermissionRequest{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	c, err := opts.Client()
	if err != nil {
		return err
	}
	id := opts.Request
	if id == "" {
		if id, err = only(ctx, c, opts); err != nil {
			return err
		}
	}
	p, err := c.Resolve(ctx, opts.Task, id, opts.Answer)
	if err != nil {
		return err
	}
	if opts.Output.On() {
		return opts.Output.Write(ctx, p)
	}
	done := "denied"
	if opts.Answer.Allow {
		done = "allowed"
	}
	if opts.Answer.Option != "" {
		done = "answered"
	}
	_, err = fmt.Fprintf(opts.IO.Out, "%s %s: %s\n", done, p.ID, sanitize.Exact(p.Title))
	return err
}

// only returns the one request that is open. Which of several is meant is for
// the person to say.
func only(ctx context.Context, c resolver, opts *Options) (string, error) {
	open, err := c.Permissions(ctx, opts.Task)
	if err != nil {
		return "", err
	}
	switch len(open) {
	case 0:
		return "", &api.Error{Code: api.CodeNotFound, Message: "the task asks for nothing", Hint: "`hf wait --for waiting TASK` waits until it does"}
	case 1:
		return open[0].ID, nil
	}
	st := opts.IO.ErrStyle()
	for i := range open {
		_, _ = fmt.Fprint(opts.IO.Err, render.Permission(st, &open[i])) // said in the error as well
	}
	return "", &api.Error{Code: api.CodeAmbiguous, Message: fmt.Sprintf("the task asks for %d things", len(open)), Hint: "name the one that is meant"}
}
