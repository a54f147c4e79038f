package theme

import (
	"strings"

	"github.com/charmbracelet/lipgloss"

	"github.com/hf-dev/hf/pkg/api"
)

// Palette is the colours of a theme: for terminals with all of them, with 256
// and with 16.
type Palette struct {
	Dim, Accent, Border, Selected, Away                             lipgloss.CompleteColor
	Red, Green, Yellow, Blue, Cyan, Magenta, AddedBack, RemovedBack lipgloss.CompleteColor
}

func color(full, ansi256, ansi string) lipgloss.CompleteColor {
	return lipgloss.CompleteColor{TrueColor: full, ANSI256: ansi256, ANSI: ansi}
}

func darkPalette() Palette {
	return Palette{
		Dim: color("#8a8f98", "245", "8"), Accent: color("#7aa2f7", "111", "12"), Border: color("#3b4048", "238", "8"),
		Selected: color("#2f3a52", "237", "4"), Away: color("#26292f", "235", "8"),
		Red: color("#f7768e", "204", "9"), Green: color("#9ece6a", "149", "10"), Yellow: color("#e0af68", "179", "11"),
		Blue: color("#7aa2f7", "111", "12"), Cyan: color("#7dcfff", "117", "14"), Magenta: color("#bb9af7", "141", "13"),
		AddedBack: color("#20432a", "22", "0"), RemovedBack: color("#4b202a", "52", "0"),
	}
}

func lightPalette() Palette {
	return Palette{
		Dim: color("#6b7280", "243", "8"), Accent: color("#1f5fbf", "25", "4"), Border: color("#c5c9d0", "251", "7"),
		Selected: color("#d5e3f7", "189", "7"), Away: color("#e8eaee", "254", "7"),
		Red: color("#b3261e", "124", "1"), Green: color("#2e7d32", "28", "2"), Yellow: color("#8a5a00", "94", "3"),
		Blue: color("#1f5fbf", "25", "4"), Cyan: color("#006c7a", "23", "6"), Magenta: color("#7b2fa0", "91", "5"),
		AddedBack: color("#cdeccf", "194", "7"), RemovedBack: color("#f7d4d2", "224", "7"),
	}
}

func contrastPalette() Palette {
	return Palette{
		Dim: color("#d0d0d0", "252", "7"), Accent: color("#ffffff", "231", "15"), Border: color("#ffffff", "231", "15"),
		Selected: color("#0000cc", "20", "4"), Away: color("#444444", "238", "8"),
		Red: color("#ff5555", "203", "9"), Green: color("#55ff55", "83", "10"), Yellow: color("#ffff55", "227", "11"),
		Blue: color("#8fb8ff", "111", "12"), Cyan: color("#55ffff", "87", "14"), Magenta: color("#ff8fff", "213", "13"),
		AddedBack: color("#005500", "22", "0"), RemovedBack: color("#660000", "52", "0"),
	}
}

func contrastLightPalette() Palette {
	return Palette{
		Dim: color("#303030", "236", "0"), Accent: color("#000000", "16", "0"), Border: color("#000000", "16", "0"),
		Selected: color("#a8c7ff", "153", "7"), Away: color("#d0d0d0", "252", "7"),
		Red: color("#990000", "88", "1"), Green: color("#005500", "22", "2"), Yellow: color("#664400", "58", "3"),
		Blue: color("#0000aa", "19", "4"), Cyan: color("#004d55", "23", "6"), Magenta: color("#660077", "53", "5"),
		AddedBack: color("#b0f0b0", "157", "7"), RemovedBack: color("#ffc0c0", "217", "7"),
	}
}

// named finds a colour by the name it has in the configuration.
func (p *Palette) named(name string) *lipgloss.CompleteColor {
	return map[string]*lipgloss.CompleteColor{
		"dim": &p.Dim, "accent": &p.Accent, "border": &p.Border, "selected": &p.Selected, "away": &p.Away, "red": &p.Red, "green": &p.Green,
		"yellow": &p.Yellow, "blue": &p.Blue, "cyan": &p.Cyan, "magenta": &p.Magenta, "added": &p.AddedBack, "removed": &p.RemovedBack,
	}[strings.ToLower(name)]
}

// Known reports whether a palette has a colour of that name.
func Known(name string) bool { return (&Palette{}).named(name) != nil }

// ColorNames are the names of colours in the configuration.
func ColorNames() []string {
	return []string{"accent", "dim", "border", "selected", "away", "red", "green", "yellow", "blue", "cyan", "magenta", "added", "removed"}
}

// Glyphs are the signs of a screen. Each is one column wide.
type Glyphs struct {
	Cursor, Mark, Waiting, Running, Idle, Bad, Busy, Gone string
	Done, Failed, Pending                                 string
	Folded, Unfolded, Bullet                              string
	Tree, TreeLast, TreePass                              string // two columns each
	Bar, Line, TopLeft, TopRight, BottomLeft, BottomRight string
	Scroll, More, Ahead                                   string
	Ellipsis                                              string
}

func unicodeGlyphs() Glyphs {
	return Glyphs{
		Cursor: "›", Mark: "✓", Waiting: "◆", Running: "●", Idle: "○", Bad: "✗", Busy: "◌", Gone: "·",
		Done: "✓", Failed: "✗", Pending: "○", Folded: "▸", Unfolded: "▾", Bullet: "•",
		Tree: "├╴", TreeLast: "╰╴", TreePass: "│ ",
		Bar: "│", Line: "─", TopLeft: "╭", TopRight: "╮", BottomLeft: "╰", BottomRight: "╯",
		Scroll: "█", More: "↓", Ahead: "↑", Ellipsis: "…",
	}
}

func asciiGlyphs() Glyphs {
	return Glyphs{
		Cursor: ">", Mark: "*", Waiting: "!", Running: "@", Idle: "o", Bad: "x", Busy: "~", Gone: ".",
		Done: "+", Failed: "x", Pending: "-", Folded: ">", Unfolded: "v", Bullet: "*",
		Tree: "|-", TreeLast: "`-", TreePass: "| ",
		Bar: "|", Line: "-", TopLeft: "+", TopRight: "+", BottomLeft: "+", BottomRight: "+",
		Scroll: "#", More: "v", Ahead: "^", Ellipsis: "~",
	}
}

// Status is the sign of a task's status.
func (g *Glyphs) Status(s api.Status) string {
	switch s {
	case api.StatusWaiting:
		return g.Waiting
	case api.StatusRunning:
		return g.Running
	case api.StatusIdle:
		return g.Idle
	case api.StatusError:
		return g.Bad
	case api.StatusQueued, api.StatusProvisioning:
		return g.Busy
	case api.StatusArchived, api.StatusKilled:
		return g.Gone
	}
	return g.Gone
}
