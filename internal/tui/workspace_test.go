package tui

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// spaces is the screen of a person with two workspaces, and what the feed of
// the other one says.
func spaces(t *testing.T, size tuitest.Size, th *theme.Theme) (*tuitest.Driver, *app, func(feed int) model.Update) {
	t.Helper()
	c := &tuitest.Client{Spaces: []api.Workspace{
		{Name: "default", Current: true, Repos: 2, Tasks: 7}, {Name: "play\x1b[31m", Repos: 1, Tasks: 1}, {Name: "work", Repos: 1},
	}}
	drv, a := started(t, c, size, th)
	a.open = func(workspace string, _ int) command.Client {
		return &tuitest.Client{Spaces: c.Spaces, Repo: []api.Repo{{Name: "of " + workspace}}}
	}
	return drv, a, func(feed int) model.Update {
		task := tuitest.Tasks()[1]
		task.ID, task.Title, task.Workspace, task.Repo = "play1", "Play", "play", "games"
		return model.Update{Feed: feed, All: true, Tasks: []api.Task{task}, Conn: model.Connection{Up: true}}
	}
}

func TestWorkspaceGolden(t *testing.T) {
	tuitest.Each(t, "workspace", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, _, _ := spaces(t, size, th)
		if size.H > 12 {
			drv.Until("? Remove the build directory") // it comes last
		}
		drv.Press("W")
		drv.Until("1 repo")
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
}

// Nothing of a workspace is left after another one was turned to, and who comes
// back is on the task they left.
func TestTurningToAnotherWorkspace(t *testing.T) {
	drv, a, other := spaces(t, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("/")
	drv.Type("web")
	drv.Press("enter", "*", "j", "c")
	drv.Type("Half a prompt")
	drv.Press("tab")
	drv.Type("web")
	drv.Press("esc")
	left := a.deps.Store.Selected().ID
	drv.Press("W")
	drv.Until("7 tasks")
	drv.Type("work")
	drv.Press("enter")
	if s := drv.Screen(); !strings.Contains(s, "hf  work") || !strings.Contains(s, "connecting") || strings.Contains(s, "passkeys") || strings.Contains(s, "web") {
		t.Fatalf("of the other workspace is left:\n%s", s)
	}
	drv.Send(other(a.feed))
	drv.Send(tuitest.Snapshot()) // the last word of the feed that was stopped
	if s := drv.Screen(); !strings.Contains(s, "games 1") || strings.Contains(s, "passkeys") {
		t.Errorf("not the tasks of the workspace:\n%s", s)
	}
	if id := a.deps.Store.Selected().ID; id != "play1" || a.deps.Store.Marked(left) {
		t.Errorf("%s is selected, marks are left: %v", id, a.deps.Store.Marked(left))
	}
	drv.Press("c")
	drv.Until("Half a prompt")
	drv.Until("of this directory") // the repo was one of the other workspace
	drv.Press("tab")
	drv.Until("of work")
	drv.Press("esc", "W")
	drv.Until("✓ work")
	drv.Type("def")
	drv.Press("enter")
	u := tuitest.Snapshot()
	u.Feed = a.feed
	drv.Send(u)
	if id := a.deps.Store.Selected().ID; id != left || strings.Contains(drv.Screen(), "Play") {
		t.Errorf("back on %s, not on %s:\n%s", id, left, drv.Screen())
	}
}

func TestMakingAWorkspaceTheCurrentOne(t *testing.T) {
	drv, a, _ := spaces(t, tuitest.Size{W: 120, H: 40}, plain())
	act := func() {
		drv.Press(":")
		drv.Type("hf takes")
		drv.Press("enter")
	}
	act()
	drv.Until("takes already")
	drv.Press("W")
	drv.Until("7 tasks")
	drv.Type("play")
	drv.Press("enter")
	act()
	drv.Until("hf takes play from now on")
	if got := a.deps.Client.(*tuitest.Client).Called(); len(got) != 1 || !strings.HasPrefix(got[0], "use workspace play") {
		t.Errorf("asked %q", got)
	}
}
