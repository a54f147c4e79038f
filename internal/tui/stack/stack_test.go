package stack

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tasklist"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// alone is a program of nothing but the pane, and of what selects a task.
type alone struct{ *Pane }

func (a alone) Init() tea.Cmd { return nil }
func (a alone) View() string  { return strings.Join(a.Pane.View(true), "\n") }

func (a alone) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		a.Resize(size.Width, size.Height)
		return a, nil
	}
	cmd := a.Pane.Update(msg)
	for _, posted := range a.d.Posted() {
		to, ok := posted.(pane.To)
		if !ok || to.Place != keys.List {
			continue
		}
		if task, ok := to.Msg.(tasklist.Goto); ok {
			a.d.Store.Select(task.ID)
			cmd = tea.Batch(cmd, a.Pane.Update(pane.Selected{ID: task.ID}))
		}
	}
	return a, cmd
}

func bindings(*pane.Deps) *command.Table {
	return command.NewTable([]command.Action{
		{Name: "create.on", Place: keys.Panes, Keys: []string{"C"}},
		{Name: "shell", Place: keys.Panes, Keys: []string{"s"}},
		{Name: "stack.continue", Place: keys.Stack, Keys: []string{">"}},
		{Name: "stack.abort", Place: keys.Stack, Keys: []string{"<"}},
		{Name: "stack.resolve", Place: keys.Panes, Keys: []string{"f"}},
	})
}

// opened is the pane with a task of the snapshot, the tree being there.
func opened(t *testing.T, c *tuitest.Client, task string, size tuitest.Size, th *theme.Theme, more ...api.Task) (*tuitest.Driver, *Pane) {
	t.Helper()
	d := tuitest.Deps(t, c, th, bindings)
	u := tuitest.Snapshot()
	u.Tasks = append(u.Tasks, more...)
	d.Store.Apply(&u)
	d.Store.Select(task)
	p := New(d)
	drv := tuitest.Drive(t, alone{p}, size)
	drv.Send(pane.Shown{})
	drv.Send(pane.Selected{ID: task})
	drv.Await("the tree", func() bool { f := p.forest(); return f.known || f.err != nil })
	return drv, p
}

func plain() *theme.Theme { return tuitest.Looks()[1].Theme }

// branch is one of a tree.
func branch(depth int, name, base string, ahead, behind int, more func(*api.StackBranch)) api.StackBranch {
	b := api.StackBranch{Depth: depth, Branch: api.Branch{Name: name, Base: base, Ahead: &ahead, Behind: &behind, Tracked: true}}
	if id, ok := strings.CutPrefix(name, "feat/"); ok {
		b.Task, b.Title = id, "Task "+id
	}
	if more != nil {
		more(&b)
	}
	return b
}

// five is a stack of five branches of which one needs a restack and one is in
// conflict, and what else is in its repo.
func five() api.Stack {
	yes := true
	return api.Stack{Repo: "web", Trunk: "main", GitSpice: &api.GitSpice{}, Branches: []api.StackBranch{
		branch(0, "feat/auth1", "main", 3, 0, func(b *api.StackBranch) {
			b.Conflicts = []api.Conflict{{With: "feat/form2", Task: "form2", Files: []string{"web/login.go", "web/login_test.go"}}}
		}),
		branch(0, "feat/form2", "main", 2, 0, func(b *api.StackBranch) {
			b.PullRequest = api.Some(api.PullRequestSummary{Number: 12, State: api.PullRequestOpen, Checks: api.ChecksPending, Review: api.ReviewPending})
		}),
		branch(1, "feat/test3", "feat/form2", 1, 2, func(b *api.StackBranch) {
			b.NeedsRestack = &yes
			b.PullRequest = api.Some(api.PullRequestSummary{Number: 13, State: api.PullRequestOpen, Checks: api.ChecksFail, Review: api.ReviewChangesRequested})
		}),
		branch(2, "feat/docs4", "feat/test3", 4, 0, func(b *api.StackBranch) {
			b.PullRequest = api.Some(api.PullRequestSummary{Number: 14, State: api.PullRequestDraft, Checks: api.ChecksPass})
		}),
		branch(1, "feat/side8", "feat/form2", 1, 0, nil),
		branch(2, "by-hand/日本語", "feat/side8", 0, 0, nil),
		branch(0, "release/1.2", "release", 1, 0, nil),
	}}
}

// side is a task that stopped on a conflict.
func side() api.Task {
	return api.Task{
		ID: "side8", Title: "A side branch", Repo: "web", Branch: "feat/side8", Base: "feat/form2", Status: api.StatusIdle, Lifecycle: api.LifecycleReady,
		Rebase: &api.StoppedRebase{Base: "feat/form2", Files: []string{"a.go", "b.go", "c.go", "d.go"}},
	}
}

func TestGolden(t *testing.T) {
	for name, tt := range map[string]struct {
		client *tuitest.Client
		task   string
		more   []api.Task
	}{
		"five":    {&tuitest.Client{Stacks: five()}, "test3", nil},
		"stopped": {&tuitest.Client{Stacks: five()}, "test3", []api.Task{side()}},
		"none":    {&tuitest.Client{Stacks: api.Stack{Repo: "web", Trunk: "main"}}, "test3", nil},
		"error":   {&tuitest.Client{StackErr: &api.Error{Code: api.CodeUnavailable, Message: "hfd is stopping", Hint: "try again in a moment"}}, "test3", nil},
	} {
		tuitest.Each(t, name, func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
			drv, _ := opened(t, tt.client, tt.task, size, th, tt.more...)
			tuitest.Golden(t, golden, widget.Block(drv.Lines(), size.W, size.H), size)
		})
	}
}

// names are the rows of the tree, as they are drawn.
func names(p *Pane) (out []string) {
	for i := range p.rows {
		if b := p.rows[i].b; b != nil {
			out = append(out, b.Name)
		}
	}
	return out
}

// The cursor takes the selection along, and the rows stay where they are. Who
// selects a task elsewhere is shown its own stack first.
func TestCursorSelects(t *testing.T) {
	drv, p := opened(t, &tuitest.Client{Stacks: five()}, "test3", tuitest.Size{W: 80, H: 24}, plain())
	before := names(p)
	if got := p.list.Selected(); got != "feat/test3" || before[0] != "feat/form2" {
		t.Fatalf("the cursor is on %q, first is %q", got, before[0])
	}
	selected := func() string { return p.d.Store.Selected().ID }
	drv.Send(widget.Move(1))
	if selected() != "docs4" {
		t.Errorf("selected %s", selected())
	}
	drv.Send(widget.End{})
	if b := p.Branch(); b == nil || b.Name != "release/1.2" || b.Task != "" || b.Repo != "web" || selected() != "docs4" {
		t.Errorf("the cursor is on %+v, selected %s", b, selected())
	}
	drv.Send(widget.Move(-1))
	if selected() != "auth1" || !slices.Equal(names(p), before) {
		t.Errorf("selected %s, rows %q", selected(), names(p))
	}
	drv.Send(widget.Home{})
	for i, l := range strings.Split(drv.Screen(), "\n") {
		if strings.Contains(l, "docs4") {
			drv.Send(tea.MouseMsg{Button: tea.MouseButtonLeft, Action: tea.MouseActionPress, Y: i})
		}
	}
	if selected() != "docs4" {
		t.Errorf("a click selects %s", selected())
	}
	p.d.Store.Select("auth1")
	drv.Send(pane.Selected{ID: "auth1"})
	if got := names(p); got[0] != "feat/auth1" || p.Branch().Task != "auth1" {
		t.Errorf("first is %q, the cursor is on %+v", got[0], p.Branch())
	}
}

// What happens in the repo is shown soon, once, and moves nothing under the
// cursor.
func TestTreeFollows(t *testing.T) {
	c := &tuitest.Client{Stacks: five()}
	drv, p := opened(t, c, "test3", tuitest.Size{W: 80, H: 24}, plain())
	reads := c.Reads("stack")
	drv.Send(model.Changed{Tasks: map[string]bool{"perf5": true}}) // of another repo
	more := five()
	more.Branches = slices.Insert(more.Branches, 1, branch(0, "feat/new9", "main", 0, 0, nil), branch(1, "feat/new10", "feat/new9", 0, 0, nil))
	c.Set(func(c *tuitest.Client) { c.Stacks = more })
	drv.Send(model.Changed{Tasks: map[string]bool{"docs4": true}})
	drv.Send(model.Changed{Tasks: map[string]bool{"auth1": true}})
	drv.Until("feat/new10")
	if n := c.Reads("stack") - reads; n != 1 {
		t.Errorf("it was read %d times", n)
	}
	if b := p.Branch(); b.Name != "feat/test3" || names(p)[0] != "feat/form2" {
		t.Errorf("the cursor is on %+v", b)
	}
	drv.Send(model.Changed{Tasks: map[string]bool{}, Events: []api.Event{{Kind: api.EventStackStopped}}})
	drv.Await("another look", func() bool { return c.Reads("stack") == reads+2 })

	drv.Send(pane.Hidden{})
	drv.Send(model.Changed{})
	drv.Send(look{repo: "web"})
	if n := c.Reads("stack") - reads; n != 2 {
		t.Errorf("unseen it was read %d times", n)
	}
	// An error leaves what was known.
	c.Set(func(c *tuitest.Client) {
		c.StackErr = &api.Error{Code: api.CodeUnavailable, Message: "hfd is stopping"}
	})
	drv.Send(pane.Shown{})
	drv.Until("this is old: hfd is stopping")
	drv.Until("feat/new10")
}

// Whatever a branch is called, the screen holds what it held before.
func TestHostileText(t *testing.T) {
	for _, h := range []string{"\x1b[2J\x1b]0;owned\x07gone", "a\u202eb\u2066c", "\xff\xfe", strings.Repeat("日", 1<<14), "\r\n"} {
		s := five()
		for i := range s.Branches {
			b := &s.Branches[i]
			b.Name, b.Title, b.Task = h, h, ""
			b.Conflicts = []api.Conflict{{With: h, Task: h, Files: []string{h, h}}}
		}
		s.Branches[0].Base = h
		task := side()
		task.Branch, task.Rebase.Base, task.Rebase.Files = h, h, []string{h, h, h, h}
		for _, size := range []tuitest.Size{{W: 40, H: 12}, {W: 5, H: 2}} {
			drv, p := opened(t, &tuitest.Client{Stacks: s}, "test3", size, plain(), task)
			for range 5 {
				drv.Send(widget.Move(1))
				for _, l := range widget.Block(p.View(true), size.W, size.H) {
					if n := widget.Width(l); n > size.W {
						t.Fatalf("a line is %d columns wide: %.200q", n, l)
					}
					if strings.ContainsAny(strings.ReplaceAll(l, "\x1b[", ""), "\x1b\r\n\x00\x07\u202e\u2066") || !utf8.ValidString(l) {
						t.Fatalf("a line holds what a terminal obeys: %.200q", l)
					}
				}
			}
		}
	}
}

// The tree is told apart without a sign that ASCII has not.
func TestASCII(t *testing.T) {
	th := theme.New(theme.Options{ASCII: true, NoColor: true})
	s := five()
	s.Branches = s.Branches[:4]
	drv, _ := opened(t, &tuitest.Client{Stacks: s}, "docs4", tuitest.Size{W: 80, H: 24}, th)
	for l := range strings.SplitSeq(drv.Screen(), "\n") {
		if strings.Contains(l, "feat/") && strings.IndexFunc(strings.Replace(l, "日本語 and 🎨", "", 1), func(r rune) bool { return r > '~' }) >= 0 {
			t.Errorf("%q", l)
		}
	}
	drv.Until("`-o feat/docs4")
}

func BenchmarkView(b *testing.B) {
	d := tuitest.Deps(b, &tuitest.Client{}, tuitest.Looks()[0].Theme, bindings)
	u := tuitest.Snapshot()
	d.Store.Apply(&u)
	d.Store.Select("test3")
	p := New(d)
	p.Resize(120, 40)
	p.Update(pane.Selected{ID: "test3"})
	s := five()
	for range 50 {
		s.Branches = append(s.Branches, five().Branches...)
	}
	p.Update(tree{repo: "web", stack: s})
	for b.Loop() {
		p.View(true)
	}
}
