package tui

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/launcher"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// View draws the screen as one text.
func (a *app) View() string {
	lines, _ := a.Lines()
	return strings.Join(lines, "\n")
}

// Lines draws the screen.
func (a *app) Lines() (lines []string, width int) {
	defer a.failure.guardView(&lines)
	if a.width <= 0 || a.height <= 0 {
		return nil, 0
	}
	lines = a.frame()
	for _, d := range a.dialogs {
		box := d.View(a.width, a.height)
		if len(box) == 0 {
			continue
		}
		w := widget.Width(box[0])
		lines = widget.Over(lines, box, max((a.width-w)/2, 0), max((a.height-len(box))/2, 0))
	}
	return lines, a.width
}

// frame draws everything but dialogs.
func (a *app) frame() []string {
	l := &a.layout
	lines := make([]string, 0, a.height)
	lines = append(lines, widget.Fit(a.header(), a.width, ""))
	var list, right []string
	if l.list.h > 0 {
		list = widget.Block(a.panes[0].View(a.focus == 0), l.list.w, l.list.h)
	}
	if l.tabs.h > 0 {
		right = append(right, a.facts(l.facts.w, l.facts.h)...)
		right = append(right, widget.Fit(a.tabs(), l.tabs.w, ""))
		right = append(right, widget.Block(a.panes[a.view].View(a.focus == a.view), l.view.w, l.view.h)...)
	}
	if l.split > 0 {
		bar := a.deps.Theme.Border.Render(a.deps.Theme.Sign.Bar)
		for i := range list {
			lines = append(lines, list[i]+bar+right[i])
		}
	} else {
		lines = append(append(lines, list...), right...)
	}
	for len(lines) < a.height-1 {
		lines = append(lines, widget.Spaces(a.width))
	}
	return append(lines[:max(a.height-1, 0)], widget.Fit(a.footer(), a.width, a.deps.Theme.Sign.Ellipsis))
}

// header says how all the tasks are, and whether hfd is there.
func (a *app) header() string {
	t, s := a.deps.Theme, a.deps.Store
	parts := []string{t.Title.Render("hf")}
	if a.deps.Workspace != "" {
		parts = append(parts, t.Bold.Render(widget.CleanLine(a.deps.Workspace)))
	}
	switch c := s.Conn(); {
	case !s.Loaded() || c.Up:
	case launcher.IsNotRunning(c.Err):
		parts = append(parts, t.Warn.Render("hfd was stopped; the next action starts it"))
	default:
		parts = append(parts, t.Warn.Render("reconnecting"+t.Sign.Ellipsis))
	}
	counts := s.Counts()
	for _, st := range []api.Status{api.StatusWaiting, api.StatusError, api.StatusRunning, api.StatusProvisioning, api.StatusQueued, api.StatusIdle} {
		if n := counts[st]; n > 0 {
			parts = append(parts, t.StatusStyle(st).Render(fmt.Sprintf("%s %d %s", t.Sign.Status(st), n, st)))
		}
	}
	return " " + strings.Join(parts, "  ")
}

// facts says what the selected task is.
func (a *app) facts(width, height int) []string {
	if height <= 0 {
		return nil
	}
	t := a.deps.Theme
	task := a.deps.Store.Selected()
	if task == nil {
		return widget.Block(nil, width, height)
	}
	status := t.StatusStyle(task.Status).Render(t.Sign.Status(task.Status) + " " + widget.CleanLine(render.Status(task)))
	if height == 1 {
		return widget.Block([]string{" " + t.Bold.Render(widget.Cut(widget.CleanLine(task.Title), width/2, t.Sign.Ellipsis)) + "  " + status}, width, 1)
	}
	more := []string{status, task.Agent}
	if task.Branch != "" {
		more = append(more, widget.CleanLine(task.Branch))
	}
	if d := render.Diff(task.Diff); d != "" {
		more = append(more, t.Diff(task.Diff.Added, task.Diff.Removed))
	}
	if p, ok := task.Pull.Get(); ok {
		more = append(more, t.Pull(&p))
	}
	more = append(more, t.Dim.Render(task.ID))
	return widget.Block([]string{
		" " + t.Bold.Render(widget.CleanLine(task.Title)),
		" " + strings.Join(more, t.Dim.Render(" · ")),
	}, width, height)
}

// tabs names the views of the selected task.
func (a *app) tabs() string {
	t := a.deps.Theme
	var b strings.Builder
	for i, p := range a.panes[1:] {
		name := " " + p.Title() + " "
		switch {
		case i+1 == a.view && a.focus == a.view:
			name = t.Selected.Over(t.Title.Render(name))
		case i+1 == a.view:
			name = t.SelectedAway.Over(t.Title.Render(name))
		default:
			name = t.Dim.Render(name)
		}
		b.WriteString(name)
	}
	line := b.String()
	rest := a.layout.tabs.w - widget.Width(line)
	return line + t.Border.Render(strings.Repeat(t.Sign.Line, max(rest, 0)))
}

// tabAt is the view whose tab is in a column, 0 for none.
func (a *app) tabAt(x int) int {
	at := a.layout.tabs.x
	for i, p := range a.panes[1:] {
		at += widget.Width(p.Title()) + 2
		if x < at {
			return i + 1
		}
	}
	return 0
}

// footer shows what became of the last action, or what can be done here.
func (a *app) footer() string {
	t := a.deps.Theme
	if a.toast.text != "" && a.deps.Now().Before(a.toast.till) {
		style := t.Good
		if a.toast.bad {
			style = t.Bad
		}
		return " " + style.Render(widget.CleanLine(first(a.toast.text)))
	}
	if c := a.deps.Store.Conn(); !c.Up && c.Err != nil && !a.deps.Store.Loaded() {
		return " " + t.Bad.Render(widget.CleanLine(c.Err.Error()))
	}
	var parts []string
	for _, name := range a.hints() {
		if k := a.deps.Keys.Hint(name); k != "" {
			parts = append(parts, t.Key.Render(k)+" "+t.Dim.Render(hintOf(name)))
		}
	}
	return " " + strings.Join(parts, "  ")
}

// hints are the actions that are named in the footer.
func (a *app) hints() []string {
	if a.typing() {
		return []string{"input.send", "input.newline", "input.editor", "input.leave"}
	}
	task := a.deps.Store.Selected()
	asked := task != nil && len(a.deps.Store.Permissions(task.ID)) > 0
	if asked && a.focused().Place() == keys.Diff {
		return []string{"approve", "deny", "diff.select", "diff.comment", "diff.send", "palette", "help"}
	}
	if asked {
		return []string{"approve", "always", "deny", "message", "interrupt", "palette", "help"}
	}
	switch a.focused().Place() { //nolint:exhaustive // the others have no keys that matter more than those below
	case keys.List:
		return []string{"create", "message", "attach", "filter", "view.next", "palette", "help", "quit"}
	case keys.Diff:
		return []string{"diff.select", "diff.comment", "diff.send", "diff.hunk", "diff.file", "diff.fold", "palette", "help"}
	case keys.Stack:
		return []string{"stack.restack", "stack.onto", "stack.submit", "stack.sync", "stack.undo", "back", "palette", "help"}
	case keys.Events:
		return []string{"events.log", "events.logs", "retry", "back", "view.next", "zoom", "palette", "help"}
	case keys.Checks:
		if task != nil && !hasPull(task) {
			return []string{"pr.create", "checks.refresh", "back", "view.next", "palette", "help"}
		}
		return []string{"checks.open", "fix.ci", "fix.reviews", "merge", "checks.refresh", "back", "palette", "help"}
	}
	return []string{"message", "back", "view.next", "zoom", "palette", "help"}
}

// hasPull reports whether a task is known to have a pull request.
func hasPull(t *api.Task) bool {
	p, ok := t.Pull.Get()
	return ok && p.State != api.PullRequestNone
}

// hintOf is the short form of an action's name: its last word, and what is to be
// mended.
func hintOf(name string) string {
	if what, ok := strings.CutPrefix(name, "fix."); ok {
		return "fix " + what
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[i+1:]
	}
	return name
}
