package vt

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// State is the modes of a terminal after what it was fed. The zero value is a
// terminal that nobody has changed.
type State struct {
	p      parser
	modes  []int // private modes that are not as they begin, oldest first
	alt    int   // the mode that switched to the other screen, 0 = none did
	keys   [2][]int
	others string // xterm's own reporting of keys, "" = off
	region string // the margins, "" = none
	cursor string // the shape, "" = the person's own
	letter string // the character set, "" = the usual one
	keypad bool
	lasts  []command
}

// command is an OSC sequence whose effect lasts: a colour, a link, a progress.
type command struct{ number, body string }

const (
	maxModes  = 64 // a program that sets more is no program
	maxKeys   = 16
	maxColors = 256 // of the palette
)

// Feed takes what a program wrote next.
func (s *State) Feed(b []byte) { s.p.feed(b, func([]byte) {}, s.apply) }

// Clone returns a copy of its own.
func (s *State) Clone() State {
	c := *s
	c.p.seq, c.modes, c.lasts = slices.Clone(s.p.seq), slices.Clone(s.modes), slices.Clone(s.lasts)
	for i := range c.keys {
		c.keys[i] = slices.Clone(s.keys[i])
	}
	return c
}

func (s *State) apply(seq []byte) {
	switch seq[1] {
	case '[':
		s.control(readCSI(seq))
	case ']':
		s.command(bodyOf(seq))
	case '=', '>':
		s.keypad = seq[1] == '='
	case '(':
		if s.letter = string(seq[2:]); s.letter == "B" {
			s.letter = ""
		}
	case 'c':
		*s = State{p: s.p}
	}
}

func (s *State) control(c csi) {
	switch {
	case c.private == '?' && c.inter == "" && (c.final == 'h' || c.final == 'l'):
		for _, n := range numbers(c.params) {
			s.set(n, c.final == 'h')
		}
	case c.private == 0 && c.inter == "" && c.final == 'r':
		s.region = c.params
	case c.private == 0 && c.inter == " " && c.final == 'q':
		if s.cursor = c.params; s.cursor == "0" {
			s.cursor = ""
		}
	case c.private == '>' && c.inter == "" && c.final == 'm':
		s.others = ""
		if strings.HasPrefix(c.params, "4;") && c.params != "4;0" {
			s.others = c.params
		}
	case c.inter == "" && c.final == 'u':
		s.keyboard(c)
	case c.private == 0 && c.inter == "!" && c.final == 'p':
		s.region, s.keypad, s.letter = "", false, ""
		s.modes = slices.DeleteFunc(s.modes, func(n int) bool { return n == 1 || n == 6 || n == 7 || n == 25 })
	}
}

// set notes a private mode.
func (s *State) set(n int, on bool) {
	switch n {
	case 3, 40, 1048: // act once
		return
	case 47, 1047, 1049:
		if on == (s.alt != 0) {
			return
		}
		if s.alt = 0; on {
			s.alt = n
		}
		s.keys[1] = nil
		return
	}
	s.modes = slices.DeleteFunc(s.modes, func(m int) bool { return m == n })
	if on != usual(n) && len(s.modes) < maxModes {
		s.modes = append(s.modes, n)
	}
}

// usual reports whether a private mode is on in a terminal that nobody has
// changed: wrapping, repeated keys and the cursor are.
func usual(n int) bool { return n == 7 || n == 8 || n == 25 }

// keyboard notes what the program asked of the keyboard protocol, which each
// screen has a stack of.
func (s *State) keyboard(c csi) {
	stack := &s.keys[0]
	if s.alt != 0 {
		stack = &s.keys[1]
	}
	n := numbers(c.params)
	first := 0
	if len(n) > 0 {
		first = n[0]
	}
	switch c.private {
	case '>':
		if *stack = append(*stack, first); len(*stack) > maxKeys {
			*stack = (*stack)[1:]
		}
	case '<':
		*stack = (*stack)[:max(0, len(*stack)-max(1, first))]
	case '=':
		if len(*stack) == 0 {
			*stack = append(*stack, 0)
		}
		top := &(*stack)[len(*stack)-1]
		switch {
		case len(n) < 2 || n[1] == 1:
			*top = first
		case n[1] == 2:
			*top |= first
		case n[1] == 3:
			*top &^= first
		}
	}
}

// command notes an OSC sequence that lasts, or that ends one.
func (s *State) command(body string) {
	number, rest, _ := strings.Cut(body, ";")
	on := rest != ""
	switch number {
	case "4", "10", "11", "12":
		if strings.Contains(rest, "?") {
			return
		}
	case "104": // the whole palette, or one colour of it
		number = "4"
	case "110", "111", "112":
		number, on = number[1:], false
	case "8":
		_, to, _ := strings.Cut(rest, ";")
		on = to != ""
	case "9":
		if !progress(rest) {
			return
		}
		on = !strings.HasPrefix(rest, "4;0")
	default:
		return
	}
	if number != "4" || !on {
		s.lasts = slices.DeleteFunc(s.lasts, func(c command) bool { return c.number == number })
	}
	if on && len(s.lasts) < maxColors {
		s.lasts = append(s.lasts, command{number, body})
	}
}

// progress reports whether OSC 9 shows one, and is no notification.
func progress(rest string) bool { return strings.HasPrefix(rest, "4;") }

// end is what ends the effect.
func (c command) end() string {
	switch c.number {
	case "4":
		return "104"
	case "8":
		return "8;;"
	case "9":
		return "9;4;0"
	}
	return "1" + c.number
}

// Redo is what makes an unchanged terminal one of this state.
func (s *State) Redo() []byte {
	var b strings.Builder
	push := func(keys []int) {
		for _, flags := range keys {
			fmt.Fprintf(&b, "\x1b[>%du", flags)
		}
	}
	push(s.keys[0])
	if s.alt != 0 {
		fmt.Fprintf(&b, "\x1b[?%dh", s.alt)
		push(s.keys[1])
	}
	for _, n := range s.modes {
		fmt.Fprintf(&b, "\x1b[?%d%c", n, letter(!usual(n)))
	}
	for _, one := range []struct{ value, form string }{
		{s.others, "\x1b[>%sm"}, {s.region, "\x1b[%sr"}, {s.cursor, "\x1b[%s q"}, {s.letter, "\x1b(%s"},
	} {
		if one.value != "" {
			fmt.Fprintf(&b, one.form, one.value)
		}
	}
	if s.keypad {
		b.WriteString("\x1b=")
	}
	for _, c := range s.lasts {
		fmt.Fprintf(&b, "\x1b]%s\a", c.body)
	}
	return []byte(b.String())
}

// Undo is what makes a terminal of this state an unchanged one. What was drawn
// on it stays, unless it is on the other screen.
func (s *State) Undo() []byte {
	var b strings.Builder
	switch s.p.state { // a sequence that was cut off must not swallow what comes
	case text, textEnded:
		b.WriteString("\x1b\\")
	case escape, charset, control:
		b.WriteByte(can)
	case ground:
	}
	at := s.Clone()
	at.Feed([]byte(b.String())) // it may be carried out by that
	s = &at
	pop := func(keys []int) {
		if n := len(keys); n > 0 {
			fmt.Fprintf(&b, "\x1b[<%du", n)
		}
	}
	for _, n := range slices.Backward(s.modes) {
		fmt.Fprintf(&b, "\x1b[?%d%c", n, letter(usual(n)))
	}
	// Margins that are taken away send the cursor to the top, so it is put back.
	for _, one := range []struct{ value, off string }{
		{s.others, "\x1b[>4m"}, {s.region, "\x1b7\x1b[r\x1b8"}, {s.cursor, "\x1b[0 q"}, {s.letter, "\x1b(B"},
	} {
		if one.value != "" {
			b.WriteString(one.off)
		}
	}
	if s.keypad {
		b.WriteString("\x1b>")
	}
	ended := map[string]bool{}
	for _, c := range s.lasts {
		if !ended[c.number] {
			fmt.Fprintf(&b, "\x1b]%s\a", c.end())
		}
		ended[c.number] = true
	}
	b.WriteString("\x1b[m")
	if s.alt != 0 {
		pop(s.keys[1])
		fmt.Fprintf(&b, "\x1b[?%dl", s.alt)
	}
	pop(s.keys[0])
	return []byte(b.String())
}

func letter(on bool) byte {
	if on {
		return 'h'
	}
	return 'l'
}

// numbers reads parameters; those that are none are left out.
func numbers(params string) []int {
	var out []int
	for p := range strings.SplitSeq(params, ";") {
		if n, err := strconv.Atoi(p); err == nil && n >= 0 {
			out = append(out, n)
		}
	}
	return out
}
