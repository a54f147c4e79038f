package pull

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// Merge is the dialog in which a task's branch is merged.
type Merge struct {
	d     *pane.Deps
	task  string
	pull  *api.PullRequest // nil = not known, or there is none
	in    api.MergeTask
	asked asked
	wrong string
}

// The messages of its commands.
type (
	facts struct {
		task string
		pull api.PullRequest
		err  error
	}
	merging struct {
		task string
		a    api.Accepted
		err  error
	}
)

// NewMerge returns the dialog for a task, and the command that asks how its pull
// request stands.
func NewMerge(d *pane.Deps, t *api.Task) (*Merge, tea.Cmd) {
	m := &Merge{d: d, task: t.ID}
	if !m.hasPull(t) {
		return m, nil
	}
	ctx, c, id := d.Ctx, d.Client, t.ID
	return m, func() tea.Msg {
		p, err := c.PullRequest(ctx, id)
		return facts{id, p, err}
	}
}

func (m *Merge) hasPull(t *api.Task) bool {
	p, ok := t.Pull.Get()
	return ok && p.State != api.PullRequestNone && p.State != api.PullRequestClosed
}

// Update takes keys and answers.
func (m *Merge) Update(msg tea.Msg) (tea.Cmd, bool) {
	switch msg := msg.(type) {
	case facts:
		if msg.task == m.task && msg.err == nil { // without, the row of the task says enough
			m.pull = &msg.pull
		}
	case merging:
		return m.merging(&msg), false
	case command.Ended:
		return nil, m.ended(&msg)
	case tea.KeyMsg:
		return m.press(msg)
	}
	return nil, false
}

func (m *Merge) merging(msg *merging) tea.Cmd {
	if msg.task != m.task {
		return nil
	}
	if msg.err != nil {
		m.asked, m.wrong = asked{}, command.Failed{Err: msg.err}.Text()
		return nil
	}
	return m.asked.follow("merge "+widget.Name(msg.a.Task.Title), "land", &msg.a)
}

// ended closes the dialog when it is merged. Why it is not is shown, with the
// ways to merge it all the same.
func (m *Merge) ended(msg *command.Ended) (done bool) {
	if !m.asked.ended(msg) {
		return false
	}
	m.asked = asked{}
	if msg.Err != nil {
		m.wrong = command.Failed{Err: msg.Err}.Text()
	}
	return msg.Err == nil
}

func (m *Merge) press(msg tea.KeyMsg) (tea.Cmd, bool) {
	switch msg.String() {
	case "esc", "n", "q", "ctrl+c":
		return nil, true
	}
	if m.asked.busy {
		return nil, false
	}
	m.wrong = "" // it was seen
	switch msg.String() {
	case "y", "enter":
		return m.merge(), false
	case "s":
		m.choose(api.MergeSquash)
	case "r":
		m.choose(api.MergeRebase)
	case "m":
		m.choose(api.MergeCommit)
	case "a":
		t := m.d.Store.Task(m.task)
		m.in.Auto = t != nil && m.hasPull(t) && !m.in.Auto
	case "w":
		m.in.Anyway = !m.in.Anyway
	case "k":
		m.in.Keep = !m.in.Keep
	}
	return nil, false
}

// choose takes a way to merge, or the configured one when it is taken already.
func (m *Merge) choose(way api.MergeMethod) {
	if m.in.Method == way {
		way = ""
	}
	m.in.Method = way
}

func (m *Merge) merge() tea.Cmd {
	m.asked.busy = true
	ctx, c, vars, task, in := m.d.Ctx, m.d.Client, m.d.Vars, m.task, m.in
	return func() tea.Msg {
		env, err := vars(ctx)
		if err != nil {
			return merging{task: task, err: err}
		}
		in.Env = env
		a, err := c.Merge(ctx, task, in)
		return merging{task, a, err}
	}
}

// View draws it.
func (m *Merge) View(width, height int) []string {
	t, w := m.d.Theme, min(width, 74)
	task := m.d.Store.Task(m.task)
	if task == nil {
		return widget.Box(t, "merge", []string{" the task is gone"}, w, true)
	}
	head := m.head(task)
	var text []string
	for _, l := range append(m.obstacles(task), m.after(task), "") {
		text = append(text, widget.Wrap(l, w-4)...)
	}
	choices := m.choices(task, w)
	room := max(height-2-len(head)-len(choices), 0)
	lines := append(head, text[:min(len(text), room)]...)
	lines = append(lines, choices...)
	for i := range lines {
		lines[i] = " " + widget.Cut(lines[i], w-3, t.Sign.Ellipsis)
	}
	return widget.Box(t, "merge?", lines[max(len(lines)-max(height-2, 1), 0):], w, true)
}

func (m *Merge) head(task *api.Task) []string {
	t := m.d.Theme
	base := task.Base
	if m.pull != nil {
		base = m.pull.Base
	}
	line := widget.Name(task.Branch) + " into " + widget.Name(base)
	if p, ok := task.Pull.Get(); ok && m.hasPull(task) {
		line = t.Pull(&p) + "  " + line
	}
	return []string{t.Bold.Render(widget.Name(task.Title)), line}
}

// obstacles are what hfd refuses to merge, as far as that is known here.
func (m *Merge) obstacles(task *api.Task) []string {
	t := m.d.Theme
	var out []string
	bad := func(s string) { out = append(out, t.Bad.Render(t.Sign.Failed)+" "+s) }
	if task.Rebase != nil {
		bad("its rebase waits for a conflict to be resolved")
	}
	if n := task.Unpushed; n != nil && *n > 0 && m.hasPull(task) {
		bad(render.Count(*n, "commit") + " not pushed: " + m.d.Keys.Hint("push") + " pushes")
	}
	if task.TurnStart != nil {
		out = append(out, t.Warn.Render(t.Sign.Pending)+" its agent is at work: the end of the turn is waited for")
	}
	if m.hasPull(task) {
		return append(out, m.pullObstacles(task)...)
	}
	for _, c := range render.Conflicts(task.Conflicts) {
		bad("conflicts " + c)
	}
	return out
}

// pullObstacles are those of the pull request.
func (m *Merge) pullObstacles(task *api.Task) (out []string) {
	t := m.d.Theme
	bad := func(s string) { out = append(out, t.Bad.Render(t.Sign.Failed)+" "+s) }
	wait := func(s string) { out = append(out, t.Warn.Render(t.Sign.Pending)+" "+s) }
	p, _ := task.Pull.Get()
	failing := ""
	if m.pull != nil {
		p = m.pull.PullRequestSummary
		names := m.pull.Failing()
		for i := range names {
			names[i] = widget.Name(names[i])
		}
		if failing = strings.Join(names, ", "); failing != "" {
			failing = ": " + failing
		}
		if m.pull.Mergeable != nil && !*m.pull.Mergeable {
			bad("it conflicts with " + widget.Name(m.pull.Base))
		}
		if below := m.below(task); below != nil {
			bad(widget.Name(below.Branch) + " is to be merged first: " + widget.Name(below.Title))
		}
	}
	if p.State == api.PullRequestDraft {
		bad("it is a draft")
	}
	switch p.Checks {
	case api.ChecksFail:
		bad("checks fail" + failing)
	case api.ChecksPending:
		wait("checks are not done")
	case api.ChecksPass, api.ChecksNone:
	}
	switch p.Review {
	case api.ReviewChangesRequested:
		bad("reviewers want changes")
	case api.ReviewPending:
		wait("no review yet")
	case api.ReviewApproved, api.ReviewNone:
	}
	return out
}

// below is the task whose branch the pull request would go into, nil for none.
func (m *Merge) below(task *api.Task) *api.Task {
	for _, other := range m.d.Store.Tasks() {
		if other.ID != task.ID && other.Repo == task.Repo && other.Branch == m.pull.Base {
			return other
		}
	}
	return nil
}

// after says what else becomes of it.
func (m *Merge) after(task *api.Task) string {
	var parts []string
	if !m.hasPull(task) {
		parts = append(parts, "There is no pull request: the branch is merged here, into the local "+widget.Name(task.Base)+".")
	}
	if m.in.Auto {
		parts = append(parts, "The forge merges it when all that it needs is there.")
	}
	switch n := len(m.d.Store.Children(task.ID)); n {
	case 0:
	case 1:
		parts = append(parts, "The task on top of it moves to its base.")
	default:
		parts = append(parts, render.Count(n, "task")+" on top of it move to its base.")
	}
	if m.in.Keep {
		parts = append(parts, "The task stays as it is.")
	} else {
		parts = append(parts, "The task is archived then.")
	}
	return m.d.Theme.Dim.Render(strings.Join(parts, " "))
}

// choices are the ways to merge, and the keys.
func (m *Merge) choices(task *api.Task, w int) []string {
	t := m.d.Theme
	option := func(key, name string, on bool) string {
		mark := " "
		if on {
			mark = t.Good.Render(t.Sign.Mark)
		}
		return t.Key.Render(key) + " [" + mark + "] " + name
	}
	ways := []string{
		option("s", "squash", m.in.Method == api.MergeSquash), option("r", "rebase", m.in.Method == api.MergeRebase), option("m", "merge commit", m.in.Method == api.MergeCommit),
	}
	if m.in.Method == "" {
		ways = append(ways, t.Dim.Render("(as configured)"))
	}
	var more []string
	if m.hasPull(task) {
		more = append(more, option("a", "auto", m.in.Auto))
	}
	more = append(more, option("w", "anyway", m.in.Anyway), option("k", "keep the task", m.in.Keep))
	out := []string{strings.Join(ways, "  "), strings.Join(more, "  ")}
	for _, l := range widget.Wrap(widget.CleanLine(cut(m.wrong)), w-4) {
		if l != "" {
			out = append(out, t.Bad.Render(l))
		}
	}
	if m.asked.busy {
		return append(out, m.asked.waits(m.d))
	}
	return append(out, t.Key.Render("y")+" merge  "+t.Key.Render("esc")+" no")
}
