package actions

import (
	"github.com/hf-dev/hf/internal/tui/checks"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Checks is how a person moves in the pull request, and what they do there.
func Checks() []command.Action {
	const group, place = "Checks", keys.Checks
	return []command.Action{
		{Name: "checks.down", Title: "Scroll down", Group: group, Place: place, Keys: []string{"j", "down"}, Quiet: true, Msg: widget.Move(1)},
		{Name: "checks.up", Title: "Scroll up", Group: group, Place: place, Keys: []string{"k", "up"}, Quiet: true, Msg: widget.Move(-1)},
		{Name: "checks.pagedown", Title: "Half a screen down", Group: group, Place: place, Keys: []string{"pgdown", "ctrl+d", " ", "ctrl+f"}, Quiet: true, Msg: widget.Page(1)},
		{Name: "checks.pageup", Title: "Half a screen up", Group: group, Place: place, Keys: []string{"pgup", "ctrl+u", "ctrl+b"}, Quiet: true, Msg: widget.Page(-1)},
		{Name: "checks.begin", Title: "To the beginning", Group: group, Place: place, Keys: []string{"g", "home"}, Quiet: true, Msg: widget.Home{}},
		{Name: "checks.end", Title: "To the end", Group: group, Place: place, Keys: []string{"G", "end"}, Quiet: true, Msg: widget.End{}},
		{Name: "checks.next", Title: "Next check, thread or comment", Group: group, Place: place, Keys: []string{"]", "J"}, Quiet: true, Msg: checks.Next(1)},
		{Name: "checks.previous", Title: "Previous check, thread or comment", Group: group, Place: place, Keys: []string{"[", "K"}, Quiet: true, Msg: checks.Next(-1)},
		{Name: "checks.open", Title: "Open the check, thread or pull request in the browser", Group: group, Place: place, Keys: []string{"enter", "o"}, Quiet: true, When: needsPull, Msg: checks.Open{}},
		{Name: "checks.refresh", Title: "Look at the pull request now", Group: group, Place: place, Keys: []string{"ctrl+r"}, When: command.NeedsTask, Msg: checks.Refresh{}},
	}
}
