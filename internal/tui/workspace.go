package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
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
