package conversation

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/tui/markdown"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// tailLines is how much is shown of a folded tool call that failed or goes
	// on, openLines of one that is unfolded.
	tailLines = 4
	openLines = 200
)

// painter draws blocks.
type painter struct {
	theme *theme.Theme
	md    *markdown.Renderer
}

func newPainter(t *theme.Theme) *painter {
	return &painter{theme: t, md: &markdown.Renderer{Theme: t}}
}

// draw returns the lines of a block, as it drew them before where nothing
// changed.
func (p *painter) draw(b *block, width int, root string) []string {
	if b.width == width && width > 0 {
		return b.lines
	}
	b.lines, b.width = p.lines(b, width, root), width
	return b.lines
}

func (p *painter) lines(b *block, width int, root string) []string {
	t := p.theme
	switch b.kind { //nolint:exhaustive // what is not here is never a block
	case api.EntryUser:
		return append([]string{""}, p.hang(b.text, t.User.Render(t.Sign.Cursor)+" ", width, t.Bold)...)
	case api.EntryText:
		return pad(p.text(b, width-2))
	case api.EntryThought:
		return p.hang(b.text, "  ", width, t.Thought)
	case api.EntryStderr:
		return p.hang(b.text, t.Dim.Render("! "), width, t.Dim)
	case api.EntryTool:
		return p.tool(b, width, root)
	case api.EntryPlan:
		return p.plan(b.plan, width)
	case api.EntryPermission, api.EntryQuestion:
		return p.asked(b, width)
	case api.EntryTurnEnd:
		return []string{t.Border.Render(strings.Repeat(t.Sign.Line, min(width, 8)))}
	case api.EntrySession:
		style := t.Dim
		if b.bad {
			style = t.Bad
		}
		return p.hang(b.text, "", width, style)
	}
	return nil
}

// text draws what an agent says. Empty lines around all of it are left out, not
// those where a block was cut off.
func (p *painter) text(b *block, width int) []string {
	text := b.text
	if !b.begun {
		text = strings.TrimLeft(text, "\n")
	}
	if b.goesOn {
		text = strings.TrimSuffix(text, "\n")
	} else if text = strings.TrimRight(text, "\n"); text == "" {
		return nil
	}
	return p.md.Part(text, width, b.inside)
}

// pad indents lines by one column.
func pad(lines []string) []string {
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return lines
}

// hang draws text behind a prefix that its other lines stand below.
func (p *painter) hang(text, prefix string, width int, style theme.Style) []string {
	w := widget.Width(prefix)
	var out []string
	for line := range strings.SplitSeq(strings.Trim(text, "\n"), "\n") {
		for _, part := range widget.Wrap(line, max(width-w, 1)) {
			out = append(out, prefix+style.Render(part))
			prefix = widget.Spaces(w)
		}
	}
	return out
}

// tool draws a tool call: folded, one line that says what it did and how it
// went.
func (p *painter) tool(b *block, width int, root string) []string {
	t, c := p.theme, b.tool
	fold := t.Sign.Folded
	if b.open {
		fold = t.Sign.Unfolded
	}
	var line strings.Builder
	line.WriteString(" " + t.Dim.Render(fold) + " " + p.sign(c.Status) + " " + t.Bold.Render(title(c, root)))
	for _, d := range c.Diffs {
		line.WriteString(" " + t.Diff(widget.DiffSize(d.Old, d.New)))
	}
	if c.Status == "failed" && c.ExitCode != nil {
		line.WriteString(t.Bad.Render(fmt.Sprintf(" exit %d", *c.ExitCode)))
	}
	out := []string{widget.Cut(line.String(), width, t.Sign.Ellipsis)}
	lines := 0
	switch {
	case b.open:
		lines = openLines
	case c.Status == "failed", c.Status == "in_progress":
		lines = tailLines
	}
	if b.open && c.Command != "" {
		out = append(out, p.hang(sanitize.Exact(c.Command), "     $ ", width, t.Text)...)
	}
	if b.open {
		for _, d := range c.Diffs {
			out = append(out, p.diff(d, width, root)...)
		}
	}
	return append(out, p.output(c.Output, lines, width)...)
}

func title(c *api.ToolCall, root string) string {
	s := c.Title
	if s == "" {
		s = c.Name
	}
	if root != "" {
		s = strings.ReplaceAll(s, root+"/", "")
	}
	return widget.CleanLine(s)
}

func (p *painter) sign(status string) string {
	t := p.theme
	switch status {
	case "completed":
		return t.Good.Render(t.Sign.Done)
	case "failed", "interrupted":
		return t.Bad.Render(t.Sign.Failed)
	case "in_progress":
		return t.Running.Render(t.Sign.Running)
	}
	return t.Dim.Render(t.Sign.Pending)
}

// output draws the last lines of what a tool wrote.
func (p *painter) output(text string, lines, width int) []string {
	if text == "" || lines == 0 {
		return nil
	}
	all := strings.Split(strings.Trim(widget.Clean(text), "\n"), "\n")
	all = all[max(len(all)-lines, 0):]
	out := make([]string, 0, len(all))
	for _, line := range all {
		out = append(out, "     "+p.theme.Dim.Render(widget.Cut(line, width-5, p.theme.Sign.Ellipsis)))
	}
	return out
}

// diff draws an edit.
func (p *painter) diff(d api.ToolDiff, width int, root string) []string {
	t := p.theme
	name := strings.TrimPrefix(d.Path, root+"/")
	out := []string{"     " + t.File.Render(widget.Cut(widget.CleanLine(name), width-5, t.Sign.Ellipsis))}
	for _, l := range widget.Edit(d.Old, d.New, 2) {
		style := t.Dim
		switch l[0] {
		case '+':
			style = t.Added
		case '-':
			style = t.Removed
		}
		if out = append(out, "     "+style.Render(widget.Cut(widget.Clean(l), width-5, t.Sign.Ellipsis))); len(out) > openLines {
			return append(out, "     "+t.Dim.Render(t.Sign.Ellipsis))
		}
	}
	return out
}

func (p *painter) plan(plan []api.PlanEntry, width int) []string {
	t := p.theme
	out := []string{" " + t.Title.Render("Plan")}
	for _, e := range plan {
		style := t.Text
		if e.Status == "completed" {
			style = t.Dim
		}
		out = append(out, p.hang(widget.CleanLine(e.Content), "  "+p.sign(e.Status)+" ", width, style)...)
	}
	return out
}

// asked draws what was asked of a person. What is still open is shown in full
// below the conversation.
func (p *painter) asked(b *block, width int) []string {
	t := p.theme
	if b.asked == nil {
		return p.hang(b.text, t.Waiting.Render("? "), width, t.Text)
	}
	sign := t.Waiting.Render("?")
	switch b.asked.State {
	case api.PermissionAllowed:
		sign = t.Good.Render(t.Sign.Done + " allowed:")
	case api.PermissionDenied:
		sign = t.Bad.Render(t.Sign.Failed + " denied:")
	case api.PermissionCancelled:
		sign = t.Dim.Render("no longer asked:")
	case api.PermissionOpen, api.PermissionAnswered:
	}
	return p.hang(sanitize.Exact(b.asked.Title), " "+sign+" ", width, t.Text)
}
