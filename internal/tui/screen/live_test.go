package screen

import (
	"testing"
	"testing/synctest"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// counter counts its frames.
type counter struct{ frames int }

func (c *counter) Init() tea.Cmd                       { return nil }
func (c *counter) Update(tea.Msg) (tea.Model, tea.Cmd) { return c, nil }
func (c *counter) View() string                        { return "" }
func (c *counter) Lines() ([]string, int)              { c.frames++; return []string{"line"}, 4 }

// What agents say draws a few frames a second, what a person does is drawn at
// once, also in between.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		msgs := make(chan tea.Msg, 10)
		l := &Live{Drawer: c, Screen: &Screen{wake: make(chan struct{}, 1)}, Send: func(m tea.Msg) { msgs <- m }}
		l.Init()
		// stream is a message every millisecond, as long as that.
		stream := func(d time.Duration) (frames int) {
			before := c.frames
			for range d.Milliseconds() {
				time.Sleep(time.Millisecond)
				for len(msgs) > 0 {
					l.Update(<-msgs)
					l.View()
				}
				l.Update("said")
				l.View()
			}
			return c.frames - before
		}
		if n := stream(time.Second); n < 50 || n > 90 {
			t.Errorf("%d frames in the first second", n)
		}
		stream(attention)
		if n := stream(10 * time.Second); n < 60 || n > 70 {
			t.Errorf("%d frames in ten seconds in which nobody does anything", n)
		}
		l.last = time.Now().Add(-pace) // long ago for a person
		before := c.frames
		l.Update(tea.KeyMsg{Type: tea.KeyUp})
		l.View()
		if c.frames != before+1 {
			t.Error("a key is drawn late")
		}
		if n := stream(time.Second); n < 50 || n > 90 {
			t.Errorf("%d frames in the second after a key", n)
		}
	})
}

// What is drawn late is drawn all the same, though nothing else happens.
func TestTheLastFrameComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{}
		msgs := make(chan tea.Msg, 10)
		l := &Live{Drawer: c, Screen: &Screen{wake: make(chan struct{}, 1)}, Send: func(m tea.Msg) { msgs <- m }}
		l.View()
		l.Update("said")
		l.View()
		if c.frames != 1 {
			t.Fatalf("%d frames at once", c.frames)
		}
		l.Update(<-msgs)
		l.View()
		if c.frames != 2 {
			t.Error("the last frame does not come")
		}
	})
}
