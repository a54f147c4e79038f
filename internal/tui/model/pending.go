package model

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// pending is what happened since the last update.
type pending struct {
	snapshot *api.TaskList
	events   []api.Event
	dirty    map[string]bool // tasks to be asked for
	all      bool            // something that may concern any task
	err      error
}

func (p *pending) add(e *api.Event) {
	if e.Kind == api.EventSnapshot {
		var l api.TaskList
		if err := json.Unmarshal(e.Data, &l); err != nil {
			p.err = fmt.Errorf("the list of tasks makes no sense: %w", err)
			return
		}
		*p = pending{snapshot: &l}
		return
	}
	p.events = append(p.events, *e)
	switch {
	case e.Task != "" && e.Kind != api.EventStepProgress:
		if p.dirty == nil {
			p.dirty = map[string]bool{}
		}
		p.dirty[e.Task] = true
	case e.Kind == api.EventBranchesChanged || e.Kind == api.EventPullRequestChanged || e.Kind == api.EventRepoChanged:
		p.all = true
	}
}

// resolve asks for what changed: an event says that a task changed, not all of
// what it now is.
func (p *pending) resolve(ctx context.Context, c Asker) (u Update, err error) {
	if p.err != nil {
		return u, p.err
	}
	u = Update{Events: p.events, Conn: Connection{Up: true}}
	if p.snapshot != nil || p.all || len(p.dirty) > few {
		return p.everything(ctx, c, u)
	}
	for id := range p.dirty {
		d, err := c.Task(ctx, id, false)
		switch {
		case api.IsCode(err, api.CodeNotFound):
			u.Gone = append(u.Gone, id)
		case err != nil:
			return u, err
		default:
			u.Details = append(u.Details, d)
		}
	}
	return u, nil
}

func (p *pending) everything(ctx context.Context, c Asker, u Update) (Update, error) {
	list := p.snapshot
	if list == nil || len(p.dirty) > 0 || p.all {
		l, err := c.Tasks(ctx, client.TaskFilter{})
		if err != nil {
			return u, err
		}
		list = &l
	}
	u.All, u.Tasks = true, list.Tasks
	asked, err := c.Approvals(ctx)
	u.Permissions = asked
	return u, err
}
