// Package command is what a person can do in the TUI: one table of actions. Keys,
// the palette, help and menus all read it, so that an action is added once.
package command

import (
	"context"
	"iter"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// Action is one thing a person can do.
type Action struct {
	Name  string     // in the configuration and the palette: "approve", "diff.comment"
	Title string     // what it does, as a command: "Allow what the agent asks"
	Group string     // the heading in help
	Place keys.Place // where its keys hold
	Keys  []string   // unless the person chose others
	Many  bool       // it is for all marked tasks at once
	Quiet bool       // moves and the like: not in the palette

	// When says why it cannot be done now; "" = it can. nil = always.
	When func(e *Env) string
	// Run does it. It is called by the program's own goroutine, so it only
	// returns what is to be done elsewhere: no I/O here.
	Run func(e *Env) tea.Cmd
	// Msg, in place of Run, is handed to the pane or dialog with the focus.
	Msg tea.Msg
}

// Env is what actions work with. There is one of it.
type Env struct {
	Ctx     context.Context
	Store   *model.Store
	Client  Client
	Vars    func(context.Context) (api.Env, error) // the variables hfd wants with what starts work
	Program Programs
	Screen  Screen
	Place   keys.Place            // of the pane with the focus
	Branch  *Branch               // that the pane with the focus has its cursor on; nil = none
	Seen    func(keys.Place) bool // whether a pane is on the screen; nil = all are

	// Workspace is which one is looked at, "" for the one that hfd takes.
	Workspace string

	posted []tea.Msg
	undos  []Undo // the newest last
}

// Post hands messages to the program before anything else, the next key too: who
// types fast finds the focus moved and the dialog open. Only the program's own
// goroutine calls it. The command it returns is none.
func (e *Env) Post(msgs ...tea.Msg) tea.Cmd {
	e.posted = append(e.posted, msgs...)
	return nil
}

// Posted takes what was posted.
func (e *Env) Posted() []tea.Msg {
	msgs := e.posted
	e.posted = nil
	return msgs
}

// Branch is a branch in the tree of a repo.
type Branch struct {
	Name, Base  string
	Task, Title string // "" = it is no task's
	Repo        string
}

// Client is what the TUI asks of hfd. *client.Client is one.
type Client interface {
	model.Asker
	Transcript(ctx context.Context, task, after string, live bool) iter.Seq2[api.Entry, error]
	History(ctx context.Context, f client.HistoryFilter) iter.Seq2[api.HistoryEntry, error]
	Diff(ctx context.Context, task string, kind api.PatchKind) (api.Diff, error)
	CreateTask(ctx context.Context, in api.CreateTask) (api.Accepted, error)
	Send(ctx context.Context, task string, in api.SendMessage) (api.Message, error)
	Resolve(ctx context.Context, task, permission string, in api.ResolvePermission) (api.PermissionRequest, error)
	Interrupt(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
	Rename(ctx context.Context, task string, in api.RenameTask) (api.Accepted, error)
	Retry(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
	Archive(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
	Restore(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
	Kill(ctx context.Context, task string, in api.TaskAction) (api.Accepted, error)
	Repos(ctx context.Context) (api.RepoList, error)
	Agents(ctx context.Context, in api.ListAgents) (api.AgentList, error)
	Workspaces(ctx context.Context) (api.WorkspaceList, error)
	UseWorkspace(ctx context.Context, name string) (api.Workspace, error)
	Stack(ctx context.Context, f client.StackFilter) (api.Stack, error)
	PullRequest(ctx context.Context, task string) (api.PullRequest, error)
	PlanPull(ctx context.Context, task string, in api.CreatePull) (api.PullPlan, error)
	CreatePull(ctx context.Context, task string, in api.CreatePull) (api.Accepted, error)
	Merge(ctx context.Context, task string, in api.MergeTask) (api.Accepted, error)
	StackAction(ctx context.Context, in api.StackAction) (api.ChangeAccepted, error)
	LookAtPull(ctx context.Context, task string, in api.LookAtPull) (api.PullRequest, error)
	Comments(ctx context.Context, task string, in api.ReadComments) (api.Conversation, error)
	Operation(ctx context.Context, id string) (api.OperationDetail, error)
}

// Screen is the terminal. Its methods do not wait for it.
type Screen interface {
	// Write sends a sequence that draws nothing: a bell, a title, a notification.
	Write(sequence string)
	// Redraw draws all of it anew.
	Redraw()
}

// Programs runs other programs.
type Programs interface {
	// HF gives the terminal to hf with these arguments, until it ends.
	HF(args ...string) tea.Cmd
	// Shell gives the terminal to a shell command that gets args.
	Shell(command string, args ...string) tea.Cmd
	// Behind runs hf without the terminal and tells what it said.
	Behind(what string, args ...string) tea.Cmd
	// Browse shows a page in the person's browser, or its address where there is
	// none.
	Browse(page string) tea.Cmd
	// Suspend stops hf as the shell's Ctrl-Z does, until it is continued.
	Suspend() tea.Cmd
	// Edit lets the person edit text in their editor. edited gets it.
	Edit(text string, edited func(text string, err error) tea.Msg) tea.Cmd
}

// Table is the actions, in the order of help.
type Table struct {
	list   []Action
	byName map[string]*Action
}

// NewTable makes a table. Two actions of one name are a mistake of ours.
func NewTable(parts ...[]Action) *Table {
	t := &Table{byName: map[string]*Action{}}
	for _, p := range parts {
		t.list = append(t.list, p...)
	}
	for i := range t.list {
		t.byName[t.list[i].Name] = &t.list[i]
	}
	return t
}

// All lists the actions.
func (t *Table) All() []Action { return t.list }

// Get returns an action, nil where there is none of that name.
func (t *Table) Get(name string) *Action { return t.byName[name] }

// Bindings is what the keys of the actions are.
func (t *Table) Bindings() []keys.Binding {
	out := make([]keys.Binding, 0, len(t.list))
	for i := range t.list {
		a := &t.list[i]
		out = append(out, keys.Binding{Action: a.Name, Place: a.Place, Keys: a.Keys})
	}
	return out
}

// Why says why an action cannot be done now, "" when it can.
func (a *Action) Why(e *Env) string {
	if a.When == nil {
		return ""
	}
	return a.When(e)
}
