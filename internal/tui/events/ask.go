package events

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// gather is how long after something happened it is asked how far the work
	// is: what happens meanwhile is in the same answer.
	gather = 150 * time.Millisecond
	// together is how many operations are asked for at once.
	together = 20
)

// asking is how far a question to hfd is. The history names the steps that
// ended; how long they took, their logs, and what is in progress hfd says of
// each operation.
type asking struct {
	due  bool // it is about to be asked
	busy bool // it is asked
	more bool // and is to be asked again
}

type (
	due    struct{ task string }
	answer struct {
		task string
		ops  []api.Operation
		gone []string // operations that hfd no longer knows
		err  error
	}
)

// want asks soon.
func (p *Pane) want() tea.Cmd {
	switch {
	case p.asked.due:
		return nil
	case p.asked.busy:
		p.asked.more = true
		return nil
	}
	p.asked.due = true
	task := p.task
	return tea.Tick(gather, func(time.Time) tea.Msg { return due{task} })
}

// ask asks for the newest operation of the task, and for those of which too
// little is known.
func (p *Pane) ask(task string) tea.Cmd {
	p.asked.due = false
	if p.batch == nil {
		return nil
	}
	if task != p.task { // another one is looked at by now
		return p.want()
	}
	p.asked.busy = true
	ctx, c, ids := p.d.Ctx, p.d.Client, p.book.open(together)
	return func() tea.Msg { return look(ctx, c, task, ids) }
}

func look(ctx context.Context, c command.Client, task string, ids []string) answer {
	out := answer{task: task}
	d, err := c.Task(ctx, task, false)
	if err != nil {
		out.err = err
		return out
	}
	newest := ""
	if d.Operation != nil {
		newest = d.Operation.ID
	}
	for _, id := range ids {
		if id == newest {
			continue
		}
		op, err := c.Operation(ctx, id)
		switch {
		case api.IsCode(err, api.CodeNotFound):
			out.gone = append(out.gone, id)
		case err != nil:
			out.err = err
			return out
		default:
			out.ops = append(out.ops, op.Operation)
		}
	}
	if newest != "" {
		out.ops = append(out.ops, *d.Operation)
	}
	return out
}

// answered takes an answer in. After a fault it is asked again when something
// happens.
func (p *Pane) answered(msg answer) tea.Cmd {
	more := p.asked.more
	p.asked = asking{}
	if msg.task == p.task {
		p.looked = p.looked || msg.err == nil
		for i := range msg.ops {
			p.book.know(&msg.ops[i])
		}
		for _, id := range msg.gone {
			p.book.forget(id)
		}
		p.stale = true
		more = more || msg.err == nil && p.book.unknown()
	}
	if p.batch == nil || !more && msg.task == p.task {
		return nil
	}
	return p.want()
}
