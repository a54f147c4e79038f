package cli

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/help"
	"github.com/hf-dev/hf/internal/cli/output"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

const module = "github.com/hf-dev/hf/"

// TestSchemaIsDocumented compares `hf help json` with the types that commands
// print. What is written there is what scripts rely on: fields may be added; one
// that goes away or becomes another raises api.Schema.
func TestSchemaIsDocumented(t *testing.T) {
	d := document{t: t, comments: map[string]string{}, words: map[string][]string{}, seen: map[reflect.Type]bool{}}
	got := d.text()
	const golden = "topics/json.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	had, has := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for _, line := range had {
		if !slices.Contains(has, line) {
			t.Errorf("gone:  %s", line)
		}
	}
	for _, line := range has {
		if !slices.Contains(had, line) {
			t.Errorf("added: %s", line)
		}
	}
	if got != string(want) {
		t.Error("the JSON of commands changed; if it was meant to, run: go test ./internal/cli -update")
	}
}

// document writes down what commands print.
type document struct {
	t        *testing.T
	comments map[string]string   // of fields, by type and name
	words    map[string][]string // the values of a type of texts
	seen     map[reflect.Type]bool
	parsed   []string
	queue    []reflect.Type
}

func (d *document) text() string {
	var b strings.Builder
	b.WriteString(help.Wrap(`What the commands print with --json. A type is written with a ? when the fact may
be absent because it is not known, and with "or null" when it may be known to be
nothing. Every document has a field "schema", the version of its form;
`+"`hf help formatting`"+` says when it rises.`, 80) + "\n")
	everyCommand(func(cmd *cobra.Command, path string) {
		sample, shape, ok := output.Document(cmd)
		if !ok {
			return
		}
		b.WriteString(indented(fmt.Sprintf("%s: %s, %s", path, shape, d.name(sample)), "  "))
	})
	// Their own parts come after all the documents.
	documents := len(d.queue)
	slices.SortFunc(d.queue[:documents], func(a, b reflect.Type) int { return cmp.Compare(a.Name(), b.Name()) })
	for i := 0; i < len(d.queue); i++ {
		b.WriteString("\n" + d.describe(d.queue[i], i < documents))
	}
	return b.String()
}

// name is how a type is called, and has it described if it is one of ours.
func (d *document) name(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return "anything"
	case t == reflect.TypeFor[[]byte]():
		return "text in base64"
	case strings.HasPrefix(t.Name(), "Opt["):
		value, _ := reflect.PointerTo(t).MethodByName("Get")
		return d.name(value.Type.Out(0)) + " or null"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return d.name(t.Elem())
	case reflect.Slice:
		return "list of " + d.name(t.Elem())
	case reflect.Map:
		return d.name(t.Elem()) + " by " + d.name(t.Key())
	case reflect.Bool:
		return "true/false"
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Float64:
		return "number"
	case reflect.String:
		if t.PkgPath() == "" {
			return "text"
		}
	case reflect.Struct:
	default:
		d.t.Fatalf("%s has no name in the documentation", t)
	}
	if !d.seen[t] {
		d.seen[t] = true
		d.queue = append(d.queue, t)
		d.parse(t.PkgPath())
	}
	return t.Name()
}

// describe is one type: its fields, or the words it may be. Every document has a
// schema, its type's own or the one that is added when it is printed.
func (d *document) describe(t reflect.Type, whole bool) string {
	if t.Kind() == reflect.String {
		return t.Name() + "\n\n" + indented(strings.Join(d.words[key(t, "")], ", "), "  ")
	}
	rows, also := d.rows(t)
	if _, has := t.FieldByName("Schema"); whole && !has {
		rows = append([][3]string{{"schema", "number", ""}}, rows...)
	}
	nameWidth, typeWidth := 0, 0
	for _, r := range rows {
		nameWidth, typeWidth = max(nameWidth, len(r[0])), max(typeWidth, len(r[1]))
	}
	var b strings.Builder
	b.WriteString(t.Name() + "\n\n")
	if also != "" {
		b.WriteString("  all of " + also + ", and\n\n")
	}
	for _, r := range rows {
		head := fmt.Sprintf("  %-*s  %-*s", nameWidth, r[0], typeWidth, r[1])
		text := indented(cmp.Or(r[2], " "), strings.Repeat(" ", len(head)+2))
		b.WriteString(strings.TrimRight(head+"  "+strings.TrimLeft(text, " "), " \n") + "\n")
	}
	return b.String()
}

// rows are the name, the type and the comment of every field, also the type
// whose fields are there besides.
func (d *document) rows(t reflect.Type) (rows [][3]string, also string) {
	for f := range t.Fields() {
		name, opts, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			also = d.name(f.Type)
			continue
		case name == "" || name == "-":
			continue
		}
		typ := d.name(f.Type)
		if strings.Contains(opts, "omitempty") || strings.Contains(opts, "omitzero") {
			typ += "?"
		}
		d.parse(t.PkgPath())
		rows = append(rows, [3]string{name, typ, d.comments[key(t, f.Name)]})
	}
	return rows, also
}

// indented wraps a text behind an indentation.
func indented(text, indent string) string {
	lines := strings.TrimRight(help.Wrap(text, max(24, 80-len(indent))), "\n")
	return indent + strings.ReplaceAll(lines, "\n", "\n"+indent) + "\n"
}

func key(t reflect.Type, field string) string { return t.PkgPath() + "." + t.Name() + "." + field }

// parse reads the comments of a package's fields and the constants of its types.
func (d *document) parse(pkg string) {
	path, ours := strings.CutPrefix(pkg, module)
	if !ours || slices.Contains(d.parsed, pkg) {
		return
	}
	d.parsed = append(d.parsed, pkg)
	files, err := filepath.Glob(filepath.Join("..", "..", path, "*.go"))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			d.t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if g, ok := decl.(*ast.GenDecl); ok {
				d.note(pkg, g)
			}
		}
	}
}

func (d *document) note(pkg string, g *ast.GenDecl) {
	for _, spec := range g.Specs {
		switch s := spec.(type) {
		case *ast.ValueSpec:
			typ, ok := s.Type.(*ast.Ident)
			for i := range s.Values {
				if lit, isLit := s.Values[i].(*ast.BasicLit); ok && isLit && g.Tok == token.CONST {
					at := pkg + "." + typ.Name + "."
					d.words[at] = append(d.words[at], strings.Trim(lit.Value, `"`))
				}
			}
		case *ast.TypeSpec:
			st, ok := s.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range st.Fields.List {
				text := strings.TrimSpace(strings.ReplaceAll(cmp.Or(f.Comment.Text(), f.Doc.Text()), "\n", " "))
				for _, n := range f.Names {
					d.comments[pkg+"."+s.Name.Name+"."+n.Name] = text
				}
			}
		}
	}
}
