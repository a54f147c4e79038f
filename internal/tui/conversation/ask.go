package conversation

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// open is the oldest request of the task that is not answered, nil for none.
func (p *Pane) open() *api.PermissionRequest {
	if asked := p.d.Store.Permissions(p.task); len(asked) > 0 {
		return &asked[0]
	}
	return nil
}

// askedBox draws what is asked of the person, in full where it fits into most
// lines: a command or path that hides something is quoted, so that it is seen.
func (p *Pane) askedBox(width, most int) []string {
	r := p.open()
	if r == nil {
		return nil
	}
	t := p.d.Theme
	inner := max(width-4, 1)
	var head, body []string
	head = p.paint.hang(sanitize.Exact(r.Title), "", inner, t.Bold)
	if r.Command != "" && sanitize.Exact(r.Command) != sanitize.Exact(r.Title) {
		head = append(head, p.paint.hang(sanitize.Exact(r.Command), "$ ", inner, t.Text)...)
	}
	for _, path := range r.Paths {
		head = append(head, p.paint.hang(sanitize.Exact(path), "", inner, t.Dim)...)
	}
	if r.Diff != "" {
		body = p.patch(r.Diff, inner)
	}
	if r.Question != nil {
		body = append(body, p.question(r.Question, inner)...)
	}
	foot := p.answers(r, inner)
	room := max(most-len(foot)-2, 1)
	lines := append(head, body...)
	if over := len(lines) - room; over > 0 {
		lines = append(lines[:max(room-1, 0)], t.Warn.Render(fmt.Sprintf("%s %d more lines; %s shows them all", t.Sign.Ellipsis, over+1, p.d.Keys.Hint("inspect"))))
	}
	lines = append(lines, foot...)
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	title := "asks to be allowed"
	if r.Kind == api.PermissionKindInput {
		title = "asks"
	}
	if n := len(p.d.Store.Permissions(p.task)); n > 1 {
		title += fmt.Sprintf(" (1 of %d)", n)
	}
	return widget.Box(t, title, lines, width, true)
}

// patch colours the text of an edit.
func (p *Pane) patch(text string, width int) []string {
	t := p.d.Theme
	var out []string
	for line := range strings.SplitSeq(strings.TrimRight(widget.Clean(text), "\n"), "\n") {
		style := t.Text
		switch {
		case strings.HasPrefix(line, "+"):
			style = t.Added
		case strings.HasPrefix(line, "-"):
			style = t.Removed
		case strings.HasPrefix(line, "@@"):
			style = t.Hunk
		}
		for _, part := range widget.Wrap(line, width) {
			out = append(out, style.Render(part))
		}
	}
	return out
}

func (p *Pane) question(q *api.Question, width int) []string {
	t := p.d.Theme
	var out []string
	if q.URL != "" {
		out = append(out, p.paint.hang(sanitize.Exact(q.URL), "open ", width, t.Link)...)
	}
	for _, f := range q.Fields {
		name := widget.CleanLine(f.Name)
		if f.Title != "" {
			name += ": " + widget.CleanLine(f.Title)
		}
		if !f.Required {
			name += " (may be left out)"
		}
		out = append(out, p.paint.hang(name, t.Sign.Bullet+" ", width, t.Text)...)
		for _, c := range f.Choices {
			label := widget.CleanLine(c.Value)
			if c.Title != "" && c.Title != c.Value {
				label += " " + widget.CleanLine(c.Title)
			}
			out = append(out, p.paint.hang(label, "    ", width, t.Dim)...)
		}
	}
	return out
}

// answers names the keys that answer a request.
func (p *Pane) answers(r *api.PermissionRequest, width int) []string {
	t, k := p.d.Theme, p.d.Keys
	key := func(action, word string) string {
		return t.Key.Render(k.Hint(action)) + " " + word
	}
	if r.Kind == api.PermissionKindInput {
		line := key("message", "answer") + "  " + key("deny", "decline")
		if r.Question != nil && len(r.Question.Fields) > 1 {
			line += t.Dim.Render("  (name: value, one a line)")
		}
		return []string{widget.Cut(line, width, t.Sign.Ellipsis)}
	}
	line := key("approve", "allow") + "  " + key("always", "always") + "  " + key("deny", "deny")
	out := []string{widget.Cut(line, width, t.Sign.Ellipsis)}
	if len(r.Options) > 2 {
		parts := make([]string, 0, len(r.Options))
		for i, o := range r.Options {
			if i < 9 {
				parts = append(parts, t.Key.Render(fmt.Sprint(i+1))+" "+widget.CleanLine(o.Name))
			}
		}
		out = append(out, widget.Wrap(strings.Join(parts, "  "), width)...)
	}
	return out
}
