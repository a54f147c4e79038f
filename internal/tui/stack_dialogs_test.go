package tui

import (
	"testing"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/theme"
	"github.com/hf-dev/hf/internal/tui/tuitest"
	"github.com/hf-dev/hf/pkg/api"
)

// stackedRepo is a repo with a stack of three, and a branch that is no task's.
func stackedRepo(t *testing.T) *tuitest.Client {
	t.Helper()
	return &tuitest.Client{
		Repo: []api.Repo{{ID: "r1", Name: "web"}, {ID: "r2", Name: "api"}}, Past: history(t),
		Stacks: api.Stack{Repo: "web", Trunk: "main", Branches: []api.StackBranch{
			onBranch(0, "feat/form2", "main"), onBranch(1, "feat/test3", "feat/form2"), onBranch(2, "feat/docs4", "feat/test3"), onBranch(0, "by-hand", "main"),
		}},
	}
}

// Every dialog about stacks, over the tree.
func TestStackDialogs(t *testing.T) {
	for name, open := range map[string]func(*tuitest.Driver){
		"stack-onto":  func(d *tuitest.Driver) { d.Press("k", "O"); d.Until("another branch") },
		"stack-fold":  func(d *tuitest.Driver) { d.Press("k", "F"); d.Until("fold?") },
		"stack-abort": func(d *tuitest.Driver) { d.Press("<"); d.Until("give up?") },
		"stack-undo":  func(d *tuitest.Driver) { d.Press("U"); d.Until("moved onto") },
		"stack-track": func(d *tuitest.Driver) { d.Press("G", "+"); d.Until("no commit moves") },
	} {
		tuitest.Each(t, name, func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
			drv, _ := started(t, stackedRepo(t), size, th)
			drv.Press("G", "alt+3")
			drv.Until("by-hand")
			open(drv)
			tuitest.Golden(t, golden, drv.Lines(), size)
		})
	}
}

// What is typed outside of dialogs: a message, and a filter.
func TestTyping(t *testing.T) {
	for name, open := range map[string]func(*tuitest.Driver){
		"message": func(d *tuitest.Driver) {
			d.Press("m")
			d.Type("Use the old table")
			d.Press("alt+enter")
			d.Type("and tell me why 日本語")
		},
		"filter": func(d *tuitest.Driver) { d.Press("/"); d.Type("s:idle a:claude form") },
	} {
		tuitest.Each(t, name, func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
			drv, _ := started(t, &tuitest.Client{}, size, th)
			if size.H > 12 {
				drv.Until("? Remove the build directory") // it comes last
			}
			open(drv)
			drv.Settle()
			tuitest.Golden(t, golden, drv.Lines(), size)
		})
	}
}

// What a stack would become, and that hfd went away.
func TestNewsGolden(t *testing.T) {
	tuitest.Each(t, "dry", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		c := choices()
		drv, _ := started(t, c, size, th)
		if size.H > 12 {
			drv.Until("? Remove the build directory") // it comes last
		}
		drv.Press(":")
		drv.Type("submit: only")
		drv.Press("enter")
		ends(t, c, drv, api.OperationDetail{
			Operation: api.Operation{State: api.OperationDone},
			Stack: &api.StackReport{Branches: []api.StackResult{
				{Branch: "feat/auth1", Outcome: api.OutcomeSubmitted, Detail: "would-create"},
				{Branch: "feat/form2", Outcome: api.OutcomeSubmitted, Detail: "would-update"},
			}},
		})
		drv.Until("would create")
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
	tuitest.Each(t, "reconnecting", func(t *testing.T, golden string, size tuitest.Size, th *theme.Theme) {
		drv, _ := started(t, &tuitest.Client{}, size, th)
		if size.H > 12 {
			drv.Until("? Remove the build directory") // it comes last
		}
		drv.Send(model.Update{})
		tuitest.Golden(t, golden, drv.Lines(), size)
	})
}
