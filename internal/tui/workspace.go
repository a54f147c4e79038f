package tui

import (
	"context"
	"errors"
	"os"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/client"
)

// turn turns to another workspace. Nothing of the one before stays: no task, no
// mark, no filter, no dialog. Who comes back is on the task they left.
func (a *app) turn(msg pane.Workspace) tea.Cmd {
	if t := a.deps.Store.Selected(); t != nil {
		a.lefts[msg.From] = t.ID
	}
	a.feed++
	a.deps.Store.Reset()
	a.deps.Client, a.deps.Workspace = a.open(msg.To, a.feed), msg.To
	a.begin = a.lefts[msg.To]
	a.dialogs, a.toast, a.notify.was = nil, toast{}, nil
	a.focus = 0
	a.deps.ForgetUndos()
	a.arrange()
	return a.tell(msg)
}

// connections makes clients of hfd, for any workspace.
type connections struct {
	launch  *launcher.Launcher
	opts    client.Options
	clients []*client.Client
}

func newConnections(o *options, environ []string, paths rundir.Paths, notice func(string)) *connections {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "" // removed under us: only what needs it will say so
	}
	return &connections{
		launch: launcher.New(launcher.Options{
			Paths: paths, Environ: environ, Exe: o.hf, Build: version.Build(), Version: version.Short(), Notice: notice,
		}),
		opts: client.Options{Version: version.Short(), Cwd: cwd, Notice: notice},
	}
}

// of returns the feed of a workspace and the client of all else. The feed's own
// repeats nothing: the feed says that hfd is gone, and tries again itself.
func (c *connections) of(workspace string) (*model.Feed, *client.Client) {
	opts := c.opts
	opts.Workspace = workspace
	asker := client.New(c.launch.Ensure, opts)
	opts.Once = true
	source := client.New(c.launch.Ensure, opts)
	c.clients = append(c.clients, asker, source)
	return &model.Feed{Source: source, Asker: asker}, asker
}

// close is for the end: what was asked of a workspace that was left may still
// be under way before.
func (c *connections) close() {
	for _, one := range c.clients {
		_ = errors.Join(one.Close())
	}
}

// follower runs one feed at a time.
type follower struct {
	ctx  context.Context
	send func(tea.Msg)
	stop context.CancelFunc
}

// turn ends the feed that runs and begins another one.
func (f *follower) turn(feed *model.Feed, n int) {
	if f.stop != nil {
		f.stop()
	}
	ctx, stop := context.WithCancel(f.ctx)
	f.stop = stop
	feed.Send = func(u model.Update) {
		u.Feed = n
		f.send(u)
	}
	go feed.Run(ctx)
}
