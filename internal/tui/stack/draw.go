package stack

import (
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// The widths from which a row shows more, in columns.
const (
	withWords   = 60 // words for what is not well, in place of signs
	withCommits = 50
)

// The heights from which more than the tree is shown, in lines.
const (
	withDetail = 12
	withWays   = 8
)

// drawn is the lines of the pane, and what they were drawn from.
type drawn struct {
	lines []string
	of    state
}

type state struct {
	width, height, trees, store, index, top int
	task                                    string
	focus                                   bool
}

func (p *Pane) state(focus bool) state {
	top, _ := p.list.Visible()
	return state{p.width, p.height, p.trees, p.d.Store.Version(), p.list.Index(), top, p.task, focus}
}

// View draws the pane, or has it drawn.
func (p *Pane) View(focus bool) []string {
	if p.repo == "" || p.height <= 0 {
		return nil
	}
	if p.drawn.lines == nil || p.drawn.of != p.state(focus) {
		p.drawn.lines = p.draw(focus)
		p.drawn.of = p.state(focus)
	}
	return p.drawn.lines
}

func (p *Pane) draw(focus bool) []string {
	f := p.forest()
	if len(p.rows) == 0 {
		return p.nothing(f)
	}
	above, below := p.stopped(), p.detail(f)
	p.list.Resize(p.height - len(above) - len(below))
	lines := make([]string, 0, p.height)
	lines = append(lines, above...)
	from, to := p.list.Visible()
	for i := from; i < to; i++ {
		lines = append(lines, p.row(i, focus))
	}
	for len(lines) < p.height-len(below) {
		lines = append(lines, "")
	}
	lines = append(lines[:max(p.height-len(below), 0)], below...)
	return lines[:min(len(lines), p.height)]
}

// nothing says why there is no tree, and how there is one.
func (p *Pane) nothing(f *forest) []string {
	t := p.d.Theme
	switch {
	case f.err != nil:
		out := []string{""}
		for _, l := range widget.Wrap("The branches are not known: "+widget.Name(command.Failed{Err: f.err}.Text()), max(p.width-2, 1)) {
			out = append(out, " "+t.Bad.Render(l))
		}
		return out
	case !f.known:
		return nil // it comes in a moment
	}
	out := []string{"", " " + t.Bold.Render("There are no stacks in "+widget.Name(p.repo)+"."), ""}
	if k := p.d.Keys.Hint("create.on"); k != "" {
		out = append(out, "  "+t.Key.Render(k)+" begins one on top of this task")
	}
	return out
}

// stopped says which rebases wait for somebody, and what can be done.
func (p *Pane) stopped() []string {
	t := p.d.Theme
	var out []string
	for _, task := range p.stoppedTasks() {
		r := task.Rebase
		s := widget.Name(task.Branch)
		if r.Base != "" {
			s += " onto " + widget.Name(r.Base)
		}
		s += " stopped"
		if len(r.Files) > 0 {
			s += " on " + files(r.Files)
		}
		wrapped := widget.Wrap(s, max(p.width-3, 1))
		for i, l := range wrapped[:min(len(wrapped), 2)] {
			head := "   "
			if i == 0 {
				head = " " + t.Bad.Render(t.Sign.Failed) + " "
			}
			out = append(out, head+t.Bad.Render(l))
		}
	}
	if len(out) == 0 {
		return nil
	}
	if most := max(p.height/2, 1); len(out) > most {
		out = out[:most]
	}
	if p.height >= withWays {
		out = append(out, p.ways())
	}
	return append(out, t.Border.Render(strings.Repeat(t.Sign.Line, p.width)))
}

// ways are the keys that lead on from a conflict.
func (p *Pane) ways() string {
	t := p.d.Theme
	var parts []string
	ways := [][2]string{{"stack.continue", "go on"}, {"stack.abort", "put all back"}, {"stack.resolve", "let the agent"}}
	if task := p.d.Store.Task(p.task); task != nil && task.Rebase != nil { // these are for the selected task
		ways = append(ways, [2]string{"shell", "shell"}, [2]string{"editor", "editor"})
	}
	for _, w := range ways {
		if k := p.d.Keys.Hint(w[0]); k != "" {
			parts = append(parts, t.Key.Render(k)+" "+w[1])
		}
	}
	return "   " + widget.Cut(strings.Join(parts, "  "), p.width-3, t.Sign.Ellipsis)
}

// mostFiles is how many files of a conflict are named.
const mostFiles = 3

func files(list []string) string {
	names := make([]string, 0, mostFiles+1)
	for _, f := range list[:min(len(list), mostFiles)] {
		names = append(names, widget.Name(f))
	}
	if more := len(list) - len(names); more > 0 {
		names = append(names, render.Count(more, "more file"))
	}
	return strings.Join(names, ", ")
}

// row draws one row.
func (p *Pane) row(i int, focus bool) string {
	t, r := p.d.Theme, &p.rows[i]
	if r.b == nil {
		return " " + widget.Cut(t.Bold.Render(widget.Name(r.base)), p.width-1, t.Sign.Ellipsis)
	}
	cursor := " "
	if r.b.Task == p.task && p.task != "" {
		cursor = t.Accent.Render(t.Sign.Cursor)
	}
	left := cursor + t.Border.Render(p.branches(r)) + p.sign(r.b) + " "
	right := p.right(r.b)
	room := p.width - widget.Width(left) - widget.Width(right)
	line := widget.Fit(left+widget.Fit(p.name(r.b, room), room, t.Sign.Ellipsis)+right, p.width, t.Sign.Ellipsis)
	switch {
	case i != p.list.Index():
		return line
	case focus:
		return t.Selected.Over(line)
	}
	return t.SelectedAway.Over(line)
}

// branches is the tree to the left of a branch.
func (p *Pane) branches(r *row) string {
	g := &p.d.Theme.Sign
	var b strings.Builder
	for _, last := range r.last[:r.b.Depth] {
		if last {
			b.WriteString("  ")
		} else {
			b.WriteString(g.TreePass)
		}
	}
	if r.last[r.b.Depth] {
		b.WriteString(g.TreeLast)
	} else {
		b.WriteString(g.Tree)
	}
	return b.String()
}

// sign is how the task of a branch is.
func (p *Pane) sign(b *api.StackBranch) string {
	t := p.d.Theme
	if b.Task == "" {
		return t.Dim.Render(t.Sign.Gone)
	}
	s := p.status(b)
	return t.StatusStyle(s).Render(t.Sign.Status(s))
}

// status is that of the task now: the tree was read a moment ago.
func (p *Pane) status(b *api.StackBranch) api.Status {
	if task := p.d.Store.Task(b.Task); task != nil {
		return task.Status
	}
	return b.Status
}

// name is the branch, with the title of its task where there is room.
func (p *Pane) name(b *api.StackBranch, room int) string {
	t := p.d.Theme
	name := widget.Name(b.Name)
	left := room - widget.Width(name) - 3
	if b.Task == p.task && p.task != "" {
		name = t.Bold.Render(name)
	}
	title := widget.Name(b.Title)
	if task := p.d.Store.Task(b.Task); task != nil {
		title = widget.Name(task.Title)
	}
	if title == "" || left < 8 {
		return name
	}
	return name + "  " + t.Dim.Render(widget.Cut(title, left, t.Sign.Ellipsis))
}

// right is what stands at the right of a branch: what fits of it.
func (p *Pane) right(b *api.StackBranch) string {
	t := p.d.Theme
	var parts []string
	if s := p.commits(b); s != "" && p.width >= withCommits {
		parts = append(parts, s)
	}
	if s, style := p.trouble(b); s != "" {
		parts = append(parts, style.Render(s))
	}
	if pull, ok := b.PullRequest.Get(); ok && pull.State != api.PullRequestNone {
		parts = append(parts, t.Pull(&pull))
	}
	if len(parts) == 0 {
		return ""
	}
	return "  " + strings.Join(parts, "  ") + " "
}

func (p *Pane) commits(b *api.StackBranch) string {
	t := p.d.Theme
	var parts []string
	if b.Ahead != nil && *b.Ahead > 0 {
		parts = append(parts, t.Sign.Ahead+strconv.Itoa(*b.Ahead))
	}
	if b.Behind != nil && *b.Behind > 0 {
		parts = append(parts, t.Sign.More+strconv.Itoa(*b.Behind))
	}
	return t.Dim.Render(strings.Join(parts, " "))
}

// trouble is what is not well with a branch: the worst of it.
func (p *Pane) trouble(b *api.StackBranch) (string, theme.Style) {
	t := p.d.Theme
	words := p.width >= withWords
	if task := p.d.Store.Task(b.Task); task != nil && task.Rebase != nil {
		return "stopped", t.Bad
	}
	switch {
	case len(b.Conflicts) > 0 && words:
		return "conflicts with " + widget.Cut(widget.Name(b.Conflicts[0].With), 20, t.Sign.Ellipsis), t.Bad
	case len(b.Conflicts) > 0:
		return "conflict", t.Bad
	case b.NeedsRestack != nil && *b.NeedsRestack && words:
		return "needs restack", t.Warn
	case b.NeedsRestack != nil && *b.NeedsRestack:
		return "restack", t.Warn
	}
	return "", t.Text
}

// detail says more of the branch that the cursor is on.
func (p *Pane) detail(f *forest) []string {
	t, r := p.d.Theme, p.under()
	if r == nil || p.height < withDetail {
		return nil
	}
	b := r.b
	facts := []string{t.Bold.Render(widget.Name(b.Name)) + " on " + widget.Name(b.Base)}
	if b.Ahead != nil && b.Behind != nil {
		facts = append(facts, strconv.Itoa(*b.Ahead)+" ahead, "+strconv.Itoa(*b.Behind)+" behind")
	}
	if b.Unpushed != nil && *b.Unpushed > 0 {
		facts = append(facts, strconv.Itoa(*b.Unpushed)+" not pushed")
	}
	if b.NeedsRestack != nil && *b.NeedsRestack {
		facts = append(facts, t.Warn.Render("needs restack"))
	}
	for _, c := range render.Conflicts(b.Conflicts) {
		facts = append(facts, t.Bad.Render("conflicts "+c))
	}
	switch task := p.d.Store.Task(b.Task); {
	case b.Task == "":
		facts = append(facts, t.Dim.Render("of no task"))
	case task != nil:
		facts = append(facts, t.StatusStyle(task.Status).Render(render.Status(task)))
	}
	if !b.Tracked && f.stack.GitSpice != nil {
		facts = append(facts, t.Dim.Render("in no stack of git-spice"))
	}
	lines := widget.Wrap(strings.Join(facts, t.Dim.Render(" "+t.Sign.Gone+" ")), max(p.width-2, 1))
	out := []string{t.Border.Render(strings.Repeat(t.Sign.Line, p.width))}
	for _, l := range lines[:min(len(lines), 3)] {
		out = append(out, " "+l)
	}
	if f.err != nil {
		out = append(out, " "+t.Bad.Render(widget.Cut("this is old: "+widget.Name(command.Failed{Err: f.err}.Text()), p.width-2, t.Sign.Ellipsis)))
	}
	return out
}
