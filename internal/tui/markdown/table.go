package markdown

import (
	"strings"

	"github.com/hf-dev/hf/internal/tui/widget"
)

// leastColumn is how narrow a column of a table may become.
const leastColumn = 3

// isTable reports whether a table begins at a line: a row, and a line of dashes.
func isTable(lines []string, i int) bool {
	if i+1 >= len(lines) || !strings.HasPrefix(strings.TrimSpace(lines[i]), "|") {
		return false
	}
	rule := strings.TrimSpace(lines[i+1])
	return strings.HasPrefix(rule, "|") && strings.Contains(rule, "-") && strings.Trim(rule, "|-: ") == ""
}

func tableLength(lines []string, i int) int {
	n := 0
	for i+n < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+n]), "|") {
		n++
	}
	return n
}

// table draws a table whose columns are as wide as what is in them, cut where
// all of them do not fit.
func (r *Renderer) table(lines []string, width int) []string {
	rows := make([][]string, 0, len(lines))
	var widths []int
	for i, line := range lines {
		if i == 1 {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for c := range cells {
			cells[c] = r.inline(strings.TrimSpace(cells[c]))
			if c == len(widths) {
				widths = append(widths, 0)
			}
			widths[c] = max(widths[c], widget.Width(cells[c]))
		}
		rows = append(rows, cells)
	}
	shrink(widths, width-3*(len(widths)-1))
	t := r.Theme
	bar := " " + t.Border.Render(t.Sign.Bar) + " "
	out := make([]string, 0, len(rows)+1)
	for i, cells := range rows {
		parts := make([]string, len(widths))
		for c := range widths {
			cell := ""
			if c < len(cells) {
				cell = cells[c]
			}
			if i == 0 {
				cell = t.Bold.Over(cell)
			}
			parts[c] = widget.Fit(cell, widths[c], t.Sign.Ellipsis)
		}
		out = append(out, strings.Join(parts, bar))
		if i == 0 {
			total := 3 * (len(widths) - 1)
			for _, w := range widths {
				total += w
			}
			out = append(out, t.Border.Render(strings.Repeat(t.Sign.Line, max(total, 0))))
		}
	}
	return out
}

// shrink makes the widest columns narrower until all fit.
func shrink(widths []int, room int) {
	for {
		total, widest := 0, 0
		for i, w := range widths {
			total += w
			if w > widths[widest] {
				widest = i
			}
		}
		if len(widths) == 0 || total <= room || widths[widest] <= leastColumn {
			return
		}
		widths[widest]--
	}
}
