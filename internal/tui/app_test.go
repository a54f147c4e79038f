package tui

import (
	"os"
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// started is the whole screen with the fixture's tasks.
func started(t *testing.T, c *tuitest.Client, size tuitest.Size, th *theme.Theme) (*tuitest.Driver, *app) {
	t.Helper()
	if c.Entries == nil {
		c.Entries = map[string][]api.Entry{"auth1": tuitest.Talk()}
	}
	d := tuitest.Deps(t, c, th, table)
	a := newApp(d, panes(d))
	d.Seen = a.sees
	drv := tuitest.Drive(t, a, size)
	drv.Send(tuitest.Snapshot())
	return drv, a
}

func plain() *theme.Theme { return tuitest.Looks()[1].Theme }

func TestScreen(t *testing.T) {
	tuitest.Each(t, "screen", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, _ := started(t, &tuitest.Client{}, size, th)
		if size.H > 12 {
			drv.Until("? Remove the build directory") // it comes last
		}
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
}

func TestScreenWithoutTasks(t *testing.T) {
	for name, c := range map[string]*tuitest.Client{
		"empty":          {Repo: []api.Repo{{Name: "web"}}, Agent: []api.Agent{{Name: "demo", Installed: true}, {Name: "claude", Installed: true}}},
		"empty-norepo":   {Agent: []api.Agent{{Name: "claude", Installed: true}}},
		"empty-noagents": {Agent: []api.Agent{{Name: "demo", Installed: true}, {Name: "claude"}}},
	} {
		tuitest.Each(t, name, func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
			d := tuitest.Deps(t, c, th, table)
			drv := tuitest.Drive(t, newApp(d, panes(d)), size)
			drv.Send(model.Update{All: true, Conn: model.Connection{Up: true}})
			if name != "empty" {
				drv.Until("hf ")
				drv.Until("`")
			}
			tuitest.Golden(t, golden, drv.Lines(), size)
		})
	}
}

// A request is answered where it is seen; where it is not, it is shown first.
func TestAnswering(t *testing.T) {
	c := &tuitest.Client{}
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("a")
	drv.Until("allowed")
	drv.Press("d")
	drv.Until("denied")
	drv.Press("3")
	if diff := cmp.Diff([]string{"resolve auth1 p1 allow=true always=false option=", "resolve auth1 p1 allow=false always=false option="}, c.Called()); diff != "" {
		t.Error(diff)
	}
	drv.Press("enter", "3")
	drv.Until("Deny")
	if got := c.Called(); len(got) != 3 || !strings.HasSuffix(got[2], "option=no") {
		t.Errorf("asked %q", got)
	}

	c = &tuitest.Client{}
	drv, _ = started(t, c, tuitest.Size{W: 40, H: 12}, plain())
	drv.Press("a")
	drv.Until("rm -rf build")
	if got := c.Called(); len(got) > 0 {
		t.Errorf("%q was asked before it was seen", got)
	}
	drv.Press("a")
	drv.Until("allowed")
}

func TestMessages(t *testing.T) {
	c := &tuitest.Client{}
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("m")
	drv.Until("── message")
	drv.Type("quick: a d z?")
	drv.Press("ctrl+j")
	drv.Type("more")
	drv.Press("esc", "j", "k")
	drv.Until("more") // the draft is there
	drv.Press("m", "enter")
	drv.Settle()
	if got := c.Called(); !slices.Equal(got, []string{"send auth1 quick: a d z?\nmore"}) {
		t.Errorf("asked %q", got)
	}

	c.Err = &api.Error{Code: api.CodeConflict, Message: "it is killed", Hint: "restore it"}
	drv.Type("again")
	drv.Press("enter")
	drv.Until("it is killed. restore it")
	drv.Press("esc")
	drv.Until("again") // is not lost
}

// Over a slow line keys come together, and each still is what it is alone.
func TestKeysThatComeTogether(t *testing.T) {
	c := &tuitest.Client{}
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("jj")
	if got := a.deps.Store.Selected(); got == nil || got.ID != "perf5" {
		t.Errorf("jj leads to %v", got)
	}
	drv.Press("kkmaq")
	for _, word := range []string{"end", "home", "up", "enter", "delete"} { // that are names of keys, too
		drv.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(word)})
	}
	drv.Press("enter")
	if got := c.Called(); !slices.Equal(got, []string{"send auth1 aqendhomeupenterdelete"}) || drv.Quit {
		t.Errorf("asked %q", got)
	}
	drv.Press("esc")
	drv.Press("cno task but a prompt")
	drv.Until("no task but a prompt")
	drv.Press("esc")
	drv.Press("gRx1")
	drv.Press("enter")
	drv.Press("gDy")
	drv.Settle()
	if got := c.Called(); len(got) != 3 || !strings.HasSuffix(got[1], "x1") || !strings.HasPrefix(got[2], "kill ") {
		t.Errorf("asked %q", got)
	}

	// What is asked is not answered by keys that were pressed before it was seen.
	c = &tuitest.Client{}
	drv, _ = started(t, c, tuitest.Size{W: 40, H: 12}, plain())
	drv.Press("aa")
	if got := c.Called(); len(got) > 0 {
		t.Errorf("%q was asked before it was seen", got)
	}
}

func TestFilterAndMarks(t *testing.T) {
	c := &tuitest.Client{}
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("/")
	drv.Type("a:claude repo:web")
	drv.Press("enter", "*", "ctrl+x")
	drv.Until("archiving: 3 tasks")
	if got := c.Called(); !slices.Equal(got, []string{"archive auth1", "archive form2", "archive test3"}) {
		t.Errorf("asked %q", got)
	}
	drv.Press("esc")
	drv.Until("Docs")
	if drv.Press("/", "ctrl+n", "ctrl+n"); a.deps.Store.Selected().ID != "perf5" {
		t.Errorf("selected %s", a.deps.Store.Selected().ID)
	}
}

// Whatever comes and goes, the person stays on their task.
func TestSelectionStays(t *testing.T) {
	drv, a := started(t, &tuitest.Client{}, tuitest.Size{W: 80, H: 24}, plain())
	drv.Press("j", "j", "j", "j")
	id := a.deps.Store.Selected().ID
	tasks := tuitest.Tasks()
	for i := range tasks {
		if tasks[i].ID != id {
			tasks[i].Status = api.StatusWaiting
			drv.Send(model.Update{Tasks: tasks[i : i+1], Conn: model.Connection{Up: true}})
		}
		if got := a.deps.Store.Selected().ID; got != id {
			t.Fatalf("selected %s, not %s", got, id)
		}
	}
	drv.Send(model.Update{Gone: []string{id}, Conn: model.Connection{Up: true}})
	if a.deps.Store.Selected() == nil {
		t.Error("nothing is selected when the task is gone")
	}
}

func TestReconnecting(t *testing.T) {
	drv, _ := started(t, &tuitest.Client{}, tuitest.Size{W: 80, H: 24}, plain())
	drv.Send(model.Update{})
	drv.Until("reconnecting")
	drv.Send(tuitest.Snapshot())
	if strings.Contains(drv.Screen(), "reconnecting") {
		t.Error("it is still reconnecting")
	}
}

// Any size can be drawn, also while the screen is changing.
func TestResizing(t *testing.T) {
	drv, a := started(t, &tuitest.Client{}, tuitest.Size{W: 80, H: 24}, plain())
	for w := 1; w < 140; w += 7 {
		for h := 1; h < 45; h += 3 {
			a.Update(tea.WindowSizeMsg{Width: w, Height: h})
			if got := len(drv.Lines()); got != h {
				t.Fatalf("%d lines at %dx%d", got, w, h)
			}
		}
	}
}

func TestPanicEndsTheProgram(t *testing.T) {
	drv, a := started(t, &tuitest.Client{}, tuitest.Size{W: 80, H: 24}, plain())
	a.deps.Table.Get("zoom").Run = nil
	a.deps.Store = nil
	drv.Press("j")
	log, err := openLog(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := a.failure.report(nil, log); err == nil || !strings.Contains(err.Error(), "tui.log says more") {
		t.Errorf("err = %v", err)
	}
	if b, err := os.ReadFile(log.Name()); err != nil || !strings.Contains(string(b), "app_test.go") {
		t.Errorf("the log holds %q, %v", b, err)
	}
	if !drv.Quit {
		t.Error("it goes on")
	}
}

// What is not on the screen is not allowed by a key that is pressed twice.
func TestAnsweringTwiceAtOnce(t *testing.T) {
	c := &tuitest.Client{}
	drv, _ := started(t, c, tuitest.Size{W: 40, H: 12}, plain())
	drv.Send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("aa")})
	drv.Until("rm -rf build")
	if got := c.Called(); len(got) > 0 {
		t.Errorf("%q was asked before it was seen", got)
	}
}

// A view to begin with is seen from the first frame; with a task to begin with it
// has the focus.
func TestBeginningWithAView(t *testing.T) {
	for _, task := range []string{"", "docs4"} {
		d := tuitest.Deps(t, &tuitest.Client{}, plain(), table)
		a := newApp(d, panes(d))
		a.begin = task
		if err := a.beginAt("events"); err != nil {
			t.Fatal(err)
		}
		drv := tuitest.Drive(t, a, tuitest.Size{W: 120, H: 40})
		drv.Send(tuitest.Snapshot())
		drv.Until("nothing has happened yet")
		if focused := a.focused().Place() == "events"; focused != (task != "") {
			t.Errorf("begun with %q the view has the focus: %v", task, focused)
		}
		if got := a.deps.Store.Selected().ID; task != "" && got != task {
			t.Errorf("%s is selected", got)
		}
	}
	d := tuitest.Deps(t, &tuitest.Client{}, plain(), table)
	if err := newApp(d, panes(d)).beginAt("logs"); err == nil {
		t.Error("there is a view of any name")
	}
}

// The task to begin with may be named in any way that hfd understands.
func TestBeginningWithATask(t *testing.T) {
	for name, detail := range map[string]api.TaskDetail{"docs4": {}, "feat/docs4": {Task: api.Task{ID: "docs4"}}} {
		c := &tuitest.Client{Details: map[string]api.TaskDetail{name: detail}}
		d := tuitest.Deps(t, c, plain(), table)
		a := newApp(d, panes(d))
		a.begin = name
		drv := tuitest.Drive(t, a, tuitest.Size{W: 120, H: 40})
		drv.Send(tuitest.Snapshot())
		if got := a.deps.Store.Selected().ID; got != "docs4" {
			t.Errorf("begun with %s, %s is selected", name, got)
		}
	}
}
