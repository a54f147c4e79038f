package checks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// talk draws what people wrote: what is still to be answered first.
func (b *drawing) talk(g *page) {
	b.heading("Threads", b.unresolved(g))
	if g.notTalk != nil {
		b.failed("What reviewers wrote cannot be read", g.notTalk)
	}
	if g.talk == nil {
		return
	}
	for i := range g.talk.Threads {
		if t := &g.talk.Threads[i]; !t.Resolved {
			b.thread(t)
		}
	}
	b.comments("Reviews", "review/", g.talk.Reviews)
	b.comments("Comments", "comment/", g.talk.Comments)
	if g.talk.More {
		b.blank()
		b.text(1, b.t.Dim, "There is more than this: the browser shows it all.")
	}
}

// unresolved says how many threads wait for an answer.
func (b *drawing) unresolved(g *page) string {
	open, resolved := g.pull.UnresolvedThreads, 0
	if g.talk != nil {
		open = 0
		for i := range g.talk.Threads {
			if g.talk.Threads[i].Resolved {
				resolved++
			} else {
				open++
			}
		}
	}
	says := b.t.Dim.Render("none to answer")
	if open > 0 {
		says = b.t.Warn.Render(strconv.Itoa(open) + " to answer")
	}
	if resolved > 0 {
		says += b.t.Dim.Render(fmt.Sprintf(", %d resolved", resolved))
	}
	if g.reading || !g.read() {
		says += b.t.Dim.Render("  reading" + b.t.Sign.Ellipsis)
	}
	return says
}

// thread draws what was written about a line.
func (b *drawing) thread(t *api.PullThread) {
	place := widget.Name(t.Path)
	if t.Line > 0 {
		place += ":" + strconv.Itoa(t.Line)
	}
	line := b.t.File.Render(place)
	if t.Outdated {
		line += b.t.Dim.Render(" outdated")
	}
	b.item("thread/"+t.ID, t.URL)
	b.line("  " + widget.Cut(line, b.width-2, b.t.Sign.Ellipsis))
	for i := range t.Comments {
		b.comment(4, &t.Comments[i])
	}
}

// comments draws what was written about the whole.
func (b *drawing) comments(title, key string, list []api.PullComment) {
	if len(list) == 0 {
		return
	}
	b.heading(title, b.t.Dim.Render(strconv.Itoa(len(list))))
	for i := range list {
		b.item(key+list[i].ID, list[i].URL)
		b.comment(2, &list[i])
	}
}

func (b *drawing) comment(indent int, c *api.PullComment) {
	author := widget.Name(c.Author)
	if author == "" {
		author = "somebody"
	}
	head := b.t.User.Render(author) + " " + b.t.Dim.Render(render.Age(b.p.d.Now(), c.At)+" ago")
	b.line(widget.Spaces(indent) + widget.Cut(head, b.width-indent, b.t.Sign.Ellipsis))
	body, cut := c.Body, false
	if len(body) > maxBody {
		body, cut = strings.ToValidUTF8(body[:maxBody], ""), true
	}
	body = widget.Clean(strings.ReplaceAll(body, "\r\n", "\n"))
	for _, l := range b.p.md.Lines(body, b.width-indent-3, "") {
		b.line(widget.Spaces(indent+2) + l)
	}
	if cut {
		b.line(widget.Spaces(indent+2) + b.t.Dim.Render(b.t.Sign.Ellipsis+" the browser shows the rest"))
	}
}
