package actions

import (
	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/confirm"
	"github.com/hf-dev/hf/internal/tui/keys"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/stack"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// Stack is what is done with stacks, and how a person moves in one.
func Stack(d *pane.Deps) []command.Action {
	const group = "Stack"
	here, panes, drafts := keys.Stack, keys.Panes, true
	return []command.Action{
		{Name: "stack.down", Title: "Next branch", Group: group, Place: here, Keys: []string{"j", "down"}, Quiet: true, Msg: widget.Move(1)},
		{Name: "stack.up", Title: "Previous branch", Group: group, Place: here, Keys: []string{"k", "up"}, Quiet: true, Msg: widget.Move(-1)},
		{Name: "stack.pagedown", Title: "A screen down", Group: group, Place: here, Keys: []string{"pgdown", "ctrl+d", " ", "ctrl+f"}, Quiet: true, Msg: widget.Page(1)},
		{Name: "stack.pageup", Title: "A screen up", Group: group, Place: here, Keys: []string{"pgup", "ctrl+u", "ctrl+b"}, Quiet: true, Msg: widget.Page(-1)},
		{Name: "stack.first", Title: "First branch", Group: group, Place: here, Keys: []string{"g", "home"}, Quiet: true, Msg: widget.Home{}},
		{Name: "stack.last", Title: "Last branch", Group: group, Place: here, Keys: []string{"G", "end"}, Quiet: true, Msg: widget.End{}},
		{Name: "stack.go", Title: "Go to the task of the branch", Group: group, Place: here, Keys: []string{"enter"}, Quiet: true, Msg: stack.Go{}},

		{Name: "stack.restack", Title: "Restack the stack of the task", Group: group, Place: panes, Keys: []string{"o"}, When: needsBranch, Run: spice("restack", api.StackAction{Action: api.StackRestackSubtree, Scope: api.ScopeStack})},
		{Name: "stack.restack.upstack", Title: "Restack the branch and those above it", Group: group, Place: here, Keys: []string{"u"}, When: needsBranch, Run: spice("restack", api.StackAction{Action: api.StackRestackSubtree, Scope: api.ScopeUpstack})},
		{Name: "stack.restack.only", Title: "Restack only this branch", Group: group, Place: here, Keys: []string{"."}, When: needsBranch, Run: spice("restack", api.StackAction{Action: api.StackRebaseBranch})},
		{Name: "stack.restack.all", Title: "Restack every branch of the repo", Group: group, Place: here, Keys: []string{"*"}, When: needsBranch, Run: repoWide("restack all of", api.StackRestackRepo)},
		{Name: "stack.onto", Title: "Move the branch, and those above, onto another base", Group: group, Place: panes, Keys: []string{"O"}, When: needsBranch, Run: func(e *command.Env) tea.Cmd { return onto(d, e) }},
		{Name: "stack.submit", Title: "Submit: pull requests for the branch and all below it", Group: group, Place: panes, Keys: []string{"S"}, When: needsBranch, Run: spice("submit", api.StackAction{Action: api.StackSubmit})},
		{Name: "stack.submit.stack", Title: "Submit the whole stack", Group: group, Place: here, When: needsBranch, Run: spice("submit the stack of", api.StackAction{Action: api.StackSubmit, Scope: api.ScopeStack})},
		{Name: "stack.submit.draft", Title: "Submit: new pull requests are drafts", Group: group, Place: here, When: needsBranch, Run: spice("submit drafts of", api.StackAction{Action: api.StackSubmit, Draft: &drafts})},
		{Name: "stack.submit.dryrun", Title: "Submit: only say what would be done", Group: group, Place: here, When: needsBranch, Run: func(e *command.Env) tea.Cmd { return dryRun(d, e) }},
		{Name: "stack.sync", Title: "Sync the trunk: fetch it, drop what was merged, restack", Group: group, Place: here, Keys: []string{"y"}, When: needsBranch, Run: repoWide("sync", api.StackSyncRepo)},
		{Name: "stack.track", Title: "Track a branch: make it part of a stack", Group: group, Place: here, Keys: []string{"+"}, When: needsBranch, Run: func(e *command.Env) tea.Cmd { return track(d, e) }},
		{Name: "stack.untrack", Title: "Untrack the branch: take it out of its stack", Group: group, Place: here, Keys: []string{"-"}, When: needsBranch, Run: spice("untrack", api.StackAction{Action: api.StackUntrack})},
		{Name: "stack.fold", Title: "Fold the branch into the one it stands on", Group: group, Place: here, Keys: []string{"F"}, When: needsBranch, Run: func(e *command.Env) tea.Cmd { return fold(d, e) }},
		{Name: "stack.resolve", Title: "Hand the conflict to the agent", Group: group, Place: panes, Keys: []string{"f"}, When: needsBranch, Run: onStopped("resolve", api.StackResolve)},
		{Name: "stack.continue", Title: "Go on after a conflict", Group: group, Place: here, Keys: []string{">"}, When: needsBranch, Run: onStopped("go on with", api.StackContinue)},
		{Name: "stack.abort", Title: "Give up what stopped on a conflict, put all back", Group: group, Place: here, Keys: []string{"<"}, When: needsBranch, Run: func(e *command.Env) tea.Cmd { return abort(d, e) }},
		{Name: "stack.undo", Title: "Undo the last action on the stacks of the repo", Group: group, Place: panes, Keys: []string{"U"}, When: needsBranch, Run: func(e *command.Env) tea.Cmd { return undo(d, e) }},
	}
}

// branch is what an action on stacks is for.
type branch struct {
	command.Branch
}

// action makes an action one that is for the branch.
func (b *branch) action(in api.StackAction) api.StackAction {
	in.Task = b.Task
	if b.Task == "" { // its name says nothing of the repo
		in.Branch, in.Repo = b.Name, b.Repo
	}
	return in
}

// shown is what it is called.
func (b *branch) shown() string { return widget.Name(b.Name) }

// branches are those an action on stacks is for: the one that the cursor is on in
// the tree, else those of the marked tasks or of the selected one.
func branches(e *command.Env) []branch {
	if e.Branch != nil {
		return []branch{{*e.Branch}}
	}
	var out []branch
	for _, t := range e.Store.Targets() {
		out = append(out, branch{command.Branch{Name: t.Branch, Base: t.Base, Task: t.ID, Title: t.Title, Repo: t.Repo}})
	}
	return out
}

// needsBranch is the When of actions on stacks.
func needsBranch(e *command.Env) string {
	if e.Branch != nil {
		return ""
	}
	return command.NeedsLife(e)
}

// spice does an action for each branch.
func spice(what string, in api.StackAction) func(*command.Env) tea.Cmd {
	return func(e *command.Env) tea.Cmd {
		list := branches(e)
		cmds := make([]tea.Cmd, 0, len(list))
		for i := range list {
			cmds = append(cmds, act(e, what+" "+list[i].shown(), list[i].action(in)))
		}
		if e.Branch == nil {
			e.Store.Unmark()
		}
		return tea.Sequence(cmds...)
	}
}

// repoWide does an action for the repo of the branch.
func repoWide(what string, action api.StackActionKind) func(*command.Env) tea.Cmd {
	return func(e *command.Env) tea.Cmd {
		repo := branches(e)[0].Repo
		return act(e, what+" "+widget.Name(repo), api.StackAction{Action: action, Repo: repo})
	}
}

// stopped is the branch whose rebase waits for somebody: the one that is meant
// or, where that did not stop, the only one of its repo that did.
func stopped(e *command.Env) branch {
	meant := branches(e)[0]
	var found []branch
	for _, t := range e.Store.Tasks() {
		if t.Rebase == nil || t.Repo != meant.Repo {
			continue
		}
		b := branch{command.Branch{Name: t.Branch, Base: t.Base, Task: t.ID, Title: t.Title, Repo: t.Repo}}
		if t.ID == meant.Task {
			return b
		}
		found = append(found, b)
	}
	if len(found) == 1 {
		return found[0]
	}
	return meant
}

// onStopped does an action for the branch that stopped.
func onStopped(what string, action api.StackActionKind) func(*command.Env) tea.Cmd {
	return func(e *command.Env) tea.Cmd {
		b := stopped(e)
		return act(e, what+" "+b.shown(), b.action(api.StackAction{Action: action}))
	}
}

// abort asks before: what was resolved so far is lost.
func abort(d *pane.Deps, e *command.Env) tea.Cmd {
	b := stopped(e)
	return d.Show(confirm.New(d, "give up?", []string{
		"The rebase of " + d.Theme.Bold.Render(b.shown()) + " ends, and every branch that the action moved is back where it was.",
		"What was resolved in its worktree so far is lost.",
	}, confirm.Choice{Key: "y", Text: "put all back", Run: act(e, "abort "+b.shown(), b.action(api.StackAction{Action: api.StackAbort}))}))
}

// fold asks before, and says what becomes of what.
func fold(d *pane.Deps, e *command.Env) tea.Cmd {
	b := branches(e)[0]
	base := "the branch it stands on"
	if b.Base != "" {
		base = widget.Name(b.Base)
	}
	lines := []string{
		"The commits of " + d.Theme.Bold.Render(b.shown()) + " go to " + d.Theme.Bold.Render(base) + ". What stands on it stands there from then on.",
	}
	if b.Task != "" {
		lines = append(lines, "The task and its branch stay, and are in no stack any more.")
	} else {
		lines = append(lines, "The branch, which is no task's, is deleted.")
	}
	lines = append(lines, d.Theme.Dim.Render(d.Keys.Hint("stack.undo")+" undoes it."))
	return d.Show(confirm.New(d, "fold?", lines, confirm.Choice{Key: "y", Text: "fold", Run: act(e, "fold "+b.shown(), b.action(api.StackAction{Action: api.StackFold}))}))
}

// track asks for a branch, which may be one that is in no tree yet.
func track(d *pane.Deps, e *command.Env) tea.Cmd {
	b := branches(e)[0]
	hint := "a branch of " + widget.Name(b.Repo) + "; no commit moves"
	return d.Show(confirm.NewLine(d, "track", hint, b.shown(), func(name string) tea.Cmd {
		return act(e, "track "+name, api.StackAction{Action: api.StackTrack, Task: name, Repo: b.Repo})
	}))
}
