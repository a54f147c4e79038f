// Package switchto is `hf switch`.
package switchto

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exec"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/tui"
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
	Pick   func(ctx context.Context) (task string, err error) // asks the person for one; "" = none
	Task   string                                             // "" = Pick it
	Shell  string                                             // $SHELL, for a hint
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{IO: f.IO, Client: func() (shower, error) { return f.Client() }}
	opts.Pick = func(ctx context.Context) (string, error) { return tui.Pick(ctx, tui.NewOptions(f)) }
	return &cobra.Command{
		Use:   "switch [TASK|-]",
		Short: "Go to a task's directory",
		Long: `Print the command that goes to the directory of a task, for the shell to evaluate.
Without TASK it is chosen on the screen that hf tui shows; enter chooses.

With ` + "`hf shell-init`" + ` in the shell's start-up file, hf switch does it by itself.`,
		Example: `  hf switch k3f9
  hf switch -                        # the task used last
  eval "$(hf switch k3f9)"           # without hf shell-init`,
		Args: func(cmd *cobra.Command, argv []string) error {
			if len(argv) == 0 && canPick(f.IO) {
				return nil
			}
			if len(argv) == 0 {
				return &exitcode.UsageError{Message: "hf switch needs TASK", Hint: "`hf switch -` goes to the task used last, `hf list` shows them all"}
			}
			return args.Exact("TASK")(cmd, argv)
		},
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Shell = f.Getenv("SHELL")
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

// canPick reports whether a person can choose on a screen. Standard output may
// be read by a shell; the screen is drawn elsewhere.
func canPick(io *iostreams.IOStreams) bool { return io.InTTY() && !io.NoInput }

func run(ctx context.Context, opts *Options) (err error) {
	if opts.Task == "" {
		opts.Task, err = opts.Pick(ctx)
		if err == nil && opts.Task == "" {
			err = exitcode.SilentError(exitcode.Failed) // none was chosen
		}
		if err != nil {
			return err
		}
	}
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
	if _, err = fmt.Fprintln(opts.IO.Out, "cd "+quote(dir)); err != nil || !opts.IO.OutTTY() {
		return err
	}
	// Nobody evaluates what is printed on a terminal.
	_, err = fmt.Fprintln(opts.IO.Err, opts.IO.ErrStyle().Dim("to have hf change the directory itself: "+opts.remedy()))
	return err
}

// remedy is the line that makes the person's shell evaluate it.
func (o *Options) remedy() string {
	switch shell := filepath.Base(o.Shell); shell {
	case "fish":
		return "hf shell-init fish | source"
	case "zsh":
		return `eval "$(hf shell-init zsh)"`
	default:
		return `eval "$(hf shell-init bash)"`
	}
}

// quote makes one word of a shell of any path. A backslash stands outside of the
// quotes: between them it means itself to most shells, and something to fish.
func quote(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+@%:,", r)
	}
	if s != "" && s[0] != '-' && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.NewReplacer("'", `'\''`, `\`, `'\\'`).Replace(s) + "'"
}
