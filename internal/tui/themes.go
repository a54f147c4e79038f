package tui

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/palette"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/theme"
)

// themeMsg draws everything in another theme, or lets the person pick one.
type themeMsg struct {
	name string
	pick bool
}

func (a *app) themed(msg themeMsg) tea.Cmd {
	if msg.pick {
		return a.pickTheme()
	}
	a.style.theme = msg.name
	return a.restyle()
}

// restyle draws everything anew in the theme as it now is.
func (a *app) restyle() tea.Cmd {
	if a.style.asks() {
		a.style.asked = true
		a.deps.Screen.Write(backgroundQuery)
	}
	a.deps.Theme.Set(a.style.options())
	return a.tell(pane.Restyled{})
}

// pickTheme shows the themes, and everything in that under the cursor. Which
// one is taken at the next start is for the configuration to say.
func (a *app) pickTheme() tea.Cmd {
	now := a.style.theme
	names := append(theme.Names(), slices.Sorted(maps.Keys(a.style.settings.Themes))...)
	items := make([]palette.Item, len(names))
	for i, name := range names {
		items[i] = palette.Item{
			Text: name, Seen: themeMsg{name: name},
			Run: command.Say("`hf config set tui.theme %s` keeps it: theme = %q in [tui]", name, name),
		}
		if name == now {
			items[i].Sign, items[i].Run = a.deps.Theme.Sign.Done, nil
		}
	}
	menu := palette.New(a.deps, "theme", items)
	menu.Begin(now)
	menu.Leave = themeMsg{name: now}
	return pane.OpenCmd(menu)
}

// unknownColors are colours of the configuration that no theme has.
func (s *Settings) unknownColors() []error {
	var out []error
	check := func(where string, colors map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(colors)) {
			if !theme.Known(name) {
				out = append(out, fmt.Errorf("%s: there is no colour %q; the colours are %s", where, name, strings.Join(theme.ColorNames(), ", ")))
			}
		}
	}
	check("[tui] colors", s.Colors)
	for _, name := range slices.Sorted(maps.Keys(s.Themes)) {
		check("[tui.themes."+name+"] colors", s.Themes[name].Colors)
	}
	return out
}
