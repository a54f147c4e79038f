package tasklist_test

import (
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/muesli/termenv"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tasklist"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

func list(t *testing.T, c *tuitest.Client, size tuitest.Size, th *theme.Theme) (*tasklist.Pane, *model.Store) {
	t.Helper()
	d := tuitest.Deps(t, c, th, nil)
	p := tasklist.New(d)
	p.Resize(size.W, size.H)
	u := tuitest.Snapshot()
	p.Update(d.Store.Apply(&u))
	return p, d.Store
}

func plain() *theme.Theme { return tuitest.Looks()[1].Theme }

func TestGolden(t *testing.T) {
	tuitest.Each(t, "list", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		p, _ := list(t, &tuitest.Client{}, size, th)
		p.Update(widget.Move(1))
		p.Update(tasklist.Mark{})
		tuitest.Golden(t, golden, widget.Block(p.View(true), size.W, size.H), size)
	})
}

// Rows are kept as they were drawn until something of them changes.
func TestWhatChangesIsSeen(t *testing.T) {
	size := tuitest.Size{W: 60, H: 20}
	d := tuitest.Deps(t, &tuitest.Client{}, tuitest.Looks()[0].Theme, nil)
	now := tuitest.Now()
	d.Now = func() time.Time { return now }
	p := tasklist.New(d)
	p.Resize(size.W, size.H)
	u := tuitest.Snapshot()
	p.Update(d.Store.Apply(&u))
	was := ""
	changes := func(what string, do func()) {
		t.Helper()
		do()
		if is := strings.Join(p.View(true), "\n"); is == was {
			t.Errorf("%s changes nothing", what)
		} else {
			was = is
		}
		if again := strings.Join(p.View(true), "\n"); again != was {
			t.Errorf("after %s it is drawn otherwise again", what)
		}
	}
	changes("the first frame", func() {})
	changes("moving", func() { p.Update(widget.Move(1)) })
	changes("marking", func() { p.Update(tasklist.Mark{}) })
	changes("unmarking", d.Store.Unmark)
	changes("marking all", func() { p.Update(tasklist.MarkAll{}) })
	changes("another status", func() {
		x := *d.Store.Task("auth1")
		x.Status = api.StatusIdle
		p.Update(d.Store.Apply(&model.Update{Tasks: []api.Task{x}}))
	})
	changes("an hour", func() { now = now.Add(time.Hour) })
	changes("a width", func() { p.Resize(50, size.H) })
	changes("a height", func() { p.Resize(50, 4) })
	changes("folding", func() { p.Update(tasklist.Fold{}) })
	changes("another theme", func() {
		d.Theme.Set(theme.Options{Name: theme.Light, Profile: termenv.TrueColor})
		p.Update(pane.Restyled{})
	})
	if focused := strings.Join(p.View(false), "\n"); focused == was {
		t.Error("the focus changes nothing")
	}
}

func TestMoving(t *testing.T) {
	p, s := list(t, &tuitest.Client{}, tuitest.Size{W: 60, H: 6}, plain())
	for _, tt := range []struct {
		msg  tea.Msg
		want string
	}{
		{nil, "auth1"},
		{widget.Move(2), "perf5"},
		{widget.End{}, "docs4"},
		{widget.Home{}, "auth1"},
		{tasklist.Waiting(1), "flak6"},
		{tasklist.Waiting(1), "auth1"},
		{tasklist.Waiting(-1), "flak6"},
		{tasklist.Goto{ID: "test3"}, "test3"},
		{tasklist.Goto{ID: "nobody"}, "test3"},
		{tea.MouseMsg{Button: tea.MouseButtonWheelUp}, "form2"},
	} {
		p.Update(tt.msg)
		if got := s.Selected(); got == nil || got.ID != tt.want {
			t.Errorf("%#v leads to %v, want %s", tt.msg, got, tt.want)
		}
	}
	if !strings.Contains(strings.Join(p.View(true), "\n"), "Forms with") {
		t.Error("what is selected is not seen")
	}
	p.Update(tasklist.Fold{})
	if view := strings.Join(p.View(true), "\n"); strings.Contains(view, "Forms with") {
		t.Errorf("the repo is not folded:\n%s", view)
	}
	p.Update(tasklist.Fold{})
	if view := strings.Join(p.View(true), "\n"); !strings.Contains(view, "Forms with") {
		t.Errorf("the repo is not unfolded:\n%s", view)
	}
}

// A letter that is no key begins a filter, and archived tasks are read only for
// who asks for them.
func TestFiltering(t *testing.T) {
	c := &tuitest.Client{List: []api.Task{{ID: "old9", Title: "Long ago", Repo: "web", Status: api.StatusArchived, Lifecycle: api.LifecycleArchived}}}
	p, s := list(t, c, tuitest.Size{W: 60, H: 20}, plain())
	var cmds []tea.Cmd
	for _, r := range "s:arch" {
		cmds = append(cmds, p.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
	}
	if !p.Typing() {
		t.Fatal("nothing is typed")
	}
	for _, cmd := range cmds {
		for _, msg := range results(cmd) {
			p.Update(msg)
		}
	}
	if got := s.Selected(); got == nil || got.ID != "old9" {
		t.Errorf("selected %v:\n%s", got, strings.Join(p.View(true), "\n"))
	}
	p.Update(tasklist.Clear{})
	if got := s.Selected(); got == nil || got.ID == "old9" || p.Typing() {
		t.Errorf("selected %v", got)
	}
}

// results runs a command, and those it is made of.
func results(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	batch, ok := msg.(tea.BatchMsg)
	if !ok {
		return []tea.Msg{msg}
	}
	var out []tea.Msg
	for _, c := range batch {
		out = append(out, results(c)...)
	}
	return out
}

func TestATaskMadeHereIsSelected(t *testing.T) {
	p, s := list(t, &tuitest.Client{}, tuitest.Size{W: 60, H: 20}, plain())
	p.Update(pane.Created{Task: api.Task{ID: "new1", Repo: "web", Status: api.StatusQueued}})
	if got := s.Selected(); got == nil || got.ID != "new1" {
		t.Errorf("selected %v", got)
	}
}
