package events

import (
	"encoding/json"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// View draws the pane.
func (p *Pane) View(focus bool) []string {
	if p.task == "" {
		return nil
	}
	p.lay()
	if len(p.lines) == 0 {
		return []string{"", " " + p.d.Theme.Dim.Render(p.nothing())}
	}
	from, to := p.list.Visible()
	out := make([]string, 0, p.height)
	for i := from; i < to; i++ {
		text := p.lines[i].text
		if focus && i == p.list.Index() {
			text = p.d.Theme.Selected.Over(widget.Fit(text, p.width, ""))
		}
		out = append(out, text)
	}
	if to < len(p.lines) {
		more := p.d.Theme.Accent.Render(" " + p.d.Theme.Sign.More + " " + p.d.Keys.Hint("events.end") + " ")
		out = widget.Over(widget.Block(out, p.width, len(out)), []string{more}, max(p.width-widget.Width(more), 0), len(out)-1)
	}
	return out
}

// nothing says why there is nothing to see.
func (p *Pane) nothing() string {
	if !p.looked { // it will be read in a moment
		return ""
	}
	return "nothing has happened yet"
}

// style makes what needs a person's eye stand out.
func (p *Pane) style(e *api.HistoryEntry) theme.Style {
	t := p.d.Theme
	switch e.Kind { //nolint:exhaustive // the others are as plain as most
	case api.EventStepFailed, api.EventOperationFailed, api.EventWarning, api.EventFixGaveUp, api.EventStackStopped:
		return t.Bad
	case api.EventPermissionAsked:
		return t.Waiting
	case api.EventTaskCreated, api.EventOperationDone, api.EventStepDone, api.EventStackDone, api.EventMerged:
		return t.Good
	case api.EventMessageState, api.EventTurnStarted:
		return t.Accent
	case api.EventSessionStarted, api.EventSessionEnded, api.EventSessionQuiet:
		return t.Busy
	case api.EventPullRequestChanged, api.EventPushed, api.EventFixSent:
		return t.Type
	case api.EventTaskChanged, api.EventSessionActivity:
		return t.StatusStyle(dataOf[api.TaskChange](e).Status)
	case api.EventTurnEnded:
		if dataOf[api.TurnResult](e).StopReason == api.StopEndTurn {
			return t.Good
		}
		return t.Warn
	case api.EventCheckEnded:
		if dataOf[api.CheckResult](e).ExitCode == 0 {
			return t.Good
		}
		return t.Bad
	}
	return t.Text
}

// dataOf is what an event carries, or nothing where that makes no sense.
func dataOf[T any](e *api.HistoryEntry) (v T) {
	if json.Unmarshal(e.Data, &v) != nil {
		var none T
		return none
	}
	return v
}

// toggle folds the log that the cursor is on, or unfolds it.
func (p *Pane) toggle() {
	i := p.list.Index()
	if i < 0 || p.lines[i].step == "" {
		return
	}
	key := p.lines[i].step
	for _, b := range p.book.blocks {
		if b.work == nil {
			continue
		}
		for j := range b.work.steps {
			if s := &b.work.steps[j]; b.id+"/"+s.Name == key {
				open, _ := p.open(key, s)
				p.folds[key] = !open
				b.drawn, p.stale = false, true
				p.list.Select(key) // its log may be gone
				p.lay()
				return
			}
		}
	}
}

// toggleAll folds every log, or unfolds them when all are folded.
func (p *Pane) toggleAll() {
	open := true
	p.eachLog(func(key string, s *api.Step) {
		if is, _ := p.open(key, s); is {
			open = false
		}
	})
	at := p.list.Index()
	p.eachLog(func(key string, _ *api.Step) { p.folds[key] = open })
	p.book.redraw()
	p.stale = true
	if at >= 0 && p.lines[at].step != "" {
		p.list.Select(p.lines[at].step)
	}
	p.lay()
}

func (p *Pane) eachLog(do func(key string, s *api.Step)) {
	for _, b := range p.book.blocks {
		if b.work == nil {
			continue
		}
		for i := range b.work.steps {
			if s := &b.work.steps[i]; s.Log != "" {
				do(b.id+"/"+s.Name, s)
			}
		}
	}
}

func (p *Pane) mouse(msg tea.MouseMsg) {
	p.lay()
	switch {
	case msg.Button == tea.MouseButtonWheelUp:
		p.list.Move(-3)
	case msg.Button == tea.MouseButtonWheelDown:
		p.list.Move(3)
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress && p.list.Click(msg.Y):
		p.toggle()
	}
}
