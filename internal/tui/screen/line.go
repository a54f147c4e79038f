package screen

import (
	"strconv"
	"strings"
	"unicode/utf8"

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

// runs goes through a line run by run.
type runs struct {
	run
	rest string
}

// next goes to the next run. Behind the last one there is one of nothing.
func (w *runs) next() bool {
	w.run = run{column: w.end()}
	for w.rest != "" && w.width == 0 { // a style of nothing is left out
		w.cut()
	}
	return w.width > 0
}

// cut takes the first run off the rest.
func (w *runs) cut() {
	n := len(w.rest)
	switch w.rest[0] {
	case ' ':
		n -= len(strings.TrimLeft(w.rest, " "))
		w.text, w.width, w.blank, w.rest = w.rest[:n], n, true, w.rest[n:]
		return
	case '\x1b':
		if i := strings.Index(w.rest, reset); i >= 0 {
			n = i + len(reset)
		}
	default:
		if i := strings.IndexAny(w.rest, " \x1b"); i >= 0 {
			n = i
		}
	}
	w.text = w.rest[:n]
	w.width = widget.Width(w.text)
	if !certain(w.text) {
		n, w.text, w.width = len(w.rest), w.rest, widget.Width(w.rest)
	}
	w.rest = w.rest[n:]
}

// certain reports whether all terminals agree how wide a text is: whether it is
// Latin letters, lines and signs. What stands behind other text on its line is
// drawn with it, so that it is where it belongs.
func certain(text string) bool {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		if r >= 0x300 && (r < 0x2010 || r >= 0x2300) && (r < 0x2500 || r >= 0x2600) && r != '✓' && r != '✗' {
			return false
		}
		i += n
	}
	return true
}

// jump is about how many bytes it takes to go to another column.
const jump = 6

// change is what makes a terminal that shows a line in some row show another
// there. Runs that stay are not sent again: over a slow connection, what is sent
// is what is waited for.
func change(b *strings.Builder, row int, shown, line string, width int) {
	had, now := runs{rest: widget.Fit(shown, width, "")}, runs{rest: widget.Fit(line, width, "")}
	had.next()
	moved := false    // the terminal's cursor is in this row
	var stay []string // runs between it and the next one that changes
	size := 0
	for now.next() {
		for had.width > 0 && had.end() <= now.column {
			had.next()
		}
		if had.covers(&now.run) {
			stay, size = append(stay, now.text), size+len(now.text)
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
		if now.blank && now.rest == "" && now.width > len(eraseRest) {
			b.WriteString(eraseRest)
			return
		}
		b.WriteString(now.text)
		if now.text[0] == '\x1b' && !strings.HasSuffix(now.text, reset) || now.rest == "" {
			b.WriteString(reset)
		}
	}
}
