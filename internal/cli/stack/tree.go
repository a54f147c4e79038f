package stack

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/cli/table"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// drawTree draws the stacks of a repo, the trunk on top.
func drawTree(io *iostreams.IOStreams, s *api.Stack) error {
	st := io.OutStyle()
	if len(s.Branches) == 0 {
		_, err := fmt.Fprintf(io.Err, "no stacks in %s; `hf create --on TASK` begins one\n", sanitize.Line(s.Repo))
		return err
	}
	width := 0
	if io.OutTTY() {
		width = io.Width()
	}
	tb := table.New(width, st.Dim, "BRANCH", "TASK", "STATUS", "COMMITS", "STACK", "PR", "CHECKS")
	tb.Spare(3, 6)
	lines := trunks(s)
	for i := range s.Branches {
		b := &s.Branches[i]
		if b.Depth == 0 && b.Base != "" && (i == 0 || rootBase(s, i-1) != b.Base) {
			tb.Cells(table.Cell{Text: b.Base, Style: st.Bold})
		}
		tb.Cells(row(st, b, lines[i])...)
	}
	return tb.Render(io.Out)
}

// rootBase is what the branch at the bottom of the one at i stands on.
func rootBase(s *api.Stack, i int) string {
	for s.Branches[i].Depth > 0 {
		i--
	}
	return s.Branches[i].Base
}

func row(st iostreams.Style, b *api.StackBranch, lines string) []table.Cell {
	name := table.Cell{Text: lines + b.Name}
	if b.Current {
		name.Text += " ◀"
		name.Style = st.Bold
	}
	status := table.Cell{Text: string(b.Status), Style: render.StatusStyle(st, b.Status)}
	if b.Reason != "" && b.Status != api.StatusRunning {
		status.Text += " (" + b.Reason + ")"
	}
	state := table.Cell{Style: st.Yellow}
	if b.NeedsRestack != nil && *b.NeedsRestack {
		state.Text = "needs restack"
	}
	if n := len(b.Conflicts); n > 0 {
		state.Text = strings.TrimPrefix(state.Text+", conflicts with "+b.Conflicts[0].With, ", ")
	}
	pr, checks := table.Cell{}, table.Cell{}
	if p, ok := b.PullRequest.Get(); ok {
		pr.Text = fmt.Sprintf("#%d %s", p.Number, p.State)
		if p.Checks != api.ChecksNone {
			checks = table.Cell{Text: string(p.Checks), Style: checkStyle(st, p.Checks)}
		}
	}
	return []table.Cell{name, {Text: b.Task, Style: st.Dim}, status, {Text: commits(b)}, state, pr, checks}
}

func checkStyle(st iostreams.Style, c api.ChecksState) func(string) string {
	switch c {
	case api.ChecksPass:
		return st.Green
	case api.ChecksFail:
		return st.Red
	case api.ChecksPending, api.ChecksNone:
	}
	return st.Yellow
}

func commits(b *api.StackBranch) string {
	var parts []string
	if b.Ahead != nil && *b.Ahead > 0 {
		parts = append(parts, fmt.Sprintf("↑%d", *b.Ahead))
	}
	if b.Behind != nil && *b.Behind > 0 {
		parts = append(parts, fmt.Sprintf("↓%d", *b.Behind))
	}
	return strings.Join(parts, " ")
}

// trunks are the lines in front of each branch that show what it stands on.
func trunks(s *api.Stack) []string {
	out := make([]string, len(s.Branches))
	for i := range s.Branches {
		var b strings.Builder
		depth := s.Branches[i].Depth
		for d := range depth {
			if more(s, i, d) {
				b.WriteString("│  ")
			} else {
				b.WriteString("   ")
			}
		}
		if more(s, i, depth) {
			b.WriteString("├─ ")
		} else {
			b.WriteString("└─ ")
		}
		out[i] = b.String()
	}
	return out
}

// more reports whether another branch at a depth comes below i that stands on
// the same one.
func more(s *api.Stack, i, depth int) bool {
	base := baseAt(s, i, depth)
	for _, next := range s.Branches[i+1:] {
		if next.Depth < depth {
			return false
		}
		if next.Depth == depth {
			return next.Base == base
		}
	}
	return false
}

// baseAt is what the branch at a depth stands on that i is, or stands on.
func baseAt(s *api.Stack, i, depth int) string {
	for s.Branches[i].Depth > depth {
		i--
	}
	return s.Branches[i].Base
}
