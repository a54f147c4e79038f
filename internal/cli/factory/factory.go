// Package factory holds what every command of hf is built from: the streams,
// the process's variables and a client that finds or starts hfd when it is
// first used.
package factory

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Factory makes what commands need, when they need it.
type Factory struct {
	IO      *iostreams.IOStreams
	Environ []string // this process's variables

	Workspace string // --workspace; "" = HF_WORKSPACE, else the daemon's current one

	client  func() (*client.Client, error)
	mu      sync.Mutex
	quiet   bool
	noticed map[string]bool
}

// New returns a factory. Nothing is looked up or connected to yet.
func New(io *iostreams.IOStreams, environ []string) *Factory {
	f := &Factory{IO: io, Environ: environ, noticed: map[string]bool{}}
	f.client = sync.OnceValues(f.newClient)
	return f
}

// Getenv returns a variable, "" when it is not set.
func (f *Factory) Getenv(name string) string {
	for _, kv := range slices.Backward(f.Environ) { // the last one counts, as for a process
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// Client returns the one client of this process. It connects when it is used,
// and starts hfd where there is none.
func (f *Factory) Client() (*client.Client, error) { return f.client() }

func (f *Factory) newClient() (*client.Client, error) {
	l, err := f.Launcher(false)
	if err != nil {
		return nil, err
	}
	return f.clientOf(l, ""), nil
}

// Looking returns a client of the daemon that runs. It starts none, upgrades
// none and says nothing on the side.
func (f *Factory) Looking() (*client.Client, error) { return f.LookingFrom("") }

// LookingFrom is Looking for a person in another directory; "" is this one.
func (f *Factory) LookingFrom(cwd string) (*client.Client, error) {
	opts, err := f.launcherOptions()
	if err != nil {
		return nil, err
	}
	opts.NoSpawn, opts.Notice = true, nil
	return f.clientOf(launcher.New(opts), cwd), nil
}

func (f *Factory) clientOf(l *launcher.Launcher, cwd string) *client.Client {
	if cwd == "" {
		var err error
		if cwd, err = os.Getwd(); err != nil {
			cwd = "" // removed under us: only what needs it will say so
		}
	}
	workspace := f.Workspace
	if workspace == "" {
		workspace = f.Getenv("HF_WORKSPACE")
	}
	return client.New(l.Ensure, client.Options{Version: version.Short(), Workspace: workspace, Cwd: cwd, Notice: f.Notice})
}

// Launcher returns what finds and starts hfd. force allows it to kill one that
// hangs.
func (f *Factory) Launcher(force bool) (*launcher.Launcher, error) {
	opts, err := f.launcherOptions()
	if err != nil {
		return nil, err
	}
	opts.Force = force
	return launcher.New(opts), nil
}

func (f *Factory) launcherOptions() (launcher.Options, error) {
	paths, err := f.Paths()
	if err != nil {
		return launcher.Options{}, err
	}
	exe, err := Self()
	if err != nil {
		return launcher.Options{}, err
	}
	return launcher.Options{
		Paths: paths, Environ: f.Environ, Exe: exe, Build: version.Build(), Version: version.Short(), Notice: f.Notice,
	}, nil
}

// Paths names hf's files.
func (f *Factory) Paths() (rundir.Paths, error) { return rundir.Resolve(f.Getenv) }

// Env returns the variables that the daemon wants with a request that starts
// work.
func (f *Factory) Env(ctx context.Context) (api.Env, error) {
	c, err := f.Client()
	if err != nil {
		return nil, err
	}
	hello, err := c.Peer(ctx)
	if err != nil {
		return nil, err
	}
	return client.Env(hello.Env, f.Environ), nil
}

// Quiet drops notices: nobody would see them, or somebody in the middle of a
// line.
func (f *Factory) Quiet() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.quiet = true
}

// Notice tells the person a line on the side, once.
func (f *Factory) Notice(line string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.quiet || f.noticed[line] {
		return
	}
	f.noticed[line] = true
	_, _ = fmt.Fprintf(f.IO.Err, "hf: %s\n", sanitize.Line(line)) // nowhere else to say that this failed
}

// Daemon is the path of the hfd that belongs to this hf.
func (f *Factory) Daemon() (string, error) {
	if path := f.Getenv("HF_DAEMON_BIN"); path != "" {
		return path, nil
	}
	exe, err := Self()
	return filepath.Join(filepath.Dir(exe), "hfd"), err
}

// Self is the path of this program, links resolved.
func Self() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find hf's own path: %w", err)
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return "", fmt.Errorf("find hf's own path: %w", err)
	}
	return exe, nil
}

// Task turns what a person typed for a task into what the daemon is asked: "."
// is the task of the current directory and "-" the last one used.
func Task(arg string) string {
	switch arg {
	case ".":
		return api.TaskOfCwd
	case "-":
		return api.TaskLast
	}
	return arg
}

// Tasks is Task for each of several.
func Tasks(args []string) []string {
	out := make([]string, 0, len(args))
	for _, a := range args {
		out = append(out, Task(a))
	}
	return out
}

// Repo turns what a person typed for a repository into what the daemon is
// asked, which knows nothing of the current directory: a path that begins with
// a dot becomes absolute.
func Repo(arg string) string {
	if arg != "." && arg != ".." && !strings.HasPrefix(arg, "./") && !strings.HasPrefix(arg, "../") {
		return arg
	}
	abs, err := filepath.Abs(arg)
	if err != nil {
		return arg // there is no current directory
	}
	return abs
}
