package tui

import (
	"fmt"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/tasklist"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// tick is how often ages are drawn anew.
	tick = 5 * time.Second
	// toastFor is how long it is shown what became of something.
	toastFor = 6 * time.Second
)

// app is the root: it says which pane gets what. It knows nothing of what panes
// show.
type app struct {
	deps  *pane.Deps
	panes []pane.Pane // the list, then the views of the selected task

	width, height int
	layout        layout
	focus         int // into panes
	view          int // the view that is seen, into panes; never the list
	zoom          bool
	dialogs       []pane.Dialog

	seen    string // the selected task the panes were told of
	toast   toast
	typeTo  bool                      // letters filter the list, and do nothing else there
	follows map[string]command.Follow // operations that were begun here, by id
	style   *look
	size    func() (width, height int, err error) // of the terminal
	failure *failure
	begin   string // the task to show at first
	notify  notifier
	pick    bool // a task is to be chosen, for hf switch
	picked  string
	titled  string // what the terminal's window was called last

	open  func(workspace string, feed int) command.Client // begins to follow it
	feed  int                                             // the one that is followed
	lefts map[string]string                               // the tasks that were selected, by workspace

	wrongDrafts string // what was said last of drafts that cannot be kept
}

// toast is a line that is shown for a while.
type toast struct {
	text string
	bad  bool
	till time.Time
}

// newApp builds the screen. The list comes first among the panes.
func newApp(deps *pane.Deps, panes []pane.Pane) *app {
	return &app{
		deps: deps, panes: panes, view: 1, failure: &failure{}, lefts: map[string]string{}, follows: map[string]command.Follow{},
		notify: notifier{touched: deps.Now()},
	}
}

// Init begins the ticking.
func (a *app) Init() tea.Cmd {
	return tea.Batch(ticking(), a.deps.Drafts.Load(), a.panes[a.view].Update(pane.Shown{}))
}

func ticking() tea.Cmd { return tea.Tick(tick, func(time.Time) tea.Msg { return pane.Tick{} }) }

// Update takes a message, and what is posted because of it.
func (a *app) Update(msg tea.Msg) (m tea.Model, cmd tea.Cmd) {
	m = a // also after a panic
	defer a.failure.guard(&cmd)
	cmds := []tea.Cmd{a.route(msg), a.posted()}
	return m, tea.Batch(append(cmds, a.follow(), a.deps.Drafts.Save())...)
}

// posted routes what was posted.
func (a *app) posted() tea.Cmd {
	var cmds []tea.Cmd
	for msgs := a.deps.Posted(); len(msgs) > 0; msgs = a.deps.Posted() {
		for _, msg := range msgs {
			cmds = append(cmds, a.route(msg))
		}
	}
	return tea.Batch(cmds...)
}

// route hands a message to whom it is for.
func (a *app) route(msg tea.Msg) (cmd tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = msg.Width, msg.Height
		a.arrange()
	case tea.KeyMsg:
		cmd = a.typed(msg)
	case tea.MouseMsg:
		cmd = a.mouse(msg)
	case model.Update:
		cmd = a.updated(&msg)
	case pane.Tick:
		cmd = tea.Batch(ticking(), a.tell(msg))
	case command.Done:
		a.show(msg.Text, false)
	case command.Undo:
		a.keep(&msg)
	case command.Failed:
		a.show(msg.Text(), true)
	case command.Follow:
		cmd = a.began(msg)
	case looked:
		cmd = a.ended(msg)
	case pane.Open:
		a.dialogs = append(a.dialogs, msg.Dialog)
	case pane.Focus:
		cmd = a.focusOn(msg.Place)
	case pane.To:
		cmd = a.at(msg.Place).Update(msg.Msg)
	case pane.Run:
		cmd = msg.Do()
	case pane.Act:
		cmd = a.act(msg.Name)
	case pane.Workspace:
		cmd = a.turn(msg)
	case layoutMsg:
		cmd = a.relayout(msg)
	case back:
		cmd = a.back(msg)
	case themeMsg:
		cmd = a.themed(msg)
	case background:
		cmd = a.recolor(msg)
	case draft.Loaded:
		cmd = a.drafts(msg.Err, tea.Batch(a.tell(msg), a.dialog(msg)))
	case draft.Unsaved:
		cmd = a.drafts(msg.Err, nil)
	case unheard:
		a.deps.Screen.Write(a.notify.desktop.sequence(msg.text))
	case tea.FocusMsg, tea.BlurMsg:
		a.notify.focus(msg)
		cmd = a.tell(msg)
	default:
		cmd = tea.Batch(a.tell(msg), a.dialog(msg))
	}
	return cmd
}

// tell hands a message to every pane. A message of one pane's own means nothing
// to the others.
func (a *app) tell(msg tea.Msg) tea.Cmd {
	cmds := make([]tea.Cmd, 0, len(a.panes))
	for _, p := range a.panes {
		cmds = append(cmds, p.Update(msg))
	}
	return tea.Batch(cmds...)
}

// dialog hands a message to the topmost dialog.
func (a *app) dialog(msg tea.Msg) tea.Cmd {
	if len(a.dialogs) == 0 {
		return nil
	}
	top := len(a.dialogs) - 1
	d := a.dialogs[top]
	cmd, done := d.Update(msg)
	if done {
		a.dialogs = append(a.dialogs[:top:top], a.dialogs[top+1:]...)
	}
	return cmd
}

// updated takes in what the feed learned.
func (a *app) updated(u *model.Update) tea.Cmd {
	if u.Feed != a.feed {
		return nil // of a workspace that was left
	}
	changed := a.deps.Store.Apply(u)
	cmd := tea.Batch(a.tell(changed), a.went(u))
	if u.All && a.begin != "" {
		cmd = tea.Batch(cmd, a.start())
	}
	if text := a.notify.look(a.deps.Store, a.deps.Now()); text != "" {
		cmd = tea.Batch(cmd, a.notify.tell(text, a.deps.Screen))
	}
	if title := a.title(); title != a.titled {
		a.titled = title
		a.deps.Screen.Write(ansi.SetWindowTitle(title))
	}
	return cmd
}

// beginAt makes a view the one that is seen at first. With a task to begin with
// it has the focus.
func (a *app) beginAt(view string) error {
	if view == "" {
		return nil
	}
	for i, p := range a.panes[1:] {
		if string(p.Place()) != view {
			continue
		}
		a.view = i + 1
		if a.begin != "" {
			a.focus = a.view
		}
		return nil
	}
	return fmt.Errorf("there is no view %q", view)
}

// start goes where the person wants to begin. What is no task's id may still be
// its beginning, or a branch: hfd knows.
func (a *app) start() tea.Cmd {
	name := a.begin
	a.begin = ""
	if a.deps.Store.Task(name) != nil {
		return a.panes[0].Update(tasklist.Goto{ID: name})
	}
	ctx, c := a.deps.Ctx, a.deps.Client
	return func() tea.Msg {
		t, err := c.Task(ctx, name, false)
		if err != nil {
			return command.Failed{Err: err}
		}
		return pane.To{Place: keys.List, Msg: tasklist.Goto{ID: t.ID}}
	}
}

// sees reports whether a pane is on the screen.
func (a *app) sees(place keys.Place) bool {
	for i, p := range a.panes {
		if p.Place() == place {
			_, seen := a.rect(i)
			return seen
		}
	}
	return false
}

// follow tells the panes when another task is looked at.
func (a *app) follow() tea.Cmd {
	id := ""
	if t := a.deps.Store.Selected(); t != nil {
		id = t.ID
	}
	if id == a.seen {
		return nil
	}
	a.seen = id
	return a.tell(pane.Selected{ID: id})
}

// drafts says what is wrong with the drafts, once.
func (a *app) drafts(err error, cmd tea.Cmd) tea.Cmd {
	if err != nil && err.Error() != a.wrongDrafts {
		a.wrongDrafts = err.Error()
		a.show(a.wrongDrafts, true)
	}
	return cmd
}

// keep notes what can be taken back, and says how.
func (a *app) keep(u *command.Undo) {
	a.deps.Keep(u)
	if !u.Quiet {
		a.show(u.What+"; "+a.deps.Keys.Hint("undo")+" takes it back", false)
	}
}

func (a *app) show(text string, bad bool) {
	if text == "" {
		return
	}
	a.toast = toast{text: text, bad: bad, till: a.deps.Now().Add(toastFor)}
}

// back looks how large the terminal is after another program had it.
func (a *app) back(msg back) tea.Cmd {
	if msg.err != nil {
		a.show(msg.err.Error(), true)
	}
	return func() tea.Msg {
		if a.size == nil {
			return nil
		}
		w, h, err := a.size()
		if err != nil {
			return nil
		}
		return tea.WindowSizeMsg{Width: w, Height: h}
	}
}

// recolor answers the terminal's word about its background.
func (a *app) recolor(b background) tea.Cmd {
	a.style.dark = b.dark
	return a.restyle()
}

// focused is the pane that gets the keys.
func (a *app) focused() pane.Pane { return a.panes[a.focus] }

// typing reports whether text is typed into the pane with the focus.
func (a *app) typing() bool {
	t, ok := a.focused().(pane.Typer)
	return ok && t.Typing()
}

// title is what the terminal's window is called.
func (a *app) title() string {
	counts := a.deps.Store.Counts()
	if n := counts[api.StatusWaiting]; n > 0 {
		return "hf: " + count(n, "task") + " waiting"
	}
	return "hf"
}

// places are where a key may mean something now, the nearest first.
func (a *app) places() []keys.Place {
	if a.typing() {
		return []keys.Place{keys.Input, keys.Global}
	}
	return []keys.Place{a.focused().Place(), keys.Panes, keys.Global}
}
