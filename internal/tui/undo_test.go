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
