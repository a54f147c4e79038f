// Package pane is the contract between the frame of the TUI and what is shown in
// it: panes, which stay, and dialogs, which lie over them for a while.
package pane

import (
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/draft"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/pkg/api"
)

// Pane is a part of the screen. Only the program's own goroutine calls it, so
// no method does I/O: what has to be asked or read is a tea.Cmd.
type Pane interface {
	// Place is where its keys hold. Title is what its tab is called.
	Place() keys.Place
	Title() string
	// Resize tells how much room there is, before the first View and whenever
	// that changes.
	Resize(width, height int)
	// Update takes any message: of its own commands, model.Changed, Selected,
	// Shown, Hidden, a tea.MouseMsg relative to it, and, while it has the
	// focus, the Msg of actions and keys that are bound to none.
	Update(msg tea.Msg) tea.Cmd
	// View draws exactly as many lines as there is room for. It is called for
	// every frame: what is costly to make is kept until it changes.
	View(focus bool) []string
}

// Typer is a pane in which text can be typed. While it is, only the keys of
// keys.Input and of Ctrl are actions.
type Typer interface{ Typing() bool }

// Pointer is a pane whose cursor is on a branch: actions on stacks are for that
// one.
type Pointer interface{ Branch() *command.Branch }

// Dialog lies over the screen and takes all keys.
type Dialog interface {
	// Update takes keys and the messages of its commands. done closes it.
	Update(msg tea.Msg) (cmd tea.Cmd, done bool)
	// View draws it into a screen of this size: lines of equal width, no more
	// than there is room for. The frame puts it into the middle.
	View(width, height int) []string
}

// Deps is what panes and dialogs are made from.
type Deps struct {
	*command.Env
	Theme *theme.Theme
	Keys  *keys.Map
	Table *command.Table
	// Drafts is what was typed and not sent. It is read and set in memory.
	Drafts *draft.Book
	Now    func() time.Time
}

// The messages of the frame.
type (
	// Selected says that another task is looked at; "" for none.
	Selected struct{ ID string }
	// Shown says that the pane can be seen from now on.
	Shown struct{}
	// Hidden says that it cannot.
	Hidden struct{}
	// Tick comes every few seconds, for ages.
	Tick struct{}
	// Open shows a dialog.
	Open struct{ Dialog Dialog }
	// Focus moves the focus, by the place of a pane.
	Focus struct{ Place keys.Place }
	// To hands a message to the pane of a place.
	To struct {
		Place keys.Place
		Msg   tea.Msg
	}
	// Act does an action by its name, as its key would.
	Act struct{ Name string }
	// Created says that a task was made here: it is selected as soon as it is
	// known.
	Created struct{ Task api.Task }
	// Run has something done by the program's own goroutine, such as what a
	// dialog was asked to do.
	Run struct{ Do func() tea.Cmd }
	// Workspace turns to another workspace. The frame does, then tells the panes:
	// what they know of the one before means nothing any more.
	Workspace struct{ From, To string }
	// Restyled says that the colours of the theme changed: what was drawn with
	// them is drawn anew.
	Restyled struct{}
)

// Show opens a dialog at once: the next key is for it.
func (d *Deps) Show(dialog Dialog) tea.Cmd { return d.Post(Open{dialog}) }

// OpenCmd is the command that shows a dialog.
func OpenCmd(d Dialog) tea.Cmd { return command.Tell(Open{d}) }
