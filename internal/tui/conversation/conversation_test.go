package conversation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/compose"
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

func (a alone) Init() tea.Cmd                           { return nil }
func (a alone) Update(msg tea.Msg) (tea.Model, tea.Cmd) { return a, a.handle(msg) }
func (a alone) View() string                            { return strings.Join(a.Pane.View(true), "\n") }

func (a alone) handle(msg tea.Msg) tea.Cmd {
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		a.Resize(size.Width, size.Height)
		return nil
	}
	return a.Pane.Update(msg)
}

func bindings(*pane.Deps) *command.Table {
	return command.NewTable([]command.Action{
		{Name: "approve", Place: keys.Panes, Keys: []string{"a"}},
		{Name: "always", Place: keys.Panes, Keys: []string{"A"}},
		{Name: "deny", Place: keys.Panes, Keys: []string{"d"}},
		{Name: "inspect", Place: keys.Panes, Keys: []string{"v"}},
		{Name: "message", Place: keys.Panes, Keys: []string{"m"}},
		{Name: "conversation.end", Place: keys.Conversation, Keys: []string{"G"}},
	})
}

func opened(t *testing.T, entries []api.Entry, size tuitest.Size, th *theme.Theme) (*tuitest.Driver, *Pane) {
	t.Helper()
	d := tuitest.Deps(t, &tuitest.Client{Entries: map[string][]api.Entry{"auth1": entries}}, th, bindings)
	u := tuitest.Snapshot()
	d.Store.Apply(&u)
	d.Store.Select("auth1")
	p := New(d)
	drv := tuitest.Drive(t, alone{p}, size)
	drv.Send(pane.Shown{})
	drv.Send(pane.Selected{ID: "auth1"})
	for p.talk().cursor != newest(entries).Cursor {
		drv.Until("")
		drv.Settle()
	}
	return drv, p
}

func newest(e []api.Entry) api.Entry { return e[len(e)-1] }

func plain() *theme.Theme { return tuitest.Looks()[1].Theme }

func TestGolden(t *testing.T) {
	tuitest.Each(t, "talk", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, _ := opened(t, tuitest.Talk(), size, th)
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
	tuitest.Each(t, "unfolded", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, p := opened(t, tuitest.Talk(), size, th)
		p.d.Store.Apply(noRequests())
		drv.Lines()
		drv.Send(Next(-1))
		drv.Send(All{})
		drv.Send(Message{})
		drv.Type("Well done")
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
}

// A text that comes in parts is one text, whatever its parts are, and drawn in
// blocks it looks as it does in one.
func TestPartsOfAText(t *testing.T) {
	for name, text := range map[string]string{
		"markdown": strings.Repeat("A line with some *words* in it.\n\n- an item\n- 日本語 🎨\n\n```go\nfunc f() {\n\n}\n```\n\n", 300),
		"lines":    strings.Repeat("one line of many\n", 2000),
		"code":     "```go\n" + strings.Repeat("one()\n\n", 2000) + "```\n",
		"tables":   strings.Repeat(strings.Repeat("a line of text\n", 150)+"\n| a | b |\n|---|---|\n"+strings.Repeat("| c | d |\n", 150), 8),
	} {
		t.Run(name, func(t *testing.T) {
			w := newTalk("")
			var parts []api.Entry
			for i := 0; i < len(text); {
				n := min(7+i%13, len(text)-i)
				for i+n < len(text) && !utf8.RuneStart(text[i+n]) {
					n++
				}
				parts = append(parts, api.Entry{Kind: api.EntryText, MessageID: "m", Text: text[i : i+n], Cursor: fmt.Sprint(i)})
				i += n
			}
			last := parts[len(parts)-1].Cursor
			for chunk := range slices.Chunk(parts, 10) {
				for _, e := range joined(chunk) {
					w.add(&e)
				}
			}
			if w.cursor != last {
				t.Errorf("it is read to %s, not %s", w.cursor, last)
			}
			p := newPainter(plain())
			var got []string
			for _, b := range w.blocks {
				if len(b.text) > hardBlock {
					t.Fatalf("a block of %d bytes", len(b.text))
				}
				got = append(got, p.lines(b, 60, "")...)
			}
			if len(w.blocks) < 4 {
				t.Fatalf("%d blocks: all of it is drawn anew for every part", len(w.blocks))
			}
			want := p.lines(&block{kind: api.EntryText, text: text}, 60, "")
			if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
				t.Errorf("in parts it is drawn otherwise: %s", cmp.Diff(w, g))
			}
		})
	}
}

// Only parts of one text are joined.
func TestJoined(t *testing.T) {
	text := func(id, s string) api.Entry { return api.Entry{Kind: api.EntryText, MessageID: id, Text: s, Cursor: s} }
	thought, tool := api.Entry{Kind: api.EntryThought, MessageID: "b", Text: "t"}, api.Entry{Kind: api.EntryTool}
	got := joined([]api.Entry{text("a", "1"), text("a", "2"), text("a", ""), text("b", "3"), thought, thought, tool, tool, text("b", "4"), text("b", "5")})
	twice := thought
	twice.Text = "tt"
	want := []api.Entry{{Kind: api.EntryText, MessageID: "a", Text: "12"}, text("b", "3"), twice, tool, tool, {Kind: api.EntryText, MessageID: "b", Text: "45", Cursor: "5"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := joined(nil); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// noRequests has the agent ask for nothing.
func noRequests() *model.Update {
	u := tuitest.Snapshot()
	u.Permissions = nil
	return &u
}

// Whatever an agent says, the screen holds what it held before.
func TestHostileText(t *testing.T) {
	hostile := []string{
		"\x1b[2J\x1b[H\x1b]0;owned\x07gone", "a\u202eb\u2066c", "\xff\xfe\x80 bad", strings.Repeat("x", 1<<20), strings.Repeat("日", 1<<18),
		"\r\n\r\rover", "\x00\x08\x08\x08", "```\nnever closed", strings.Repeat("> ", 5000), strings.Repeat("*", 9999), strings.Repeat("[a](", 3000), "|a|\n|-|\n" + strings.Repeat("|b", 500),
		strings.Repeat("\u0301", 5000),
	}
	var entries []api.Entry
	for i, h := range hostile {
		id := fmt.Sprint("c", i)
		entries = append(entries,
			api.Entry{Kind: api.EntryText, MessageID: id, Text: h}, api.Entry{Kind: api.EntryThought, Text: h}, api.Entry{Kind: api.EntryUser, Text: h},
			api.Entry{Kind: api.EntryTool, Tool: &api.ToolCall{ID: id, Title: h, Command: h, Output: h, Status: "failed", Diffs: []api.ToolDiff{{Path: h, New: h}}}},
			api.Entry{Kind: api.EntryPlan, Plan: []api.PlanEntry{{Content: h}}}, api.Entry{Kind: api.EntryError, Error: &api.Error{Message: h}},
			api.Entry{Kind: api.EntryPermission, Permission: &api.PermissionRequest{ID: id, Title: h}}, api.Entry{Kind: api.EntryMode, Mode: h},
		)
	}
	for i := range entries {
		entries[i].Cursor = fmt.Sprint(i)
	}
	size := tuitest.Size{W: 40, H: 12}
	drv, p := opened(t, entries, size, plain())
	p.d.Store.Apply(noRequests())
	drv.Send(All{})
	for range 60 {
		for _, l := range p.View(true) {
			if w := widget.Width(l); w > size.W {
				t.Fatalf("a line is %d columns wide: %.200q", w, l)
			}
			if strings.ContainsAny(strings.ReplaceAll(l, "\x1b[", ""), "\x1b\r\n\x00\x08\u202e\u2066") || !utf8.ValidString(l) {
				t.Fatalf("a line holds what a terminal obeys: %.200q", l)
			}
		}
		p.scroll(-500)
	}
}

// Ten thousand entries cost a frame no more than ten.
func TestOnlyWhatIsSeenIsDrawn(t *testing.T) {
	var entries []api.Entry
	for i := range 10_000 {
		entries = append(entries, api.Entry{Cursor: fmt.Sprint(i), Kind: api.EntryText, MessageID: fmt.Sprint(i), Text: fmt.Sprintf("entry %d", i)})
	}
	drv, p := opened(t, entries, tuitest.Size{W: 80, H: 24}, plain())
	if !strings.Contains(drv.Screen(), "entry 9999") {
		t.Fatalf("the end is not seen:\n%s", drv.Screen())
	}
	if p.drawn > 100 {
		t.Errorf("%d blocks were drawn", p.drawn)
	}
	drv.Send(widget.Home{})
	drv.Until("entry 0")
	drv.Send(widget.Move(5))
	if s := drv.Screen(); !strings.HasPrefix(strings.TrimSpace(s), "entry 5\n") {
		t.Errorf("five lines down:\n%s", s)
	}
	// What comes meanwhile moves nothing that is looked at.
	for i := range 50 {
		p.talk().add(&api.Entry{Kind: api.EntryText, MessageID: fmt.Sprint("new", i), Text: "new"})
	}
	if s := drv.Screen(); !strings.HasPrefix(strings.TrimSpace(s), "entry 5\n") {
		t.Errorf("it jumped:\n%s", s)
	}
	drv.Send(widget.End{})
	drv.Until("new")
	drv.Send(widget.Page(-1))
	drv.Send(widget.Page(1))
	if drv.Lines(); p.scrollOf().free {
		t.Error("at the end it is not followed")
	}
}

// What was said long ago is given up, not the memory of the machine.
func TestMemoryIsBounded(t *testing.T) {
	w := newTalk("")
	for i := range 40_000 {
		w.add(&api.Entry{Kind: api.EntryTool, Tool: &api.ToolCall{ID: fmt.Sprint(i), Title: "t", Output: strings.Repeat("o", 2000)}})
		w.add(&api.Entry{Kind: api.EntryText, MessageID: fmt.Sprint(i), Text: "said"})
	}
	size := 0
	for _, b := range w.blocks {
		size += b.size()
	}
	if size > maxTalk+maxOutput || len(w.tools) > len(w.blocks) || w.cut == 0 {
		t.Errorf("%d bytes in %d blocks, %d tools, %d given up", size, len(w.blocks), len(w.tools), w.cut)
	}
}

func TestClickUnfolds(t *testing.T) {
	drv, p := opened(t, tuitest.Talk(), tuitest.Size{W: 80, H: 40}, plain())
	p.d.Store.Apply(noRequests())
	for i, l := range drv.Lines() {
		if strings.Contains(l, "Edit auth.go") {
			drv.Send(tea.MouseMsg{X: 5, Y: i, Button: tea.MouseButtonLeft, Action: tea.MouseActionPress})
		}
	}
	drv.Until("+func b() {}")
}

func TestEditorWritesTheMessage(t *testing.T) {
	drv, p := opened(t, tuitest.Talk(), tuitest.Size{W: 80, H: 40}, plain())
	drv.Send(Message{})
	drv.Type("draft")
	drv.Send(compose.Edit{})
	drv.Until("edited")
	if got := p.input.Take(); got != "draft\nedited" {
		t.Errorf("the message is %q", got)
	}
}

// A message that hfd does not take is a draft again, above what was typed since.
func TestUnsentMessage(t *testing.T) {
	drv, p := opened(t, tuitest.Talk(), tuitest.Size{W: 80, H: 24}, plain())
	p.d.Client.(*tuitest.Client).Err = &api.Error{Code: api.CodeUnavailable, Message: "hfd is not there"}
	drv.Send(Message{})
	drv.Type("first")
	send := p.Update(compose.Send{})
	drv.Type("second")
	drv.Send(send())
	if got := p.d.Drafts.Get("message/auth1"); got != "first\nsecond" {
		t.Errorf("the draft is %q", got)
	}
}
