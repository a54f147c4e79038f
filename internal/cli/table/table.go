// Package table renders rows in aligned columns that fit a terminal.
package table

import (
	"io"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/hf-dev/hf/internal/sanitize"
)

const (
	gap      = "  "
	minWidth = 8  // of a column that has to shrink
	readable = 11 // columns that are worth having are not narrower
)

// Cell is one value and how its text is coloured; Style may be nil.
type Cell struct {
	Text  string
	Style func(string) string

	width int // of Text, in columns
}

// Table collects rows. Cells are cleaned for a terminal and kept to one line.
type Table struct {
	width  int   // columns of the terminal; 0 = no limit
	spare  []int // columns that may be left out
	header []Cell
	rows   [][]Cell
}

// New begins a table. width is that of the terminal, 0 for no limit; header
// cells are rendered with style.
func New(width int, style func(string) string, header ...string) *Table {
	t := &Table{width: width}
	for _, h := range header {
		t.header = append(t.header, Cell{Text: h, Style: style, width: displaywidth.String(h)})
	}
	return t
}

// Spare names columns that are left out where the terminal is too narrow to
// read them all, the first one first.
func (t *Table) Spare(columns ...int) { t.spare = columns }

// Row adds a row of plain cells.
func (t *Table) Row(texts ...string) {
	row := make([]Cell, len(texts))
	for i, s := range texts {
		row[i].Text = s
	}
	t.Cells(row...)
}

// Cells adds a row.
func (t *Table) Cells(row ...Cell) {
	for i := range row {
		row[i].Text = sanitize.Line(row[i].Text)
		row[i].width = displaywidth.String(row[i].Text)
	}
	t.rows = append(t.rows, row)
}

// Render writes the table.
func (t *Table) Render(w io.Writer) error {
	rows := t.rows
	if len(t.header) > 0 {
		rows = slices.Concat([][]Cell{t.header}, rows)
	}
	widths := measure(rows)
	if gone := t.dropped(widths); len(gone) > 0 {
		rows = without(rows, gone)
		widths = measure(rows)
	}
	widths = t.fit(widths)
	line := 1
	for _, w := range widths {
		line += w + len(gap)
	}
	var b strings.Builder
	b.Grow(line * len(rows))
	for _, row := range rows {
		last := lastFilled(row)
		for i, c := range row[:last+1] {
			if c.width > widths[i] {
				c.Text = displaywidth.TruncateString(c.Text, widths[i], "…")
				c.width = displaywidth.String(c.Text)
			}
			if c.Style != nil {
				c.Text = c.Style(c.Text)
			}
			if i > 0 {
				b.WriteString(gap)
			}
			b.WriteString(c.Text)
			if i < last {
				b.WriteString(strings.Repeat(" ", widths[i]-c.width))
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lastFilled is the index of the last cell that is not empty: what is behind
// it needs no spaces.
func lastFilled(row []Cell) int {
	last := len(row) - 1
	for last > 0 && row[last].Text == "" {
		last--
	}
	return last
}

func measure(rows [][]Cell) []int {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], c.width)
		}
	}
	return widths
}

// dropped says which of the spare columns have no room.
func (t *Table) dropped(widths []int) (gone []int) {
	total := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		total += min(w, readable)
	}
	for _, i := range t.spare {
		if t.width == 0 || total <= t.width {
			break
		}
		total -= min(widths[i], readable) + len(gap)
		gone = append(gone, i)
	}
	return gone
}

func without(rows [][]Cell, gone []int) [][]Cell {
	out := make([][]Cell, len(rows))
	for i, row := range rows {
		for j, c := range row {
			if !slices.Contains(gone, j) {
				out[i] = append(out[i], c)
			}
		}
	}
	return out
}

// fit takes columns from the widest until the table fits, as far as it can.
func (t *Table) fit(widths []int) []int {
	if t.width == 0 || len(widths) == 0 {
		return widths
	}
	total := len(gap) * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > t.width; total-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= minWidth {
			return widths
		}
		widths[widest]--
	}
	return widths
}
