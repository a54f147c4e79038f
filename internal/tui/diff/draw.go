package diff

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hf-dev/hf/internal/tui/syntax"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// wide is the width from which on a line shows both of its numbers.
const wide = 56

// painter draws rows. What it drew is kept until something changes.
type painter struct {
	t        *theme.Theme
	width    int
	wrap     bool           // long lines take several rows
	left     int            // columns the text is scrolled to the right
	drawn    map[int]string // rows, by index
	comments map[*comment][]string
	spans    []syntax.Span
}

// keep is how many drawn rows are kept.
const keep = 2000

func newPainter(t *theme.Theme) *painter {
	return &painter{t: t, drawn: map[int]string{}, comments: map[*comment][]string{}}
}

// forget gives up what was drawn.
func (p *painter) forget() {
	clear(p.drawn)
	clear(p.comments)
}

// row draws a row of a view, without cursor and selection.
func (p *painter) row(v *view, i int) string {
	r := &v.rows[i]
	if lines := p.comments[r.comment]; int(r.part) < len(lines) {
		return lines[r.part]
	}
	if s, ok := p.drawn[i]; ok {
		return s
	}
	if len(p.drawn) > keep {
		p.forget()
	}
	s := widget.Cut(p.draw(v, r), p.width, p.t.Sign.Ellipsis)
	p.drawn[i] = s
	return s
}

func (p *painter) draw(v *view, r *row) string {
	f := v.fileOf(r)
	switch r.kind {
	case fileRow:
		return p.file(f, v.folded[f.Path], v.hidden[f.Path])
	case noteRow:
		return "  " + p.t.Dim.Render(widget.CleanLine(f.notes[r.spot.line]))
	case hunkRow:
		return p.t.Hunk.Render(widget.CleanLine(head(f.hunks[r.spot.hunk].head)))
	case lineRow:
		return p.line(f, r.spot, int(r.part))
	case endRow:
		return p.t.Warn.Render(fmt.Sprintf("The diff is longer than can be shown. All of it: hf exec %s -- git diff %s", widget.CleanLine(v.change.raw.Task), widget.CleanLine(v.change.raw.Base)))
	case commentRow:
	}
	return ""
}

// file draws the line that names a file. Where there is little room it is the
// beginning of the name that goes.
func (p *painter) file(f *file, folded bool, comments int) string {
	t := p.t
	sign := t.Sign.Unfolded
	if folded {
		sign = t.Sign.Folded
	}
	var facts []string
	switch f.Status {
	case "added":
		facts = append(facts, t.Good.Render("new"))
	case "untracked":
		facts = append(facts, t.Good.Render("untracked"))
	case "deleted":
		facts = append(facts, t.Removed.Render("deleted"))
	}
	if f.Added+f.Removed > 0 {
		facts = append(facts, p.counts(f.Added, f.Removed))
	}
	if comments > 0 {
		facts = append(facts, t.Accent.Render(counted(comments, "comment")))
	}
	name := widget.CleanLine(f.Path)
	end := ""
	if len(facts) > 0 {
		end = " " + strings.Join(facts, " ")
	}
	name = short(name, p.width-2-widget.Width(end), t.Sign.Ellipsis)
	line := t.Dim.Render(sign) + " " + t.File.Render(name)
	if f.OldPath != "" && f.OldPath != f.Path {
		room := p.width - widget.Width(line+end) - 6
		if room > 5 {
			end = t.Dim.Render(" from "+short(widget.CleanLine(f.OldPath), room, t.Sign.Ellipsis)) + end
		}
	}
	return line + end
}

// counts is how many lines came and went.
func (p *painter) counts(added, removed int) string {
	return p.t.Added.Render("+"+strconv.Itoa(added)) + " " + p.t.Removed.Render("-"+strconv.Itoa(removed))
}

// short cuts the beginning of a path.
func short(path string, width int, ellipsis string) string {
	if over := widget.Width(path) - width; over > 0 && width > 0 {
		return ellipsis + widget.After(path, over+1)
	}
	return path
}

// line draws a line of a file, or a part of one that takes several rows.
func (p *painter) line(f *file, at spot, part int) string {
	h := &f.hunks[at.hunk]
	l := &h.lines[at.line]
	text := h.shown(l)
	from, to := 0, len(text)
	if p.wrap {
		ends := parts(text, p.room(f))
		part = min(part, len(ends)-1)
		if to = ends[part]; part > 0 {
			from = ends[part-1]
		}
	}
	var out string
	if l.kind == '\\' {
		out = p.t.Dim.Render(text[from:to])
	} else {
		p.spans, _ = f.lang.Line(text, l.state, p.spans[:0])
		out = p.text(text[:to], from, l.kind, p.spans, h.marks(l, text))
	}
	if p.left > 0 {
		out = widget.After(out, p.left)
	}
	if len(l.text) > most && to == len(text) {
		out += p.t.Dim.Render(fmt.Sprintf(" %s a line of %d bytes", p.t.Sign.Ellipsis, len(l.text)))
	}
	if part > 0 {
		return widget.Spaces(p.before(f)) + out
	}
	return p.gutter(l, f) + out
}

// high is how many rows a line takes.
func (p *painter) high(f *file, h *hunk, l *line) int {
	room := p.room(f)
	if !p.wrap || len(l.text) <= room && strings.IndexByte(l.text, '\t') < 0 {
		return 1 // no letter is wider than it is long
	}
	return len(parts(h.shown(l), room))
}

// parts cuts a text that is too long for a row, behind words where it can. It
// returns where each part ends.
func parts(text string, width int) []int {
	var ends []int
	at := 0
	for len(text)-at > width {
		n := len(widget.Cut(text[at:], width, ""))
		if at+n == len(text) {
			break
		}
		if word := strings.LastIndexByte(text[at:at+n], ' '); word > n/2 {
			n = word + 1
		}
		if n == 0 { // a letter that is wider than there is room
			_, n = utf8.DecodeRuneInString(text[at:])
		}
		at += n
		ends = append(ends, at)
	}
	return append(ends, len(text))
}

// shown is a line as it is drawn. How it ends is shown where that is all that
// changed.
func (h *hunk) shown(l *line) string {
	text := shown(l.text)
	if l.pair > 0 && strings.HasSuffix(l.text, "\r") && shown(h.lines[l.pair-1].text) == text {
		text += "^M"
	}
	return text
}

// marks are what changed in a line that is shown as text.
func (h *hunk) marks(l *line, text string) (out []mark) {
	if l.pair == 0 {
		return nil
	}
	other := h.shown(&h.lines[l.pair-1])
	if l.kind == '-' {
		out, _ = changed(text, other)
	} else {
		_, out = changed(other, text)
	}
	return out
}

// shown is text as it is drawn: one line, whatever is in it.
func shown(s string) string {
	return strings.ReplaceAll(widget.Clean(strings.TrimSuffix(head(s), "\r")), "\n", " ")
}

// both reports whether the lines of a file are shown with both of their numbers.
func (p *painter) both(f *file) bool { return p.width >= wide && !f.oneSided() }

// before is how many columns stand before the text of lines, room how many there
// are for it.
func (p *painter) before(f *file) int {
	if p.both(f) {
		return 2*f.digits + 3
	}
	return f.digits + 2
}

func (p *painter) room(f *file) int { return max(p.width-p.before(f), 1) }

// gutter is what stands before the text of a line: its numbers, and whether it
// came or went.
func (p *painter) gutter(l *line, f *file) string {
	t := p.t
	num := func(n int32) string {
		if n == 0 {
			return widget.Spaces(f.digits)
		}
		s := strconv.Itoa(int(n))
		return widget.Spaces(f.digits-len(s)) + s
	}
	numbers := num(l.number())
	if p.both(f) {
		numbers = num(l.old) + " " + num(l.new)
	}
	switch l.kind {
	case '+':
		return t.Added.Render(numbers + " +")
	case '-':
		return t.Removed.Render(numbers + " -")
	}
	return t.Dim.Render(numbers) + "  "
}

// text colours a line from a place on: what changed in it, and the words of its
// language.
func (p *painter) text(text string, from int, kind byte, spans []syntax.Span, marks []mark) string {
	base, word := p.t.Text, p.t.Text
	switch kind {
	case '+':
		base, word = p.t.Added, p.t.AddedWord
	case '-':
		base, word = p.t.Removed, p.t.RemovedWord
	}
	var b strings.Builder
	b.Grow(len(text) - from + 16*len(spans))
	for at, i := from, 0; at < len(text); {
		for i < len(spans) && spans[i].End <= at {
			i++
		}
		end, style := len(text), base
		if i < len(spans) {
			end, style = min(spans[i].End, len(text)), p.of(spans[i].Kind, base)
		}
		for len(marks) > 0 && marks[0].to <= at {
			marks = marks[1:]
		}
		if len(marks) > 0 {
			if marks[0].from <= at {
				end, style = min(marks[0].to, len(text)), word
			} else {
				end = min(end, marks[0].from)
			}
		}
		b.WriteString(style.Render(text[at:end]))
		at = end
	}
	return b.String()
}

// of is the style of a kind of word.
func (p *painter) of(k syntax.Kind, base theme.Style) theme.Style {
	switch k {
	case syntax.Keyword:
		return p.t.Keyword
	case syntax.Type:
		return p.t.Type
	case syntax.String:
		return p.t.String
	case syntax.Comment:
		return p.t.Comment
	case syntax.Number:
		return p.t.Number
	case syntax.Plain:
	}
	return base
}

// comment draws a comment, and keeps that. draft is what of it is not finished,
// writing that it is typed now.
func (p *painter) comment(c *comment, draft string, writing bool) []string {
	if lines := p.comments[c]; lines != nil {
		return lines
	}
	t := p.t
	var lines []string
	put := func(text string, style theme.Style) {
		for l := range strings.SplitSeq(widget.Clean(text), "\n") {
			for _, part := range widget.Wrap(l, max(p.width-6, 8)) {
				lines = append(lines, "   "+t.Accent.Render(t.Sign.Bar)+" "+style.Render(part))
			}
		}
	}
	if c.gone {
		put("on what is no longer in the diff: "+c.about(), t.Warn)
		if n := len(c.Lines); n > 0 {
			put(shown(c.Lines[n-1].Text), t.Dim)
		}
	}
	switch {
	case writing:
		put("being written below", t.Dim)
	case draft != "":
		put(draft, t.Text)
		put("not finished", t.Warn)
	case c.sending:
		put(c.Text, t.Dim)
	default:
		put(c.Text, t.Text)
	}
	p.comments[c] = lines
	return lines
}
