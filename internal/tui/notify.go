package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// The ways a person is told, as the configuration names them.
const (
	notifyBell    = "bell"
	notifyDesktop = "desktop"
)

// notifier tells a person who looks elsewhere that a task needs them, or is done.
type notifier struct {
	how  string // "" or none = not at all
	away bool   // the terminal said that it has not the focus
	was  map[string]api.Status
}

// look compares the tasks with what they were, and returns what is to be sent
// to the terminal, "" for nothing.
func (n *notifier) look(s *model.Store) string {
	first := n.was == nil
	now := make(map[string]api.Status, len(n.was))
	var lines []string
	for _, t := range s.Tasks() {
		now[t.ID] = t.Status
		if was, known := n.was[t.ID]; !first && known && was != t.Status && matters(was, t.Status) {
			lines = append(lines, widget.CleanLine(t.Title)+": "+string(t.Status))
		}
	}
	n.was = now
	if !n.away || len(lines) == 0 {
		return ""
	}
	text := lines[0]
	if len(lines) > 1 {
		text = count(len(lines), "task") + ": " + text + ", …"
	}
	switch n.how {
	case notifyBell:
		return "\a"
	case notifyDesktop:
		return desktop(text)
	}
	return ""
}

// matters reports whether a person wants to hear of a change: a task waits,
// failed, or ended what it was doing.
func matters(was, now api.Status) bool {
	switch now { //nolint:exhaustive // the others are nothing to look up for
	case api.StatusWaiting, api.StatusError:
		return true
	case api.StatusIdle:
		return was == api.StatusRunning
	}
	return false
}

// desktop is a notification in the two ways that terminals know. One that knows
// neither shows nothing. A semicolon would end the text.
func desktop(text string) string {
	text = strings.ReplaceAll(text, ";", ",")
	return ansi.Notify(text) + "\x1b]777;notify;hf;" + text + "\a"
}
