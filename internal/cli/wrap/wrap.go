// Package wrap breaks lines at words where a terminal would break them anywhere.
// Escape sequences have no width.
package wrap

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// Stream splits off the lines of s that are whole, or fill the width, and the
// beginning of a line that has no end yet.
func Stream(s string, width int) (whole, rest string) {
	var b strings.Builder
	for line := range strings.Lines(s) {
		for {
			head := fitting(line, width)
			if head == len(line) {
				break
			}
			if i := strings.LastIndexByte(line[:head+1], ' '); i > 0 {
				head = i + 1
			}
			b.WriteString(strings.TrimRight(line[:head], " ") + "\n")
			line = line[head:]
		}
		if !strings.HasSuffix(line, "\n") {
			return b.String(), line
		}
		b.WriteString(line)
	}
	return b.String(), ""
}

// least is the narrowest column that is worth wrapping for.
const least = 16

// Hang breaks one line of text that begins at a column, so that what follows
// begins there, too. A width of 0 is no limit, and a column that leaves too
// little room is left to the terminal.
func Hang(text string, width, column int) string {
	if width == 0 || width-column < least {
		return text
	}
	whole, rest := Stream(text, width-column)
	return strings.ReplaceAll(whole, "\n", "\n"+strings.Repeat(" ", column)) + rest
}

// Cut keeps a line to a width.
func Cut(line string, width int) string {
	opts := displaywidth.Options{ControlSequences: true}
	if opts.String(line) <= width {
		return line
	}
	return opts.TruncateString(line, width, "…") // the sequences behind it stay
}

// fitting is the length in bytes of the longest beginning of a line that has
// at most width columns, and at least one letter.
func fitting(line string, width int) int {
	g := displaywidth.Options{ControlSequences: true}.StringGraphemes(line)
	length, columns := 0, 0
	for g.Next() {
		if v := g.Value(); v != "\n" {
			if columns += g.Width(); columns > width && length > 0 {
				return length
			}
		}
		length += len(g.Value())
	}
	return length
}
