// Package open is `hf open`.
package open

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/editor"
	"github.com/hf-dev/hf/internal/cli/exec"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// opener is what the command asks of the daemon.
type opener interface {
	Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error)
	Preferences(ctx context.Context) (api.Preferences, error)
}

// Options is one parsed call.
type Options struct {
	IO      *iostreams.IOStreams
	Client  func() (opener, error)
	Replace func(c api.Command) error // turns this process into the command
	Environ []string
	Task    string
	Editor  string // --editor
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{
		IO: f.IO, Client: func() (opener, error) { return f.Client() }, Replace: exec.Become,
		Environ: f.Environ,
	}
	cmd := &cobra.Command{
		Use:   "open TASK",
		Short: "Open a task's directory in an editor",
		Long: `Open the directory of a task in your editor: --editor, else ` + "`editor`" + ` of the
configuration, else $VISUAL, else $EDITOR, else vi. It is a shell command that gets the
directory as its last argument, and runs in it with the variables of this shell.`,
		Example: `  hf open k3f9
  hf open - --editor code`,
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
	cmd.Flags().StringVarP(&opts.Editor, "editor", "e", "", "the `command` to open it with")
	complete.Flag(cmd, "editor", complete.Programs)
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
	dir, err := exec.Directory(&d.Task)
	if err != nil {
		return err
	}
	command, err := opts.editor(ctx, c)
	if err != nil {
		return err
	}
	// The command may hold arguments, so a shell takes it apart, as git has it.
	return opts.Replace(api.Command{
		Argv: []string{"/bin/sh", "-c", command + ` "$@"`, "editor", dir}, Dir: dir, Env: opts.Environ,
	})
}

func (o *Options) editor(ctx context.Context, c opener) (string, error) {
	if o.Editor != "" {
		return o.Editor, nil
	}
	p, err := c.Preferences(ctx)
	if err != nil {
		return "", err
	}
	if p.Editor != "" {
		return p.Editor, nil
	}
	return editor.Name(o.Environ), nil
}
