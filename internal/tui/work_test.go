package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// did checks what hf was run with.
func did(t *testing.T, a *app, want ...string) {
	t.Helper()
	ran := a.deps.Program.(*tuitest.Programs)
	if !slices.Equal(ran.Ran, want) {
		t.Errorf("ran\n%s\nwant\n%s", strings.Join(ran.Ran, "\n"), strings.Join(want, "\n"))
	}
	ran.Ran = nil
}

// What is wrong with a pull request is seen and handed to the agent from the
// view of it.
func TestChecks(t *testing.T) {
	c := &tuitest.Client{Pulls: map[string]api.PullRequest{"docs4": {
		PullRequestSummary: api.PullRequestSummary{Number: 14, State: api.PullRequestOpen, URL: "https://example.invalid/14"}, Title: "Docs",
		CheckRuns: []api.CheckRun{{Name: "spelling", State: api.ChecksFail}},
	}}}
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("G", "alt+4")
	drv.Until("✗ spelling")
	drv.Until("fix ci")
	drv.Press("f", "F", "enter")
	did(t, a, "hf fix --ci docs4", "hf fix --reviews docs4", "browse https://example.invalid/14")
	drv.Press("esc", "g", "j", "alt+4")
	drv.Until("no pull request yet")
	drv.Until("P create")
}
