package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/hf-dev/hf/internal/tui/theme"
)

// Box draws lines in a frame with a title, exactly width wide and as high as
// the lines and two more.
func Box(t *theme.Theme, title string, lines []string, width int, focus bool) []string {
	border := t.Border
	if focus {
		border = t.BorderFocus
	}
	g := &t.Sign
	inner := max(width-2, 0)
	out := make([]string, 0, len(lines)+2)
	head := ""
	if title != "" {
		head = " " + Cut(title, inner-3, g.Ellipsis) + " "
	}
	out = append(out, border.Render(g.TopLeft+g.Line)+t.Title.Render(head)+border.Render(strings.Repeat(g.Line, max(inner-1-Width(head), 0))+g.TopRight))
	bar := border.Render(g.Bar)
	for _, l := range lines {
		out = append(out, bar+Fit(l, inner, g.Ellipsis)+bar)
	}
	return append(out, border.Render(g.BottomLeft+strings.Repeat(g.Line, inner)+g.BottomRight))
}

// Over lays lines over a screen, their upper left corner at x, y.
func Over(screen, lines []string, x, y int) []string {
	out := append([]string(nil), screen...)
	for i, l := range lines {
		at := y + i
		if at < 0 || at >= len(out) {
			continue
		}
		under := out[at]
		out[at] = Fit(under, x, "") + reset + l + reset + After(under, x+Width(l))
	}
	return out
}

// After is what of a line is right of a column. Half a wide letter is a blank.
func After(line string, column int) string {
	rest := ansi.TruncateLeft(line, column, "")
	room := max(Width(line)-column, 0)
	if Width(rest) > room {
		rest = ansi.TruncateLeft(line, column+1, "")
	}
	return Spaces(room-Width(rest)) + rest
}

const reset = "\x1b[0m"
