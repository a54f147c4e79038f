// Package tui is `hf tui`: hf turns into the screen, which is a mode of hfd, so
// that no other start of hf pays for what it is made of.
package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// Options is one parsed call.
type Options struct {
	IO        *iostreams.IOStreams
	Environ   []string
	Daemon    func() (string, error) // the path of hfd
	Self      func() (string, error) // the path of hf
	Workspace string
	Task      string                         // to begin with
	View      string                         // of Views, to begin with; "" = the first
	Become    func(argv, env []string) error // turns this process into hfd, on the terminal
}

// Views are the views of a task, by their names.
func Views() []string { return []string{"conversation", "diff", "stack", "checks", "events"} }

// NewOptions returns the options of a plain `hf`.
func NewOptions(f *factory.Factory) *Options {
	return &Options{
		IO: f.IO, Environ: f.Environ, Daemon: f.Daemon, Self: factory.Self, Become: become,
		Workspace: workspace(f),
	}
}

func workspace(f *factory.Factory) string {
	if f.Workspace != "" {
		return f.Workspace
	}
	return f.Getenv("HF_WORKSPACE")
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	var view string
	cmd := &cobra.Command{
		Use:   "tui [TASK]",
		Short: "Show all tasks on one screen and work from there",
		Long: `Show the tasks of the workspace on one screen: those that wait for you first. The
selected one is beside them, with its conversation. ? shows the keys where you are,
: finds every action by its name.

hf alone does the same on a terminal. The keys and the colours are [keys] and [tui] of
the configuration.`,
		Example: `  hf tui
  hf tui k3f9                        # begin with this task
  hf tui k3f9 --view diff            # and with what it changed`,
		Args:              args.Range(0, "TASK"),
		ValidArgsFunction: complete.Tasks(f, 1),
		RunE: func(cmd *cobra.Command, argv []string) error {
			opts := NewOptions(f)
			if len(argv) > 0 {
				opts.Task = argv[0]
			}
			if view != "" && !slices.Contains(Views(), view) {
				return exitcode.Usagef("there is no view %q; the views are %s", view, strings.Join(Views(), ", "))
			}
			opts.View = view
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return Run(cmd.Context(), opts)
		},
	}
	cmd.Flags().StringVar(&view, "view", "", "begin with a `view`: "+strings.Join(Views(), ", "))
	complete.Flag(cmd, "view", complete.Fixed(Views()...))
	return cmd
}

// Can reports whether there is a person at a terminal that can be drawn on.
func Can(io *iostreams.IOStreams) bool { return io.InTTY() && io.CanDraw() && !io.NoInput }

// Pick lets the person choose a task on the screen, "" for none. It leaves
// standard output alone, which a shell may read.
func Pick(ctx context.Context, opts *Options) (task string, err error) {
	argv, err := opts.argv()
	if err != nil {
		return "", err
	}
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", fmt.Errorf("open the terminal: %w", err)
	}
	defer tty.Close()
	var out bytes.Buffer
	err = xec.Foreground(ctx, xec.Cmd{
		Argv: append(argv, "--pick", "--tty", "3"), Env: opts.Environ, Stdin: tty, Stdout: &out, Stderr: tty, Files: []*os.File{tty},
	})
	return strings.TrimSpace(out.String()), err
}

// Run turns hf into the screen. It returns only an error.
func Run(_ context.Context, opts *Options) error {
	if !Can(opts.IO) {
		return &exitcode.UsageError{Message: "hf tui needs a terminal", Hint: "`hf list` and `hf show` say the same elsewhere"}
	}
	argv, err := opts.argv()
	if err != nil {
		return err
	}
	err = opts.Become(argv, opts.Environ)
	if xec.IsNotFound(err) {
		return &api.Error{
			Code: api.CodeUnavailable, Message: fmt.Sprintf("hfd is not where it belongs: %s does not exist", argv[0]),
			Hint: "install hf again, or set HF_DAEMON_BIN to the path of hfd",
		}
	}
	return err
}

// argv is the command line of the screen.
func (o *Options) argv() ([]string, error) {
	hf, err := o.Self()
	if err != nil {
		return nil, err
	}
	hfd, err := o.Daemon()
	if err != nil {
		return nil, err
	}
	argv := []string{hfd, "tui", "--hf", hf}
	for _, v := range [][2]string{{"--workspace", o.Workspace}, {"--task", o.Task}, {"--view", o.View}} {
		if v[1] != "" {
			argv = append(argv, v[0], v[1])
		}
	}
	return argv, nil
}

// stdout is the descriptor of standard output.
const stdout = 1

// become gives the terminal to hfd on a descriptor of its own. Its standard
// output is none: one of its libraries asks a terminal there for its colours
// before anything else, and waits for an answer that some never give.
func become(argv, env []string) error {
	tty, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("open the terminal: %w", err)
	}
	null, err := unix.Open("/dev/null", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /dev/null: %w", err)
	}
	saved, err := unix.FcntlInt(stdout, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return fmt.Errorf("keep standard output: %w", err)
	}
	if err := unix.Dup3(null, stdout, 0); err != nil {
		return fmt.Errorf("put standard output away: %w", err)
	}
	err = xec.Replace(append(argv, "--tty", strconv.Itoa(tty)), env)
	return errors.Join(err, unix.Dup3(saved, stdout, 0))
}
