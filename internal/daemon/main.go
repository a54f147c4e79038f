// Package daemon is the hfd program: it serves, and it is the helper that hf
// runs for what hf itself must not link.
package daemon

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/daemon/lifecycle"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/version"
)

// program is what hfd is made of besides its life.
type program struct {
	prepare   func(rundir.Paths) (lifecycle.Settings, lifecycle.Open)
	selfcheck func(ctx context.Context, database string) error // "" = no database yet
	format    mode
	demoAgent mode
	config    mode
	tui       mode
}

// mode is a helper program inside hfd. It returns the exit status.
type mode func(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int

// Main is hfd: args are the words after the program's name, environ its
// variables. It returns the exit status.
func Main(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return product().main(ctx, args, environ, stdin, stdout, stderr)
}

func (p program) main(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	verb, rest := "serve", args
	if len(args) > 0 {
		verb, rest = args[0], args[1:]
	}
	switch verb {
	case "serve":
		return p.serve(ctx, rest, environ, stderr)
	case "selfcheck":
		return p.check(ctx, rest, stdout, stderr)
	case "format":
		return p.format(ctx, rest, environ, stdin, stdout, stderr)
	case "config":
		return p.config(ctx, rest, environ, stdin, stdout, stderr)
	case "tui":
		return p.tui(ctx, rest, environ, stdin, stdout, stderr)
	case "demo-agent":
		return p.demoAgent(ctx, rest, environ, stdin, stdout, stderr)
	case "version", "--version":
		fmt.Fprintln(stdout, "hfd "+version.String())
		return 0
	default:
		fmt.Fprintf(stderr, "hfd does not know %q; it is started by hf: run `hf backend start`\n", verb)
		return 2
	}
}

func (p program) serve(ctx context.Context, args, environ []string, stderr io.Writer) int {
	paths, err := rundir.Resolve(lookUp(environ))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	settings, open := p.prepare(paths)
	cfg := lifecycle.Config{
		Paths: paths, Environ: environ, Build: version.Build(), Version: version.Version(),
		Open: open, Settings: settings,
	}
	return lifecycle.Run(ctx, cfg, args, stderr)
}

// check is what an older hfd runs before it becomes this one.
func (p program) check(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var database string
	switch {
	case len(args) == 2 && args[0] == "--db":
		database = args[1]
	case len(args) > 0:
		fmt.Fprintln(stderr, "usage: hfd selfcheck [--db COPY]")
		return 2
	}
	if err := p.selfcheck(ctx, database); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if err := lifecycle.Report(stdout, version.Build(), version.Version()); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

func lookUp(environ []string) func(string) string {
	return func(name string) string {
		for _, kv := range slices.Backward(environ) {
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				return v
			}
		}
		return ""
	}
}
