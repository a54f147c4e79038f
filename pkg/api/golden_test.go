package api_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden file instead of comparing with it")

// TestContract compares the wire types, enums, routes and constants of this
// package with those in testdata/api.golden. A difference is a change of the
// contract: additions need a higher Level, anything else a new /v2.
func TestContract(t *testing.T) {
	got := contract(t)
	const golden = "testdata/api.golden"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	had, has := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
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
	t.Error("the contract between hf and hfd changed; if it was meant to, run: go test ./pkg/api -update")
}

// contract writes down all that is exported and goes over the wire, one fact a
// line, each line whole by itself, sorted.
func contract(t *testing.T) []byte {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok {
				lines = append(lines, facts(d)...)
			}
		}
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "\n") + "\n")
}

func facts(d *ast.GenDecl) []string {
	var out []string
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			out = append(out, typeFacts(s)...)
		case *ast.ValueSpec:
			out = append(out, valueFacts(d.Tok, s)...)
		}
	}
	return out
}

func typeFacts(s *ast.TypeSpec) []string {
	st, ok := s.Type.(*ast.StructType)
	if !ok {
		return []string{fmt.Sprintf("type %s %s", s.Name, types.ExprString(s.Type))}
	}
	var out []string
	for _, f := range st.Fields.List {
		tag := ""
		if f.Tag != nil {
			tag = " " + f.Tag.Value
		}
		typ := types.ExprString(f.Type)
		if len(f.Names) == 0 {
			out = append(out, fmt.Sprintf("field %s.(%s)%s", s.Name, typ, tag))
		}
		for _, name := range f.Names {
			if name.IsExported() {
				out = append(out, fmt.Sprintf("field %s.%s %s%s", s.Name, name, typ, tag))
			}
		}
	}
	return out
}

func valueFacts(tok token.Token, s *ast.ValueSpec) []string {
	var out []string
	for i, name := range s.Names {
		if !name.IsExported() || i >= len(s.Values) {
			continue
		}
		typ := ""
		if s.Type != nil {
			typ = " " + types.ExprString(s.Type)
		}
		value := types.ExprString(s.Values[i])
		if lit, ok := s.Values[i].(*ast.CompositeLit); ok {
			var words []string
			for _, e := range lit.Elts {
				words = append(words, types.ExprString(e))
			}
			value = fmt.Sprintf("%s{%s}", types.ExprString(lit.Type), strings.Join(words, ", "))
		}
		out = append(out, fmt.Sprintf("%s %s%s = %s", tok, name, typ, value))
	}
	return out
}
