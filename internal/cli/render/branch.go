package render

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// Distance is a short form of how far a branch is from its base, "" where it is
// at it or that is not known.
func Distance(ahead, behind *int) string {
	var words []string
	if ahead != nil && *ahead > 0 {
		words = append(words, "↑"+strconv.Itoa(*ahead))
	}
	if behind != nil && *behind > 0 {
		words = append(words, "↓"+strconv.Itoa(*behind))
	}
	return strings.Join(words, " ")
}

// ConflictsWith names what a branch conflicts with: the first, and how many
// more.
func ConflictsWith(conflicts []api.Conflict) string {
	if len(conflicts) == 0 {
		return ""
	}
	s := sanitize.Line(conflicts[0].With)
	if more := len(conflicts) - 1; more > 0 {
		s += " +" + strconv.Itoa(more)
	}
	return s
}

// Standing is a short form of how a task's branch stands to others: how far it is
// from its base, whether that has moved, and whether it conflicts with anything.
func Standing(t *api.Task) string {
	words := []string{}
	if s := Distance(t.Ahead, t.Behind); s != "" {
		words = append(words, s)
	}
	if t.Restack != nil && *t.Restack {
		words = append(words, "restack")
	}
	if len(t.Conflicts) > 0 {
		words = append(words, "conflict")
	}
	return strings.Join(words, " ")
}

// StandingStyle returns the colour of Standing.
func StandingStyle(st iostreams.Style, t *api.Task) func(string) string {
	switch {
	case len(t.Conflicts) > 0:
		return st.Red
	case t.Restack != nil && *t.Restack:
		return st.Yellow
	}
	return nil
}

// Commits says how many commits a branch has that its base has not, the other
// way round, and how many its upstream has not; "" where nothing is known.
func Commits(t *api.Task) string {
	var words []string
	if t.Ahead != nil && t.Behind != nil {
		words = append(words, fmt.Sprintf("%d ahead, %d behind", *t.Ahead, *t.Behind))
	}
	if t.Unpushed != nil && *t.Unpushed > 0 {
		words = append(words, fmt.Sprintf("%d not pushed", *t.Unpushed))
	}
	return strings.Join(words, ", ")
}

// conflictFiles is how many files of a conflict are named.
const conflictFiles = 5

// Conflicts says what merging a branch would stop at, a conflict a text.
func Conflicts(conflicts []api.Conflict) []string {
	var out []string
	for _, c := range conflicts {
		s := "with " + sanitize.Line(c.With)
		if c.Task != "" {
			s += " (task " + sanitize.Line(c.Task) + ")"
		}
		var files []string
		for _, f := range c.Files[:min(len(c.Files), conflictFiles)] {
			files = append(files, sanitize.Line(f))
		}
		if more := len(c.Files) - len(files); more > 0 {
			files = append(files, "and "+Count(more, "more file"))
		}
		out = append(out, s+" in "+strings.Join(files, ", "))
	}
	return out
}
