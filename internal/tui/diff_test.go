package tui

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

func diffed() *tuitest.Client {
	return &tuitest.Client{Diffs: map[string]api.Diff{"auth1": tuitest.Diff()}}
}

func TestDiffScreen(t *testing.T) {
	tuitest.Each(t, "diff", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, _ := started(t, diffed(), size, th)
		drv.Press("alt+2")
		drv.Until("conf.yaml")
		drv.Press("J", "J", "J", "j", "j", "v", "j")
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
}

// Comments are written one after the other, and reach the agent as one message.
func TestCommentingOnTheDiff(t *testing.T) {
	c := diffed()
	drv, a := started(t, c, tuitest.Size{W: 120, H: 40}, plain())
	drv.Press("alt+2")
	drv.Until("conf.yaml")
	drv.Press("M")
	drv.Until("there is no comment to send: w writes one")
	drv.Press("}", "}", "}", "]", "j", "j", "j", "j", "v", "j", "w")
	drv.Type("Quick: say M, x and q?")
	drv.Press("alt+enter")
	drv.Type("Then go on.")
	drv.Press("enter")
	drv.Until("│ Then go on.")
	drv.Press("G", "k", "enter")
	drv.Type("draft")
	drv.Press("ctrl+e")
	drv.Until("edited")
	drv.Press("esc")
	drv.Until("not finished")
	drv.Press("w", "enter")
	c.Set(func(c *tuitest.Client) {
		c.Err = &api.Error{Code: api.CodeConflict, Message: "it is killed", Hint: "restore it"}
	})
	drv.Press("M")
	drv.Until("2 comments not sent, and kept: it is killed. restore it")
	drv.Until("2 comments M sends")
	c.Set(func(c *tuitest.Client) { c.Err, c.Calls = nil, nil })
	drv.Press("alt+1", "j", "k", "alt+2", ":")
	drv.Type("all comments")
	drv.Press("enter")
	drv.Until("2 comments sent")
	want := `send auth1 2 comments on your changes:

internal/auth/login.go:5-6 (removed)
> -// Login checks a password.
> -func Login(name, password string) error {
Quick: say M, x and q?
Then go on.

web/sp ace "q" ü.txt:1
> +x
draft
edited`
	if got := c.Called(); len(got) != 1 || got[0] != want {
		t.Errorf("asked %q\nwant %q", got, want)
	}
	if strings.Contains(drv.Screen(), "Then go on.") {
		t.Error("what was sent is still there")
	}
	drv.Press("esc")
	if a.focus != 0 {
		t.Error("esc does not go back to the tasks")
	}
}
