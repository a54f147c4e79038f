package client

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hf-dev/hf/pkg/api"
)

// taskList decodes a list of tasks, the largest answer there is: encoding/json
// takes longer for a thousand rows than hf does for all the rest of its life.
// What rows mostly have is read by plain, and the rest as usual.
type taskList struct{ api.TaskList }

// UnmarshalJSON implements json.Unmarshaler.
func (l *taskList) UnmarshalJSON(b []byte) error {
	p := plain{rest: string(b)}
	if list, ok := p.list(); ok {
		l.TaskList = list
		return nil
	}
	return json.Unmarshal(b, &l.TaskList)
}

// plain reads JSON as json.Marshal writes it, without spaces. At anything else it
// gives up: odd is set, and what was read so far means nothing.
type plain struct {
	rest string
	odd  bool
}

func (p *plain) list() (l api.TaskList, ok bool) {
	if !utf8.ValidString(p.rest) {
		return l, false
	}
	p.object(func(name string) {
		switch {
		case name == "schema":
			l.Schema = int(p.number())
		case name == "seq":
			l.Seq = p.number()
		case name == "tasks" && l.Tasks == nil:
			l.Tasks = make([]api.Task, 0, strings.Count(p.rest, "},{")+1)
			p.array(func() {
				l.Tasks = append(l.Tasks, api.Task{})
				p.task(&l.Tasks[len(l.Tasks)-1])
			})
		default:
			p.odd = true
		}
	})
	return l, !p.odd && p.rest == ""
}

func (p *plain) task(t *api.Task) {
	p.object(func(name string) {
		if text := textOf(t, name); text != nil {
			*text = p.string()
			return
		}
		switch name {
		case "status":
			t.Status = api.Status(p.string())
		case "activity":
			t.Activity = api.Activity(p.string())
		case "lifecycle":
			t.Lifecycle = api.Lifecycle(p.string())
		case "schema":
			t.Schema = int(p.number())
		case "lastEvent":
			t.LastEvent = p.number()
		case "diff":
			if t.Diff == nil {
				t.Diff = &api.DiffStat{}
			}
			p.diff(t.Diff)
		case "createdAt":
			p.time(&t.CreatedAt)
		case "updatedAt":
			p.time(&t.UpdatedAt)
		default:
			p.other(name, t)
		}
	})
}

// textOf is the field of a task that is a text by the name, nil for none.
func textOf(t *api.Task, name string) *string {
	switch name {
	case "id":
		return &t.ID
	case "title":
		return &t.Title
	case "workspace":
		return &t.Workspace
	case "repo":
		return &t.Repo
	case "branch":
		return &t.Branch
	case "base":
		return &t.Base
	case "reason":
		return &t.Reason
	case "agent":
		return &t.Agent
	case "provider":
		return &t.Provider
	case "isolation":
		return &t.Isolation
	case "path":
		return &t.Path
	case "session":
		return &t.Session
	}
	return nil
}

// other leaves a field to encoding/json.
func (p *plain) other(name string, t *api.Task) {
	value := p.value()
	if strings.ContainsAny(name, "\"\\") || json.Unmarshal([]byte(`{"`+name+`":`+value+`}`), t) != nil {
		p.odd = true
	}
}

// value reads a value of any kind as it stands there.
func (p *plain) value() (text string) {
	depth := 0
	for i := 0; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '"':
			for i++; i < len(p.rest) && p.rest[i] != '"'; i++ {
				if p.rest[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']', ',':
			if depth == 0 {
				text, p.rest = p.rest[:i], p.rest[i:]
				return text
			}
			if p.rest[i] != ',' {
				depth--
			}
		}
	}
	p.odd = true
	return ""
}

func (p *plain) time(t *time.Time) {
	if err := t.UnmarshalText([]byte(p.string())); err != nil {
		p.odd = true
	}
}

func (p *plain) diff(d *api.DiffStat) {
	p.object(func(name string) {
		n := int(p.number())
		switch name {
		case "files":
			d.Files = n
		case "added":
			d.Added = n
		case "removed":
			d.Removed = n
		case "untracked":
			d.Untracked = n
		default:
			p.odd = true
		}
	})
}

// object calls field with every name, to read the value behind it.
func (p *plain) object(field func(name string)) {
	p.sequence('{', '}', func() {
		name := p.string()
		p.expect(':')
		field(name)
	})
}

func (p *plain) array(item func()) { p.sequence('[', ']', item) }

func (p *plain) sequence(begin, end byte, item func()) {
	p.expect(begin)
	if p.skip(end) {
		return
	}
	for !p.odd {
		item()
		if p.skip(end) {
			return
		}
		p.expect(',')
	}
}

func (p *plain) string() string {
	p.expect('"')
	escaped := false
	for i := 0; i < len(p.rest) && !p.odd; i++ {
		switch c := p.rest[i]; {
		case c == '"':
			s := p.rest[:i]
			p.rest = p.rest[i+1:]
			if escaped {
				return p.unquote(`"` + s + `"`)
			}
			return s
		case c == '\\':
			escaped = true
			i++ // whatever it is, it does not end the string
		case c < ' ':
			p.odd = true
		}
	}
	p.odd = true
	return ""
}

func (p *plain) unquote(quoted string) (s string) {
	if json.Unmarshal([]byte(quoted), &s) != nil {
		p.odd = true
	}
	return s
}

// number reads a whole number that is not negative.
func (p *plain) number() int64 {
	digits := 0
	for digits < len(p.rest) && p.rest[digits] >= '0' && p.rest[digits] <= '9' {
		digits++
	}
	n, err := strconv.ParseInt(p.rest[:digits], 10, 64)
	if err != nil || digits > 1 && p.rest[0] == '0' {
		p.odd = true
	}
	p.rest = p.rest[digits:]
	return n
}

func (p *plain) expect(c byte) {
	if !p.skip(c) {
		p.odd = true
	}
}

// skip reads c if it is next.
func (p *plain) skip(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}
