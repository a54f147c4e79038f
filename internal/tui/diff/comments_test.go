package diff

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/tui/compose"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// All comments are one message, and gone once hfd has it. Until then they stay.
func TestSending(t *testing.T) {
	t.Parallel()
	drv, p, c := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	to(t, p, "u.passkey ==")
	drv.Send(Select{})
	drv.Send(widget.Move(1))
	write(drv, "Why?")
	to(t, p, "Say hello")
	write(drv, "Keep it.")
	drv.Send(Comment{})
	drv.Type("not yet fin")
	drv.Send(compose.Leave{})
	drv.Until("not finished")

	c.Set(func(c *tuitest.Client) { c.Err = &api.Error{Code: api.CodeUnavailable, Message: "hfd is not there"} })
	drv.Send(Send{})
	if n := len(p.comments["auth1"]); n != 3 {
		t.Errorf("%d comments are left", n)
	}
	c.Set(func(c *tuitest.Client) { c.Err, c.Calls = nil, nil })
	drv.Send(Send{})
	want := `send auth1 2 comments on your changes:

internal/auth/login.go:12-13
> +	if u.passkey == secret {
> +		return nil
Why?

web/old.py:2 (removed)
> -    """Say hello."""
Keep it.`
	if got := c.Called(); len(got) != 1 || got[0] != want {
		t.Errorf("asked %q\nwant %q", got, want)
	}
	if left := p.comments["auth1"]; len(left) != 1 || p.input.Draft(left[0].Key) != "not yet fin" {
		t.Errorf("%d comments are left", len(left))
	}
	drv.Send(Send{})
	if got := c.Called(); len(got) != 1 {
		t.Errorf("what is not finished was sent: %q", got)
	}
}

func TestEditingAndDeleting(t *testing.T) {
	t.Parallel()
	drv, p, _ := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	to(t, p, "u.passkey ==")
	write(drv, "First")
	drv.Send(widget.Move(1))
	drv.Send(Enter{})
	if !p.Typing() {
		t.Fatal("nothing is typed")
	}
	drv.Type(", second")
	drv.Send(compose.Send{})
	drv.Until("│ First, second")
	drv.Send(Enter{})
	drv.Type(" and third")
	drv.Send(compose.Leave{})
	drv.Until("not finished")
	drv.Send(Enter{})
	drv.Send(compose.Send{})
	drv.Until("│ First, second and third")
	drv.Send(Delete{})
	if got, _ := under(drv, p); strings.Contains(drv.Screen(), "third") || !strings.Contains(got, "u.passkey ==") {
		t.Errorf("the comment is still there, or the cursor went to %q", got)
	}
	drv.Send(Comment{})
	drv.Send(compose.Leave{})
	drv.Send(Comment{})
	drv.Send(compose.Send{})
	if n := len(p.comments); n != 0 {
		t.Error("there are comments of nothing")
	}
	drv.Send(Delete{})
	drv.Send(widget.Home{})
	drv.Send(widget.Move(1))
	drv.Send(Comment{})
	if p.Typing() {
		t.Error("the head of a hunk is commented on")
	}
}

// A file as a whole can be commented on, whatever is in it.
func TestFileComments(t *testing.T) {
	t.Parallel()
	drv, p, c := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	to(t, p, "logo.png")
	write(drv, "Not here.")
	drv.Send(Fold{})
	drv.Until("│ Not here.")
	refreshed(drv, p, c, edited(tuitest.Diff(), "+D\n", "+E\n"))
	to(t, p, "Not here.")
	drv.Send(Enter{})
	drv.Type(" Really.")
	drv.Send(compose.Send{})
	refreshed(drv, p, c, api.Diff{})
	drv.Until("on what is no longer in the diff: logo.png")
	refreshed(drv, p, c, tuitest.Diff())
	drv.Send(Send{})
	if got := c.Called(); len(got) != 1 || got[0] != "send auth1 A comment on your changes:\n\nlogo.png\nNot here. Really." {
		t.Errorf("asked %q", got)
	}
}

func TestAbout(t *testing.T) {
	line := func(kind byte, number int32) quoted { return quoted{Kind: kind, Number: number} }
	for want, lines := range map[string][]quoted{
		"x":                nil,
		"x:3":              {line('+', 3)},
		"x:3-5":            {line('-', 9), line(' ', 3), line('-', 12), line('+', 5), line('-', 13)},
		"x:9 (removed)":    {line('-', 9)},
		"x:9-12 (removed)": {line('-', 9), line('-', 12)},
	} {
		if got := (&comment{note: note{Path: "x", Lines: lines}}).about(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A comment stays with its lines, wherever they go, and is kept when they are
// gone.
func TestCommentsStay(t *testing.T) {
	t.Parallel()
	drv, p, c := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	to(t, p, "return nil")
	write(drv, "About nil")
	to(t, p, "u.passkey ==")
	drv.Send(Comment{})
	drv.Type("half a sent")

	drv.Send(pane.Selected{ID: "form2"})
	if strings.Contains(drv.Screen(), "half a sent") || p.Typing() {
		t.Error("the comment is on another task")
	}
	drv.Send(pane.Selected{ID: "auth1"})
	drv.Until("half a sent")

	d := edited(tuitest.Diff(), "@@ -2,19 +2,25 @@ package auth\n \n", "@@ -2,19 +2,26 @@ package auth\n \n+// new\n")
	refreshed(drv, p, c, d)
	if n := p.comments["auth1"][0]; n.gone || n.about() != "internal/auth/login.go:14" {
		t.Errorf("it is about %s, gone %v", n.about(), n.gone)
	}
	gone := edited(d, "+\t\treturn nil\n", "+\t\treturn errNil\n")
	refreshed(drv, p, c, gone)
	drv.Send(Fold{})
	drv.Until("on what is no longer in the diff: internal/auth/login.go:14")
	drv.Until("About nil")
	refreshed(drv, p, c, api.Diff{})
	drv.Until("About nil")
	drv.Until("half a sent")
	refreshed(drv, p, c, d)
	if n := p.comments["auth1"][0]; n.gone {
		t.Error("it did not come back with its lines")
	}
}

// Another program finds what was not sent.
func TestCommentsAreDrafts(t *testing.T) {
	t.Parallel()
	drv, p, c := opened(t, tuitest.Diff(), tuitest.Size{W: 80, H: 24}, plain())
	to(t, p, "u.passkey ==")
	write(drv, "Finished")
	to(t, p, "return nil")
	drv.Send(Comment{})
	drv.Type("unfinish")

	deps := tuitest.Deps(t, c, plain(), bindings)
	u := tuitest.Snapshot()
	deps.Store.Apply(&u)
	deps.Drafts = p.d.Drafts
	next := New(deps)
	other := tuitest.Drive(t, alone{next}, tuitest.Size{W: 80, H: 40})
	other.Send(pane.Selected{ID: "auth1"})
	other.Send(pane.Shown{})
	other.Until("Finished")
	other.Until("unfinish")
	delete(next.views, "auth1")
	c.Set(func(c *tuitest.Client) { c.DiffErr = &api.Error{Message: "it is killed"} })
	other.Send(pane.Selected{ID: "form2"})
	other.Send(pane.Selected{ID: "auth1"})
	other.Until("2 comments kept until the diff can be shown")
	other.Send(Send{})
	if got := c.Called(); len(got) != 1 || !strings.HasSuffix(got[0], "secret {\nFinished") {
		t.Errorf("asked %q", got)
	}
	if got := p.d.Drafts.Get("comments/auth1"); strings.Contains(got, "Finished") || !strings.Contains(got, "return nil") {
		t.Errorf("kept is %s", got)
	}
}

// What is sent of lines is not endless.
func TestLongQuotes(t *testing.T) {
	lines := make([]quoted, 50)
	for i := range lines {
		lines[i] = quoted{'+', int32(i + 1), strings.Repeat("日", 1000) + "\r"}
	}
	got := message([]*comment{{note: note{Path: "x", Lines: lines, Text: "Too long"}}})
	if len(got) > 20_000 || !strings.Contains(got, "\nx:1-50\n> +日") || !strings.Contains(got, "日...\n> ... 20 more lines\nToo long") {
		t.Errorf("%d bytes: %.300q", len(got), got)
	}
}
