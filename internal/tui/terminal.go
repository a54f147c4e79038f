package tui

import (
	"bytes"
	"maps"
	"os"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"github.com/hf-dev/hf/internal/tui/theme"
)

// look is how things are to be drawn on this terminal.
type look struct {
	settings Settings
	profile  termenv.Profile
	noColor  bool
	ascii    bool
	dark     bool   // as far as that is known
	theme    string // by its name
	term     string
	asked    bool // the terminal was asked whether it is dark
}

func newLook(environ []string, s Settings, tty *os.File) *look {
	getenv := lookUp(environ)
	l := &look{settings: s, theme: s.Theme, noColor: getenv("NO_COLOR") != "", dark: true, term: getenv("TERM")}
	l.profile = termenv.NewOutput(tty, termenv.WithTTY(true), termenv.WithEnvironment(variables(getenv))).ColorProfile()
	l.ascii = !isUTF8(getenv)
	if s.Unicode != nil {
		l.ascii = !*s.Unicode
	}
	// COLORFGBG is "foreground;background", where it is set at all.
	if parts := strings.Split(getenv("COLORFGBG"), ";"); len(parts) > 1 {
		if n, err := strconv.Atoi(parts[len(parts)-1]); err == nil {
			l.dark = n < 7 || n == 8
		}
	}
	return l
}

// base is the theme of ours that the theme is made of, and the colours over it.
func (l *look) base() (name string, colors map[string]string) {
	own, ok := l.settings.Themes[l.theme]
	if !ok {
		return l.theme, l.settings.Colors
	}
	colors = maps.Clone(own.Colors)
	if colors == nil {
		colors = map[string]string{}
	}
	maps.Copy(colors, l.settings.Colors)
	return own.Base, colors
}

// asks reports whether the terminal has to be asked for its background.
func (l *look) asks() bool {
	name, _ := l.base()
	return !l.asked && !l.noColor && name != theme.Dark && name != theme.Light && l.term != "linux"
}

func (l *look) options() theme.Options {
	name, colors := l.base()
	return theme.Options{
		Name: name, Colors: colors, Profile: l.profile, NoColor: l.noColor || l.profile == termenv.Ascii,
		Dark: l.dark, ASCII: l.ascii,
	}
}

// variables is a lookup as termenv wants it.
type variables func(string) string

func (v variables) Getenv(name string) string { return v(name) }
func (v variables) Environ() []string         { return nil }

// isUTF8 reports whether the locale says that the terminal shows all letters.
func isUTF8(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	// Nothing is said. Every terminal of today can, but for the console.
	return getenv("TERM") != "linux"
}

// The question for the background's colour, and how its answer begins.
const (
	backgroundQuery  = "\x1b]11;?\x1b\\"
	backgroundAnswer = "\x1b]11;"
	longestAnswer    = 64
)

// background is what the terminal answered.
type background struct{ dark bool }

// keyboard is the terminal as it is read. It takes out what the terminal answers
// by itself, which is no key.
type keyboard struct {
	*os.File
	tell func(tea.Msg)
	held []byte // the beginning of an answer
}

// Read reads keys.
func (k *keyboard) Read(p []byte) (int, error) {
	n, err := k.File.Read(p)
	if len(k.held) == 0 && !bytes.Contains(p[:n], []byte(backgroundAnswer)) {
		return n, err
	}
	data := append(k.held, p[:n]...)
	k.held = nil
	for {
		at := bytes.Index(data, []byte(backgroundAnswer))
		if at < 0 {
			break
		}
		body := data[at+len(backgroundAnswer):]
		end, size := answerEnd(body)
		if end < 0 {
			if len(body) < longestAnswer {
				k.held = bytes.Clone(data[at:])
				data = data[:at]
			}
			break
		}
		if dark, ok := isDark(string(body[:end])); ok {
			k.tell(background{dark})
		}
		data = append(bytes.Clone(data[:at]), body[end+size:]...)
	}
	return copy(p, data), err
}

func answerEnd(b []byte) (at, size int) {
	if i := bytes.IndexByte(b, '\a'); i >= 0 {
		return i, 1
	}
	if i := bytes.Index(b, []byte("\x1b\\")); i >= 0 {
		return i, 2
	}
	return -1, 0
}

// isDark reads a colour as rgb:RRRR/GGGG/BBBB.
func isDark(answer string) (dark, ok bool) {
	parts := strings.Split(strings.TrimPrefix(answer, "rgb:"), "/")
	if len(parts) != 3 {
		return false, false
	}
	var light float64
	for i, weight := range []float64{0.299, 0.587, 0.114} {
		n, err := strconv.ParseUint(parts[i], 16, 32)
		if err != nil || len(parts[i]) == 0 {
			return false, false
		}
		most := uint64(1)<<(4*len(parts[i])) - 1
		light += weight * float64(n) / float64(most)
	}
	return light < 0.5, true
}
