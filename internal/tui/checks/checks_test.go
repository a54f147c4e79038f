package checks

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// alone is a program of nothing but the pane.
type alone struct{ *Pane }

func (a alone) Init() tea.Cmd { return nil }
func (a alone) View() string  { return strings.Join(a.Pane.View(true), "\n") }

func (a alone) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		a.Resize(size.Width, size.Height)
		return a, nil
	}
	return a, a.Pane.Update(msg)
}

func bindings(*pane.Deps) *command.Table {
	return command.NewTable([]command.Action{
		{Name: "push", Place: keys.Panes, Keys: []string{"p"}},
		{Name: "pr.create", Place: keys.Panes, Keys: []string{"P"}},
		{Name: "stack.submit", Place: keys.Panes, Keys: []string{"S"}},
		{Name: "checks.refresh", Place: keys.Checks, Keys: []string{"ctrl+r"}},
	})
}

// opened is the pane with the task test3, which was looked at for a moment.
func opened(t *testing.T, c *tuitest.Client, size tuitest.Size, th *theme.Theme) (*tuitest.Driver, *Pane) {
	t.Helper()
	d := tuitest.Deps(t, c, th, bindings)
	u := tuitest.Snapshot()
	unpushed := 2
	u.Tasks[2].Unpushed = &unpushed
	d.Store.Apply(&u)
	d.Store.Select("test3")
	p := New(d)
	p.linger = time.Millisecond
	drv := tuitest.Drive(t, alone{p}, size)
	drv.Send(pane.Shown{})
	drv.Send(pane.Selected{ID: "test3"})
	drv.Await("all of it", func() bool { g := p.page(); return g.known && (g.pull == nil || g.asked) })
	return drv, p
}

func plain() *theme.Theme { return tuitest.Looks()[1].Theme }

func at(minutes int) time.Time { return tuitest.Now().Add(-time.Duration(minutes) * time.Minute) }

// pull is a pull request with everything that can be wrong with one.
func pull() api.PullRequest {
	can := true
	return api.PullRequest{
		PullRequestSummary: api.PullRequestSummary{
			Number: 13, URL: "https://example.invalid/acme/web/pull/13", State: api.PullRequestOpen,
			Checks: api.ChecksFail, Review: api.ReviewChangesRequested, ObservedAt: at(3),
		},
		Title: "Tests of the forms, all of them and on every browser there is", Author: "ada", Branch: "feat/test3", Base: "feat/form2",
		Mergeable: &can, AutoMerge: true, UnresolvedThreads: 2, UpdatedAt: at(10),
		CheckRuns: []api.CheckRun{
			{Name: "build", Workflow: "CI", State: api.ChecksPass, Result: "success", URL: "https://example.invalid/build"},
			{Name: "browsers (日本語)", Workflow: "CI", State: api.ChecksPending, Result: "in_progress", URL: "https://example.invalid/browsers"},
			{Name: "test", Workflow: "CI", State: api.ChecksFail, Result: "failure", URL: "https://example.invalid/test"},
			{Name: "licence/cla", State: api.ChecksPass, Result: "success"},
		},
		Reviewers: []api.Reviewer{{Login: "bob", State: api.ReviewChangesRequested}, {Login: "eve", State: api.ReviewApproved}, {Login: "carol", State: api.ReviewPending}},
	}
}

// talk is what was written about it.
func talk() api.Conversation {
	return api.Conversation{
		Threads: []api.PullThread{
			{ID: "t1", Path: "web/form_test.go", Line: 42, URL: "https://example.invalid/t1", Comments: []api.PullComment{
				{ID: "c1", Author: "bob", At: at(200), Body: "This passes **whatever** the form says:\r\n\r\n```go\nif got != nil {\n```\n\nCompare it."},
				{ID: "c2", Author: "ada", At: at(90), Body: "You are right."},
			}},
			{ID: "t2", Path: "web/form.go", Outdated: true, URL: "https://example.invalid/t2", Comments: []api.PullComment{{ID: "c3", Author: "carol", At: at(60), Body: "- one\n- two"}}},
			{ID: "t3", Path: "done.go", Line: 1, Resolved: true, Comments: []api.PullComment{{ID: "c4", Author: "bob", At: at(60), Body: "long done"}}},
		},
		Reviews:  []api.PullComment{{ID: "r1", Author: "bob", At: at(200), Body: "Two things, see below.", URL: "https://example.invalid/r1"}},
		Comments: []api.PullComment{{ID: "i1", Author: "", At: at(3000), Body: "Can this land before Friday?"}},
		More:     true,
	}
}

func client() *tuitest.Client {
	return &tuitest.Client{Pulls: map[string]api.PullRequest{"test3": pull()}, Threads: map[string]api.Conversation{"test3": talk()}}
}

func TestGolden(t *testing.T) {
	signedOut := &api.Error{Code: api.CodeUnauthorized, Message: "nobody is signed in to example.invalid", Hint: "`hf auth login` signs in"}
	for name, tt := range map[string]struct {
		client *tuitest.Client
		then   []tea.Msg
	}{
		"pull":    {client(), nil},
		"threads": {client(), []tea.Msg{Next(1), Next(1), Next(1), Next(1), Next(1), Next(1), widget.Move(6)}},
		"none":    {&tuitest.Client{}, nil},
		"error":   {&tuitest.Client{Pulls: client().Pulls, TalkErr: signedOut}, []tea.Msg{widget.Move(4)}},
		"unknown": {&tuitest.Client{PullErr: signedOut}, nil},
	} {
		tuitest.Each(t, name, func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
			drv, _ := opened(t, tt.client, size, th)
			for _, msg := range tt.then {
				drv.Send(msg)
			}
			tuitest.Golden(t, golden, widget.Block(drv.Lines(), size.W, size.H), size)
		})
	}
}

// The forge is asked only for what somebody stays at, once, and again when the
// pull request changed.
func TestThreadsAreAskedForOnce(t *testing.T) {
	c := client()
	drv, p := opened(t, c, tuitest.Size{W: 80, H: 40}, plain())
	if n := c.Reads("comments test3"); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	// What happens to the task says nothing of them.
	pulls := c.Reads("pull test3")
	drv.Send(model.Changed{Tasks: map[string]bool{"test3": true}})
	drv.Send(model.Changed{Tasks: map[string]bool{"test3": true}})
	drv.Await("another look", func() bool { return c.Reads("pull test3") > pulls && !p.page().asking })
	if n := c.Reads("pull test3"); n != pulls+1 {
		t.Errorf("two changes are %d looks", n-pulls)
	}
	// Nor does going away and coming back.
	drv.Send(pane.Selected{ID: "docs4"})
	drv.Send(pane.Selected{ID: "test3"})
	drv.Send(pane.Hidden{})
	drv.Send(pane.Shown{})
	drv.Await("another look", func() bool { return c.Reads("pull test3") > pulls+1 && !p.page().asking })
	if n := c.Reads("comments test3") + c.Reads("comments docs4"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	c.Set(func(c *tuitest.Client) {
		moved := pull()
		moved.UpdatedAt, moved.Title = at(1), "Another title"
		said := talk()
		said.Threads[0].Comments[1].Body = "No, it does not."
		c.Pulls, c.Threads = map[string]api.PullRequest{"test3": moved}, map[string]api.Conversation{"test3": said}
	})
	drv.Send(model.Changed{})
	drv.Until("No, it does not.")
	if n := c.Reads("comments test3"); n != 2 || !strings.Contains(drv.Screen(), "Another title") {
		t.Errorf("asked %d times:\n%s", n, drv.Screen())
	}
	drv.Send(Refresh{})
	drv.Await("what was asked for by a key", func() bool { return c.Reads("comments test3") == 3 && !p.page().reading })
	if c.Reads("look test3") != 1 {
		t.Error("the forge was not looked at")
	}
}

// A pane that is not seen, or a task without a pull request, asks for nothing.
func TestNothingIsAskedUnseen(t *testing.T) {
	c := client()
	d := tuitest.Deps(t, c, plain(), bindings)
	u := tuitest.Snapshot()
	d.Store.Apply(&u)
	drv := tuitest.Drive(t, alone{New(d)}, tuitest.Size{W: 80, H: 24})
	drv.Send(pane.Selected{ID: "test3"})
	drv.Send(model.Changed{})
	drv.Send(look{task: "test3"})
	drv.Send(ask{task: "test3"})
	if n := c.Reads("pull test3") + c.Reads("comments test3"); n > 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// An error stands where what was asked for would, and what was known stays.
func TestErrorsAreShown(t *testing.T) {
	c := client()
	drv, p := opened(t, c, tuitest.Size{W: 80, H: 60}, plain())
	drv.Until("Compare it.")
	c.Set(func(c *tuitest.Client) {
		c.TalkErr = &api.Error{Code: api.CodeForge, Message: "the rate limit is used up", Hint: "it is full again at 13:00"}
		c.PullErr = c.TalkErr
	})
	drv.Send(Refresh{})
	drv.Await("the answer", func() bool { return p.page().notTalk != nil })
	for _, want := range []string{"This is what hfd saw last: the rate limit is used up. it is full", "What reviewers wrote cannot be read", "^R tries again", "Compare it."} {
		if !strings.Contains(drv.Screen(), want) {
			t.Errorf("no %q in\n%s", want, drv.Screen())
		}
	}
}

// What is read stays where it is when checks come and go above it.
func TestNothingJumps(t *testing.T) {
	c := client()
	drv, p := opened(t, c, tuitest.Size{W: 80, H: 10}, plain())
	for range 6 {
		drv.Send(Next(1))
	}
	drv.Send(widget.Move(5))
	before := drv.Screen()
	if !strings.Contains(before, "if got != nil") {
		t.Fatalf("the thread is not seen:\n%s", before)
	}
	c.Set(func(c *tuitest.Client) {
		more := pull()
		for i := range 5 {
			more.CheckRuns = append(more.CheckRuns, api.CheckRun{Name: fmt.Sprint("new", i), State: api.ChecksFail})
		}
		c.Pulls = map[string]api.PullRequest{"test3": more}
	})
	drv.Send(model.Changed{})
	drv.Await("the checks", func() bool { return len(p.page().pull.CheckRuns) > 4 })
	if after := drv.Screen(); after != before {
		t.Errorf("it jumped from\n%s\nto\n%s", before, after)
	}
	drv.Send(widget.Home{})
	drv.Until("#13 Tests")
	drv.Send(widget.End{})
	drv.Until("shows it all")
}

func TestOpen(t *testing.T) {
	drv, p := opened(t, client(), tuitest.Size{W: 80, H: 40}, plain())
	ran := p.d.Program.(*tuitest.Programs)
	drv.Send(Open{})
	drv.Send(Next(1))
	drv.Send(Next(1))
	drv.Send(Open{}) // the check that failed comes first
	for i, l := range strings.Split(drv.Screen(), "\n") {
		if strings.Contains(l, "You are right") {
			drv.Send(tea.MouseMsg{Button: tea.MouseButtonLeft, Action: tea.MouseActionPress, Y: i})
		}
	}
	drv.Send(Open{})
	want := []string{"browse https://example.invalid/acme/web/pull/13", "browse https://example.invalid/test", "browse https://example.invalid/t1"}
	if got := strings.Join(ran.Ran, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("opened\n%s", got)
	}
}

// Whatever people on the forge write, the screen holds what it held before.
func TestHostileText(t *testing.T) {
	for _, h := range []string{
		"\x1b[2J\x1b]0;owned\x07gone", "a\u202eb\u2066c", "\xff\xfe\x80 bad", strings.Repeat("日", 1<<17), "\r\n\r\rover", "```\nnever closed", strings.Repeat("\n", 1<<18),
	} {
		p, w := pull(), talk()
		p.Title, p.Author, p.Branch, p.Base, p.URL = h, h, h, h, h
		p.CheckRuns = append(p.CheckRuns, api.CheckRun{Name: h, Workflow: h, Result: h, State: api.ChecksFail, URL: h}, api.CheckRun{Name: h, Workflow: h})
		p.Reviewers = append(p.Reviewers, api.Reviewer{Login: h})
		w.Threads[0].Path, w.Threads[0].Comments[0] = h, api.PullComment{Author: h, Body: h}
		w.Reviews[0].Body, w.Comments[0].Author = h, h
		drv, pn := opened(t, &tuitest.Client{Pulls: map[string]api.PullRequest{"test3": p}, Threads: map[string]api.Conversation{"test3": w}}, tuitest.Size{W: 40, H: 12}, plain())
		for range 25 {
			drv.Send(Next(1))
			for _, l := range pn.View(true) {
				if n := widget.Width(l); n > 40 {
					t.Fatalf("a line is %d columns wide: %.200q", n, l)
				}
				if strings.ContainsAny(strings.ReplaceAll(l, "\x1b[", ""), "\x1b\r\n\x00\x07\u202e\u2066") || !utf8.ValidString(l) {
					t.Fatalf("a line holds what a terminal obeys: %.200q", l)
				}
			}
		}
	}
}
