package actions

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/confirm"
	"github.com/hf-dev/hf/internal/tui/palette"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
	"github.com/hf-dev/hf/pkg/client"
)

// onto asks for the new base among the branches of the repo.
func onto(d *pane.Deps, e *command.Env) tea.Cmd {
	b := branches(e)[0]
	ctx, c := e.Ctx, e.Client
	m, look := confirm.NewLater(d, "onto", func() (func() pane.Dialog, error) {
		s, err := tree(ctx, c, &b)
		return func() pane.Dialog { return palette.New(d, "onto", bases(d, &b, &s)) }, err
	})
	return tea.Batch(d.Show(m), look)
}

// tree asks for the tree that a branch is in.
func tree(ctx context.Context, c command.Client, b *branch) (api.Stack, error) {
	if b.Task != "" {
		return c.Stack(ctx, client.StackFilter{Task: b.Task})
	}
	return c.Stack(ctx, client.StackFilter{Repo: b.Repo})
}

// bases are what a branch can be moved onto: the trunk, and every branch that
// does not stand on it.
func bases(d *pane.Deps, b *branch, s *api.Stack) []palette.Item {
	move := func(base string) tea.Cmd {
		return command.Tell(pane.Run{Do: func() tea.Cmd {
			return act(d.Env, "move "+b.shown(), b.action(api.StackAction{Action: api.StackReparentBranch, Onto: base}))
		}})
	}
	item := func(name, title string) palette.Item {
		it := palette.Item{Text: widget.Name(name), Run: move(name)}
		if title != "" {
			it.Text += "  " + widget.Name(title)
		}
		if name == b.Base {
			it.Why = "it stands there"
		}
		return it
	}
	items := []palette.Item{item(s.Trunk, "the trunk")}
	above := -1 // the depth of the branch, while what stands on it is gone through
	for i := range s.Branches {
		other := &s.Branches[i]
		switch {
		case above >= 0 && other.Depth > above:
			continue
		case other.Name == b.Name:
			above = other.Depth
			continue
		case other.Name == s.Trunk:
			continue
		}
		above = -1
		items = append(items, item(other.Name, other.Title))
	}
	return append(items, palette.Item{Text: "another branch" + d.Theme.Sign.Ellipsis, Run: pane.OpenCmd(confirm.NewLine(d, "onto", "a task or a branch", "", move))})
}
