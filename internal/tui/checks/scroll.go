package checks

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// View draws the pane.
func (p *Pane) View(focus bool) []string {
	if p.task == "" {
		return nil
	}
	g := p.page()
	doc := p.document(g)
	lines := make([]string, 0, p.height)
	for i := g.top; i < min(g.top+p.height, len(doc.lines)); i++ {
		l := doc.lines[i]
		if g.picked != "" && i == g.pickedAt {
			style := p.d.Theme.SelectedAway
			if focus {
				style = p.d.Theme.Selected
			}
			l = style.Over(widget.Fit(l, p.width, ""))
		}
		lines = append(lines, l)
	}
	if at := p.height - 1; len(lines) == p.height && g.top+p.height < len(doc.lines) && at >= 0 {
		more := p.d.Theme.Accent.Render(" " + p.d.Theme.Sign.More + " ")
		lines = widget.Over(lines, []string{more}, max(p.width-widget.Width(more), 0), at)
	}
	return lines
}

// document is what there is to be seen, as it was drawn before where nothing
// changed. What is looked at stays where it is when something above it changes.
func (p *Pane) document(g *page) *document {
	minute := p.d.Now().Unix() / 60
	if g.drawn.lines != nil && g.drawn.width == p.width && g.drawn.minute == minute {
		g.top = g.drawn.clamp(g.top, p.height)
		return &g.drawn
	}
	g.drawn = p.draw(g)
	g.drawn.width, g.drawn.minute = p.width, minute
	if i := g.drawn.find(g.anchor); i >= 0 {
		g.top = g.drawn.items[i].line + g.offset
	}
	g.top = g.drawn.clamp(g.top, p.height)
	if i := g.drawn.find(g.picked); i >= 0 {
		g.pickedAt = g.drawn.items[i].line
	} else {
		g.picked = ""
	}
	return &g.drawn
}

// redraw gives up what was drawn: the colours changed.
func (p *Pane) redraw() {
	for _, g := range p.pages {
		g.drawn = document{}
	}
}

func (p *Pane) length() int { return len(p.document(p.page()).lines) }

func (p *Pane) scroll(lines int) {
	g := p.page()
	doc := p.document(g)
	g.moveTo(doc, doc.clamp(g.top+lines, p.height))
}

// moveTo makes a line the first that is seen.
func (g *page) moveTo(doc *document, top int) {
	g.top, g.anchor, g.offset = top, "", 0
	if i := doc.at(top); i >= 0 && top > 0 {
		g.anchor, g.offset = doc.items[i].key, top-doc.items[i].line
	}
}

// pick moves the cursor to another item and brings it into sight.
func (p *Pane) pick(step int) {
	g := p.page()
	doc := p.document(g)
	i := doc.find(g.picked)
	switch {
	case i >= 0:
		i += step
	case step > 0:
		i = doc.at(g.top) // what is seen first
		if i < 0 || doc.items[i].line < g.top {
			i++
		}
	default:
		i = doc.at(g.top)
	}
	if i < 0 || i >= len(doc.items) {
		return
	}
	g.picked, g.pickedAt = doc.items[i].key, doc.items[i].line
	if g.pickedAt < g.top || g.pickedAt >= g.top+p.height {
		g.moveTo(doc, doc.clamp(g.pickedAt-1, p.height))
	}
}

func (p *Pane) click(line int) {
	g := p.page()
	doc := p.document(g)
	if i := doc.at(g.top + line); i >= 0 && g.top+line < len(doc.lines) {
		g.picked, g.pickedAt = doc.items[i].key, doc.items[i].line
	}
}

// open shows what the cursor is on in the browser, else the pull request.
func (p *Pane) open() tea.Cmd {
	g := p.page()
	if g.pull == nil {
		return command.Refuse("the task has no pull request")
	}
	doc := p.document(g)
	url := g.pull.URL
	if i := doc.find(g.picked); i >= 0 && doc.items[i].url != "" {
		url = doc.items[i].url
	}
	return p.d.Program.Browse(url)
}

// document is lines, and the items they are of.
type document struct {
	lines  []string
	items  []item
	width  int
	minute int64 // of its ages
}

// item is something that has a page of its own: a check, a thread, a comment.
type item struct {
	key  string
	url  string
	line int // its first
}

func (d *document) clamp(top, height int) int { return max(min(top, len(d.lines)-height), 0) }

// find is the item of a key, -1 for none.
func (d *document) find(key string) int {
	for i := range d.items {
		if d.items[i].key == key && key != "" {
			return i
		}
	}
	return -1
}

// at is the item that a line belongs to, -1 for none.
func (d *document) at(line int) int {
	found := -1
	for i := range d.items {
		if d.items[i].line <= line {
			found = i
		}
	}
	return found
}
