package events

import (
	"strconv"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// mostText is how much of what an event says is shown, and mostLog of a log:
	// its end, in bytes.
	mostText, mostLog = 2 << 10, 64 << 10
	// liveLog is how many lines of a log are seen while its step goes on, unless
	// the person wants all of them.
	liveLog = 10
	// narrow is the width below which times have no seconds.
	narrow = 60
)

// line is a line of the screen.
type line struct {
	id, text string
	step     string // the step whose log it folds, "" for none
}

// lay makes the lines, when something changed. Who is at the end stays there,
// who is not stays on their line.
func (p *Pane) lay() {
	if !p.stale {
		return
	}
	p.stale = false
	end, empty := p.atEnd(), p.list.Len() == 0
	p.lines = p.lines[:0]
	day := p.d.Now().Format(time.DateOnly) // of today nobody needs to be told
	for _, b := range p.book.blocks {
		if on := b.at.In(p.d.Now().Location()).Format(time.DateOnly); on != day {
			day = on
			p.lines = append(p.lines, line{id: "d" + on, text: p.d.Theme.Dim.Render(strings.Repeat(p.d.Theme.Sign.Line, 2) + " " + on)})
		}
		if !b.drawn {
			b.lines, b.drawn = p.draw(b), true
		}
		p.lines = append(p.lines, b.lines...)
	}
	ids := make([]string, len(p.lines))
	for i := range ids {
		ids[i] = p.lines[i].id
	}
	p.list.Sync(ids, nil)
	if left := p.ats[p.task]; empty && left != "" && p.list.Select(left) {
		return
	}
	if end {
		p.list.End()
	}
}

// draw makes the lines of a block.
func (p *Pane) draw(b *block) []line {
	if b.work != nil {
		return p.drawWork(b)
	}
	return p.hang(b.id, "", p.clock(b.at), p.style(b.event), b.event.Text)
}

// clock is the time of a line.
func (p *Pane) clock(at time.Time) string {
	layout := time.TimeOnly
	if p.width < narrow {
		layout = "15:04"
	}
	return " " + p.d.Theme.Dim.Render(at.In(p.d.Now().Location()).Format(layout)) + "  "
}

// hang writes text behind a head, its further lines below its first.
func (p *Pane) hang(id, step, head string, style theme.Style, text string) []line {
	indent := widget.Width(head)
	var out []line
	for i, l := range widget.Wrap(widget.CleanLine(limited(text)), max(p.width-indent, 1)) {
		if i > 0 {
			head, id = widget.Spaces(indent), id+"+"
		}
		out = append(out, line{id: id, text: head + style.Render(l), step: step})
	}
	return out
}

// limited is the beginning of a text that may be of any size.
func limited(s string) string {
	if len(s) <= mostText {
		return s
	}
	return strings.ToValidUTF8(s[:mostText], "")
}

// drawWork writes a try at an operation, with all of its steps.
func (p *Pane) drawWork(b *block) []line {
	t, w := p.d.Theme, b.work
	style, text := t.Busy, w.kind+" in progress"
	switch w.state {
	case api.OperationDone:
		style, text = t.Good, w.kind+" done"
	case api.OperationFailed, api.OperationHalted:
		style, text = t.Bad, w.kind+" "+string(w.state)
	case api.OperationPending:
		text = w.kind + " is about to begin"
	case api.OperationRunning:
	}
	out := p.hang(b.id, "", p.clock(b.at), style, text)
	if w.err != nil && !failedIn(w) {
		out = append(out, p.trouble(w, b.id, "", 4)...)
	}
	names := 0
	for i := range w.steps {
		names = max(names, widget.Width(widget.CleanLine(w.steps[i].Name)))
	}
	for i := range w.steps {
		out = append(out, p.drawStep(b, &w.steps[i], min(names, 24))...)
	}
	return out
}

// failedIn reports whether a step says what went wrong.
func failedIn(w *work) bool {
	for i := range w.steps {
		if w.steps[i].State == api.StepFailed {
			return true
		}
	}
	return false
}

// drawStep writes a step and, unfolded, its log.
func (p *Pane) drawStep(b *block, s *api.Step, names int) []line {
	t := p.d.Theme
	key := b.id + "/" + s.Name
	open, all := p.open(key, s)
	fold := "  "
	switch {
	case s.Log == "":
	case open:
		fold = t.Dim.Render(t.Sign.Unfolded) + " "
	default:
		fold = t.Dim.Render(t.Sign.Folded) + " "
	}
	sign, style := t.Sign.Pending, t.Dim
	switch s.State {
	case api.StepDone:
		sign, style = t.Sign.Done, t.Good
	case api.StepFailed:
		sign, style = t.Sign.Failed, t.Bad
	case api.StepStarted:
		sign, style = t.Sign.Busy, t.Busy
	case api.StepPending:
	}
	text := "  " + fold + style.Render(sign) + " " + widget.Fit(widget.CleanLine(limited(s.Name)), names, t.Sign.Ellipsis) + " " +
		widget.Fit(p.elapsed(s), 7, "") + " " + t.Dim.Render(widget.CleanLine(limited(s.Detail)))
	step := ""
	if s.Log != "" {
		step = key
	}
	out := []line{{id: key, text: widget.Cut(text, p.width, t.Sign.Ellipsis), step: step}}
	if s.State == api.StepFailed && b.work.err != nil {
		out = append(out, p.trouble(b.work, key, step, 6)...)
	}
	if open {
		out = append(out, p.log(key, s.Log, all)...)
	}
	return out
}

// elapsed is how long a step took, or takes.
func (p *Pane) elapsed(s *api.Step) string {
	switch {
	case s.StartedAt == nil:
		return ""
	case s.EndedAt != nil:
		return render.Elapsed(s.EndedAt.Sub(*s.StartedAt))
	case s.State == api.StepStarted:
		return render.Elapsed(max(p.d.Now().Sub(*s.StartedAt), 0).Truncate(time.Second))
	}
	return ""
}

// open reports whether the log of a step is seen, and whether all of it is:
// that of a failed step is, and of one that goes on the end.
func (p *Pane) open(key string, s *api.Step) (open, all bool) {
	if s.Log == "" {
		return false, false
	}
	if chosen, ok := p.folds[key]; ok {
		return chosen, true
	}
	return s.State == api.StepFailed || s.State == api.StepStarted, s.State != api.StepStarted
}

// trouble says what went wrong and what to do about it.
func (p *Pane) trouble(w *work, id, step string, indent int) []line {
	t, e, head := p.d.Theme, w.err, widget.Spaces(indent)
	out := p.hang(id+"!", step, head, t.Bad, e.Message)
	if !p.newest(w) {
		return out // what is to be done is said where it was tried last
	}
	if e.Hint != "" {
		out = append(out, p.hang(id+"?", step, head, t.Text, e.Hint)...)
	}
	if k := p.d.Keys.Hint("retry"); k != "" && p.retries() {
		out = append(out, line{id: id + "t", text: head + t.Key.Render(k) + " retry", step: step})
	}
	return out
}

// newest reports whether it is the last try.
func (p *Pane) newest(w *work) bool { return p.book.latest[w.id].work == w }

// retries reports whether the task waits for somebody to try again.
func (p *Pane) retries() bool {
	t := p.d.Store.Task(p.task)
	return t != nil && t.Lifecycle == api.LifecycleError
}

// log writes the output of a step: the end of it, when not all is wanted.
func (p *Pane) log(key, text string, all bool) []line {
	if over := len(text) - mostLog; over > 0 {
		text = strings.ToValidUTF8(text[over:], "")
	}
	t := p.d.Theme
	const indent = 6
	head := widget.Spaces(indent-2) + t.Border.Render(t.Sign.Bar) + " "
	var out []line
	for l := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "\n") {
		l = strings.TrimRight(l, "\r")
		l = l[strings.LastIndexByte(l, '\r')+1:] // a bar that was drawn over itself
		for _, part := range widget.Wrap(strings.TrimRight(widget.Clean(l), "\n"), max(p.width-indent, 1)) {
			out = append(out, line{text: head + t.Dim.Render(part), step: key})
		}
	}
	if !all && len(out) > liveLog {
		out = out[len(out)-liveLog:]
	}
	for i := range out {
		out[i].id = key + ":" + strconv.Itoa(i)
	}
	return out
}
