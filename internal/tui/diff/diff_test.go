package diff

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// alone is a program of nothing but the pane.
type alone struct{ *Pane }

func (a alone) Init() tea.Cmd                           { return nil }
func (a alone) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return a, a.handle(msg) }
func (a alone) View() string                            { return strings.Join(a.Pane.View(true), "\n") }

func (a alone) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.Resize(msg.Width, msg.Height)
		return nil
	case pane.Focus, command.Done, command.Failed:
		return nil
	}
	return a.Pane.Update(msg)
}

func bindings(*pane.Deps) *command.Table {
	return command.NewTable([]command.Action{
		{Name: "diff.send", Place: keys.Diff, Keys: []string{"M"}},
		{Name: "diff.comment", Place: keys.Diff, Keys: []string{"w"}},
	})
}

// opened is the pane with the diff of a task.
func opened(t *testing.T, d api.Diff, size tuitest.Size, th *theme.Theme) (*tuitest.Driver, *Pane, *tuitest.Client) {
	t.Helper()
	c := &tuitest.Client{Diffs: map[string]api.Diff{"auth1": d}}
	deps := tuitest.Deps(t, c, th, bindings)
	u := tuitest.Snapshot()
	deps.Store.Apply(&u)
	deps.Store.Select("auth1")
	p := New(deps)
	drv := tuitest.Drive(t, alone{p}, size)
	drv.Send(pane.Selected{ID: "auth1"})
	drv.Send(pane.Shown{})
	drv.Await("the diff", func() bool { return p.view() != nil })
	return drv, p, c
}

func plain() *theme.Theme { return tuitest.Looks()[1].Theme }

// to puts the cursor on the first row that shows a text.
func to(t *testing.T, p *Pane, text string) {
	t.Helper()
	v := p.view()
	for i := range v.rows {
		if v.rows[i].stop() && strings.Contains(tuitest.Strip(p.paint.row(v, i)), text) {
			v.cur = i
			v.clamp(p.rows())
			return
		}
	}
	t.Fatalf("no row shows %q", text)
}

func write(drv *tuitest.Driver, text string) {
	drv.Send(Comment{})
	drv.Type(text)
	drv.Send(compose.Send{})
}

func TestGolden(t *testing.T) {
	tuitest.Each(t, "diff", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, _, _ := opened(t, tuitest.Diff(), size, th)
		drv.Send(File(1))
		drv.Send(File(1))
		drv.Send(File(1))
		drv.Send(widget.Move(4))
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
	tuitest.Each(t, "files", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, _, _ := opened(t, tuitest.Diff(), size, th)
		drv.Send(Fold{})
		drv.Send(widget.End{})
		drv.Send(Enter{})
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
	tuitest.Each(t, "comments", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, p, _ := opened(t, tuitest.Diff(), size, th)
		to(t, p, "u.passkey ==")
		drv.Send(Select{})
		drv.Send(widget.Move(2))
		write(drv, "Compare them in constant time.")
		drv.Send(widget.Move(3))
		drv.Send(Comment{})
		drv.Type("And why")
		drv.Send(compose.NewLine{})
		drv.Type("is this")
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
}

// edited is the same diff with another patch.
func edited(d api.Diff, old, now string) api.Diff {
	d.Patch = strings.Replace(d.Patch, old, now, 1)
	return d
}

// refreshed has the diff read again.
func refreshed(drv *tuitest.Driver, p *Pane, c *tuitest.Client, d api.Diff) {
	c.Set(func(c *tuitest.Client) { c.Diffs["auth1"] = d })
	had := p.view().change
	drv.Send(model.Changed{Tasks: map[string]bool{"auth1": true}})
	drv.Send(again{"auth1"}) // which comes in a moment anyway
	drv.Await("another diff", func() bool { return p.view().change != had })
}

// under is the row the cursor is on, and its line of the screen.
func under(drv *tuitest.Driver, p *Pane) (text string, line int) {
	drv.Lines()
	v := p.view()
	return tuitest.Strip(p.paint.row(v, v.cur)), v.cur - v.top
}

// Whatever an agent changes meanwhile, the person stays on their line and so do
// the lines they select.
func TestNeverJumps(t *testing.T) {
	t.Parallel()
	drv, p, c := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	to(t, p, "return nil")
	drv.Send(Select{})
	drv.Send(widget.Move(2))
	text, line := under(drv, p)
	d := edited(tuitest.Diff(), "@@ -1,2 +1,2 @@\n-key: value", "@@ -1,2 +1,4 @@\n+one: 1\n+two: 2\n-key: value")
	d = edited(d, "@@ -2,19 +2,25 @@ package auth\n \n", "@@ -2,19 +2,26 @@ package auth\n \n+// new\n")
	refreshed(drv, p, c, d)
	now, at := under(drv, p)
	if want := strings.Replace(text, "15", "16", 1); now != want || at != line {
		t.Errorf("the cursor is on line %d, %q; it was on line %d, %q", at, now, line, want)
	}
	if rows, _ := p.view().selected(); len(rows) != 3 {
		t.Errorf("%d lines are selected, not 3", len(rows))
	}
	drv.Send(Cancel{})
	d.Patch, d.Files = "", d.Files[:1]
	d.Files[0] = api.FileDiff{Path: "a", Status: "added"}
	refreshed(drv, p, c, d)
	if now, _ := under(drv, p); !strings.Contains(now, "an empty file") {
		t.Errorf("the cursor is on %q", now)
	}
	refreshed(drv, p, c, api.Diff{})
	drv.Until("nothing changed yet")
}

// One question at a time, and none for what is not seen.
func TestReading(t *testing.T) {
	t.Parallel()
	drv, p, c := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	reads := func() int { return c.Reads("diff auth1") }
	if reads() != 1 {
		t.Errorf("it was read %d times", reads())
	}
	for range 3 {
		drv.Send(model.Changed{Tasks: map[string]bool{"auth1": true}})
	}
	drv.Send(model.Changed{Tasks: map[string]bool{"form2": true}})
	drv.Await("another look", func() bool { return reads() == 2 && p.reading == nil })
	had := p.view().change
	drv.Send(pane.Hidden{})
	drv.Send(model.Changed{})
	if p.due || reads() != 2 || p.view().change != had {
		t.Errorf("it is read while it is hidden: %d times", reads())
	}
	c.Set(func(c *tuitest.Client) { c.DiffErr = &api.Error{Message: "the sandbox is gone", Hint: "Retry it."} })
	drv.Send(pane.Shown{})
	drv.Until("the sandbox is gone. Retry it.")
	if p.view() == nil {
		t.Error("what was read is gone with it")
	}
	drv.Send(pane.Selected{ID: "form2"})
	drv.Until("the sandbox is gone. Retry it.")
	drv.Send(pane.Selected{ID: "perf5"})
	drv.Until("the sandbox is made")
}

func TestMoving(t *testing.T) {
	t.Parallel()
	drv, p, _ := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 12}, plain())
	for _, tt := range []struct {
		msg  tea.Msg
		want string
	}{
		{widget.Move(1), "@@ -1,2"},
		{Hunk(1), "@@ -1,7"},
		{File(-1), "docs/b.txt"},
		{File(-1), "conf.yaml"},
		{File(-1), "conf.yaml"},
		{widget.End{}, "No newline"},
		{Hunk(-1), "@@ -0,0 +1 @@"},
		{widget.Home{}, "conf.yaml"},
		{widget.Page(1), "key: other"},
		{widget.Page(-1), "conf.yaml"},
		{Fold{}, "conf.yaml"},
		{widget.Move(3), "login.go"},
		{Enter{}, "login.go"},
		{widget.Move(1), "@@ -2,19"},
		{Enter{}, "login.go"},
		{tea.MouseMsg{X: 9, Y: 1, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}, "conf.yaml"},
		{tea.MouseMsg{X: 9, Y: 9, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}, "ace"},
		{tea.MouseMsg{X: 9, Y: 11, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}, "ace"},
		{tea.MouseMsg{X: 9, Y: 2, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress}, "docs/b.txt"},
		{tea.MouseMsg{Button: tea.MouseButtonWheelDown}, "docs/b.txt"},
		{Fold{}, "docs/b.txt"},
		{tea.MouseMsg{Button: tea.MouseButtonWheelDown}, "1 1  a"},
		{tea.MouseMsg{Button: tea.MouseButtonWheelUp}, "1 1  a"},
	} {
		drv.Send(tt.msg)
		if got, line := under(drv, p); !strings.Contains(got, tt.want) || line < 0 || line > 10 {
			t.Fatalf("%T %v leads to line %d, %q, not to %q", tt.msg, tt.msg, line, got, tt.want)
		}
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	long := "+" + strings.Repeat("0123456789", 100_000)
	d := edited(tuitest.Diff(), "+D\n", long+"\n")
	drv, p, _ := opened(t, d, tuitest.Size{W: 60, H: 24}, plain())
	to(t, p, "01234567890")
	drv.Send(Shift(1))
	drv.Until(" +8901234567890")
	for range 300 {
		drv.Send(Shift(1))
	}
	drv.Until("a line of 1000000 bytes")
	for range most / shift {
		drv.Send(Shift(-1))
	}
	drv.Until(" +01234567890")
}

// A diff that was cut says so, and how all of it can be seen.
func TestCut(t *testing.T) {
	t.Parallel()
	d := tuitest.Diff()
	d.Cut = true
	d.Patch = d.Patch[:strings.Index(d.Patch, "diff --git a/web/new.ts")]
	drv, p, c := opened(t, d, tuitest.Size{W: 100, H: 24}, plain())
	drv.Send(widget.End{})
	drv.Until("hf exec auth1 -- git diff d1d1d1d")
	drv.Until("its lines are behind the end")
	d.Stat.Added++
	d = edited(d, "+D\n", "+E\n")
	refreshed(drv, p, c, d)
	if got, _ := under(drv, p); !strings.Contains(got, "hf exec") {
		t.Errorf("the cursor went to %q", got)
	}
}

// Where only the ends of lines changed that is what is shown.
func TestLineEndings(t *testing.T) {
	t.Parallel()
	d := edited(tuitest.Diff(), "-d\n+D\n", "-D\r\n+D\n")
	drv, _, _ := opened(t, d, tuitest.Size{W: 80, H: 24}, plain())
	drv.Until("-D^M\n")
}

// Long lines can be shown in full. They are one line all the same.
func TestWrapping(t *testing.T) {
	t.Parallel()
	words := "some words " + strings.Repeat("日本語 and English, ", 12) + "the end"
	d := edited(tuitest.Diff(), "+D\n", "+"+words+"\n")
	drv, p, _ := opened(t, d, tuitest.Size{W: 41, H: 24}, plain())
	to(t, p, "some words")
	drv.Send(Wrap{})
	drv.Until("the end")
	var got strings.Builder
	for i := p.view().cur; i == p.view().cur || !p.view().rows[i].stop(); i++ {
		got.WriteString(strings.TrimLeft(strings.TrimPrefix(tuitest.Strip(p.paint.row(p.view(), i)), "4 +"), " "))
	}
	if squeeze := strings.ReplaceAll(words, " ", ""); strings.ReplaceAll(got.String(), " ", "") != squeeze {
		t.Errorf("got %q", got.String())
	}
	drv.Send(widget.Move(1))
	if text, _ := under(drv, p); !strings.Contains(text, " e") {
		t.Errorf("the next line is %q", text)
	}
	drv.Send(widget.Move(-1))
	write(drv, "Too long")
	if lines := p.comments["auth1"][0].Lines; len(lines) != 1 || lines[0].Text != words {
		t.Errorf("it is about %v", lines)
	}
	drv.Send(Wrap{})
	drv.Send(File(-1))
	drv.Send(Enter{})
	drv.Until("1 comment")
}

// A few diffs are kept, but never too much of them.
func TestKeeping(t *testing.T) {
	t.Parallel()
	drv, p, c := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	large := tuitest.Diff()
	large.Patch += strings.Repeat("# more\n", keepBytes/7)
	c.Set(func(c *tuitest.Client) { c.Diffs["form2"], c.Diffs["test3"] = tuitest.Diff(), large })
	look := func(id string) {
		drv.Send(pane.Selected{ID: id})
		drv.Await("the diff of "+id, func() bool { return p.view() != nil && p.reading == nil })
	}
	look("form2")
	look("auth1")
	look("test3")
	if len(p.views) != 3 {
		t.Errorf("%d diffs are kept", len(p.views))
	}
	look("form2")
	if p.views["test3"] != nil || p.views["form2"] == nil || len(p.views) != 1 {
		t.Errorf("%d diffs are kept", len(p.views))
	}
}
