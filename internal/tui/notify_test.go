package tui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// told is the screen of a person who is told, what makes a task something else,
// and what was written to the terminal for it.
func told(t *testing.T, environ ...string) (*tuitest.Driver, *app, func(id string, s api.Status) string) {
	t.Helper()
	drv, a := started(t, &tuitest.Client{}, tuitest.Size{W: 80, H: 24}, plain())
	a.notify.desktop = newDesktop(t.Context(), environ)
	scr, _ := a.deps.Screen.(*tuitest.Screen)
	return drv, a, func(id string, s api.Status) string {
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
}

// A person is told of what needs them, while they look elsewhere only.
func TestNotifications(t *testing.T) {
	drv, a, becomes := told(t, "TERM=xterm-kitty")
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
	a.notify.how = "none"
	if got := becomes("form2", api.StatusWaiting); got != "" {
		t.Errorf("told %q who wants to hear nothing", got)
	}
	a.notify.how = notifyDesktop
	if got := becomes("perf5", api.StatusWaiting); got != "\x1b]9;Make the list fast: waiting\a" {
		t.Errorf("told %q", got)
	}
	drv.Send(tea.FocusMsg{})
	if got := becomes("perf5", api.StatusError); got != "" {
		t.Errorf("told %q who looks again", got)
	}
}

// Where the terminal says nothing of its focus, who presses no key for a while
// is taken to look elsewhere.
func TestNotificationsWithoutFocus(t *testing.T) {
	drv, a, becomes := told(t)
	a.notify.how = notifyBell
	now := tuitest.Now()
	a.deps.Now = func() time.Time { return now }
	now = now.Add(idle - time.Second)
	drv.Press("j")
	now = now.Add(idle - time.Second)
	if got := becomes("form2", api.StatusIdle); got != "" {
		t.Errorf("told %q who is there", got)
	}
	now = now.Add(2 * time.Second)
	if got := becomes("form2", api.StatusWaiting); got != "\a" {
		t.Errorf("told %q", got)
	}
}

func TestTerminalsThatNotify(t *testing.T) {
	for environ, want := range map[string]string{
		"TERM=foot":                       "\x1b]777;notify;hf;a, b\a",
		"TERM=rxvt-unicode-256color":      "\x1b]777;notify;hf;a, b\a",
		"TERM=xterm-ghostty":              "\x1b]9;a, b\a",
		"TERM_PROGRAM=iTerm.app":          "\x1b]9;a, b\a",
		"TERM=xterm-256color":             "",
		"TERM_PROGRAM=WezTerm STY=1.pts":  "",
		"TERM=tmux-256color TMUX=/tmp/t1": "",
	} {
		d := newDesktop(t.Context(), strings.Fields(environ))
		if got := d.sequence("a; b"); d.known != (want != "") || d.known && got != want {
			t.Errorf("%s: %v, %q", environ, d.known, got)
		}
	}
	d := newDesktop(t.Context(), []string{"TMUX=/tmp/t1"})
	if got := d.sequence("a"); got != "\x1bPtmux;\x1b\x1b]9;a\a\x1b\\" {
		t.Errorf("in tmux: %q", got)
	}
}

// fake puts a program on the PATH that writes its arguments and its input down.
func fake(t *testing.T, name, script string) (environ []string, said func() string) {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "said")
	body := fmt.Sprintf("#!/bin/sh\nprintf '<%%s>' \"$@\" > %s\n%s\n", out, script)
	if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{"PATH=" + dir + ":/usr/bin:/bin", "TERM=xterm-256color"}, func() string {
		b, err := os.ReadFile(out)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
}

// A program of the system shows what the terminal does not, with the text as it
// is, whatever a shell would make of it.
func TestNotifySend(t *testing.T) {
	environ, said := fake(t, "notify-send", "")
	_, a, becomes := told(t, environ...)
	a.notify.how, a.notify.says, a.notify.blurred, a.notify.desktop.system = notifyDesktop, true, true, "linux"
	task := *a.deps.Store.Task("perf5")
	task.Title = "--help $(reboot) `id`\x1b]0;x\a; \u202ez"
	a.Update(model.Update{Tasks: []api.Task{task}, Conn: model.Connection{Up: true}})
	if got := becomes("perf5", api.StatusWaiting); got != "" {
		t.Errorf("the terminal got %q", got)
	}
	if got := said(); got != "<--app-name=hf><--><hf: --help $(reboot) `id`; z: waiting>" {
		t.Errorf("it got %q", got)
	}
}

func TestOsascript(t *testing.T) {
	environ, said := fake(t, "osascript", "cat >> $0.in")
	d := newDesktop(t.Context(), environ)
	d.system = "darwin"
	if msg := d.run(`a" & quit`)(); msg != nil {
		t.Errorf("%v", msg)
	}
	if got := said(); got != `<-><a" & quit>` {
		t.Errorf("it got %q", got)
	}
}

// Where no program can show it, the terminal gets it; one that hangs is not
// waited for.
func TestNobodyShowsIt(t *testing.T) {
	failing, _ := fake(t, "notify-send", "exit 1")
	hanging, _ := fake(t, "notify-send", "exec sleep 60")
	for name, environ := range map[string][]string{"fails": failing, "hangs": hanging, "is not there": {"PATH=" + t.TempDir()}} {
		drv, a, _ := told(t, environ...)
		a.notify.desktop.system, a.notify.desktop.limit = "linux", 200*time.Millisecond
		msg := a.notify.desktop.run("text")()
		drv.Send(msg)
		if wrote := a.deps.Screen.(*tuitest.Screen).Wrote; len(wrote) == 0 || wrote[len(wrote)-1] != "\x1b]9;text\a" {
			t.Errorf("one that %s: the terminal got %q", name, wrote)
		}
	}
}
