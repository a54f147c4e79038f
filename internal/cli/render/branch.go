package render

import (
	"strconv"
	"strings"

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
