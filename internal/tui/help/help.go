// Package help is the dialog of the keys.
package help

import (
	"strings"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/reader"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// New returns the keys of a place: its own first, then those that hold
// everywhere.
func New(d *pane.Deps, place keys.Place) *reader.Dialog {
	return reader.New(d, "keys", func(width int) []string {
		var out []string
		for _, part := range []struct {
			title  string
			places []keys.Place
		}{
			{"Here", []keys.Place{place}},
			{"Everywhere", []keys.Place{keys.Panes, keys.Global}},
			{"While typing", []keys.Place{keys.Input}},
		} {
			out = append(out, section(d, part.title, part.places, width)...)
		}
		return append(out, "", d.Theme.Dim.Render("Every key can be another one: [keys] of the configuration, by the names at the right."))
	})
}

func section(d *pane.Deps, title string, places []keys.Place, width int) []string {
	out := []string{"", d.Theme.Heading.Render(title)}
	for _, place := range places {
		for _, a := range d.Table.All() {
			if a.Place == place {
				out = append(out, line(d, &a, width))
			}
		}
	}
	if len(out) == 2 {
		return nil
	}
	return out
}

// The columns of the keys and of the names.
const (
	keyWidth  = 14
	nameWidth = 22
)

func line(d *pane.Deps, a *command.Action, width int) string {
	t := d.Theme
	shown := make([]string, 0, 3)
	for _, k := range d.Keys.Of(a.Name) {
		shown = append(shown, keys.Show(k))
	}
	left := t.Key.Render(widget.Fit(strings.Join(shown, " "), keyWidth, t.Sign.Ellipsis)) + " "
	if width < keyWidth+nameWidth+30 {
		return left + widget.Cut(a.Title, width-keyWidth-1, t.Sign.Ellipsis)
	}
	return left + widget.Fit(a.Title, width-keyWidth-nameWidth-2, t.Sign.Ellipsis) + " " + t.Dim.Render(a.Name)
}
