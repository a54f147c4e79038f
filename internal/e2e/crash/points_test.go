package crash

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// point is a place in the source where a program can be made to fail.
type point struct {
	name   string
	errors bool // it can return an error; else it can only die
	where  string
}

const faultPackage = "github.com/hf-dev/hf/internal/fault"

// points finds every point in the source.
func points(t *testing.T) map[string]point {
	t.Helper()
	found := map[string]point{}
	root := filepath.Join("..", "..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "fault" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		for _, p := range pointsOf(t, path) {
			if other, twice := found[p.name]; twice {
				t.Errorf("%s: the point %s is in %s already", p.where, p.name, other.where)
			}
			found[p.name] = p
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func pointsOf(t *testing.T, path string) (list []point) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	as := ""
	for _, i := range file.Imports {
		if v, _ := strconv.Unquote(i.Path.Value); v == faultPackage {
			as = "fault"
			if i.Name != nil {
				as = i.Name.Name
			}
		}
	}
	if as == "" {
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		makes := map[string]bool{"Around": true, "Point": true, "Pass": true}
		if x, ok := sel.X.(*ast.Ident); !ok || x.Name != as || !makes[sel.Sel.Name] {
			return true
		}
		where := fset.Position(call.Pos()).String()
		literal, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			t.Errorf("%s: the name of a point must be a literal", where)
			return true
		}
		name, _ := strconv.Unquote(literal.Value)
		switch sel.Sel.Name {
		case "Around":
			list = append(list, point{name + ".before", true, where}, point{name + ".after", true, where})
		case "Point":
			list = append(list, point{name, true, where})
		case "Pass":
			list = append(list, point{name, false, where})
		}
		return true
	})
	return list
}
