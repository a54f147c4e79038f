package tuitest

import (
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Driver runs a program without a terminal: keys are pressed, and its commands
// are carried out until nothing is left to do.
type Driver struct {
	t     *testing.T
	Model tea.Model
	msgs  chan ended
	next  int
	open  map[int]bool // commands that have not ended; true = it waits for something that may never come
	Quit  bool
}

// ended is a command that ended, and its message.
type ended struct {
	id  int
	msg tea.Msg
}

const (
	// patience is how long a command may take before the test hangs.
	patience = 20 * time.Second
	// quiet is how long a command that waits for more is waited for.
	quiet = 40 * time.Millisecond
)

// Drive starts a program.
func Drive(t *testing.T, m tea.Model, size Size) *Driver {
	t.Helper()
	d := &Driver{t: t, Model: m, msgs: make(chan ended, 1024), open: map[int]bool{}}
	d.run(m.Init())
	d.Send(tea.WindowSizeMsg{Width: size.W, Height: size.H})
	return d
}

// Send hands a message to the program and waits for what follows from it.
func (d *Driver) Send(msg tea.Msg) {
	d.t.Helper()
	d.deliver(msg)
	d.Settle()
}

// Press presses keys: "j", "ctrl+a", "enter". Text in quotes is typed.
func (d *Driver) Press(names ...string) {
	d.t.Helper()
	for _, k := range names {
		d.Send(Key(k))
	}
}

// Type types text, a letter at a time.
func (d *Driver) Type(text string) {
	d.t.Helper()
	for _, r := range text {
		d.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
}

// Settle waits until nothing follows any more. A command that waits for
// something to happen is given a moment, once.
func (d *Driver) Settle() {
	d.t.Helper()
	for d.busy() {
		select {
		case e := <-d.msgs:
			d.end(e)
		case <-time.After(quiet):
			for id := range d.open {
				d.open[id] = true
			}
			return
		}
	}
}

// busy reports whether a command may end soon.
func (d *Driver) busy() bool {
	for _, parked := range d.open {
		if !parked {
			return true
		}
	}
	return len(d.msgs) > 0
}

func (d *Driver) end(e ended) {
	delete(d.open, e.id)
	d.deliver(e.msg)
}

// Until waits for the screen to show something.
func (d *Driver) Until(text string) {
	d.t.Helper()
	d.Await(strconv.Quote(text), func() bool { return strings.Contains(d.Screen(), text) })
}

// Await waits for something that commands in the background bring about.
func (d *Driver) Await(what string, came func() bool) {
	d.t.Helper()
	deadline := time.After(patience)
	for !came() {
		select {
		case e := <-d.msgs:
			d.end(e)
		case <-deadline:
			d.t.Fatalf("%s does not come:\n%s", what, d.Screen())
		}
	}
}

// Screen is what is seen, without colours.
func (d *Driver) Screen() string { return Strip(d.Model.View()) }

// Lines are the lines of the screen as they are drawn.
func (d *Driver) Lines() []string { return strings.Split(d.Model.View(), "\n") }

func (d *Driver) deliver(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
		return
	case tea.QuitMsg:
		d.Quit = true
		return
	case tea.BatchMsg:
		for _, c := range msg {
			d.run(c)
		}
		return
	}
	if cmds, ok := sequence(msg); ok {
		d.runAll(cmds)
		return
	}
	var cmd tea.Cmd
	d.Model, cmd = d.Model.Update(msg)
	d.run(cmd)
}

func (d *Driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	d.next++
	id := d.next
	d.open[id] = false
	go func() { d.msgs <- ended{id, cmd()} }()
}

// runAll runs commands one after the other.
func (d *Driver) runAll(cmds []tea.Cmd) {
	for _, c := range cmds {
		if c != nil {
			d.deliver(c())
		}
	}
}

// sequence takes Bubble Tea's own message of tea.Sequence apart, which has no
// name outside of it.
func sequence(msg tea.Msg) ([]tea.Cmd, bool) {
	v := reflect.ValueOf(msg)
	if v.Kind() != reflect.Slice || v.Type().Elem() != reflect.TypeFor[tea.Cmd]() {
		return nil, false
	}
	out := make([]tea.Cmd, v.Len())
	for i := range out {
		out[i], _ = reflect.TypeAssert[tea.Cmd](v.Index(i))
	}
	return out, true
}

// Key is the message of a key by its name.
func Key(name string) tea.KeyMsg {
	for t := tea.KeyType(-100); t < 200; t++ {
		if t != tea.KeyRunes && (tea.Key{Type: t}).String() == name && name != "" {
			return tea.KeyMsg{Type: t}
		}
	}
	if rest, ok := strings.CutPrefix(name, "alt+"); ok {
		k := Key(rest)
		k.Alt = true
		return k
	}
	if name == " " {
		return tea.KeyMsg{Type: tea.KeySpace, Runes: []rune{' '}}
	}
	return tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(name)}
}

// Strip takes the colours off a text.
func Strip(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return b.String() + s
		}
		b.WriteString(s[:i])
		s = s[i+2:]
		if j := strings.IndexFunc(s, func(r rune) bool { return r >= '@' && r <= '~' }); j >= 0 {
			s = s[j+1:]
		}
	}
}
