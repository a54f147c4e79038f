package actions

import (
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/diff"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/widget"
)

// Diff is how a person moves in the diff, and comments on it.
func Diff() []command.Action {
	const group, place = "Diff", keys.Diff
	return []command.Action{
		{Name: "diff.down", Title: "Next line", Group: group, Place: place, Keys: []string{"j", "down"}, Quiet: true, Msg: widget.Move(1)},
		{Name: "diff.up", Title: "Previous line", Group: group, Place: place, Keys: []string{"k", "up"}, Quiet: true, Msg: widget.Move(-1)},
		{Name: "diff.pagedown", Title: "Half a screen down", Group: group, Place: place, Keys: []string{"pgdown", "ctrl+d", "ctrl+f"}, Quiet: true, Msg: widget.Page(1)},
		{Name: "diff.pageup", Title: "Half a screen up", Group: group, Place: place, Keys: []string{"pgup", "ctrl+u", "ctrl+b"}, Quiet: true, Msg: widget.Page(-1)},
		{Name: "diff.first", Title: "To the first line", Group: group, Place: place, Keys: []string{"g", "home"}, Quiet: true, Msg: widget.Home{}},
		{Name: "diff.last", Title: "To the last line", Group: group, Place: place, Keys: []string{"G", "end"}, Quiet: true, Msg: widget.End{}},
		{Name: "diff.hunk", Title: "Next hunk", Group: group, Place: place, Keys: []string{"]"}, Quiet: true, Msg: diff.Hunk(1)},
		{Name: "diff.hunk.previous", Title: "Previous hunk", Group: group, Place: place, Keys: []string{"["}, Quiet: true, Msg: diff.Hunk(-1)},
		{Name: "diff.file", Title: "Next file", Group: group, Place: place, Keys: []string{"}", "J"}, Quiet: true, Msg: diff.File(1)},
		{Name: "diff.file.previous", Title: "Previous file", Group: group, Place: place, Keys: []string{"{", "K"}, Quiet: true, Msg: diff.File(-1)},
		{Name: "diff.right", Title: "Show the rest of long lines", Group: group, Place: place, Keys: []string{"l", "right"}, Quiet: true, Msg: diff.Shift(1)},
		{Name: "diff.left", Title: "Back to their beginning; then to the tasks", Group: group, Place: place, Keys: []string{"h", "left"}, Quiet: true, Msg: diff.Shift(-1)},
		{Name: "diff.enter", Title: "Fold the file; comment on the line", Group: group, Place: place, Keys: []string{"enter"}, Quiet: true, Msg: diff.Enter{}},
		{Name: "diff.fold", Title: "Fold or unfold all files", Group: group, Place: place, Keys: []string{"x"}, Msg: diff.Fold{}},
		{Name: "diff.wrap", Title: "Show long lines of the diff in full, or cut them", Group: group, Place: place, Keys: []string{"W"}, Msg: diff.Wrap{}},
		{Name: "diff.select", Title: "Begin or end selecting lines", Group: group, Place: place, Keys: []string{"v", " "}, Quiet: true, Msg: diff.Select{}},
		{Name: "diff.cancel", Title: "End selecting; else back to the tasks", Group: group, Place: place, Keys: []string{"esc"}, Quiet: true, Msg: diff.Cancel{}},
		{Name: "diff.comment", Title: "Comment on the selected lines", Group: group, Place: place, Keys: []string{"w"}, Msg: diff.Comment{}},
		{Name: "diff.delete", Title: "Delete the comment", Group: group, Place: place, Keys: []string{"delete", "backspace"}, Quiet: true, Msg: diff.Delete{}},
		{Name: "diff.send", Title: "Send all comments on the diff to the agent", Group: group, Place: place, Keys: []string{"M"}, When: command.NeedsLife, Msg: diff.Send{}},
	}
}
