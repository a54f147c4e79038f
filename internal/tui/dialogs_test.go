package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

func choices() *tuitest.Client {
	return &tuitest.Client{
		Repo: []api.Repo{{Name: "web"}, {Name: "api"}},
		Plans: map[string]api.PullPlan{"auth1": {
			Title: "Log people in with passkeys", Head: "feat/auth1", Base: "main", Commits: 3, Draft: true,
			Body: "- Read the code\n- Add the tables\n\n## How it was tested\nBy hand, with \x1b[31mtwo\x1b[0m browsers.",
		}},
		Pulls: map[string]api.PullRequest{"test3": {
			PullRequestSummary: api.PullRequestSummary{Number: 13, State: api.PullRequestOpen, Checks: api.ChecksFail, Review: api.ReviewChangesRequested},
			Base:               "feat/form2", CheckRuns: []api.CheckRun{{Workflow: "CI", Name: "test", State: api.ChecksFail}},
		}},
		Agent: []api.Agent{{Name: "claude", Installed: true}, {Name: "codex"}, {Name: "demo", Installed: true}},
	}
}

// Every dialog, over the screen it belongs to.
func TestDialogs(t *testing.T) {
	for name, open := range map[string]func(*tuitest.Driver){
		"palette": func(d *tuitest.Driver) { d.Press(":"); d.Type("pull") },
		"help":    func(d *tuitest.Driver) { d.Press("?") },
		"kill":    func(d *tuitest.Driver) { d.Press("*", "D") },
		"rename":  func(d *tuitest.Driver) { d.Press("R") },
		"create": func(d *tuitest.Driver) {
			d.Press("c")
			d.Type("Fix it")
			d.Press("tab")
			d.Until("web, api")
			d.Press("right")
		},
		"merge": func(d *tuitest.Driver) {
			d.Press("G")
			if len(d.Lines()) > 12 {
				d.Until("nothing was said yet")
			}
			d.Press("ctrl+y")
		},
		"merge-blocked": func(d *tuitest.Driver) {
			d.Press("G", "k")
			if len(d.Lines()) > 12 {
				d.Until("nothing was said yet")
			}
			d.Press("ctrl+y")
			d.Until("CI / test")
			d.Press("s", "a")
		},
		"pr": func(d *tuitest.Driver) {
			d.Press("P")
			d.Until("edit text")
		},
		"inspect": func(d *tuitest.Driver) { d.Press("v") },
	} {
		tuitest.Each(t, name, func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
			drv, _ := started(t, choices(), size, th)
			if size.H > 12 {
				drv.Until("? Remove the build directory") // it comes last
			}
			open(drv)
			drv.Settle()
			tuitest.Golden(t, golden, drv.Lines(), size)
		})
	}
}

func TestPaletteDoesWhatItNames(t *testing.T) {
	c := choices()
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("ctrl+k")
	drv.Type("archive park")
	drv.Press("enter")
	drv.Until("archiving: Log people in")
	if got := c.Called(); !slices.Equal(got, []string{"archive auth1"}) {
		t.Errorf("asked %q", got)
	}
	drv.Press(":")
	drv.Type("browser")
	drv.Press("enter")
	drv.Until("the task has no pull request")
	drv.Press("esc", "m")
	drv.Type("draft")
	drv.Press("ctrl+k")
	drv.Type("zoom")
	drv.Press("enter")
	if !a.zoom || !strings.Contains(drv.Screen(), "draft") {
		t.Error("an action while typing was not done, or the draft is gone")
	}
}

func TestKillSaysWhatItDoes(t *testing.T) {
	c := choices()
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("D")
	drv.Until("4 files, +120 -8 is saved")
	drv.Press("esc")
	if got := c.Called(); len(got) > 0 {
		t.Errorf("asked %q", got)
	}
	drv.Press(" ", " ", "D", "b")
	drv.Until("killing: 2 tasks")
	if got := c.Called(); !slices.Equal(got, []string{"kill auth1 deleteBranch=true", "kill flak6 deleteBranch=true"}) {
		t.Errorf("asked %q", got)
	}
}

// What was typed into the form is never lost.
func TestCreating(t *testing.T) {
	c := choices()
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("c", "ctrl+s")
	drv.Until("a task needs a prompt")
	drv.Type("Fix it")
	drv.Press("enter")
	drv.Type("and test it")
	drv.Press("tab")
	drv.Until("web, api")
	drv.Press("right", "esc", "c")
	drv.Until("and test it")
	drv.Until("web")
	c.Err = &api.Error{Code: api.CodeNotFound, Message: "there is no such repo"}
	drv.Press("ctrl+s")
	drv.Until("there is no such repo")
	c.Err = nil
	drv.Press("ctrl+e")
	drv.Until("edited")
	drv.Press("ctrl+s")
	drv.Until("made:")
	if got := c.Called(); got[len(got)-1] != "create Fix it\nand test it\nedited" {
		t.Errorf("asked %q", got)
	}
	if id := a.deps.Store.Selected().ID; id != "new1" {
		t.Errorf("%s is selected", id)
	}
}

func TestWork(t *testing.T) {
	drv, a := started(t, choices(), tuitest.Size{W: 120, H: 40}, plain())
	ran := a.deps.Program.(*tuitest.Programs)
	drv.Press("p", "ctrl+s", "ctrl+a", "T", "s", "e", "G", "ctrl+o", "ctrl+z")
	drv.Settle()
	want := []string{
		"hf push auth1", "hf sync auth1", "hf attach auth1", "hf attach --terminal auth1", "hf shell auth1", "hf open auth1",
		"hf pr open docs4", "suspend",
	}
	if !slices.Equal(ran.Ran, want) {
		t.Errorf("ran\n%s\nwant\n%s", strings.Join(ran.Ran, "\n"), strings.Join(want, "\n"))
	}
}

// Every action has a name, says what it does, and no two have the same key in a
// place.
func TestTable(t *testing.T) {
	d := tuitest.Deps(t, &tuitest.Client{}, plain(), table)
	names := map[string]bool{}
	for _, a := range d.Table.All() {
		if names[a.Name] || a.Title == "" || a.Group == "" || (a.Run == nil) == (a.Msg == nil) {
			t.Errorf("%s: %+v", a.Name, a)
		}
		names[a.Name] = true
		for _, k := range a.Keys {
			if got, _ := d.Keys.Find(k, a.Place); got != a.Name {
				t.Errorf("%q is %s and %s", k, a.Name, got)
			}
		}
	}
	for key, want := range map[string]string{
		"ctrl+a": "attach", "ctrl+o": "pr.open", "ctrl+x": "archive", "ctrl+y": "merge", "ctrl+s": "sync", "ctrl+n": "next", "ctrl+p": "previous", "ctrl+k": "palette.now",
	} {
		if got, _ := d.Keys.Find(key, "global"); got != want {
			t.Errorf("%s is %s, not %s", key, got, want)
		}
	}
}
