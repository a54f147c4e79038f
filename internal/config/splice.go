package config

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// document is where the parts of a valid TOML text are.
type document struct {
	text     []byte
	sections []section // the first is what stands before any header
}

// section is a table's header and what stands below it.
type section struct {
	key     []string
	end     int // of the header
	start   int // of the header; 0 for the first section
	entries []entry
}

// entry is one `key = value`. Those in an inline table are entries too.
type entry struct {
	key        []string // whole, the section's included
	start, end int
	value      int // where the value begins; it ends with the entry
	table      bool
	inline     bool // it stands in an inline table
}

func parse(content []byte) *document {
	d := &document{text: content, sections: []section{{}}}
	var p unstable.Parser
	p.Reset(content)
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			key, from, to := keyAt(nil, e)
			d.sections = append(d.sections, section{key: key, start: lineStart(content, from), end: to})
		case unstable.KeyValue:
			last := &d.sections[len(d.sections)-1]
			last.entries = append(last.entries, entries(content, last.key, e, false)...)
		default: // a comment
		}
	}
	return d
}

// keyAt returns the key of an expression and where it stands.
func keyAt(above []string, e *unstable.Node) (key []string, from, to int) {
	key = slices.Clone(above)
	from = -1
	for it := e.Key(); it.Next(); {
		n := it.Node()
		key = append(key, string(n.Data))
		if from < 0 {
			from = int(n.Raw.Offset)
		}
		to = int(n.Raw.Offset + n.Raw.Length)
	}
	return key, from, to
}

func entries(text []byte, above []string, e *unstable.Node, inline bool) []entry {
	key, from, to := keyAt(above, e)
	value := to + bytes.IndexByte(text[to:], '=') + 1
	for text[value] == ' ' || text[value] == '\t' {
		value++
	}
	v := e.Value()
	out := []entry{{
		key: key, start: from, end: int(e.Raw.Offset + e.Raw.Length), value: value,
		table: v.Kind == unstable.InlineTable, inline: inline,
	}}
	if v.Kind != unstable.InlineTable {
		return out
	}
	for it := v.Children(); it.Next(); {
		if it.Node().Kind == unstable.KeyValue {
			out = append(out, entries(text, key, it.Node(), true)...)
		}
	}
	return out
}

// set gives a key a value, in the place where a person would: where the key is,
// in the table it belongs to, or in a new table at the end.
func (d *document) set(key []string, literal string) []byte {
	var inside *entry // the innermost inline table that the key belongs to
	var sibling *entry
	var place *section
	for i := range d.sections {
		s := &d.sections[i]
		if i > 0 && slices.Equal(s.key, key[:len(key)-1]) {
			place = s
		}
		for j := range s.entries {
			e := &s.entries[j]
			switch {
			case slices.Equal(e.key, key):
				return d.replace(e.value, e.end, literal)
			case e.table && len(e.key) < len(key) && slices.Equal(e.key, key[:len(e.key)]):
				inside = e
			case !e.inline && len(key) > 1 && len(e.key) >= len(key) && slices.Equal(e.key[:len(key)-1], key[:len(key)-1]) && len(s.key) < len(key)-1:
				sibling, place = e, s // the table is written in dotted keys here
			}
		}
	}
	switch {
	case inside != nil:
		return d.intoInline(inside, join(key[len(inside.key):]...)+" = "+literal)
	case sibling != nil:
		return d.afterEntry(sibling, join(key[len(place.key):]...)+" = "+literal)
	case place != nil:
		return d.intoSection(place, join(key[len(place.key):]...)+" = "+literal)
	case len(key) == 1:
		return d.intoRoot(join(key...) + " = " + literal)
	}
	return d.newSection(key, literal)
}

// unset takes the line of a key away, or its part of an inline table.
func (d *document) unset(key []string) ([]byte, bool) {
	for _, s := range d.sections {
		for _, e := range s.entries {
			if !slices.Equal(e.key, key) {
				continue
			}
			if e.inline {
				return d.outOfInline(e), true
			}
			return d.replace(lineStart(d.text, e.start), lineEnd(d.text, e.end), ""), true
		}
	}
	return nil, false
}

func (d *document) outOfInline(e entry) []byte {
	from, to := e.start, e.end
	rest := bytes.TrimLeft(d.text[to:], " \t\r\n")
	if bytes.HasPrefix(rest, []byte(",")) {
		to = len(d.text) - len(bytes.TrimLeft(rest[1:], " \t"))
		return d.replace(from, to, "")
	}
	before := bytes.TrimRight(d.text[:from], " \t\r\n")
	if bytes.HasSuffix(before, []byte(",")) {
		from = len(before) - 1
	}
	return d.replace(from, to, "")
}

func (d *document) intoInline(e *entry, line string) []byte {
	rest := bytes.TrimLeft(d.text[e.value+1:e.end], " \t")
	if bytes.HasPrefix(rest, []byte("}")) {
		return d.replace(e.value, e.end, "{ "+line+" }")
	}
	return d.replace(e.value+1, e.end-len(rest), " "+line+", ")
}

func (d *document) intoSection(s *section, line string) []byte {
	for i := len(s.entries) - 1; i >= 0; i-- {
		if e := &s.entries[i]; !e.inline {
			return d.afterEntry(e, line)
		}
	}
	at := lineEnd(d.text, s.end)
	return d.replace(at, at, d.fresh(at)+line+d.newline())
}

// afterEntry adds a line below another, indented like it.
func (d *document) afterEntry(e *entry, line string) []byte {
	from := lineStart(d.text, e.start)
	indent := string(d.text[from:e.start])
	at := lineEnd(d.text, e.end)
	return d.replace(at, at, d.fresh(at)+indent+line+d.newline())
}

// intoRoot adds a line to what stands before every header.
func (d *document) intoRoot(line string) []byte {
	if len(d.sections[0].entries) > 0 {
		return d.intoSection(&d.sections[0], line)
	}
	if len(d.sections) == 1 {
		at := len(d.text)
		return d.replace(at, at, d.fresh(at)+line+d.newline())
	}
	at := d.above(&d.sections[1])
	return d.replace(at, at, line+d.newline()+d.newline())
}

// above is where the comment begins that belongs to a header, or the header.
func (d *document) above(s *section) int {
	at := s.start
	for at > 0 {
		above := lineStart(d.text, at-1)
		if !bytes.HasPrefix(bytes.TrimSpace(d.text[above:at]), []byte("#")) {
			break
		}
		at = above
	}
	return at
}

// newSection makes the table that a key belongs to: above the tables in it, or
// at the end.
func (d *document) newSection(key []string, literal string) []byte {
	last := len(key) - 1
	text := "[" + join(key[:last]...) + "]" + d.newline() + join(key[last]) + " = " + literal + d.newline()
	for i := range d.sections {
		if s := &d.sections[i]; len(s.key) > last && slices.Equal(s.key[:last], key[:last]) {
			at := d.above(s)
			return d.replace(at, at, text+d.newline())
		}
	}
	at := len(d.text)
	gap := d.fresh(at)
	if len(bytes.TrimSpace(d.text)) > 0 && !bytes.HasSuffix(d.text, []byte("\n\n")) {
		gap += d.newline()
	}
	return d.replace(at, at, gap+text)
}

// fresh is the end of the line before at, where the file leaves it out.
func (d *document) fresh(at int) string {
	if at > 0 && d.text[at-1] != '\n' {
		return d.newline()
	}
	return ""
}

func (d *document) newline() string {
	if bytes.Contains(d.text, []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

func (d *document) replace(from, to int, by string) []byte {
	var b strings.Builder
	b.Write(d.text[:from])
	b.WriteString(by)
	b.Write(d.text[to:])
	return []byte(b.String())
}

func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

// lineEnd is behind the line that at is in, its end included.
func lineEnd(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}
