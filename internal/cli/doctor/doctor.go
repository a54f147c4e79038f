// Package doctor is `hf doctor`: it looks at all that hf needs and says how to
// mend what is wrong. What needs only the machine is looked at here, the rest
// by hfd, which is started for it as for any other command.
package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/args"
	"github.com/hf-dev/hf/internal/cli/complete"
	"github.com/hf-dev/hf/internal/cli/exitcode"
	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/cli/output"
	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// checker is what the command asks of the daemon.
type checker interface {
	CheckUp(ctx context.Context, in api.CheckUp) (api.Findings, error)
}

// looker describes the daemon and starts none.
type looker interface {
	Look(ctx context.Context) (api.Backend, error)
}

// Options is one parsed call.
type Options struct {
	IO      *iostreams.IOStreams
	Machine machine
	Client  func() (checker, error)
	Env     func(context.Context) (api.Env, error)
	Keeper  func() (looker, error)
	Config  func(context.Context, api.ConfigRequest) (api.ConfigAnswer, error)
	Output  *output.Flags
	NoStart bool
}

// NewCmd returns the command. runF, where not nil, gets the options in its
// place.
func NewCmd(f *factory.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	opts := &Options{
		IO: f.IO, Machine: machine{environ: f.Environ, paths: f.Paths, daemon: f.Daemon},
		Client: func() (checker, error) { return f.Client() }, Env: f.Env,
		Keeper: func() (looker, error) { return f.Launcher(false) }, Config: f.Config,
	}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what hf needs, and say how to mend it",
		Long: `Check everything that hf needs: programs, files, the daemon, agents and their
sign-in, the configuration, the shell. What is missing is named with the way to
get it. A warning is something that hf can do and cannot do here; a problem keeps
hf from working, and then hf doctor ends with code 1.

The daemon is started for that, unless --no-start is given, and an agent that
does nothing is started in earnest.`,
		Example: `  hf doctor
  hf doctor --no-start
  hf doctor --jq '.checks[] | select(.state != "ok") | .fix'`,
		Args:              args.None,
		ValidArgsFunction: complete.Nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return run(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.NoStart, "no-start", false, "do not start hfd, and leave out what only it can see")
	opts.Output = output.Add(cmd, f, api.Doctor{})
	return cmd
}

func run(ctx context.Context, opts *Options) error {
	d := api.Doctor{Schema: api.Schema, Checks: examine(ctx, opts)}
	for i := range d.Checks {
		switch d.Checks[i].State {
		case api.CheckProblem:
			d.Problems++
		case api.CheckWarning:
			d.Warnings++
		case api.CheckOK:
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	d.OK = d.Problems == 0
	var err error
	if opts.Output.On() {
		err = opts.Output.Write(ctx, d)
	} else {
		err = show(opts.IO, &d)
	}
	if err == nil && !d.OK {
		return exitcode.SilentError(exitcode.Failed)
	}
	return err
}

// examine makes every check, in the order in which a person mends: without the
// first ones the later ones cannot be right.
func examine(ctx context.Context, opts *Options) []api.Check {
	m := opts.Machine
	checks := []api.Check{m.daemonBinary(ctx), config(ctx, opts)}
	checks = append(checks, m.files()...)
	programs := m.programs(ctx)
	checks = append(checks, programs...)
	for _, c := range backend(ctx, opts) {
		if programs[0].State != api.CheckProblem || c.Name != api.CheckDaemonGit { // without git hfd has none either
			checks = append(checks, c)
		}
	}
	return append(checks, m.shell()...)
}

// config looks whether the configuration is valid.
func config(ctx context.Context, opts *Options) api.Check {
	c := api.Check{Group: api.GroupHF, Name: "configuration", State: api.CheckOK}
	a, err := opts.Config(ctx, api.ConfigRequest{Do: api.ConfigCheck})
	switch {
	case err != nil:
		return problem(c, err.Error(), "install hf and hfd together again")
	case a.File.Error != nil:
		return problem(c, a.File.Error.Message, "`hf config edit` opens it")
	case len(a.File.Warnings) > 0:
		return warning(c, strings.Join(a.File.Warnings, "; "), "`hf config edit` opens it")
	case !a.File.Exists:
		c.Text = "none, the defaults hold; it would be " + a.File.Path
		return c
	}
	c.Text = a.File.Path
	return c
}

// backend looks at the daemon, and has it look at what only it can see.
func backend(ctx context.Context, opts *Options) []api.Check {
	c := api.Check{Group: api.GroupHF, Name: "daemon", State: api.CheckOK}
	keeper, err := opts.Keeper()
	if err != nil {
		return []api.Check{failure(c, err)}
	}
	if opts.NoStart {
		b, err := keeper.Look(ctx)
		switch {
		case err != nil:
			return []api.Check{failure(c, err)}
		case !b.Running && b.PID == 0:
			c.Text = "does not run, the next command starts it; agents and the database were not looked at"
			return []api.Check{c}
		case !b.Running:
			return []api.Check{problem(c, b.Why, "`hf backend restart --force` replaces it")}
		}
	}
	found, err := checkUp(ctx, opts)
	if err != nil {
		c = failure(c, err)
		c.Text += "; agents and the database were not looked at"
		return []api.Check{c}
	}
	b, err := keeper.Look(ctx)
	switch {
	case err != nil:
		return []api.Check{failure(c, err)}
	case b.Outdated:
		c = warning(c, fmt.Sprintf("%s, pid %d: %s", b.Version, b.PID, b.Why), "`hf backend restart` starts the one that belongs to this hf")
	default:
		c.Text = fmt.Sprintf("%s, pid %d, %s", b.Version, b.PID, b.Socket)
	}
	return append([]api.Check{c}, found...)
}

func checkUp(ctx context.Context, opts *Options) ([]api.Check, error) {
	c, err := opts.Client()
	if err != nil {
		return nil, err
	}
	env, err := opts.Env(ctx)
	if err != nil {
		return nil, err
	}
	found, err := c.CheckUp(ctx, api.CheckUp{Env: env})
	return found.Checks, err
}

// show prints the checks for a person.
func show(io *iostreams.IOStreams, d *api.Doctor) error {
	st := io.OutStyle()
	marks := map[api.CheckState]string{
		api.CheckOK: st.Green("✓"), api.CheckWarning: st.Yellow("!"), api.CheckProblem: st.Red("✗"),
	}
	widest := 0
	for i := range d.Checks {
		widest = max(widest, len(d.Checks[i].Name))
	}
	var b strings.Builder
	for i := range d.Checks {
		c := &d.Checks[i]
		fmt.Fprintf(&b, "%s %-*s  %s\n", marks[c.State], widest, sanitize.Line(c.Name), sanitize.Line(c.Text))
		if c.Fix != "" {
			fmt.Fprintf(&b, "  %-*s  %s %s\n", widest, "", st.Dim("→"), sanitize.Line(c.Fix))
		}
	}
	fmt.Fprintf(&b, "\n%s, %s\n", render.Count(d.Problems, "problem"), render.Count(d.Warnings, "warning"))
	_, err := fmt.Fprint(io.Out, b.String())
	return err
}
