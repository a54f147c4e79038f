package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// A person is told of what needs them, while they look elsewhere only.
func TestNotifications(t *testing.T) {
	drv, a := started(t, &tuitest.Client{}, tuitest.Size{W: 80, H: 24}, plain())
	scr, _ := a.deps.Screen.(*tuitest.Screen)
	becomes := func(id string, s api.Status) string {
		task := *a.deps.Store.Task(id)
		task.Status = s
		before := len(scr.Wrote)
		drv.Send(model.Update{Tasks: []api.Task{task}, Conn: model.Connection{Up: true}})
		var told strings.Builder
		for _, w := range scr.Wrote[before:] {
			if !strings.HasPrefix(w, "\x1b]2;") { // the title
				told.WriteString(w)
			}
		}
		return told.String()
	}
	a.notify.how = notifyBell
	if got := becomes("form2", api.StatusWaiting); got != "" {
		t.Errorf("told %q who looks", got)
	}
	drv.Send(tea.BlurMsg{})
	for _, tt := range []struct {
		id   string
		s    api.Status
		want string
	}{
		{"form2", api.StatusRunning, ""}, {"form2", api.StatusIdle, "\a"}, {"rate7", api.StatusIdle, ""}, {"rate7", api.StatusError, "\a"}, {"rate7", api.StatusError, ""},
	} {
		if got := becomes(tt.id, tt.s); got != tt.want {
			t.Errorf("%s is %s: told %q, want %q", tt.id, tt.s, got, tt.want)
		}
	}
	a.notify.how = notifyDesktop
	if got := becomes("perf5", api.StatusWaiting); !strings.Contains(got, "777;notify;hf;Make the list fast: waiting\a") || strings.Contains(got, "\u202e") {
		t.Errorf("told %q", got)
	}
	drv.Send(tea.FocusMsg{})
	if got := becomes("perf5", api.StatusError); got != "" {
		t.Errorf("told %q who looks again", got)
	}
}
