package diff

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/pkg/api"
)

// write begins a comment about the selected lines, or goes on with the one the
// cursor is on, or that is not finished there.
func (p *Pane) write() tea.Cmd {
	v := p.view()
	if v == nil || !p.shown {
		return command.Refuse("there is no diff on the screen to comment on")
	}
	c := p.here()
	if c == nil {
		c = p.unfinished(v)
	}
	if c == nil {
		var why string
		if c, why = p.begin(v); why != "" {
			return command.Refuse("%s", why)
		}
	}
	if c.sending {
		return command.Refuse("the comment is being sent")
	}
	v.from = -1
	if p.input.Draft(c.Key) == "" {
		p.input.Put(c.Key, c.Text)
	}
	p.input.Of(c.Key)
	cmd := p.input.Begin()
	p.lay()
	return tea.Batch(p.d.Post(pane.Focus{Place: keys.Diff}), cmd)
}

// begin makes a comment about the selected lines, or about the file whose name
// the cursor is on.
func (p *Pane) begin(v *view) (c *comment, why string) {
	rows, f := v.selected()
	c = &comment{at: whole()}
	switch r := v.row(v.cur); {
	case len(rows) > maxLines:
		return nil, fmt.Sprintf("a comment is about %d lines at most, not %d", maxLines, len(rows))
	case len(rows) > 0:
		c.at = v.row(rows[len(rows)-1]).spot
	case r == nil || r.kind != fileRow:
		return nil, "put the cursor on a line, or the name of a file, to comment on it"
	}
	n := 1
	for _, c := range p.comments[p.task] {
		if _, after, ok := strings.Cut(c.Key, "/"); ok {
			had, _ := strconv.Atoi(after)
			n = max(n, had+1)
		}
	}
	c.Key, c.Path = p.task+"/"+strconv.Itoa(n), f.Path
	for _, i := range rows {
		l := v.lineOf(v.row(i))
		c.Lines = append(c.Lines, quoted{Kind: l.kind, Number: l.number(), Text: head(l.text)})
	}
	p.comments[p.task] = append(p.comments[p.task], c)
	p.remember(p.task)
	return c, ""
}

// here is the comment the cursor is on, nil for none.
func (p *Pane) here() *comment {
	v := p.view()
	if v == nil {
		return nil
	}
	if r := v.row(v.cur); r != nil {
		return r.comment
	}
	return nil
}

// unfinished is the comment that was begun on the line the cursor is on and not
// finished, nil for none and while lines are selected.
func (p *Pane) unfinished(v *view) *comment {
	r := v.row(v.cur)
	if r == nil || r.kind != lineRow && r.kind != fileRow || v.from >= 0 {
		return nil
	}
	for _, c := range p.comments[p.task] {
		if c.Path == v.fileOf(r).Path && c.at == r.spot && !c.gone && p.input.Draft(c.Key) != "" {
			return c
		}
	}
	return nil
}

// writing is the comment that is written, nil for none.
func (p *Pane) writing() *comment {
	for _, c := range p.comments[p.task] {
		if c.Key == p.input.Key() {
			return c
		}
	}
	return nil
}

// finish ends writing: what was typed is the comment. One of nothing is none.
func (p *Pane) finish() tea.Cmd {
	c := p.writing()
	if c == nil {
		return nil
	}
	c.Text = p.input.Take()
	p.input.Put(c.Key, "")
	p.remember(p.task)
	return p.leave()
}

// leave ends writing. What was typed and is not yet the comment is kept.
func (p *Pane) leave() tea.Cmd {
	c := p.writing()
	if c == nil {
		return nil
	}
	if p.input.Draft(c.Key) == c.Text {
		p.input.Put(c.Key, "") // nothing was changed
	}
	p.input.Of("")
	if c.Text == "" && p.input.Draft(c.Key) == "" {
		p.drop(p.task, c)
	}
	p.lay()
	return nil
}

// remove deletes the comment the cursor is on.
func (p *Pane) remove() tea.Cmd {
	c := p.here()
	switch {
	case c == nil:
		return command.Refuse("put the cursor on a comment to delete it")
	case c.sending:
		return command.Refuse("the comment is being sent")
	}
	p.drop(p.task, c)
	p.lay()
	return command.Say("the comment is deleted")
}

// drop takes comments of a task away.
func (p *Pane) drop(task string, gone ...*comment) {
	for _, c := range gone {
		p.input.Put(c.Key, "")
	}
	p.comments[task] = slices.DeleteFunc(p.comments[task], func(c *comment) bool { return slices.Contains(gone, c) })
	p.remember(task)
}

// remember makes the comments of a task drafts, which the end of hf leaves.
func (p *Pane) remember(task string) {
	key := draft.Key("comments", task)
	if len(p.comments[task]) == 0 {
		delete(p.comments, task)
		p.d.Drafts.Set(key, "")
		return
	}
	notes := make([]note, 0, len(p.comments[task]))
	for _, c := range p.comments[task] {
		notes = append(notes, c.note)
	}
	p.d.Drafts.SetJSON(key, notes)
}

// recall takes up the comments that were kept of a task.
func (p *Pane) recall(task string) {
	var notes []note
	if task == "" || len(p.comments[task]) > 0 || !p.d.Drafts.GetJSON(draft.Key("comments", task), &notes) {
		return
	}
	for _, n := range notes {
		if n.Text == "" && p.input.Draft(n.Key) == "" {
			continue
		}
		c := &comment{note: n}
		if v := p.views[task]; v != nil {
			c.locate(v.change)
		}
		p.comments[task] = append(p.comments[task], c)
	}
}

// ready are the comments that can be sent, and how many are not finished.
func (p *Pane) ready() (ready []*comment, unfinished int) {
	for _, c := range p.comments[p.task] {
		switch {
		case p.input.Draft(c.Key) != "":
			unfinished++
		case !c.sending:
			ready = append(ready, c)
		}
	}
	return ready, unfinished
}

// send sends all comments as one message. They stay until hfd has it.
func (p *Pane) send() tea.Cmd {
	ready, unfinished := p.ready()
	switch {
	case len(ready) == 0 && unfinished > 0:
		return command.Refuse("the comment is not finished: %s goes on with it", p.d.Keys.Hint("diff.comment"))
	case len(ready) == 0:
		return command.Refuse("there is no comment to send: %s writes one", p.d.Keys.Hint("diff.comment"))
	}
	task, deliver := p.task, p.d.Deliver(p.task, message(ready))
	for _, c := range ready {
		c.sending = true
	}
	p.lay()
	return func() tea.Msg {
		m, err := deliver()
		return sent{task: task, comments: ready, queued: m.State == api.MessageQueued, err: err}
	}
}

// sent takes comments away that hfd has; others stay.
func (p *Pane) sent(msg sent) tea.Cmd {
	for _, c := range msg.comments {
		c.sending = false
	}
	if msg.err == nil {
		p.drop(msg.task, msg.comments...)
	}
	p.lay()
	n := counted(len(msg.comments), "comment")
	switch {
	case msg.err != nil:
		return command.Tell(command.Failed{Err: fmt.Errorf("%s not sent, and kept: %w", n, msg.err)})
	case msg.queued:
		return command.Say("%s queued; the agent gets them when it can", n)
	}
	return command.Say("%s sent", n)
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
