package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Parse reads the content of the file at path, which only names it. The first
// thing that is wrong, in the order of the file, is the error.
func Parse(path string, content []byte) (Config, []Warning, error) {
	var values map[string]any
	if err := toml.Unmarshal(content, &values); err != nil {
		return Config{}, nil, invalid(syntax(path, err))
	}
	lines := linesOf(content)
	c := Default()
	c.file, c.lines = path, lines.byKey
	if err := table(keys(&c))(nil, values); err != nil {
		return Config{}, nil, invalid(first(path, lines, err))
	}
	if err := checkThemes(&c.TUI); err != nil {
		return Config{}, nil, invalid(first(path, lines, err))
	}
	warnings := warn(c)
	slices.SortFunc(warnings, func(a, b Warning) int { return cmp.Compare(a.String(), b.String()) })
	return c, warnings, nil
}

// syntax is what the TOML library has to say, with the line.
func syntax(path string, err error) string {
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := e.Position()
		return fmt.Sprintf("%s:%d: %s", path, line, strings.TrimPrefix(e.Error(), "toml: "))
	}
	return fmt.Sprintf("%s: %s", path, strings.TrimPrefix(err.Error(), "toml: "))
}

// first returns the topmost of joined key errors, with its line.
func first(path string, lines fileLines, err error) string {
	type place struct {
		line int
		text string
	}
	var all []place
	var collect func(error)
	collect = func(err error) {
		if e, ok := err.(*keyError); ok { //nolint:errorlint // the tree is walked here, node by node
			all = append(all, place{lines.of(e.key), e.text})
			return
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, err := range joined.Unwrap() {
				collect(err)
			}
		}
	}
	collect(err)
	top := slices.MinFunc(all, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.text, b.text))
	})
	return fmt.Sprintf("%s:%d: %s", path, top.line, top.text)
}

// fileLines knows on which line a file has a key.
type fileLines struct{ byKey map[string]int }

// of returns the line of a key, or of the nearest one above it.
func (l fileLines) of(key []string) int {
	for n := len(key); n > 0; n-- {
		if line, ok := l.byKey[join(key[:n]...)]; ok {
			return line
		}
	}
	return 1
}

// linesOf reads where the keys of a valid document stand. Tables count as keys
// where their header or their first value stands.
func linesOf(content []byte) fileLines {
	l := fileLines{map[string]int{}}
	var p unstable.Parser
	p.Reset(content)
	var header []string
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			header = l.note(&p, nil, e)
		case unstable.KeyValue:
			l.value(&p, header, e)
		default: // a comment
		}
	}
	return l
}

// value notes a key with its value, and what is inside an inline table.
func (l fileLines) value(p *unstable.Parser, above []string, e *unstable.Node) {
	key := l.note(p, above, e)
	v := e.Value()
	if v.Kind != unstable.InlineTable {
		return
	}
	for it := v.Children(); it.Next(); {
		l.value(p, key, it.Node())
	}
}

// note records the parts of an expression's key and returns the whole key.
func (l fileLines) note(p *unstable.Parser, above []string, e *unstable.Node) []string {
	key := slices.Clone(above)
	for it := e.Key(); it.Next(); {
		n := it.Node()
		key = append(key, string(n.Data))
		if name := join(key...); l.byKey[name] == 0 {
			l.byKey[name] = p.Shape(n.Raw).Start.Line
		}
	}
	return key
}

// suggest names the known key that is nearest to a misspelt one, or all where
// none is near.
func suggest(name string, names []string) string {
	best := slices.MinFunc(names, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	if distance(name, best) <= max(2, len(best)/3) {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; the keys here are " + strings.Join(names, ", ")
}

// distance counts the insertions, deletions and replacements that turn a into
// b. It looks at no more of a than could matter.
func distance(a, b string) int {
	a = a[:min(len(a), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
