package tui

import (
	"strings"
	"testing"

	"github.com/muesli/termenv"

	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
)

// own are settings with a theme of the person's own.
func own(name string) Settings {
	return Settings{Theme: name, Themes: map[string]Theme{"mine": {Base: theme.Light, Colors: map[string]string{"accent": "#010203", "dim": "7"}}}}
}

// styled is the screen of a person with a theme of their own.
func styled(t *testing.T, size tuitest.Size, th *theme.Theme, name string) (*tuitest.Driver, *app) {
	t.Helper()
	drv, a := started(t, &tuitest.Client{}, size, th)
	a.style = newLook([]string{"TERM=xterm"}, own(name), nil)
	a.style.profile = termenv.TrueColor
	return drv, a
}

func TestThemeGolden(t *testing.T) {
	tuitest.Each(t, "theme", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		own := *th // it is changed
		th = &own
		drv, a := styled(t, size, th, theme.Dark)
		a.style.noColor = strings.HasSuffix(golden, "nocolor")
		if size.H > 12 {
			drv.Until("? Remove the build directory") // it comes last
		}
		drv.Send(themeMsg{pick: true})
		drv.Press("down")
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
}

// A theme is seen while the cursor is on it, put back by esc, and kept for now by
// enter, which says how to keep it for ever.
func TestTryingThemes(t *testing.T) {
	th := tuitest.Looks()[0].Theme
	drv, a := styled(t, tuitest.Size{W: 120, H: 40}, th, theme.Dark)
	scr, _ := a.deps.Screen.(*tuitest.Screen)
	mine := theme.New(theme.Options{Name: theme.Light, Profile: termenv.TrueColor, Dark: true, Colors: own("").Themes["mine"].Colors})
	before := *th
	open := func() {
		drv.Press(":")
		drv.Type("another theme")
		drv.Press("enter")
		drv.Until("high-contrast")
	}
	open()
	drv.Press("down", "down", "down")
	if th.Accent != mine.Accent || th.Good != mine.Good {
		t.Errorf("not drawn in the theme under the cursor: %+v", th.Accent)
	}
	drv.Press("esc")
	if th.Styles != before.Styles {
		t.Error("esc does not put the theme back")
	}
	open()
	drv.Type("high")
	drv.Press("enter")
	drv.Until("hf config set tui.theme high-contrast")
	if len(scr.Wrote) == 0 || scr.Wrote[len(scr.Wrote)-1] != backgroundQuery {
		t.Errorf("the terminal was not asked for its background: %q", scr.Wrote)
	}
	light := theme.New(theme.Options{Name: theme.HighContrast, Profile: termenv.TrueColor})
	if drv.Send(background{dark: false}); th.Styles != light.Styles {
		t.Error("the answer of the terminal is not heeded")
	}
}

// The configuration's theme is what is drawn at first; a colour that no theme has
// is said, and all else holds.
func TestThemeOfTheConfiguration(t *testing.T) {
	s := own("mine")
	s.Colors = map[string]string{"dim": "#070707"}
	s.Themes["mine"].Colors["accnet"] = "9"
	look := newLook([]string{"TERM=xterm"}, s, nil)
	look.profile = termenv.TrueColor
	if look.asks() {
		t.Error("the terminal is asked for what the theme says")
	}
	a := build(t.Context(), &tuitest.Client{}, s, look, draft.New(""))
	want := theme.New(theme.Options{Name: theme.Light, Profile: termenv.TrueColor, Dark: true, Colors: map[string]string{"accent": "#010203", "dim": "#070707"}})
	if a.deps.Theme.Styles != want.Styles {
		t.Error("it is drawn in other colours")
	}
	if got := a.toast.text; !strings.Contains(got, `[tui.themes.mine] colors: there is no colour "accnet"; the colours are accent,`) {
		t.Errorf("it says %q", got)
	}
	for _, name := range theme.ColorNames() {
		if !theme.Known(name) {
			t.Errorf("there is no colour %s", name)
		}
	}
}
