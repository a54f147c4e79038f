package screen

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// pace is the least time between two frames.
const pace = 12 * time.Millisecond

// Drawer is a model that draws lines.
type Drawer interface {
	tea.Model
	Lines() (lines []string, width int)
}

// Live is a model that is drawn on a screen: the first frame after a silence at
// once, more of them so many a second. Bubble Tea asks for a view after every
// message, however many there are.
type Live struct {
	Drawer
	Screen *Screen
	Send   func(tea.Msg)

	last time.Time
	due  bool
}

// due says that the next frame may be drawn.
type due struct{}

// Update hands messages on.
func (l *Live) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, ok := msg.(due); ok {
		l.due = false
		return l, nil
	}
	_, cmd := l.Drawer.Update(msg)
	return l, cmd
}

// View draws, now or soon.
func (l *Live) View() string {
	if l.due {
		return ""
	}
	now := time.Now()
	if rest := pace - now.Sub(l.last); rest > 0 {
		l.due = true
		time.AfterFunc(rest, func() { l.Send(due{}) })
		return ""
	}
	l.last = now
	if lines, width := l.Drawer.Lines(); len(lines) > 0 {
		l.Screen.Draw(lines, width)
	}
	return ""
}
