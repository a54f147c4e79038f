package events

import (
	"encoding/json"
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
func (a alone) View() string {
	return strings.Join(widget.Block(a.Pane.View(true), a.width, a.height), "\n")
}

func (a alone) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if size, ok := msg.(tea.WindowSizeMsg); ok {
		a.Resize(size.Width, size.Height)
		return a, nil
	}
	return a, a.Pane.Update(msg)
}

func bindings(*pane.Deps) *command.Table {
	return command.NewTable([]command.Action{
		{Name: "retry", Place: keys.Panes, Keys: []string{"t"}},
		{Name: "events.end", Place: keys.Events, Keys: []string{"G"}},
	})
}

// opened is the pane with a task that something happened to.
func opened(t *testing.T, c *tuitest.Client, task string, size tuitest.Size, th *theme.Theme) (*tuitest.Driver, *Pane) {
	t.Helper()
	d := tuitest.Deps(t, c, th, bindings)
	u := tuitest.Snapshot()
	d.Store.Apply(&u)
	d.Store.Select(task)
	p := New(d)
	drv := tuitest.Drive(t, alone{p}, size)
	drv.Send(pane.Shown{})
	drv.Send(pane.Selected{ID: task})
	drv.Await("the history", func() bool { return p.looked && !p.book.unknown() && has(p.book, c.Past) })
	return drv, p
}

// has reports whether all of a history was read, but for the ends of steps.
func has(b *book, past []api.HistoryEntry) bool {
	n := 0
	for i := range past {
		if k := past[i].Kind; k != api.EventStepDone && k != api.EventStepFailed && k != api.EventOperationFailed {
			n++
		}
	}
	for _, at := range b.blocks {
		if at.event != nil {
			n--
		}
	}
	return n <= 0
}

func ago(d time.Duration) *time.Time {
	at := tuitest.Now().Add(-d)
	return &at
}

// event is an entry of the history, so many seconds ago.
func event(seq int64, task string, seconds int, kind api.EventKind, text string, data any) api.HistoryEntry {
	b, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return api.HistoryEntry{Event: api.Event{Seq: seq, Time: *ago(time.Duration(seconds) * time.Second), Kind: kind, Task: task, Data: b}, Text: text}
}

// provisioning is a task whose set-up is in progress.
func provisioning() *tuitest.Client {
	op := api.Operation{ID: "op1", Task: "perf5", Kind: "create", State: api.OperationRunning, CreatedAt: *ago(40 * time.Second), UpdatedAt: *ago(time.Second), Steps: []api.Step{
		{Name: "branch", State: api.StepDone, Detail: "feat/perf5 from main", StartedAt: ago(40 * time.Second), EndedAt: ago(39800 * time.Millisecond)},
		{Name: "sandbox", State: api.StepDone, Detail: "/work/perf5", StartedAt: ago(39 * time.Second), EndedAt: ago(36 * time.Second)},
		{Name: "setup", State: api.StepStarted, Detail: "added 312 packages", StartedAt: ago(36 * time.Second), Log: setupLog(14)},
		{Name: "agent", State: api.StepPending},
		{Name: "prompt", State: api.StepPending},
	}}
	return &tuitest.Client{
		Past: []api.HistoryEntry{
			event(1, "perf5", 40, api.EventTaskCreated, "task created: Make the list fast", nil),
			event(2, "perf5", 39, api.EventStepDone, "create: step branch done", api.StepEvent{Operation: "op1", Kind: "create", Step: "branch", Detail: "feat/perf5 from main"}),
			event(3, "perf5", 36, api.EventStepDone, "create: step sandbox done", api.StepEvent{Operation: "op1", Kind: "create", Step: "sandbox", Detail: "/work/perf5"}),
		},
		Details: map[string]api.TaskDetail{"perf5": {Operation: &op}},
	}
}

// setupLog is the output of a set-up command, with what programs do to a
// terminal.
func setupLog(n int) string {
	var b strings.Builder
	b.WriteString("$ npm ci\n")
	for i := range n {
		fmt.Fprintf(&b, "npm http fetch \x1b[32mGET\x1b[0m 200 package-%d 日本 \u202edone\n", i+1)
	}
	b.WriteString("[##        ] 20%\r[##########] 100%\nadded 312 packages\n")
	return b.String()
}

// failed is a task whose set-up failed, was tried again, and failed again.
func failed() *tuitest.Client {
	problem := &api.Error{Code: api.CodeSetup, Message: `setup command "npm ci" ended with exit code 1`, Hint: "Mend it in /work/flak6, then `hf retry flak6` goes on with this command."}
	step := api.StepEvent{Operation: "op1", Kind: "create", Step: "setup", Detail: "1/1 npm ci", Error: problem, Log: "npm ERR! network timeout"}
	op := api.Operation{ID: "op1", Task: "flak6", Kind: "create", State: api.OperationFailed, Error: problem, CreatedAt: *ago(90 * time.Second), UpdatedAt: *ago(10 * time.Second), Steps: []api.Step{
		{Name: "branch", State: api.StepDone, Detail: "feat/flak6 from main", StartedAt: ago(90 * time.Second), EndedAt: ago(89900 * time.Millisecond)},
		{Name: "setup", State: api.StepFailed, Detail: "1/1 npm ci", StartedAt: ago(30 * time.Second), EndedAt: ago(10 * time.Second), Log: "npm ERR! code E404\nnpm ERR! 404 Not Found: left-pad@9.9.9"},
		{Name: "agent", State: api.StepPending},
	}}
	return &tuitest.Client{
		Past: []api.HistoryEntry{
			event(1, "flak6", 3600*20, api.EventTaskCreated, "task created: Mend the flaky test", nil),
			event(2, "flak6", 89, api.EventStepDone, "create: step branch done", api.StepEvent{Operation: "op1", Kind: "create", Step: "branch", Detail: "feat/flak6 from main"}),
			event(3, "flak6", 60, api.EventStepFailed, "create: step setup failed", step),
			event(4, "flak6", 60, api.EventOperationFailed, "create failed", api.Operation{ID: "op1", Kind: "create", State: api.OperationFailed, Error: problem}),
			event(5, "flak6", 10, api.EventStepFailed, "create: step setup failed", step),
			event(6, "flak6", 10, api.EventOperationFailed, "create failed", api.Operation{ID: "op1", Kind: "create", State: api.OperationFailed, Error: problem}),
			event(7, "flak6", 10, api.EventTaskChanged, "now error (setup: exit status 1)", api.TaskChange{Status: api.StatusError}),
		},
		Details: map[string]api.TaskDetail{"flak6": {Operation: &op}},
	}
}

// long is a task that much happened to.
func long() *tuitest.Client {
	c := &tuitest.Client{}
	add := func(seconds int, kind api.EventKind, text string, data any) {
		c.Past = append(c.Past, event(int64(len(c.Past)+1), "form2", seconds, kind, text, data))
	}
	for i := 20; i > 0; i-- {
		at := i * 4000
		add(at, api.EventTurnStarted, "turn began: Make the forms work with 日本語, and test what happens to a name that is longer than anything on this screen", nil)
		add(at-10, api.EventPermissionAsked, "agent asks (p1): rm -rf build", nil)
		add(at-20, api.EventPermissionResolved, "allowed by you (p1): rm -rf build", nil)
		add(at-50, api.EventCheckEnded, "check failed (exit 1): go test ./...", api.CheckResult{ExitCode: 1})
		add(at-60, api.EventTurnEnded, "turn ended", api.TurnResult{StopReason: api.StopEndTurn})
		add(at-70, api.EventPushed, "pushed feat/form2", nil)
		add(at-80, api.EventWarning, "warning: \x1b]0;title\x07the disk is \u202enearly full", nil)
	}
	return c
}

func plain() *theme.Theme { return tuitest.Looks()[1].Theme }

func TestGolden(t *testing.T) {
	for name, tt := range map[string]struct {
		client *tuitest.Client
		task   string
	}{
		"provisioning": {provisioning(), "perf5"},
		"failed":       {failed(), "flak6"},
		"long":         {long(), "form2"},
		"empty":        {&tuitest.Client{}, "docs4"},
	} {
		tuitest.Each(t, name, func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
			drv, _ := opened(t, tt.client, tt.task, size, th)
			tuitest.Golden(t, golden, drv.Lines(), size)
		})
	}
}

// changes is what panes are told when a step moved.
func changes(op *api.Operation) model.Changed {
	return model.Changed{Tasks: map[string]bool{}, Events: []api.Event{{Kind: api.EventStepProgress, Task: op.Task}}}
}

// The log of a step is followed while it grows, and folded when it is done.
func TestLogIsFollowed(t *testing.T) {
	c := provisioning()
	drv, p := opened(t, c, "perf5", tuitest.Size{W: 80, H: 30}, plain())
	drv.Until("added 312 packages")
	op := *c.Details["perf5"].Operation
	op.Steps = append([]api.Step(nil), op.Steps...)
	op.Steps[2].Log += "found 0 vulnerabilities\n"
	c.SetDetail("perf5", api.TaskDetail{Operation: &op})
	drv.Send(changes(&op))
	drv.Until("│ found 0 vulnerabilities")
	if !p.atEnd() {
		t.Error("the end is not followed")
	}
	if strings.Contains(drv.Screen(), "package-3 ") {
		t.Errorf("more than the end of the log is seen:\n%s", drv.Screen())
	}

	done := op
	done.Steps = append([]api.Step(nil), op.Steps...)
	done.Steps[2].State, done.Steps[2].EndedAt = api.StepDone, ago(0)
	done.Steps[3].State, done.Steps[3].StartedAt = api.StepStarted, ago(0)
	c.SetDetail("perf5", api.TaskDetail{Operation: &done})
	drv.Send(changes(&done))
	drv.Until("▸ ✓ setup")
	for range 2 {
		drv.Send(widget.Move(-1))
	}
	drv.Send(Toggle{})
	drv.Until("package-3 ")
	drv.Send(Toggle{})
	if strings.Contains(drv.Screen(), "package-3 ") {
		t.Errorf("it is not folded:\n%s", drv.Screen())
	}
	drv.Send(All{})
	drv.Until("package-3 ")
	drv.Send(All{})
	if p.list.Selected() != "oop1/1/setup" {
		t.Errorf("the cursor is on %s", p.list.Selected())
	}
}

// What comes to the end does not move who reads above it, also not over a look
// at another task.
func TestReaderIsNotMoved(t *testing.T) {
	c := long()
	drv, p := opened(t, c, "form2", tuitest.Size{W: 80, H: 10}, plain())
	drv.Send(widget.Page(-3))
	drv.Until("↓ G")
	was := drv.Screen()
	e := event(9000, "form2", 0, api.EventPushed, "pushed again", nil)
	drv.Send(arrived{p.batch, []api.HistoryEntry{e}, true})
	if got := drv.Screen(); got != was {
		t.Errorf("was\n%s\nis\n%s", was, got)
	}
	line := p.list.Selected()
	drv.Send(pane.Selected{ID: "docs4"})
	drv.Until("nothing has happened yet")
	drv.Send(pane.Selected{ID: "form2"})
	drv.Await("the history", func() bool { return has(p.book, c.Past) })
	drv.Until("↓ G")
	if p.list.Selected() != line {
		t.Errorf("back on %s, not on %s", p.list.Selected(), line)
	}
	drv.Send(widget.End{})
	drv.Until("nearly full")
}

// Every try at an operation has its own place, and is not taken for another one
// when hfd is asked before the history was read.
func TestTries(t *testing.T) {
	c := failed()
	op := c.Details["flak6"].Operation
	for name, know := range map[string][]int{"first": {0}, "last": {len(c.Past)}, "always": {0, 1, 2, 3, 4, 5, 6, 7}} {
		b := newBook()
		for i := range len(c.Past) + 1 {
			for _, at := range know {
				if at == i {
					b.know(op)
				}
			}
			if i < len(c.Past) {
				b.add(&c.Past[i])
			}
		}
		w := b.latest["op1"].work
		if w.state != api.OperationFailed || len(w.steps) != 3 || b.unknown() {
			t.Errorf("%s: the last try is %+v", name, w)
		}
	}
}

// Whatever is said in a log or an event stays in its lines.
func TestHostileText(t *testing.T) {
	c := failed()
	op := c.Details["flak6"].Operation
	op.Steps[1].Log = strings.Repeat("x", 1<<20) + "\x1b[2J\x1b]52;c;AAAA\x07\n\xff\xfe\u202e" + strings.Repeat("\n", 20) + "\tend"
	op.Steps[1].Name = "set\x1b[31mup\nfake"
	c.Past = append(c.Past, event(8, "flak6", 1, api.EventWarning, strings.Repeat("日本\x1b[2J\n", 1<<18), nil))
	drv, p := opened(t, c, "flak6", tuitest.Size{W: 80, H: 24}, plain())
	drv.Until("日本")
	drv.Send(widget.Home{})
	for range 60 {
		for _, l := range drv.Lines() {
			if widget.Width(l) > 80 || strings.ContainsAny(l, "\x07\u202e") || !utf8.ValidString(l) || strings.Contains(l, "\x1b[2J") {
				t.Fatalf("drawn: %q", l)
			}
		}
		drv.Send(widget.Page(1))
	}
	if n := len(p.lines); n > 3000 {
		t.Errorf("%d lines are kept", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	c := long()
	d := tuitest.Deps(b, c, tuitest.Looks()[0].Theme, bindings)
	p := New(d)
	p.task = "form2"
	p.Resize(120, 40)
	for i := range c.Past {
		p.book.add(&c.Past[i])
	}
	p.stale = true
	for b.Loop() {
		p.View(true)
	}
}
