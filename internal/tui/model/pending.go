package model

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// pending is what happened since the last update.
type pending struct {
	events []api.Event
	dirty  map[string]bool // tasks to be asked for
	all    bool            // something that may concern any task
}

func (p *pending) add(e *api.Event) {
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
	u = Update{Events: p.events, Conn: Connection{Up: true}}
	if p.all || len(p.dirty) > few {
		_, err := u.everything(ctx, c, c)
		return u, err
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

// lister lists tasks.
type lister interface {
	Tasks(ctx context.Context, f client.TaskFilter) (api.TaskList, error)
}

// everything asks for all there is. It returns the event up to which that is
// what happened.
func (u *Update) everything(ctx context.Context, l lister, c Asker) (seq int64, err error) {
	list, err := l.Tasks(ctx, client.TaskFilter{Fields: fields()})
	if err != nil {
		return 0, err
	}
	u.All, u.Tasks = true, list.Tasks
	u.Permissions, err = c.Approvals(ctx)
	return list.Seq, err
}

// fields are those of a task that the screen is told of: all but the prompt,
// which may be long and is part of the conversation, too.
func fields() []string {
	return []string{
		"schema", "id", "title", "workspace", "repo", "branch", "base", "parent", "status", "reason", "activity", "lifecycle", "step",
		"agent", "model", "mode", "provider", "isolation", "path", "target", "session", "diff", "ahead", "behind", "needsRestack",
		"conflicts", "unpushed", "pullRequest", "rebase", "createdAt", "updatedAt", "turnStartedAt", "lastEvent", "result",
	}
}
