package diff

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// leastRows is how many rows of the diff are seen at least while a comment is
	// written.
	leastRows = 3
	// shift is how many columns a step to the right is.
	shift = 8
	// wheel is how many rows a turn of the wheel is.
	wheel = 3
)

// act does an action of the pane's own.
func (p *Pane) act(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case compose.Send:
		return p.finish()
	case compose.Leave:
		return p.leave()
	case Comment:
		return p.write()
	case Delete:
		return p.remove()
	case Send:
		return p.send()
	case Cancel:
		return p.cancel()
	case Shift:
		return p.shift(int(msg))
	case Wrap:
		p.paint.wrap, p.paint.left = !p.paint.wrap, 0
		p.lay()
	case Enter:
		return p.enter()
	}
	if v := p.view(); v != nil && p.moved(v, msg) {
		v.clamp(p.rows())
		return nil
	}
	return p.input.Update(msg)
}

// moved goes to another row. It reports whether the message was about that.
func (p *Pane) moved(v *view, msg tea.Msg) bool {
	switch msg := msg.(type) {
	case widget.Move:
		v.move(int(msg))
	case widget.Page:
		v.top += int(msg) * max(p.rows()/2, 1)
		v.move(int(msg) * max(p.rows()/2, 1))
	case widget.Home:
		v.cur, v.top = 0, 0
	case widget.End:
		v.move(len(v.rows))
	case Hunk:
		if v.next(int(msg), hunkRow) && (v.cur < v.top || v.cur > v.top+p.rows()*2/3) {
			v.top = v.cur - p.rows()/4
		}
	case File:
		if v.next(int(msg), fileRow) {
			v.top = v.cur
		}
	case Select:
		p.mark(v)
	case Fold:
		p.foldAll(v)
	default:
		return false
	}
	return true
}

// mark begins or ends selecting lines.
func (p *Pane) mark(v *view) {
	switch r := v.row(v.cur); {
	case v.from >= 0:
		v.from = -1
	case r != nil && r.kind == lineRow:
		v.from = v.cur
	}
}

// cancel ends selecting lines, or goes back to the tasks.
func (p *Pane) cancel() tea.Cmd {
	if v := p.view(); v != nil && v.from >= 0 {
		v.from = -1
		return nil
	}
	return p.d.Post(pane.Act{Name: "back"})
}

// shift shows more of long lines. At their beginning, left is back.
func (p *Pane) shift(n int) tea.Cmd {
	switch {
	case n < 0 && p.paint.left == 0:
		return p.d.Post(pane.Act{Name: "back"})
	case !p.paint.wrap:
		p.paint.left = max(min(p.paint.left+n*shift, most), 0)
		p.lay()
	}
	return nil
}

// enter does what the row the cursor is on is for.
func (p *Pane) enter() tea.Cmd {
	v := p.view()
	if v == nil {
		return nil
	}
	r := v.row(v.cur)
	if r == nil || r.kind == lineRow || r.kind == commentRow {
		return p.write()
	}
	if f := v.fileOf(r); f != nil {
		p.fold(v, f)
	}
	return nil
}

func (p *Pane) fold(v *view, f *file) {
	v.folded[f.Path] = !v.folded[f.Path]
	p.lay()
}

// foldAll folds every file, or unfolds them when all are folded.
func (p *Pane) foldAll(v *view) {
	fold := false
	for _, f := range v.change.files {
		fold = fold || !v.folded[f.Path]
	}
	for _, f := range v.change.files {
		v.folded[f.Path] = fold
	}
	p.lay()
}

// mouse scrolls, and puts the cursor where it is clicked. The sign of a file
// folds it.
func (p *Pane) mouse(msg tea.MouseMsg) {
	v := p.view()
	if v == nil {
		return
	}
	switch {
	case msg.Button == tea.MouseButtonWheelUp:
		v.scroll(-wheel, p.rows())
	case msg.Button == tea.MouseButtonWheelDown:
		v.scroll(wheel, p.rows())
	case msg.Button == tea.MouseButtonLeft && msg.Action == tea.MouseActionPress && msg.Y > 0 && msg.Y <= p.rows():
		at := v.top + msg.Y - 1
		for at > 0 && v.row(at) != nil && !v.rows[at].stop() {
			at--
		}
		r := v.row(at)
		if r == nil {
			return
		}
		v.cur = at
		if r.kind == fileRow && msg.X < 3 {
			p.fold(v, v.fileOf(r))
		}
	}
}

// rows is how many rows of the diff are seen.
func (p *Pane) rows() int { return max(p.height-1-len(p.below()), 1) }

// below is what is typed.
func (p *Pane) below() []string {
	c := p.writing()
	if c == nil || !p.input.Active() {
		return nil
	}
	before, behind := "comment on ", ""
	if p.width >= wide {
		behind = "; " + p.d.Keys.Hint("diff.send") + " sends all of them later"
	}
	about := short(c.about(), p.width-5-widget.Width(before+behind), p.d.Theme.Sign.Ellipsis)
	return p.input.View(before+about+behind, p.width, p.height-leastRows-2)
}

// draw is a comment as it is drawn.
func (p *Pane) draw(c *comment) []string {
	return p.paint.comment(c, p.input.Draft(c.Key), c == p.writing() && p.input.Active())
}

// View draws the pane: where the cursor is, the rows, what is typed.
func (p *Pane) View(focus bool) []string {
	v := p.view()
	if v == nil || len(v.rows) == 0 {
		return p.nothing(v)
	}
	t := p.d.Theme
	below := p.below()
	height := max(p.height-1-len(below), 1)
	v.clamp(height)
	var chosen map[int]bool
	if v.from >= 0 {
		rows, _ := v.selected()
		chosen = make(map[int]bool, len(rows))
		for _, i := range rows {
			chosen[i] = true
		}
	}
	lines := make([]string, 0, p.height)
	lines = append(lines, p.where(v))
	for i := v.top; i < min(v.top+height, len(v.rows)); i++ {
		first := i - int(v.rows[i].part)
		bar := " "
		if chosen[first] {
			bar = t.Marked.Render(t.Sign.Bar)
		}
		l := bar + p.paint.row(v, i)
		switch {
		case first == v.cur && focus:
			l = t.Selected.Over(widget.Fit(l, p.width, ""))
		case first == v.cur, chosen[first]:
			l = t.SelectedAway.Over(widget.Fit(l, p.width, ""))
		}
		lines = append(lines, l)
	}
	for len(lines) < p.height-len(below) {
		lines = append(lines, "")
	}
	return append(lines, below...)
}

// where says which line of which file the cursor is on, and what there is in all.
func (p *Pane) where(v *view) string {
	t := p.d.Theme
	right := p.sum(v)
	left := ""
	if r := v.row(v.cur); v.fileOf(r) != nil {
		name := widget.CleanLine(v.fileOf(r).Path)
		if l := v.lineOf(r); l != nil && l.number() > 0 {
			name += fmt.Sprintf(":%d", l.number())
		}
		left = fmt.Sprintf("%d/%d ", r.file+1, len(v.change.files))
		left += short(name, p.width-4-len(left)-widget.Width(right), t.Sign.Ellipsis)
	}
	gap := max(p.width-2-widget.Width(left)-widget.Width(right), 1)
	return widget.Cut(" "+t.Dim.Render(left)+widget.Spaces(gap)+right, p.width, t.Sign.Ellipsis)
}

// sum is what there is in all, or what is wrong with it.
func (p *Pane) sum(v *view) string {
	t := p.d.Theme
	var parts []string
	switch {
	case p.wrong != "":
		return t.Bad.Render(widget.Cut(widget.CleanLine(p.wrong), p.width*2/3, t.Sign.Ellipsis))
	case v.change.raw.Cut:
		parts = append(parts, t.Warn.Render("cut"))
	}
	if c := p.here(); c != nil && p.width >= wide {
		return t.Key.Render(p.d.Keys.Hint("diff.enter")) + t.Dim.Render(" changes the comment  ") + t.Key.Render(p.d.Keys.Hint("diff.delete")) + t.Dim.Render(" deletes it")
	}
	n := len(p.comments[p.task])
	if n > 0 {
		text := t.Accent.Render(counted(n, "comment"))
		if p.width >= wide {
			text += " " + t.Key.Render(p.d.Keys.Hint("diff.send")) + t.Dim.Render(" sends")
		}
		parts = append(parts, text)
	}
	if n == 0 || p.width >= wide {
		parts = append(parts, p.paint.counts(v.change.raw.Stat.Added, v.change.raw.Stat.Removed))
	}
	return strings.Join(parts, "  ")
}

// nothing says why there is no diff.
func (p *Pane) nothing(v *view) []string {
	t := p.d.Theme
	text, style := "nothing changed yet", t.Dim
	switch task := p.d.Store.Task(p.task); {
	case task == nil:
		return nil
	case p.wrong != "":
		text, style = widget.CleanLine(p.wrong), t.Bad
	case task.Status == api.StatusQueued || task.Status == api.StatusProvisioning:
		text = "nothing changed yet: the sandbox is made" + t.Sign.Ellipsis
	case v == nil:
		text = "reading" + t.Sign.Ellipsis
	}
	out := []string{""}
	for _, l := range widget.Wrap(text, max(p.width-2, 1)) {
		out = append(out, " "+style.Render(l))
	}
	if n := len(p.comments[p.task]); n > 0 && p.wrong != "" {
		out = append(out, "", " "+t.Accent.Render(counted(n, "comment"))+t.Dim.Render(" kept until the diff can be shown"))
	}
	return out
}
