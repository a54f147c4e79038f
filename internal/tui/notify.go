package tui

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// The ways a person is told, as the configuration names them.
const (
	notifyBell    = "bell"
	notifyDesktop = "desktop"
)

const (
	// idle is how long after the last key a person is taken to look elsewhere,
	// where the terminal does not say whether they do.
	idle = time.Minute
	// mostNotice is how long a notification is, in columns.
	mostNotice = 120
)

// notifier tells a person who looks elsewhere that a task needs them, or is done.
type notifier struct {
	how     string // "" or none = not at all
	desktop *desktop
	says    bool // the terminal says whether it has the focus
	blurred bool // it has not
	touched time.Time
	was     map[string]api.Status
}

// focus notes what the terminal said of its focus.
func (n *notifier) focus(msg tea.Msg) {
	_, n.blurred = msg.(tea.BlurMsg)
	n.says = true
}

// away reports whether the person looks elsewhere.
func (n *notifier) away(now time.Time) bool {
	if n.says {
		return n.blurred
	}
	return now.Sub(n.touched) > idle
}

// look compares the tasks with what they were, and returns what a person who
// looks elsewhere wants to hear, "" for nothing.
func (n *notifier) look(s *model.Store, now time.Time) string {
	first := n.was == nil
	is := make(map[string]api.Status, len(n.was))
	var lines []string
	for _, t := range s.Tasks() {
		is[t.ID] = t.Status
		if was, known := n.was[t.ID]; !first && known && was != t.Status && matters(was, t.Status) {
			lines = append(lines, widget.CleanLine(t.Title)+": "+string(t.Status))
		}
	}
	n.was = is
	if len(lines) == 0 || !n.away(now) {
		return ""
	}
	text := lines[0]
	if len(lines) > 1 {
		text = count(len(lines), "task") + ": " + text + ", …"
	}
	return widget.Cut(text, mostNotice, "…")
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

// tell tells it in the way the person chose.
func (n *notifier) tell(text string, screen command.Screen) tea.Cmd {
	switch {
	case n.how == notifyBell:
		screen.Write("\a")
	case n.how == notifyDesktop && n.desktop.known:
		screen.Write(n.desktop.sequence(text))
	case n.how == notifyDesktop:
		return n.desktop.run(text)
	}
	return nil
}

// unheard is a notification for which there is no program. The terminal gets it:
// one that knows nothing of it shows nothing.
type unheard struct{ text string }

// passed writes a sequence so that tmux hands it on, where it is told to.
func passed(sequence string) string {
	return "\x1bPtmux;" + strings.ReplaceAll(sequence, "\x1b", "\x1b\x1b") + "\x1b\\"
}
