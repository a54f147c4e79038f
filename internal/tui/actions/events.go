package actions

import (
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/events"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Events is how a person moves in what happened.
func Events() []command.Action {
	const group, place = "Events", keys.Events
	return []command.Action{
		{Name: "events.down", Title: "Next line", Group: group, Place: place, Keys: []string{"j", "down"}, Quiet: true, Msg: widget.Move(1)},
		{Name: "events.up", Title: "Previous line", Group: group, Place: place, Keys: []string{"k", "up"}, Quiet: true, Msg: widget.Move(-1)},
		{Name: "events.pagedown", Title: "A screen down", Group: group, Place: place, Keys: []string{"pgdown", "ctrl+d", " ", "ctrl+f"}, Quiet: true, Msg: widget.Page(1)},
		{Name: "events.pageup", Title: "A screen up", Group: group, Place: place, Keys: []string{"pgup", "ctrl+u", "ctrl+b"}, Quiet: true, Msg: widget.Page(-1)},
		{Name: "events.begin", Title: "To the beginning", Group: group, Place: place, Keys: []string{"g", "home"}, Quiet: true, Msg: widget.Home{}},
		{Name: "events.end", Title: "To the end, and follow it", Group: group, Place: place, Keys: []string{"G", "end"}, Quiet: true, Msg: widget.End{}},
		{Name: "events.log", Title: "Fold or unfold the log of the step", Group: group, Place: place, Keys: []string{"enter"}, Quiet: true, Msg: events.Toggle{}},
		{Name: "events.logs", Title: "Fold or unfold the logs of all steps", Group: group, Place: place, Keys: []string{"x"}, Quiet: true, Msg: events.All{}},
	}
}
