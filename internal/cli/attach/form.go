package attach

import (
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// form asks a person for the values of a question one by one, where it has more
// than one. It makes the message that answers the question.
type form struct {
	question string // its id
	lines    []string
	at       int // the field that is asked for
}

// about reports whether the request is a question that is asked for field by
// field.
func (f *form) about(p *api.PermissionRequest) bool {
	return p.Kind == api.PermissionKindInput && p.Question != nil && len(p.Question.Fields) > 1
}

// begin begins a question anew when it is another one.
func (f *form) begin(p *api.PermissionRequest) {
	if f.question != p.ID {
		*f = form{question: p.ID}
	}
}

// prompt asks for the next value.
func (f *form) prompt(p *api.PermissionRequest) string {
	if !f.about(p) {
		return "answer (/deny declines) > "
	}
	f.begin(p)
	field := p.Question.Fields[f.at]
	more := ""
	if !field.Required {
		more = ", may be left out"
	}
	return fmt.Sprintf("%s (%s%s) > ", sanitize.Line(field.Name), sanitize.Line(field.Type), more)
}

// fill takes the next value and returns the whole answer when it was the last.
func (f *form) fill(p *api.PermissionRequest, line string) (text string, done bool) {
	f.begin(p)
	fields := p.Question.Fields
	if line == "" && fields[f.at].Required {
		return "", false
	}
	if line != "" {
		f.lines = append(f.lines, fields[f.at].Name+": "+line)
	}
	if f.at++; f.at < len(fields) {
		return "", false
	}
	text = strings.Join(f.lines, "\n")
	*f = form{} // a value that does not fit is asked for again
	if text == "" {
		return "{}", true
	}
	return text, true
}
