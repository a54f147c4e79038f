package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/tuitest"
)

// restarted is the screen of a program that keeps its drafts in a file.
func restarted(t *testing.T, c *tuitest.Client, path string) (*tuitest.Driver, *app) {
	t.Helper()
	d := tuitest.Deps(t, c, plain(), table)
	d.Drafts = draft.New(path)
	a := newApp(d, panes(d))
	drv := tuitest.Drive(t, a, tuitest.Size{W: 120, H: 40})
	drv.Send(tuitest.Snapshot())
	return drv, a
}

// What was typed and not sent is there again after hf was left; what was sent is
// not.
func TestDraftsOverTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drafts.json")
	c := choices()
	drv, a := restarted(t, c, path)
	drv.Press("m")
	drv.Type("half a sentence")
	drv.Press("esc", "ctrl+n", "m")
	drv.Type("for the next task")
	drv.Press("enter", "esc", "c")
	drv.Type("Fix it")
	drv.Press("tab")
	drv.Type("web")
	if err := a.deps.Drafts.Flush(); err != nil { // as the end does, whatever is open
		t.Fatal(err)
	}

	drv, a = restarted(t, c, path)
	drv.Until("half a sentence")
	drv.Press("ctrl+n")
	if s := drv.Screen(); strings.Contains(s, "for the next task") {
		t.Errorf("what was sent is a draft:\n%s", s)
	}
	drv.Press("c")
	drv.Until("Fix it")
	drv.Press("ctrl+s")
	drv.Until("made:")
	drv.Press("c")
	drv.Until("What is to be done?")
	drv.Until("web") // of the task before
	if err := a.deps.Drafts.Flush(); err != nil {
		t.Fatal(err)
	}
	drv, _ = restarted(t, c, path)
	drv.Press("c")
	drv.Until("of this directory")
}

func TestDraftsThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "drafts.json")
	if err := os.WriteFile(path, []byte("\x1b[2J{"), 0o600); err != nil {
		t.Fatal(err)
	}
	drv, _ := restarted(t, &tuitest.Client{}, path)
	drv.Until("drafts.json.bad")
}
