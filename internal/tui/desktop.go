package tui

import (
	"bytes"
	"context"
	"io"
	"runtime"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/hf-dev/hf/internal/xec"
)

// noticeLimit is how long a program may take to show a notification.
const noticeLimit = 5 * time.Second

// desktop shows notifications outside of the terminal.
type desktop struct {
	ctx     context.Context
	environ []string
	known   bool // the terminal is one that shows them itself
	rxvt    bool // in the way of rxvt rather than that of iTerm
	tmux    bool
	system  string // GOOS
	limit   time.Duration
}

func newDesktop(ctx context.Context, environ []string) *desktop {
	getenv := lookUp(environ)
	term, program := getenv("TERM"), getenv("TERM_PROGRAM")
	d := &desktop{
		ctx: ctx, environ: environ, system: runtime.GOOS, limit: noticeLimit, tmux: getenv("TMUX") != "",
		rxvt: strings.HasPrefix(term, "rxvt-unicode") || strings.HasPrefix(term, "foot"),
	}
	switch {
	case d.tmux || getenv("STY") != "": // what is in between may keep it
	case d.rxvt, strings.HasPrefix(term, "xterm-kitty"), strings.HasPrefix(term, "xterm-ghostty"):
		d.known = true
	case program == "iTerm.app", program == "WezTerm", program == "ghostty", getenv("LC_TERMINAL") == "iTerm2":
		d.known = true
	}
	return d
}

// sequence is a notification as the terminal knows it. A semicolon would end the
// text.
func (d *desktop) sequence(text string) string {
	text = strings.ReplaceAll(text, ";", ",")
	s := ansi.Notify(text)
	if d.rxvt {
		s = "\x1b]777;notify;hf;" + text + "\a"
	}
	if d.tmux {
		return passed(s)
	}
	return s
}

// script is the program of macOS that shows its first argument.
const script = "on run argv\ndisplay notification (item 1 of argv) with title \"hf\"\nend run\n"

// run has a program of the system show it. The text is an argument, which no
// shell reads.
func (d *desktop) run(text string) tea.Cmd {
	return func() tea.Msg {
		ctx, stop := context.WithTimeout(d.ctx, d.limit)
		defer stop()
		cmd := xec.Cmd{Argv: []string{"notify-send", "--app-name=hf", "--", "hf: " + text}, Env: d.environ, Stdout: io.Discard}
		if d.system == "darwin" {
			cmd.Argv, cmd.Stdin = []string{"osascript", "-", text}, bytes.NewReader([]byte(script))
		}
		if err := xec.Run(ctx, cmd); err != nil {
			return unheard{text} // not there, or nobody it could show it to
		}
		return nil
	}
}
