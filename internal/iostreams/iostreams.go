// Package iostreams is what hf knows of its standard streams: whether they are
// terminals, how wide they are, whether colour is wanted and whether a person
// can be asked.
package iostreams

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"
)

const (
	defaultWidth  = 80
	defaultHeight = 24
)

// IOStreams are the three standard streams and what is known of them. Answers
// go to Out, everything else to Err.
type IOStreams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer

	// NoInput is set by --no-input: nobody is asked anything.
	NoInput bool

	inFile                *os.File // nil unless In is the process's own
	inTTY, outTTY, errTTY bool
	width, height         int  // 0 = ask the terminal
	dumb                  bool // the terminal obeys no sequences
	outColor, errColor    bool
	answers               *bufio.Reader // of In, for Ask; keeps what was read ahead
}

// System returns the process's own streams. getenv looks up NO_COLOR, TERM,
// COLUMNS, HF_FORCE_TTY (a number is the width) and HF_NO_INPUT.
func System(getenv func(string) string) *IOStreams {
	s := &IOStreams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, inFile: os.Stdin,
		inTTY: isTerminal(os.Stdin), outTTY: isTerminal(os.Stdout), errTTY: isTerminal(os.Stderr),
		NoInput: getenv("HF_NO_INPUT") != "",
	}
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		s.width = n
	}
	if force := getenv("HF_FORCE_TTY"); force != "" {
		s.outTTY, s.errTTY = true, true
		if n, err := strconv.Atoi(force); err == nil && n > 1 {
			s.width = n
		}
	}
	s.dumb = getenv("TERM") == "dumb"
	plain := getenv("NO_COLOR") != "" || s.dumb
	s.outColor, s.errColor = s.outTTY && !plain, s.errTTY && !plain
	return s
}

// Test returns streams that read from and write to buffers and are no
// terminals.
func Test() (s *IOStreams, in, out, errOut *bytes.Buffer) {
	in, out, errOut = &bytes.Buffer{}, &bytes.Buffer{}, &bytes.Buffer{}
	return &IOStreams{In: in, Out: out, Err: errOut, width: defaultWidth}, in, out, errOut
}

// SetTTY makes the streams pass for terminals, or not. It is for tests.
func (s *IOStreams) SetTTY(in, out, errOut bool) { s.inTTY, s.outTTY, s.errTTY = in, out, errOut }

// SetColor turns colour on or off. It is for tests.
func (s *IOStreams) SetColor(on bool) { s.outColor, s.errColor = on, on }

// SetWidth fixes the width, in columns. It is for tests.
func (s *IOStreams) SetWidth(n int) { s.width = n }

// SetHeight fixes the height, in lines. It is for tests.
func (s *IOStreams) SetHeight(n int) { s.height = n }

// InTTY reports whether In is a terminal.
func (s *IOStreams) InTTY() bool { return s.inTTY }

// OutTTY reports whether Out is a terminal, or is to be treated as one.
func (s *IOStreams) OutTTY() bool { return s.outTTY }

// ErrTTY reports whether Err is a terminal, or is to be treated as one.
func (s *IOStreams) ErrTTY() bool { return s.errTTY }

// CanDraw reports whether Out is a terminal on which lines can be drawn anew.
func (s *IOStreams) CanDraw() bool { return s.outTTY && !s.dumb }

// ErrCanDraw reports the same of Err.
func (s *IOStreams) ErrCanDraw() bool { return s.errTTY && !s.dumb }

// SetDumb makes the terminal one that obeys no sequences, or not. It is for
// tests.
func (s *IOStreams) SetDumb(on bool) { s.dumb = on }

// CanAsk reports whether there is a person to ask.
func (s *IOStreams) CanAsk() bool { return s.inTTY && s.errTTY && !s.NoInput }

// Width returns the columns of the terminal.
func (s *IOStreams) Width() int {
	if s.width > 0 {
		return s.width
	}
	for _, f := range []io.Writer{s.Out, s.Err} {
		if f, ok := f.(*os.File); ok {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w
			}
		}
	}
	return defaultWidth
}

// Height returns the lines of the terminal.
func (s *IOStreams) Height() int {
	if s.height > 0 {
		return s.height
	}
	for _, f := range []io.Writer{s.Out, s.Err} {
		if f, ok := f.(*os.File); ok {
			if _, h, err := term.GetSize(int(f.Fd())); err == nil && h > 0 {
				return h
			}
		}
	}
	return defaultHeight
}

// Size asks the terminal of In how large it is now.
func (s *IOStreams) Size() (columns, rows int, err error) {
	if s.inFile == nil {
		return s.Width(), s.Height(), nil
	}
	columns, rows, err = term.GetSize(int(s.inFile.Fd()))
	switch {
	case err != nil:
		return 0, 0, fmt.Errorf("ask how large the terminal is: %w", err)
	case columns < 1 || rows < 1: // a serial line does not know
		return defaultWidth, defaultHeight, nil
	}
	return columns, rows, nil
}

// Raw puts the terminal of In into raw mode, until restore is called.
func (s *IOStreams) Raw() (restore func(), err error) {
	if s.inFile == nil {
		return func() {}, nil
	}
	fd := int(s.inFile.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("put the terminal into raw mode: %w", err)
	}
	return func() { _ = term.Restore(fd, state) }, nil
}

// Ask puts a question to the person and reads a line. What they typed is
// trimmed; the end of input is an empty answer.
func (s *IOStreams) Ask(question string) (string, error) {
	if _, err := io.WriteString(s.Err, question+" "); err != nil {
		return "", err
	}
	if s.answers == nil {
		s.answers = bufio.NewReader(s.In)
	}
	line, err := s.answers.ReadString('\n')
	if err != nil && err != io.EOF {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// Confirm asks a question to which only yes is yes.
func (s *IOStreams) Confirm(question string) (bool, error) {
	answer, err := s.Ask(question + " [y/N]")
	answer = strings.ToLower(answer)
	return answer == "y" || answer == "yes", err
}

// Style colours words of hf's own. The zero value leaves them as they are.
type Style struct{ on bool }

// OutStyle is for what goes to Out, ErrStyle for what goes to Err.
func (s *IOStreams) OutStyle() Style { return Style{s.outColor} }

// ErrStyle is for what goes to Err.
func (s *IOStreams) ErrStyle() Style { return Style{s.errColor} }

// On reports whether colour is wanted.
func (st Style) On() bool { return st.on }

// Bold prints bold.
func (st Style) Bold(v string) string { return st.wrap("1", v) }

// Dim prints faint.
func (st Style) Dim(v string) string { return st.wrap("2", v) }

// Red prints red.
func (st Style) Red(v string) string { return st.wrap("31", v) }

// Green prints green.
func (st Style) Green(v string) string { return st.wrap("32", v) }

// Yellow prints yellow.
func (st Style) Yellow(v string) string { return st.wrap("33", v) }

// Blue prints blue.
func (st Style) Blue(v string) string { return st.wrap("34", v) }

// Cyan prints cyan.
func (st Style) Cyan(v string) string { return st.wrap("36", v) }

func (st Style) wrap(code, v string) string {
	if !st.on || v == "" {
		return v
	}
	return "\x1b[" + code + "m" + v + "\x1b[0m"
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
