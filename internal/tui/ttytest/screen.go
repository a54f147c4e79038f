// Package ttytest is a terminal for tests and recordings: a PTY, and the screen
// that is drawn on it. It obeys what hf says to a terminal and nothing else, so
// that whatever else arrives there is known.
package ttytest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Cell is one place of a screen. A wide letter has an empty cell to its right.
type Cell struct {
	Text string
	Style
}

// Style is how a letter is drawn. A colour is "" for the terminal's own, "0" to
// "255", or "#rrggbb".
type Style struct {
	FG, BG                                          string
	Bold, Faint, Italic, Underline, Strike, Reverse bool
}

// The modes of a terminal that hf switches.
const (
	ModeScreen = 1049 // a screen of its own, the shell's is kept
	ModeWrap   = 7
	ModeCursor = 25
	ModePaste  = 2004
	ModeFocus  = 1004
	ModeDrag   = 1002
	ModeMouse  = 1006
	modeWhole  = 2026 // draw nothing until the end
)

const (
	esc         = 0x1b
	longestName = 256 // of a window, in bytes
)

// Screen is what a terminal shows. The zero value is of no use: see NewScreen.
type Screen struct {
	Title    string
	Bells    int
	Cleared  int      // how often all of it was erased
	Notices  []string // desktop notifications
	width    int
	height   int
	cells    [][]Cell
	shell    [][]Cell // what is shown again when the program gives its screen up
	x, y     int
	shellX   int
	shellY   int
	full     bool // the last column was written: the next letter wraps
	style    Style
	modes    map[int]bool
	titles   []string
	strange  []string
	leftover []byte
	parser   *ansi.Parser
}

// NewScreen returns an empty screen.
func NewScreen(width, height int) *Screen {
	s := &Screen{parser: ansi.NewParser(), modes: map[int]bool{ModeWrap: true, ModeCursor: true}}
	s.Resize(width, height)
	return s
}

// Resize changes the size. What does not fit any more is lost.
func (s *Screen) Resize(width, height int) {
	s.width, s.height = width, height
	s.cells = resized(s.cells, width, height)
	if s.shell != nil {
		s.shell = resized(s.shell, width, height)
	}
	s.x, s.y, s.full = min(s.x, width-1), min(s.y, height-1), false
}

func resized(old [][]Cell, width, height int) [][]Cell {
	out := make([][]Cell, height)
	for y := range out {
		out[y] = make([]Cell, width)
		if y < len(old) {
			copy(out[y], old[y])
		}
	}
	return out
}

// Size is its columns and lines.
func (s *Screen) Size() (width, height int) { return s.width, s.height }

// Mode reports whether a mode is on.
func (s *Screen) Mode(mode int) bool { return s.modes[mode] }

// Whole reports whether no frame is half drawn.
func (s *Screen) Whole() bool { return !s.modes[modeWhole] }

// Strange is what arrived that hf has no business to say, quoted.
func (s *Screen) Strange() []string { return s.strange }

// Cells are what is shown, line by line.
func (s *Screen) Cells() [][]Cell { return s.cells }

// Cursor is where the next letter would be.
func (s *Screen) Cursor() (x, y int) { return s.x, s.y }

// Line is the text of a line, without the blanks at its end.
func (s *Screen) Line(y int) string {
	var b strings.Builder
	wide := false
	for _, c := range s.cells[y] {
		switch {
		case c.Text != "":
			b.WriteString(c.Text)
			wide = ansi.StringWidth(c.Text) > 1
		case wide:
			wide = false
		default:
			b.WriteByte(' ')
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// Text is all of it.
func (s *Screen) Text() string {
	lines := make([]string, s.height)
	for y := range lines {
		lines[y] = s.Line(y)
	}
	return strings.Join(lines, "\n")
}

// Write draws. It never fails: what it does not know is Strange.
func (s *Screen) Write(p []byte) (int, error) {
	data := append(s.leftover, p...)
	s.leftover = nil
	for len(data) > 0 {
		seq, width, n, state := ansi.DecodeSequence(data, ansi.NormalState, s.parser)
		if n == len(data) && (state != ansi.NormalState || seq[0] >= utf8.RuneSelf) || len(data) == n+1 && data[n] == esc && seq[0] == esc {
			s.leftover = slices.Clone(data) // the rest is still to come
			break
		}
		s.obey(seq, width)
		data = data[n:]
	}
	return len(p), nil
}

func (s *Screen) obey(seq []byte, width int) {
	switch c := seq[0]; {
	case c == esc && len(seq) > 2 && seq[1] == '[':
		s.control(seq)
	case c == esc && len(seq) > 1 && seq[1] == ']':
		s.command(seq)
	case c == esc, c == 0x7f, !utf8.Valid(seq), hostile(seq):
		s.odd(seq)
	case c < ' ':
		s.move(c)
	default:
		s.put(string(seq), width)
	}
}

// hostile reports whether a letter is one that a terminal obeys or is misled by.
func hostile(seq []byte) bool {
	r, _ := utf8.DecodeRune(seq)
	return r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c
}

func (s *Screen) odd(seq []byte) { s.strange = append(s.strange, strconv.Quote(string(seq))) }

// move is what the control characters do.
func (s *Screen) move(c byte) {
	switch c {
	case '\a':
		s.Bells++
	case '\r':
		s.x, s.full = 0, false
	case '\n':
		s.down()
	case '\b':
		s.x, s.full = max(s.x-1, 0), false
	default:
		s.odd([]byte{c})
	}
}

func (s *Screen) down() {
	if s.y < s.height-1 {
		s.y++
		return
	}
	s.cells = append(s.cells[1:], make([]Cell, s.width))
}

// put draws a letter.
func (s *Screen) put(letter string, width int) {
	if width == 0 { // it belongs to the one before
		if x := s.x - 1; x >= 0 {
			s.cells[s.y][x].Text += letter
		}
		return
	}
	if s.full && s.modes[ModeWrap] {
		s.x, s.full = 0, false
		s.down()
	}
	if s.x+width > s.width {
		s.x = max(s.width-width, 0)
	}
	s.cells[s.y][s.x] = Cell{letter, s.style}
	for i := 1; i < width && s.x+i < s.width; i++ {
		s.cells[s.y][s.x+i] = Cell{"", s.style}
	}
	s.x += width
	if s.x >= s.width {
		s.x, s.full = s.width-1, true
	}
}

// control obeys a control sequence.
func (s *Screen) control(seq []byte) {
	parser := s.parser
	cmd := ansi.Cmd(parser.Command())
	first, _ := parser.Param(0, 0)
	switch body := string(seq[2 : len(seq)-1]); {
	case cmd.Prefix() == '?' && (cmd.Final() == 'h' || cmd.Final() == 'l') && known(first) && body == "?"+strconv.Itoa(first):
		s.set(first, cmd.Final() == 'h')
	case cmd.Prefix() != 0 || cmd.Intermediate() != 0:
		s.odd(seq)
	case cmd.Final() == 'H':
		row, _ := parser.Param(0, 1)
		col, _ := parser.Param(1, 1)
		s.y, s.x, s.full = min(max(row, 1), s.height)-1, min(max(col, 1), s.width)-1, false
	case cmd.Final() == 'G':
		col, _ := parser.Param(0, 1)
		s.x, s.full = min(max(col, 1), s.width)-1, false
	case cmd.Final() == 'J' && first == 2:
		s.cells = resized(nil, s.width, s.height)
		s.Cleared++
	case cmd.Final() == 'K' && first == 0:
		for x := s.x; x < s.width; x++ {
			s.cells[s.y][x] = Cell{"", Style{BG: s.style.BG}}
		}
	case cmd.Final() == 'm':
		s.attributes(parser.Params())
	case cmd.Final() == 't' && body == "22;0":
		s.titles = append(s.titles, s.Title)
	case cmd.Final() == 't' && body == "23;0":
		if n := len(s.titles); n > 0 {
			s.Title, s.titles = s.titles[n-1], s.titles[:n-1]
		}
	default:
		s.odd(seq)
	}
}

func known(mode int) bool {
	switch mode {
	case ModeScreen, ModeWrap, ModeCursor, ModePaste, ModeFocus, ModeDrag, ModeMouse, modeWhole:
		return true
	}
	return false
}

func (s *Screen) set(mode int, on bool) {
	was := s.modes[mode]
	s.modes[mode] = on
	if mode != ModeScreen || was == on {
		return
	}
	if on {
		s.shell, s.cells, s.shellX, s.shellY = s.cells, resized(nil, s.width, s.height), s.x, s.y
		return
	}
	s.cells, s.shell = s.shell, nil
	s.x, s.y, s.full = min(s.shellX, s.width-1), min(s.shellY, s.height-1), false
}

// command obeys a command to the terminal itself: its title, a question for its
// colours, a notification.
func (s *Screen) command(seq []byte) {
	_, text, _ := strings.Cut(string(s.parser.Data()), ";")
	switch s.parser.Command() {
	case 0, 2:
		if len(text) > longestName {
			s.odd(seq)
		}
		s.Title = text
	case 9, 777:
		s.Notices = append(s.Notices, text)
	case 11:
		if text != "?" {
			s.odd(seq)
		}
	default:
		s.odd(seq)
	}
}

// attributes changes how letters are drawn from here on.
func (s *Screen) attributes(params ansi.Params) {
	if len(params) == 0 {
		s.style = Style{}
	}
	for i := 0; i < len(params); i++ {
		p := params[i].Param(0)
		switch {
		case p == 0:
			s.style = Style{}
		case p == 38 && i+1 < len(params):
			s.style.FG, i = extended(params, i)
		case p == 48 && i+1 < len(params):
			s.style.BG, i = extended(params, i)
		case p >= 30 && p <= 37:
			s.style.FG = strconv.Itoa(p - 30)
		case p >= 90 && p <= 97:
			s.style.FG = strconv.Itoa(p - 90 + 8)
		case p >= 40 && p <= 47:
			s.style.BG = strconv.Itoa(p - 40)
		case p >= 100 && p <= 107:
			s.style.BG = strconv.Itoa(p - 100 + 8)
		default:
			s.attribute(p)
		}
	}
}

// extended reads a colour of more than sixteen, and returns where it ends.
func extended(params ansi.Params, i int) (color string, end int) {
	at := func(n int) int {
		if i+n < len(params) {
			return params[i+n].Param(0)
		}
		return 0
	}
	if at(1) == 5 {
		return strconv.Itoa(at(2)), i + 2
	}
	return fmt.Sprintf("#%02x%02x%02x", at(2), at(3), at(4)), i + 4
}

func (s *Screen) attribute(p int) {
	switch p {
	case 1:
		s.style.Bold = true
	case 2:
		s.style.Faint = true
	case 3:
		s.style.Italic = true
	case 4:
		s.style.Underline = true
	case 7:
		s.style.Reverse = true
	case 9:
		s.style.Strike = true
	case 22:
		s.style.Bold, s.style.Faint = false, false
	case 23:
		s.style.Italic = false
	case 24:
		s.style.Underline = false
	case 27:
		s.style.Reverse = false
	case 29:
		s.style.Strike = false
	case 39:
		s.style.FG = ""
	case 49:
		s.style.BG = ""
	default:
		s.strange = append(s.strange, "attribute "+strconv.Itoa(p))
	}
}
