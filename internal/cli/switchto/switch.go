// Package switchto is `hf switch`.
package switchto

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/pkg/api"
)

// shower is what the command asks of the daemon.
type shower interface {
	Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error)
}

// Options is one parsed call.
type Options struct {
	IO     *iostreams.IOStreams
	Client func() (shower, error)
	Task   string
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (shower, error) { return f.Client() }}
	return &cobra.Command{
		Use:   "switch [TASK]",
		Short: "Print how to go to a task's directory",
		Long: `Print the command that goes to the directory of a task, for the shell to evaluate.
Without a TASK, or with -, it is the task used last.`,
		Example: `  eval "$(hf switch k3f9)"
  hfcd() { eval "$(hf switch "$@")"; }`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Task = api.TaskLast
			if len(args) > 0 {
				opts.Task = factory.Task(args[0])
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
	d, err := c.Task(ctx, opts.Task, false)
	if err != nil {
		return err
	}
	if d.Path == "" {
		return &api.Error{Code: api.CodeConflict, Message: fmt.Sprintf("task %s has no directory: it is %s", d.ID, d.Status)}
	}
	_, err = fmt.Fprintln(opts.IO.Out, "cd "+quote(d.Path))
	return err
}

// quote makes one word of a shell of any path.
func quote(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+@%:,", r)
	}
	if s != "" && s[0] != '-' && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
