package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/tui/widget"
)

const (
	// maxLines is how many lines a comment is about, at most.
	maxLines = 200
	// maxQuoted is how many lines of a comment's lines are sent with it.
	maxQuoted = 30
	// maxQuote is how much of each of them, in bytes.
	maxQuote = 500
)

// note is what a person wrote about lines, and did not send yet. It holds the
// lines themselves: when the diff changes it is still known what it is about. It
// is kept as a draft over the end of hf.
type note struct {
	Key   string   `json:"key"` // of the draft of its text
	Path  string   `json:"path"`
	Lines []quoted `json:"lines"` // none for the file as a whole
	Text  string   `json:"text"`  // "" while nothing but a draft was written
}

// quoted is a line that a comment is about.
type quoted struct {
	Kind   byte   `json:"kind"` // as of line
	Number int32  `json:"number"`
	Text   string `json:"text"` // as much of it as is shown
}

func (q *quoted) removed() bool { return q.Kind == '-' }

// comment is a note in the diff as it is now.
type comment struct {
	note
	at      spot // its last line
	gone    bool // the lines are no longer part of the diff
	sending bool
}

// spot is a line of a file, or the file as a whole.
type spot struct{ hunk, line int }

// whole is the spot of a file as a whole.
func whole() spot { return spot{hunk: -1} }

// about is what a comment is about, for people: a file, its lines as they are
// now, or as they were when all of them are gone.
func (c *comment) about() string {
	name := widget.CleanLine(c.Path)
	lines := slices.DeleteFunc(slices.Clone(c.Lines), func(q quoted) bool { return q.removed() })
	removed := len(lines) == 0
	if removed {
		lines = c.Lines
	}
	if len(lines) == 0 {
		return name
	}
	first, last := lines[0].Number, lines[len(lines)-1].Number
	name += fmt.Sprintf(":%d", first)
	if last > first {
		name += fmt.Sprintf("-%d", last)
	}
	if removed {
		name += " (removed)"
	}
	return name
}

// locate finds the lines in a diff: the same ones, the nearest to where they were.
func (c *comment) locate(ch *change) {
	c.gone = true
	f := ch.seen[c.Path]
	if f == nil {
		f = ch.renamed(c.Path)
	}
	if f == nil {
		return
	}
	c.Path = f.Path
	if len(c.Lines) == 0 {
		c.gone, c.at = false, whole()
		return
	}
	all := f.spots()
	last := c.Lines[len(c.Lines)-1]
	best, end := int32(0), -1
	for i := len(c.Lines) - 1; i < len(all); i++ {
		l := f.at(all[i])
		if head(l.text) != last.Text || !c.matches(f, all[i+1-len(c.Lines):i+1]) {
			continue
		}
		if away := abs(l.number() - last.Number); end < 0 || away < best {
			best, end = away, i
		}
	}
	if end < 0 {
		return
	}
	c.gone, c.at = false, all[end]
	for i := range c.Lines {
		c.Lines[i].Number = f.at(all[end+1-len(c.Lines)+i]).number()
	}
}

func (c *comment) matches(f *file, spots []spot) bool {
	for i, s := range spots {
		if l := f.at(s); head(l.text) != c.Lines[i].Text || (l.kind == '-') != c.Lines[i].removed() {
			return false
		}
	}
	return true
}

// renamed finds the file that has another name now.
func (ch *change) renamed(old string) *file {
	for _, f := range ch.files {
		if f.OldPath == old {
			return f
		}
	}
	return nil
}

func (f *file) at(s spot) *line { return &f.hunks[s.hunk].lines[s.line] }

// spots are the lines of a file one after the other.
func (f *file) spots() []spot {
	var out []spot
	for h := range f.hunks {
		for i := range f.hunks[h].lines {
			if f.hunks[h].lines[i].kind != '\\' {
				out = append(out, spot{h, i})
			}
		}
	}
	return out
}

// message is one message to the agent about all comments. Each names its file and
// lines and quotes them, since the agent may have changed them by then.
func message(comments []*comment) string {
	var b strings.Builder
	if len(comments) == 1 {
		b.WriteString("A comment on your changes:\n")
	} else {
		fmt.Fprintf(&b, "%d comments on your changes:\n", len(comments))
	}
	for _, c := range comments {
		b.WriteString("\n" + c.about())
		if c.gone {
			b.WriteString(" (as it was before your last changes)")
		}
		b.WriteString("\n")
		for i, q := range c.Lines {
			if i == maxQuoted {
				fmt.Fprintf(&b, "> ... %d more lines\n", len(c.Lines)-maxQuoted)
				break
			}
			b.WriteString("> " + string(q.Kind) + quote(q.Text) + "\n")
		}
		b.WriteString(c.Text + "\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// quote is a line as it is sent.
func quote(s string) string {
	if len(s) > maxQuote {
		s = strings.ToValidUTF8(s[:maxQuote], "") + "..."
	}
	return strings.TrimRight(strings.ReplaceAll(s, "\r", ""), " \t")
}

func abs(n int32) int32 {
	if n < 0 {
		return -n
	}
	return n
}
