package conversation

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// leastTalk is how many lines of the conversation are seen at least when there
// is something else to be shown.
const leastTalk = 3

// View draws the pane: the conversation, what is asked, what is typed.
func (p *Pane) View(bool) []string {
	if p.task == "" {
		return nil
	}
	below := p.below()
	p.seen = p.lay(p.height - len(below))
	lines := make([]string, 0, p.height)
	for i, l := range p.seen.lines {
		if p.picked != nil && p.isPicked(i) {
			l = p.d.Theme.SelectedAway.Over(widget.Fit(l, p.width, ""))
		}
		lines = append(lines, l)
	}
	if len(p.seen.lines) == 0 {
		lines = append(lines, "", " "+p.d.Theme.Dim.Render(p.nothing()))
	}
	for len(lines) < p.height-len(below) {
		lines = append(lines, "")
	}
	if at := p.height - len(below) - 1; at >= 0 && p.scrollOf().free {
		more := p.d.Theme.Accent.Render(" " + p.d.Theme.Sign.More + " " + p.d.Keys.Hint("conversation.end") + " ")
		lines = widget.Over(lines, []string{more}, max(p.width-widget.Width(more), 0), at)
	}
	return append(lines[:max(p.height-len(below), 0)], below...)
}

// isPicked reports whether a line of the screen is the head of the tool call the
// cursor is on.
func (p *Pane) isPicked(line int) bool {
	i := p.seen.blocks[line]
	return p.talk().blocks[i] == p.picked && (line == 0 || p.seen.blocks[line-1] != i)
}

// nothing says why there is no conversation yet.
func (p *Pane) nothing() string {
	t := p.d.Store.Task(p.task)
	switch {
	case t == nil:
		return ""
	case t.Status == api.StatusQueued || t.Status == api.StatusProvisioning:
		step, _ := t.Step.Get()
		return strings.TrimSpace("the sandbox is made" + p.d.Theme.Sign.Ellipsis + " " + widget.CleanLine(step))
	case p.batch == nil: // it will be read in a moment
		return ""
	}
	return "nothing was said yet"
}

// below is what stands below the conversation.
func (p *Pane) below() []string {
	var out []string
	least := leastTalk
	if p.height < 4*leastTalk {
		least = 0 // what is asked comes first
	}
	out = append(out, p.askedBox(p.width, p.height-least-len(out))...)
	out = append(out, p.waitingMessages()...)
	if in := p.input.View(p.label(), p.width, p.height-len(out)-leastTalk-1); len(in) > 0 {
		out = append(out, in...)
	} else if u := p.usage(); u != "" && p.height > 8 {
		out = append(out, u)
	}
	if over := len(out) - p.height; over > 0 {
		out = out[over:]
	}
	return out
}

// waitingMessages are those the agent has not got yet.
func (p *Pane) waitingMessages() []string {
	d := p.d.Store.Detail(p.task)
	if d == nil {
		return nil
	}
	var out []string
	for _, m := range d.Messages {
		if m.State == api.MessageQueued || m.State == api.MessageAccepted {
			out = append(out, p.d.Theme.Dim.Render(widget.Cut(" queued: "+widget.CleanLine(m.Text), p.width, p.d.Theme.Sign.Ellipsis)))
		}
	}
	return out[:min(len(out), 3)]
}

// usage says what the agent used so far.
func (p *Pane) usage() string {
	u, t := &p.talk().usage, p.d.Theme
	var parts []string
	if p.talk().mode != "" {
		parts = append(parts, "mode "+p.talk().mode)
	}
	if u.ContextUsed != nil && u.ContextSize != nil && *u.ContextSize > 0 {
		parts = append(parts, fmt.Sprintf("context %s of %s (%d%%)", tokens(*u.ContextUsed), tokens(*u.ContextSize), 100**u.ContextUsed / *u.ContextSize))
	}
	if u.InputTokens != nil && u.OutputTokens != nil {
		parts = append(parts, tokens(*u.InputTokens)+" in, "+tokens(*u.OutputTokens)+" out")
	}
	if u.CostUSD != nil && *u.CostUSD > 0 {
		parts = append(parts, fmt.Sprintf("$%.2f", *u.CostUSD))
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + t.Dim.Render(widget.Cut(strings.Join(parts, " · "), p.width-1, t.Sign.Ellipsis))
}

// tokens is a count in short.
func tokens(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprint(n)
	case n < 1_000_000:
		return fmt.Sprintf("%.1fk", float64(n)/1000)
	}
	return fmt.Sprintf("%.1fM", float64(n)/1_000_000)
}

// lay gathers what is seen of the conversation.
func (p *Pane) lay(height int) window {
	t := p.talk()
	if p.drawn > keepDrawn {
		p.forget()
	}
	return p.scrollOf().lay(len(t.blocks), t.cut, height, p.drawer(t))
}

// drawer draws a block of a talk by its index.
func (p *Pane) drawer(t *talk) func(i int) []string {
	return func(i int) []string {
		b := t.blocks[i]
		if b.width != p.width {
			p.drawn++
		}
		return p.paint.draw(b, p.width, t.root)
	}
}

func (p *Pane) scroll(lines int) {
	t := p.talk()
	p.scrollOf().move(lines, len(t.blocks), t.cut, p.height-len(p.below()), p.drawer(t))
}

// pick moves the cursor to another tool call and brings it into sight.
func (p *Pane) pick(step int) {
	t := p.talk()
	at := len(t.blocks)
	if step > 0 {
		at = -1
	}
	for i, b := range t.blocks {
		if b == p.picked && b != nil {
			at = i
		}
	}
	for i := at + step; i >= 0 && i < len(t.blocks); i += step {
		if t.blocks[i].kind != api.EntryTool {
			continue
		}
		p.picked = t.blocks[i]
		if !slices.Contains(p.seen.blocks, i) {
			p.scrollOf().show(i, t.cut)
		}
		return
	}
}

// toggleAll folds every tool call, or unfolds them when all are folded.
func (p *Pane) toggleAll() {
	open := true
	for _, b := range p.talk().blocks {
		if b.kind == api.EntryTool && b.open {
			open = false
		}
	}
	for _, b := range p.talk().blocks {
		if b.kind == api.EntryTool {
			b.open, b.width = open, 0
		}
	}
}

func (p *Pane) mouse(msg tea.MouseMsg) {
	switch {
	case msg.Button == tea.MouseButtonWheelUp:
		p.scroll(-3)
	case msg.Button == tea.MouseButtonWheelDown:
		p.scroll(3)
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress && msg.Y < len(p.seen.blocks):
		if b := p.talk().blocks[p.seen.blocks[msg.Y]]; b.kind == api.EntryTool {
			p.picked = b
			b.open, b.width = !b.open, 0
		}
	}
}
