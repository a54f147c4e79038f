package tasklist

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/hf-dev/hf/internal/tui/model"
	"github.com/hf-dev/hf/internal/tui/widget"
	"github.com/hf-dev/hf/pkg/api"
)

// demo is the agent that is a part of hf.
const demo = "demo"

// start is what a person has to begin with.
type start struct {
	workspace string
	known     bool
	repos     int
	agents    int // installed, besides the one that is a part of hf
}

// lookAround asks what there is to begin with, while there are no tasks.
func (p *Pane) lookAround(c *model.Changed) tea.Cmd {
	if c.Tasks != nil || len(p.d.Store.Tasks()) > 0 {
		return nil
	}
	ctx, client, vars, out := p.d.Ctx, p.d.Client, p.d.Vars, start{workspace: p.d.Workspace}
	return func() tea.Msg {
		repos, err := client.Repos(ctx)
		if err != nil {
			return nil // what is said then is true in any case
		}
		env, err := vars(ctx)
		if err != nil {
			return nil
		}
		agents, err := client.Agents(ctx, api.ListAgents{Env: env})
		if err != nil {
			return nil
		}
		out.known, out.repos = true, len(repos.Repos)
		for i := range agents.Agents {
			if a := &agents.Agents[i]; a.Installed && a.Name != demo {
				out.agents++
			}
		}
		return out
	}
}

// empty says what to do when there is nothing.
func (p *Pane) empty() []string {
	t := p.d.Theme
	switch {
	case !p.d.Store.Loaded():
		return []string{"", " " + t.Dim.Render("connecting"+t.Sign.Ellipsis)}
	case strings.TrimSpace(p.filter.Value()) != "":
		return []string{"", " " + t.Dim.Render("no task is like that; "+p.d.Keys.Hint("clear")+" shows all")}
	}
	lines := []string{"", " " + t.Bold.Render("There are no tasks yet.")}
	say := func(style func(string) string, text string) {
		for _, l := range widget.Wrap(text, max(p.width-2, 1)) {
			lines = append(lines, " "+style(l))
		}
	}
	if p.start.known && p.start.repos == 0 {
		say(t.Warn.Render, "No repository is known: start hf in one, or `hf repo add PATH|URL`.")
	}
	if p.start.known && p.start.agents == 0 {
		say(t.Warn.Render, "No coding agent is installed but hf's own demo: `hf doctor` says more.")
	}
	lines = append(lines, "")
	for _, l := range [][2]string{{"create", "gives an agent something to do"}, {"palette", "finds everything else"}, {"help", "shows the keys"}} {
		lines = append(lines, "  "+t.Key.Render(widget.Fit(p.d.Keys.Hint(l[0]), 3, ""))+" "+l[1])
	}
	if p.height < len(lines)+3 {
		return lines
	}
	lines = append(lines, "")
	say(t.Dim.Render, "A task gets a branch, a worktree and an agent of its own.")
	return lines
}
