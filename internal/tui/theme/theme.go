// Package theme holds the colours and signs of the TUI. A style is two escape
// sequences that are made once: drawing a screen only joins strings.
package theme

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"github.com/hf-dev/hf/pkg/api"
)

// Style puts text between two escape sequences. The zero value leaves it as it
// is.
type Style struct{ on, off string }

// Render styles one line of text.
func (s Style) Render(text string) string {
	if text == "" {
		return ""
	}
	return s.on + text + s.off
}

// Over styles a line that has styles of its own: each of them returns to this
// one, not to none.
func (s Style) Over(line string) string {
	if s.off == "" {
		return line
	}
	return s.on + strings.ReplaceAll(line, reset, reset+s.on) + s.off
}

const reset = "\x1b[0m"

// Theme is what everything is drawn with. Panes keep a pointer to it: it
// changes in place when the terminal's background becomes known.
type Theme struct {
	Styles
	Sign    Glyphs
	palette Palette
	profile termenv.Profile
	plain   bool
}

// Styles are named by what they say, not by how they look.
type Styles struct {
	Text, Dim, Bold, Accent, Title, Key     Style
	Selected, SelectedAway                  Style // the row under the cursor, while its pane has the focus and while not
	Marked                                  Style
	Border, BorderFocus                     Style
	Waiting, Running, Idle, Bad, Busy, Gone Style // statuses
	Good, Warn                              Style
	Added, Removed, AddedWord, RemovedWord  Style // lines of a diff, and what changed in them
	Hunk, File                              Style
	Code, Heading, Link, Quote              Style // of markdown
	Keyword, String, Comment, Number, Type  Style // of source text
	User, Thought                           Style // of a conversation
}

// Options says what a theme is made for.
type Options struct {
	Name    string            // of Names; "" = auto
	Colors  map[string]string // name of a colour of Palette to #rrggbb or 0-255, over those of the theme
	Profile termenv.Profile   // what the terminal can show
	NoColor bool              // attributes only
	Dark    bool              // the terminal's background, for auto
	ASCII   bool              // no sign beyond ASCII
}

// The names of themes.
const (
	Auto         = "auto"
	Dark         = "dark"
	Light        = "light"
	HighContrast = "high-contrast"
)

// Names lists the themes.
func Names() []string { return []string{Auto, Dark, Light, HighContrast} }

// New makes a theme.
func New(o Options) *Theme {
	t := &Theme{Sign: unicodeGlyphs()}
	if o.ASCII {
		t.Sign = asciiGlyphs()
	}
	t.Set(o)
	return t
}

// Set changes the colours in place. Signs stay.
func (t *Theme) Set(o Options) {
	switch {
	case o.Name == Light, (o.Name == Auto || o.Name == "") && !o.Dark:
		t.palette = lightPalette()
	case o.Name == HighContrast && !o.Dark:
		t.palette = contrastLightPalette()
	case o.Name == HighContrast:
		t.palette = contrastPalette()
	default:
		t.palette = darkPalette()
	}
	for name, value := range o.Colors {
		if c := t.palette.named(name); c != nil && value != "" {
			*c = lipgloss.CompleteColor{TrueColor: value, ANSI256: value, ANSI: value}
		}
	}
	t.profile, t.plain = o.Profile, o.NoColor
	t.Styles = t.styles()
}

// styles makes every style once.
func (t *Theme) styles() Styles {
	p := &t.palette
	return Styles{
		Text: Style{}, Dim: t.fg(p.Dim).faintWhenPlain(t), Bold: t.attr(bold), Accent: t.fg(p.Accent), Title: t.fg(p.Accent, bold), Key: t.fg(p.Accent, bold),
		Selected: t.bg(p.Selected, reverse), SelectedAway: t.bg(p.Away, underline), Marked: t.fg(p.Accent, bold),
		Border: t.fg(p.Border), BorderFocus: t.fg(p.Accent),
		Waiting: t.fg(p.Yellow, bold), Running: t.fg(p.Blue), Idle: t.fg(p.Green), Bad: t.fg(p.Red, bold), Busy: t.fg(p.Cyan), Gone: t.fg(p.Dim),
		Good: t.fg(p.Green), Warn: t.fg(p.Yellow),
		Added: t.fg(p.Green), Removed: t.fg(p.Red), AddedWord: t.both(p.Green, p.AddedBack, bold), RemovedWord: t.both(p.Red, p.RemovedBack, bold),
		Hunk: t.fg(p.Cyan), File: t.attr(bold),
		Code: t.fg(p.Cyan), Heading: t.fg(p.Accent, bold), Link: t.fg(p.Blue, underline), Quote: t.fg(p.Dim, italic),
		Keyword: t.fg(p.Magenta), String: t.fg(p.Yellow), Comment: t.fg(p.Dim, italic), Number: t.fg(p.Cyan), Type: t.fg(p.Blue),
		User: t.fg(p.Accent, bold), Thought: t.fg(p.Dim, italic),
	}
}

// attribute is how text looks besides its colour.
type attribute int

const (
	bold attribute = iota
	italic
	underline
	reverse
	faint
)

func (t *Theme) fg(c lipgloss.CompleteColor, attrs ...attribute) Style {
	return t.make(&c, nil, attrs)
}

// bg is a background. Without colours the attributes stand in for it.
func (t *Theme) bg(c lipgloss.CompleteColor, instead attribute) Style {
	if t.plain {
		return t.make(nil, nil, []attribute{instead})
	}
	return t.make(nil, &c, nil)
}

func (t *Theme) both(fg, bg lipgloss.CompleteColor, attrs ...attribute) Style {
	return t.make(&fg, &bg, attrs)
}

func (t *Theme) attr(a ...attribute) Style { return t.make(nil, nil, a) }

func (s Style) faintWhenPlain(t *Theme) Style {
	if t.plain {
		return t.attr(faint)
	}
	return s
}

// make lets lipgloss write the sequences, in what the terminal can show.
func (t *Theme) make(fg, bg *lipgloss.CompleteColor, attrs []attribute) Style {
	r := lipgloss.NewRenderer(nil)
	r.SetHasDarkBackground(true) // asks no terminal: the colours are complete
	r.SetColorProfile(max(t.profile, 0))
	if t.plain && t.profile == termenv.Ascii {
		r.SetColorProfile(termenv.ANSI) // for the attributes
	}
	st := r.NewStyle()
	if fg != nil && !t.plain {
		st = st.Foreground(*fg)
	}
	if bg != nil && !t.plain {
		st = st.Background(*bg)
	}
	for _, a := range attrs {
		switch a {
		case bold:
			st = st.Bold(true)
		case italic:
			st = st.Italic(true)
		case underline:
			st = st.Underline(true)
		case reverse:
			st = st.Reverse(true)
		case faint:
			st = st.Faint(true)
		}
	}
	const mark = "x"
	on, off, ok := strings.Cut(st.Render(mark), mark)
	if !ok || on == "" {
		return Style{}
	}
	if off != "" {
		off = reset
	}
	return Style{on, off}
}

// StatusStyle is the style of a task's status.
func (t *Theme) StatusStyle(s api.Status) Style {
	switch s {
	case api.StatusWaiting:
		return t.Waiting
	case api.StatusRunning:
		return t.Running
	case api.StatusIdle:
		return t.Idle
	case api.StatusError:
		return t.Bad
	case api.StatusQueued, api.StatusProvisioning:
		return t.Busy
	case api.StatusArchived, api.StatusKilled:
		return t.Gone
	}
	return t.Text
}
