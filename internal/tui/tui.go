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
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"golang.org/x/sys/unix"

	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/screen"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Settings is what the configuration says of the screen.
type Settings struct {
	Theme        string            // of theme.Names or Themes
	Themes       map[string]Theme  // the person's own
	Colors       map[string]string // over those of the theme
	Unicode      *bool             // nil = as the variables of the locale say
	Mouse        bool
	TypeToFilter bool   // letters filter the list; what they did else is done by other keys
	Notify       string // none, bell or desktop
	Editor       string
	Keys         map[string][]string // by the names of actions
	Problems     []string            // what of the configuration makes no sense
}

// Theme is colours of the person's own, over those of a theme of theme.Names.
type Theme struct {
	Base   string
	Colors map[string]string
}

// draftsFile is what was typed and not sent, in the state directory.
const draftsFile = "tui-drafts.json"

// stderrFD is the descriptor of standard error.
const stderrFD = 2

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
	view      string // that is seen at first
	pick      bool   // only a task is to be chosen
}

// Main shows the screen until the person quits. It returns the exit status.
func Main(ctx context.Context, args, environ []string, s Settings, stdout, stderr io.Writer) int {
	var o options
	fs := flag.NewFlagSet("hfd tui", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.hf, "hf", "", "the path of hf")
	fs.IntVar(&o.tty, "tty", -1, "the descriptor of the terminal")
	fs.StringVar(&o.workspace, "workspace", "", "the workspace")
	fs.StringVar(&o.task, "task", "", "the task to begin with")
	fs.StringVar(&o.view, "view", "", "the view to begin with")
	fs.BoolVar(&o.pick, "pick", false, "print the task that is chosen")
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
	picked, err := run(hup, &o, environ, s, tty)
	switch {
	case hup.Err() != nil && ctx.Err() == nil:
		return exitHangUp // the terminal is gone
	case err != nil:
		fmt.Fprintln(tty, "hf: "+sanitize.Text(err.Error()))
		return exitFailed
	}
	if picked != "" {
		fmt.Fprintln(stdout, picked)
	}
	return 0
}

// run builds the program and runs it. It returns the task that was chosen, ""
// for none.
func run(ctx context.Context, o *options, environ []string, s Settings, tty *os.File) (picked string, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	paths, err := rundir.Resolve(lookUp(environ))
	if err != nil {
		return "", err
	}
	log, err := openLog(paths.State)
	if err == nil {
		defer log.Close()
		// What a library or the runtime says would be drawn into the screen.
		if err := unix.Dup3(int(log.Fd()), stderrFD, 0); err != nil {
			return "", fmt.Errorf("put standard error away: %w", err)
		}
	}
	var send func(tea.Msg)
	hfd := newConnections(o, environ, paths, func(line string) { go send(command.Done{Text: line}) })
	defer hfd.close()
	feed, c := hfd.of(o.workspace)
	look := newLook(environ, s, tty)
	scr, err := screen.Open(tty, s.Mouse)
	if err != nil {
		return "", err
	}
	defer scr.Close()
	a := build(ctx, c, s, look, draft.New(filepath.Join(paths.State, draftsFile)))
	a.deps.Workspace = o.workspace
	a.deps.Program = &programs{ctx: ctx, hf: o.hf, environ: environ, tty: tty, screen: scr, editor: s.Editor, env: a.deps.Env}
	a.deps.Vars = func(ctx context.Context) (api.Env, error) {
		hello, err := c.Peer(ctx)
		return client.Env(hello.Env, environ), err
	}
	a.notify.desktop = newDesktop(ctx, environ)
	a.pick = o.pick
	a.begin = o.task
	if err := a.beginAt(o.view); err != nil {
		return "", err
	}
	err = a.play(ctx, tty, scr, func(to func(tea.Msg)) {
		send = to
		follow := &follower{ctx: ctx, send: send}
		a.open = func(workspace string, n int) command.Client {
			feed, c := hfd.of(workspace)
			follow.turn(feed, n)
			return c
		}
		follow.turn(feed, a.feed)
		if look.asks() {
			look.asked = true
			scr.Write(backgroundQuery)
		}
	})
	return a.picked, errors.Join(a.failure.report(err, log), a.deps.Drafts.Flush())
}

// play shows the screen until it ends, and gives the terminal back. begin is told
// where messages go.
func (a *app) play(ctx context.Context, tty *os.File, scr *screen.Screen, begin func(send func(tea.Msg))) error {
	a.deps.Screen, a.size = scr, scr.Size
	var prog *tea.Program
	send := func(msg tea.Msg) { prog.Send(msg) }
	kb := &keyboard{File: tty, tell: func(m tea.Msg) { go send(m) }}
	prog = tea.NewProgram(&screen.Live{Drawer: a, Screen: scr, Send: send},
		tea.WithContext(ctx), tea.WithInput(kb), tea.WithOutput(io.Discard), tea.WithoutRenderer())
	a.failure.quit = func() { go prog.Quit() }
	go sizes(ctx, scr, send)
	begin(send)
	_, err := prog.Run()
	scr.Close()
	return err
}

// build makes the screen's parts.
func build(ctx context.Context, c command.Client, s Settings, look *look, drafts *draft.Book) *app {
	deps := &pane.Deps{
		Env:   &command.Env{Ctx: ctx, Store: model.NewStore(), Client: c},
		Theme: theme.New(look.options()), Drafts: drafts, Now: time.Now,
	}
	deps.Table = table(deps)
	var problems []error
	deps.Keys, problems = keys.New(deps.Table.Bindings(), s.Keys)
	problems = append(problems, s.unknownColors()...)
	for _, p := range s.Problems {
		problems = append(problems, errors.New(p))
	}
	a := newApp(deps, panes(deps))
	deps.Seen = a.sees
	a.typeTo, a.style, a.notify.how = s.TypeToFilter, look, s.Notify
	if len(problems) > 0 {
		a.show(problems[0].Error(), true)
	}
	return a
}

// sizes tells how large the terminal is, at first and whenever that changes.
func sizes(ctx context.Context, scr *screen.Screen, send func(tea.Msg)) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	defer signal.Stop(changed)
	for {
		if w, h, err := scr.Size(); err == nil {
			send(tea.WindowSizeMsg{Width: w, Height: h})
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
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
