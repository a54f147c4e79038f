package tasklist

import (
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// The widths from which a row shows more, in columns.
const (
	withDiff  = 34
	withPull  = 44
	withAgent = 58
)

// ageWidth is the room of an age.
const ageWidth = 4

// row draws one row.
func (p *Pane) row(i int, focus bool) string {
	r := &p.rows[i]
	var line string
	if r.Task == nil {
		line = p.heading(r)
	} else {
		line = p.task(r)
	}
	line = widget.Fit(line, p.width, p.d.Theme.Sign.Ellipsis)
	if i != p.list.Index() {
		return line
	}
	if focus {
		return p.d.Theme.Selected.Over(line)
	}
	return p.d.Theme.SelectedAway.Over(line)
}

func (p *Pane) heading(r *model.Row) string {
	t := p.d.Theme
	sign := t.Sign.Unfolded
	if r.Folded {
		sign = t.Sign.Folded
	}
	style := t.Bold
	if r.ID == ":waiting" {
		style, sign = t.Waiting, t.Sign.Waiting
	}
	return style.Render(sign+" "+widget.CleanLine(r.Heading)) + t.Dim.Render(" "+strconv.Itoa(r.Count))
}

// task draws a task: what is on the right has its room, the title has the rest.
func (p *Pane) task(r *model.Row) string {
	t, task := p.d.Theme, r.Task
	cursor, mark := " ", " "
	if p.list.Selected() == r.ID {
		cursor = t.Accent.Render(t.Sign.Cursor)
	}
	if p.d.Store.Marked(r.ID) {
		mark = t.Marked.Render(t.Sign.Mark)
	}
	left := cursor + mark + t.Border.Render(p.branches(r)) + t.StatusStyle(task.Status).Render(t.Sign.Status(task.Status)) + " "
	right := p.right(task)
	room := p.width - widget.Width(left) - widget.Width(right)
	return left + widget.Fit(p.name(r, room), room, t.Sign.Ellipsis) + right
}

// name is the title, with what the task waits on where that fits.
func (p *Pane) name(r *model.Row, room int) string {
	t, task := p.d.Theme, r.Task
	title := widget.CleanLine(task.Title)
	why := ""
	switch {
	case model.Waits(task) && task.Reason != "":
		why = task.Reason
	case task.Status == api.StatusProvisioning:
		why, _ = task.Step.Get()
	case len(task.Conflicts) > 0:
		why = "conflicts"
	case task.Restack != nil && *task.Restack:
		why = "needs restack"
	}
	if why == "" || widget.Width(title)+4 > room {
		return title
	}
	return title + " " + t.Dim.Render(widget.Cut(widget.CleanLine(why), room-widget.Width(title)-2, t.Sign.Ellipsis))
}

// branches is the tree to the left of a task.
func (p *Pane) branches(r *model.Row) string {
	if r.Depth == 0 {
		return ""
	}
	g := &p.d.Theme.Sign
	var b strings.Builder
	for _, last := range r.Last[1:r.Depth] {
		if last {
			b.WriteString("  ")
		} else {
			b.WriteString(g.TreePass)
		}
	}
	if r.Last[r.Depth] {
		b.WriteString(g.TreeLast)
	} else {
		b.WriteString(g.Tree)
	}
	return b.String()
}

// right is what stands at the right of a task: what fits of it.
func (p *Pane) right(task *api.Task) string {
	t := p.d.Theme
	var parts []string
	if p.width >= withAgent {
		parts = append(parts, t.Dim.Render(widget.Cut(task.Agent, 8, t.Sign.Ellipsis)))
	}
	if d := task.Diff; d != nil && d.Files > 0 && p.width >= withDiff {
		parts = append(parts, t.Diff(d.Added, d.Removed))
	}
	if pull, ok := task.Pull.Get(); ok && p.width >= withPull {
		parts = append(parts, t.Pull(&pull))
	}
	at := task.UpdatedAt
	if task.TurnStart != nil {
		at = *task.TurnStart
	}
	age := render.Age(p.d.Now(), at)
	parts = append(parts, t.Dim.Render(widget.Spaces(ageWidth-len(age))+age))
	return " " + strings.Join(parts, " ")
}
