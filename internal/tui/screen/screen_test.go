package screen

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"
	"pgregory.net/rapid"

	"github.com/hf-dev/hf/internal/tui/widget"
)

func TestChanges(t *testing.T) {
	const bar, dim = "\x1b[2m│\x1b[0m", "\x1b[2m"
	for name, tt := range map[string]struct {
		shown, lines []string
		want         string
	}{
		"first":        {nil, []string{"ab", "c"}, eraseAll + "\x1b[1;1Hab\x1b[2;1Hc"},
		"same":         {[]string{"ab"}, []string{"ab"}, ""},
		"one line":     {[]string{"ab", "cd"}, []string{"ab", "xy"}, "\x1b[2;1Hxy"},
		"fewer":        {[]string{"ab", "cd"}, []string{"ab"}, "\x1b[2;1H" + eraseRest},
		"wide letters": {[]string{"ab cd"}, []string{"日 cd"}, "\x1b[1;1H日 cd" + spaces(15)},
		"a word":       {[]string{"one line " + bar + " of"}, []string{"one word " + bar + " of"}, "\x1b[1;5Hword"},
		"two words":    {[]string{"one line of many"}, []string{"two line of more"}, "\x1b[1;1Htwo\x1b[13Gmore"},
		"close words":  {[]string{"one or many"}, []string{"two or more"}, "\x1b[1;1Htwo or more"},
		"a style":      {[]string{"one " + dim + "line" + reset}, []string{"one line"}, "\x1b[1;5Hline"},
		"no more":      {[]string{"one line of"}, []string{"one"}, "\x1b[1;4H" + eraseRest},
		"longer":       {[]string{"one"}, []string{"one line"}, "\x1b[1;5Hline"},
	} {
		if tt.want != "" {
			tt.want = begin + tt.want + end
		}
		width := 20
		if len(tt.lines[0]) == 2 {
			width = 2
		}
		if got := changes(tt.shown, tt.lines, width); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func spaces(n int) string { return strings.Repeat(" ", n) }

// Whatever is shown, what is sent makes the terminal show what it would show if
// all of it were sent.
func TestChangesAreEnough(t *testing.T) {
	piece := rapid.SampledFrom([]string{" ", "   ", "a", "word", "│", "日本", "é", "e\u0301", "👍🏽", "…", "\x1b[1mbold two\x1b[0m", "\x1b[1m\x1b[31mred\x1b[0m", "\x1b[44m  \x1b[0m", "\x1b[7mopen", "\x1b[0m"})
	rapid.Check(t, func(t *rapid.T) {
		const width = 24
		line := rapid.Custom(func(t *rapid.T) string {
			s := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
			if rapid.Bool().Draw(t, "full") {
				return widget.Fit(s, width, "")
			}
			return widget.Cut(s, width, "")
		})
		frame := rapid.SliceOfN(line, 1, 3)
		shown := frame.Draw(t, "first")
		term := newCells(width, 3)
		term.write(changes(nil, shown, width))
		for range 3 {
			next := frame.Draw(t, "next")
			term.write(changes(shown, next, width))
			shown = next
			fresh := newCells(width, 3)
			for i, l := range next {
				fresh.write("\x1b[" + strconv.Itoa(i+1) + ";1H" + l + reset)
			}
			if got, want := term.String(), fresh.String(); got != want {
				t.Fatalf("the terminal shows\n%s\nand not\n%s", got, want)
			}
		}
	})
}

// cells is a terminal that understands what a screen sends.
type cells struct {
	rows  [][]string // what each cell shows, with its style
	x, y  int
	style string
}

func newCells(width, height int) *cells {
	c := &cells{rows: make([][]string, height)}
	for i := range c.rows {
		c.rows[i] = make([]string, width)
		c.erase(i, 0)
	}
	return c
}

func (c *cells) erase(row, from int) {
	for x := from; x < len(c.rows[row]); x++ {
		c.rows[row][x] = " "
	}
}

func (c *cells) write(text string) {
	p := ansi.NewParser()
	for state := byte(0); text != ""; {
		seq, width, n, next := ansi.DecodeSequence(text, state, p)
		text, state = text[n:], next
		if width > 0 {
			c.rows[c.y][c.x] = c.style + seq
			for i := 1; i < width; i++ {
				c.rows[c.y][c.x+i] = ""
			}
			c.x += width
			continue
		}
		first, _ := p.Param(0, 1)
		second, _ := p.Param(1, 1)
		switch {
		case seq == reset:
			c.style = ""
		case strings.HasSuffix(seq, "m"):
			c.style += seq
		case strings.HasSuffix(seq, "H"):
			c.y, c.x = first-1, second-1
		case strings.HasSuffix(seq, "G"):
			c.x = first - 1
		case seq == eraseRest:
			c.erase(c.y, c.x)
		case seq == eraseAll:
			for y := range c.rows {
				c.erase(y, 0)
			}
		}
	}
}

func (c *cells) String() string {
	var b strings.Builder
	for _, row := range c.rows {
		b.WriteString(strings.Join(row, "|") + "\n")
	}
	return b.String()
}

// What was asked of the terminal is taken back, also between.
func TestTheTerminalIsGivenBack(t *testing.T) {
	ours, tty, err := pty.Open()
	if err != nil {
		t.Skip(err)
	}
	defer ours.Close()
	read := make(chan string, 100)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := ours.Read(buf)
			if err != nil {
				close(read)
				return
			}
			read <- string(buf[:n])
		}
	}()
	var all strings.Builder
	until := func(want string) {
		t.Helper()
		limit := time.After(20 * time.Second)
		for !strings.Contains(all.String(), want) {
			select {
			case text := <-read:
				all.WriteString(text)
			case <-limit:
				t.Fatalf("%q does not come: %q", want, all.String())
			}
		}
	}
	s, err := Open(tty, true)
	if err != nil {
		t.Fatal(err)
	}
	s.Draw([]string{"first"}, 20)
	until("first")
	s.Leave()
	until("\x1b[?1049l")
	s.Draw([]string{"second"}, 20)
	if err := s.Enter(); err != nil {
		t.Fatal(err)
	}
	s.Write("\a")
	until("second")
	until("\a")
	s.Close()
	s.Close()
	_ = tty.Close()
	for text := range read {
		all.WriteString(text)
	}
	for _, mode := range []string{"?1049", "?2004", "?1004", "?1002", "?1006"} {
		on, off := strings.LastIndex(all.String(), "\x1b["+mode+"h"), strings.LastIndex(all.String(), "\x1b["+mode+"l")
		if on < 0 || off < on {
			t.Errorf("%s is left on", mode)
		}
	}
	if strings.LastIndex(all.String(), "\x1b[?25h") < strings.LastIndex(all.String(), "\x1b[?25l") {
		t.Error("the cursor is left hidden")
	}
}
