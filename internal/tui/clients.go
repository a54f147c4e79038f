package tui

import (
	"context"
	"iter"
	"net"
	"os"
	"sync/atomic"

	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// connections makes clients of hfd, for any workspace.
type connections struct {
	starts client.Dial // starts hfd wherever it is gone
	looks  client.Dial // does so at first and when it died, not when it was told to stop
	opts   client.Options
	all    []*client.Client
}

func newConnections(o *options, environ []string, paths rundir.Paths, notice func(string)) *connections {
	opts := launcher.Options{
		Paths: paths, Environ: environ, Exe: o.hf, Build: version.Build(), Version: version.Short(), Notice: notice,
	}
	starts := launcher.New(opts)
	opts.LetRest = true
	look := &looking{first: starts.Ensure, then: launcher.New(opts).Ensure}
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "" // removed under us: only what needs it will say so
	}
	return &connections{
		starts: starts.Ensure, looks: look.dial,
		opts: client.Options{Version: version.Short(), Cwd: cwd, Notice: notice},
	}
}

// of returns the feed of a workspace and the client of all else. The feed's own
// repeats nothing: the feed says that hfd is gone, and tries again itself.
func (c *connections) of(workspace string) (*model.Feed, *clients) {
	opts := c.opts
	opts.Workspace = workspace
	asks := &clients{Client: client.New(c.starts, opts), looks: client.New(c.looks, opts)}
	opts.Once = true
	source := client.New(c.looks, opts)
	c.all = append(c.all, asks.Client, asks.looks, source)
	return &model.Feed{Source: source, Asker: asks}, asks
}

// close is for the end: what was asked of a workspace that was left may still
// be under way before.
func (c *connections) close() {
	for _, one := range c.all {
		_ = one.Close() // only connections that nobody uses
	}
}

// clients asks hfd about a workspace. What a person does starts it. What is only
// to be seen does not where it was told to stop: a screen that stands open
// somewhere is no reason to undo that.
type clients struct {
	*client.Client
	looks *client.Client
}

// looking dials as first does until that succeeded once.
type looking struct {
	first, then client.Dial
	met         atomic.Bool
}

func (l *looking) dial(ctx context.Context) (net.Conn, api.Hello, error) {
	dial := l.then
	if !l.met.Load() {
		dial = l.first
	}
	conn, hello, err := dial(ctx)
	if err == nil {
		l.met.Store(true)
	}
	return conn, hello, err
}

// What only is to be seen.

func (c *clients) Task(ctx context.Context, task string, explain bool) (api.TaskDetail, error) {
	return c.looks.Task(ctx, task, explain)
}

func (c *clients) Tasks(ctx context.Context, f client.TaskFilter) (api.TaskList, error) {
	return c.looks.Tasks(ctx, f)
}

func (c *clients) Approvals(ctx context.Context) ([]api.PermissionRequest, error) {
	return c.looks.Approvals(ctx)
}

func (c *clients) Transcript(ctx context.Context, task, after string, live bool) iter.Seq2[api.Entry, error] {
	return c.looks.Transcript(ctx, task, after, live)
}

func (c *clients) History(ctx context.Context, f client.HistoryFilter) iter.Seq2[api.HistoryEntry, error] {
	return c.looks.History(ctx, f)
}

func (c *clients) Diff(ctx context.Context, task string, kind api.PatchKind) (api.Diff, error) {
	return c.looks.Diff(ctx, task, kind)
}

func (c *clients) Stack(ctx context.Context, f client.StackFilter) (api.Stack, error) {
	return c.looks.Stack(ctx, f)
}

func (c *clients) PullRequest(ctx context.Context, task string) (api.PullRequest, error) {
	return c.looks.PullRequest(ctx, task)
}

func (c *clients) Comments(ctx context.Context, task string, in api.ReadComments) (api.Conversation, error) {
	return c.looks.Comments(ctx, task, in)
}

func (c *clients) Operation(ctx context.Context, id string) (api.OperationDetail, error) {
	return c.looks.Operation(ctx, id)
}
