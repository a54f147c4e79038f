package tui

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// What was archived and killed here is taken back, the last first; what could not
// be is tried again.
func TestTakingBack(t *testing.T) {
	c := choices()
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("u")
	drv.Until("nothing was archived")
	drv.Press("ctrl+x")
	drv.Until("archiving: Log people in with passkeys; u takes it back")
	drv.Press(" ", " ", "D", "y")
	drv.Until("killing: 2 tasks; u takes it back")
	before := len(c.Called())
	c.Err = &api.Error{Code: api.CodeUnavailable, Message: "hfd is not there"}
	drv.Press("u")
	drv.Until("take back killing: 2 tasks: hfd is not there")
	c.Err = nil
	drv.Press("u")
	drv.Until("taken back: killing: 2 tasks")
	drv.Press("u")
	drv.Until("taken back: archiving: Log people in")
	drv.Press("u")
	drv.Until("nothing was archived")
	want := []string{"restore auth1", "restore flak6", "restore auth1", "restore flak6", "restore auth1"}
	if diff := cmp.Diff(want, c.Called()[before:]); diff != "" {
		t.Error(diff)
	}
	if a.deps.LastUndo() != nil {
		t.Error("something is left")
	}
}

// It is waited until hfd is done with what is to be taken back.
func TestTakingBackAtOnce(t *testing.T) {
	c := choices()
	drv, _ := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("ctrl+x")
	drv.Until("archiving: Log people in")
	c.SetDetail("auth1", api.TaskDetail{Task: api.Task{ID: "auth1", Lifecycle: api.LifecycleArchiving}})
	drv.Press("u")
	drv.Until("taking back archiving")
	if slices.Contains(c.Called(), "restore auth1") {
		t.Error("it was restored before it was archived")
	}
	c.SetDetail("auth1", api.TaskDetail{Task: api.Task{ID: "auth1", Lifecycle: api.LifecycleArchived}})
	drv.Until("taken back")
	if !slices.Contains(c.Called(), "restore auth1") {
		t.Errorf("asked %q", c.Called())
	}
}

// What was done to stacks is undone after a question, in the repo it was done
// in, whichever task is selected by then. What moved nothing is nothing to undo.
func TestTakingBackStacks(t *testing.T) {
	c := choices()
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	for _, outcome := range []api.StackOutcome{api.OutcomeUpToDate, api.OutcomeRestacked} {
		drv.Press("o")
		drv.Until("restack feat/auth1")
		ends(t, c, drv, api.OperationDetail{
			Operation: api.Operation{State: api.OperationDone},
			Stack:     &api.StackReport{Branches: []api.StackResult{{Branch: "b", Outcome: outcome}}},
		})
		if outcome == api.OutcomeUpToDate {
			drv.Until("all is up to date")
			if u := a.deps.LastUndo(); u != nil {
				t.Errorf("%+v can be taken back", u)
			}
		}
		c.Set(func(c *tuitest.Client) { c.Ops = nil })
	}
	drv.Until("b restacked; u takes it back")
	drv.Press("j") // to a task of another repo
	drv.Press("u")
	drv.Until("The last action on the stacks of web")
	drv.Press("y")
	drv.Await("the request", func() bool { return slices.Contains(c.Called(), "stack undo repo=web") })
	if u := a.deps.LastUndo(); u != nil {
		t.Errorf("what was undone can be taken back: %+v", u)
	}
}
