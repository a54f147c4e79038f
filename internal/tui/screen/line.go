package screen

import (
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/tui/widget"
)

// run is a piece of a line that means the same wherever it stands: a word, some
// blanks, or text that begins with a style and ends with none.
type run struct {
	text   string
	column int
	width  int
	blank  bool
}

// end is the column behind it.
func (r *run) end() int { return r.column + r.width }

// covers reports whether a terminal that shows r shows other, too.
func (r *run) covers(other *run) bool {
	if r.blank && other.blank {
		return r.column <= other.column && other.end() <= r.end()
	}
	return r.column == other.column && r.text == other.text
}

// runs goes through a line run by run, to the end of the screen.
type runs struct {
	run
	rest  string
	width int // of the screen
}

// next goes to the next run. Behind the last one there is one of nothing.
func (w *runs) next() bool {
	w.run = run{column: w.end()}
	for w.rest != "" && w.run.width == 0 { // a style of nothing is left out
		w.cut()
	}
	if room := w.width - w.column; w.run.width == 0 && room > 0 {
		w.run.text, w.run.width, w.blank = widget.Spaces(room), room, true
	}
	return w.run.width > 0
}

// cut takes the first run off the rest.
func (w *runs) cut() {
	n := len(w.rest)
	switch w.rest[0] {
	case ' ':
		n -= len(strings.TrimLeft(w.rest, " "))
		w.blank = true
	case '\x1b':
		if i := strings.Index(w.rest, reset); i >= 0 {
			n = i + len(reset)
		}
	default:
		if i := strings.IndexAny(w.rest, " \x1b"); i >= 0 {
			n = i
		}
	}
	var ok bool
	if w.run.width, ok = widget.Simple(w.rest[:n]); ok {
		w.text, w.rest = closed(w.rest[:n]), w.rest[n:]
		return
	}
	// Terminals do not agree how wide some letters are. What stands behind one
	// is drawn with it, so that it is where the terminal has it.
	w.text = closed(w.rest) + widget.Spaces(w.width-w.column-widget.Width(w.rest))
	w.run.width, w.rest = w.width-w.column, ""
}

// closed ends the style that a text leaves on.
func closed(text string) string {
	if strings.Contains(text, "\x1b") && !strings.HasSuffix(text, reset) {
		return text + reset
	}
	return text
}

// jump is about how many bytes it takes to go to another column.
const jump = 6

// change is what makes a terminal that shows a line in some row show another
// there. Runs that stay are not sent again: over a slow connection, what is sent
// is what is waited for.
func change(b *strings.Builder, row int, shown, line string, width int) {
	had, now := runs{rest: shown, width: width}, runs{rest: line, width: width}
	had.next()
	moved := false    // the terminal's cursor is in this row
	var stay []string // runs between it and the next one that changes
	size := 0
	for now.next() {
		for had.run.width > 0 && had.end() <= now.column {
			had.next()
		}
		if had.covers(&now.run) {
			if size += len(now.text); size <= jump {
				stay = append(stay, now.text)
			}
			continue
		}
		switch {
		case !moved:
			b.WriteString("\x1b[" + strconv.Itoa(row+1) + ";" + strconv.Itoa(now.column+1) + "H")
		case size <= jump:
			for _, text := range stay {
				b.WriteString(text)
			}
		default:
			b.WriteString("\x1b[" + strconv.Itoa(now.column+1) + "G")
		}
		moved, stay, size = true, stay[:0], 0
		if now.blank && now.rest == "" && now.run.width > len(eraseRest) {
			b.WriteString(eraseRest)
			return
		}
		b.WriteString(now.text)
	}
}
