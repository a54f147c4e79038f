package actions

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/command"
	"github.com/hf-dev/hf/internal/tui/pane"
	"github.com/hf-dev/hf/internal/tui/reader"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// dryRun shows what a submit would do.
func dryRun(d *pane.Deps, e *command.Env) tea.Cmd {
	b := branches(e)[0]
	in := b.action(api.StackAction{Action: api.StackSubmit, DryRun: true})
	return begin(e, "what submit would do", in, func(r *api.StackReport) tea.Cmd {
		return d.Show(reader.New(d, "submit would", func(width int) []string { return reported(d, r, width) }))
	})
}

// reported is what an action says of each branch, and what else it says.
func reported(d *pane.Deps, r *api.StackReport, width int) []string {
	t := d.Theme
	if r == nil || len(r.Branches) == 0 {
		return []string{"There is nothing to do."}
	}
	var out []string
	for i := range r.Branches {
		b := &r.Branches[i]
		what := strings.ReplaceAll(b.Detail, "-", " ")
		if what == "" {
			what = strings.ReplaceAll(string(b.Outcome), "_", " ")
		}
		line := t.Bold.Render(widget.Name(b.Branch)) + "  " + widget.Name(what)
		if b.PullRequest != "" {
			line += "  " + t.Link.Render(widget.Name(b.PullRequest))
		}
		out = append(out, widget.Wrap(line, width)...)
	}
	for _, n := range r.Notes {
		out = append(out, widget.Wrap(t.Dim.Render(widget.Name(n)), width)...)
	}
	return out
}
