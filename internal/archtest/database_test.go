package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// opening are the calls that give a process a descriptor of a file. Closing any
// descriptor of the database drops the locks that SQLite has on it: somebody
// else's sqlite3 then removes the log under hfd, and what hfd commits is lost.
func opening() []string {
	return []string{
		"os.Open", "os.OpenFile", "os.ReadFile", "os.WriteFile", "os.Create", "os.Truncate", "os.OpenInRoot",
		"syscall.Open", "unix.Open", "unix.Openat", "os.CopyFS",
	}
}

// inStore are the functions of the store that open files, and why they may.
func inStore() map[string]string {
	return map[string]string{
		"readHeader":   "before SQLite opens the file",
		"makeFile":     "before SQLite opens the file, which is not there yet",
		"logOf":        "before SQLite opens the file",
		"copyPlain":    "of a file that nobody has open: one that was set aside, or one that cannot be written",
		"syncPath":     "of a copy, or of a directory",
		"emptyDir":     "of a directory",
		"readMark":     "of another file",
		"advance":      "of another file",
		"setAside":     "of another file",
		"suspect":      "of another file",
		"takeReserve":  "of another file",
		"vacuum":       "of a copy that is not made yet",
		"ReadRecovery": "of another file",
		"WriteDurably": "of another file",
	}
}

func TestNobodyOpensTheDatabase(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range listed(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok {
					continue
				}
				store := p.path() == "internal/store"
				for _, call := range opens(fn) {
					switch {
					case store && inStore()[fn.Name.Name] != "":
						seen[fn.Name.Name] = true
					case store:
						t.Errorf("%s: %s opens a file: say in this test why it can never be the open database", fset.Position(call.Pos()), fn.Name.Name)
					case namesDatabase(call):
						t.Errorf("%s: only SQLite may open the database", fset.Position(call.Pos()))
					}
				}
			}
		}
	}
	for name := range inStore() {
		if !seen[name] {
			t.Errorf("the store's %s opens nothing: take it from the list", name)
		}
	}
}

// opens finds the calls in a function that open files.
func opens(fn *ast.FuncDecl) (calls []*ast.CallExpr) {
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(opening(), x.Name+"."+sel.Sel.Name) {
			calls = append(calls, call)
		}
		return true
	})
	return calls
}

// namesDatabase reports whether an argument speaks of the database's path.
func namesDatabase(call *ast.CallExpr) (found bool) {
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				found = found || n.Sel.Name == "Database"
			case *ast.Ident:
				found = found || strings.EqualFold(n.Name, "database")
			case *ast.BasicLit:
				found = found || strings.Contains(n.Value, "hf.db")
			}
			return true
		})
	}
	return found
}
