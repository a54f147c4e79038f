package screen

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

const (
	// pace is the least time between two frames while somebody does something.
	pace = 12 * time.Millisecond
	// calm is that while nobody does. What agents say may come word by word, and
	// a screen that is drawn for each of them costs more than all else.
	calm = 150 * time.Millisecond
	// attention is how long somebody is taken to be there after a key.
	attention = 2 * time.Second
)

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

	last    time.Time
	touched time.Time // when somebody did something
	due     bool
}

// due says that the next frame may be drawn.
type due struct{}

// Init begins.
func (l *Live) Init() tea.Cmd {
	l.touched = time.Now()
	return l.Drawer.Init()
}

// Update hands messages on.
func (l *Live) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg.(type) {
	case due:
		l.due = false
		return l, nil
	case tea.KeyMsg, tea.MouseMsg, tea.WindowSizeMsg:
		l.touched, l.due = time.Now(), false
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
	wait := pace
	if now.Sub(l.touched) > attention {
		wait = calm
	}
	if rest := wait - now.Sub(l.last); rest > 0 {
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
