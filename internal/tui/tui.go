// Package tui is `hfd tui`, the screen that `hf` turns into: the tasks on the
// left, the selected one on the right. It is no part of the hf binary, every
// start of which would pay for it.
package tui

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Settings is what the configuration says of the screen.
type Settings struct {
	Theme        string            // of theme.Names
	Colors       map[string]string // over those of the theme
	Unicode      *bool             // nil = as the variables of the locale say
	Mouse        bool
	TypeToFilter bool   // letters filter the list; what they did else is done by other keys
	Notify       string // none, bell or desktop
	Editor       string
	Keys         map[string][]string // by the names of actions
	Problems     []string            // what of the configuration makes no sense
}

// The exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2
	exitHangUp = 128 + int(syscall.SIGHUP)
)

// options is one call.
type options struct {
	hf        string // the program that turned into this one
	tty       int    // the descriptor of the terminal
	workspace string
	task      string // to be selected at first
	view      string
}

// Main shows the screen until the person quits. It returns the exit status.
func Main(ctx context.Context, args, environ []string, s Settings, stderr io.Writer) int {
	var o options
	fs := flag.NewFlagSet("hfd tui", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.hf, "hf", "", "the path of hf")
	fs.IntVar(&o.tty, "tty", -1, "the descriptor of the terminal")
	fs.StringVar(&o.workspace, "workspace", "", "the workspace")
	fs.StringVar(&o.task, "task", "", "the task to begin with")
	fs.StringVar(&o.view, "view", "", "the view to begin with")
	if err := fs.Parse(args); err != nil {
		return exitUsage
	}
	if o.hf == "" || o.tty < 0 || fs.NArg() > 0 {
		fmt.Fprintln(stderr, "hfd tui is started by hf: run `hf tui`")
		return exitUsage
	}
	tty := os.NewFile(uintptr(o.tty), "/dev/tty")
	if tty == nil {
		fmt.Fprintf(stderr, "hf: descriptor %d is not open\n", o.tty)
		return exitFailed
	}
	hup, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	err := run(hup, &o, environ, s, tty)
	switch {
	case hup.Err() != nil && ctx.Err() == nil:
		return exitHangUp // the terminal is gone
	case err != nil:
		fmt.Fprintln(tty, "hf: "+sanitize.Text(err.Error()))
		return exitFailed
	}
	return 0
}

// run builds the program and runs it.
func run(ctx context.Context, o *options, environ []string, s Settings, tty *os.File) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	paths, err := rundir.Resolve(lookUp(environ))
	if err != nil {
		return err
	}
	var prog *tea.Program
	notice := func(line string) { go prog.Send(command.Done{Text: line}) }
	l := launcher.New(launcher.Options{
		Paths: paths, Environ: environ, Exe: o.hf, Build: version.Build(), Version: version.Short(), Notice: notice,
	})
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "" // removed under us: only what needs it will say so
	}
	opts := client.Options{Version: version.Short(), Workspace: o.workspace, Cwd: cwd, Notice: notice}
	c := client.New(l.Ensure, opts)
	opts.Once = true // the feed tells that hfd is gone, and tries again itself
	source := client.New(l.Ensure, opts)
	defer func() { _ = errors.Join(c.Close(), source.Close()) }()

	look := newLook(environ, s, tty)
	store := model.NewStore()
	env := &command.Env{
		Ctx: ctx, Store: store, Client: c,
		Vars: func(ctx context.Context) (api.Env, error) {
			hello, err := c.Peer(ctx)
			if err != nil {
				return nil, err
			}
			return client.Env(hello.Env, environ), nil
		},
		Program: &programs{ctx: ctx, hf: o.hf, environ: environ, tty: tty, editor: s.Editor, workspace: o.workspace},
	}
	deps := &pane.Deps{Env: env, Theme: theme.New(look.options(look.dark)), Now: time.Now}
	deps.Table = table(deps)
	var problems []error
	deps.Keys, problems = keys.New(deps.Table.Bindings(), s.Keys)
	for _, p := range s.Problems {
		problems = append(problems, errors.New(p))
	}
	a := newApp(deps, panes(deps))
	env.Seen = a.sees
	a.typeTo, a.restyle, a.begin = s.TypeToFilter, look.options, begin{task: o.task, view: keys.Place(o.view)}
	if len(problems) > 0 {
		a.show(problems[0].Error(), true)
	}
	kb := &keyboard{File: tty, tell: func(m tea.Msg) { go prog.Send(m) }}
	prog = tea.NewProgram(a, programOptions(ctx, kb, tty, s)...)
	a.failure.quit = func() { go prog.Quit() }
	if look.asks {
		go func() { prog.Send(askBackground{}) }()
	}
	a.ask = func() tea.Msg { _, _ = tty.WriteString(backgroundQuery); return nil }
	go (&model.Feed{Source: source, Asker: c, Send: func(u model.Update) { prog.Send(u) }}).Run(ctx)
	_, err = prog.Run()
	return a.failure.report(err, paths.State)
}

func programOptions(ctx context.Context, kb *keyboard, tty *os.File, s Settings) []tea.ProgramOption {
	out := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(kb), tea.WithOutput(tty), tea.WithAltScreen(), tea.WithReportFocus(),
	}
	if s.Mouse {
		out = append(out, tea.WithMouseCellMotion())
	}
	return out
}

// lookUp finds a variable, "" for one that is not set.
func lookUp(environ []string) func(string) string {
	return func(name string) string {
		for _, kv := range slices.Backward(environ) { // the last one counts, as for a process
			if v, ok := strings.CutPrefix(kv, name+"="); ok {
				return v
			}
		}
		return ""
	}
}
