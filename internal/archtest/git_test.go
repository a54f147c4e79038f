package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// TestOnlyTheRunnerRunsGit finds the name of the program where a command line
// begins with it, or where it is looked for. An agent can plant programs in a
// repository, and only package git knows how to run none of them. (That package
// xec alone starts processes is a rule of its own; this one is about which.)
func TestOnlyTheRunnerRunsGit(t *testing.T) {
	// The agent that works in a sandbox, what measures in a home of its own, and the
	// other side of a push in tests.
	may := []string{"internal/agent/demo", "internal/bench", "internal/forge/forgetest"}
	found := 0
	for _, p := range listed(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				var first ast.Expr
				switch n := n.(type) {
				case *ast.CompositeLit: // []string{"git", …}
					if len(n.Elts) > 0 {
						first = n.Elts[0]
					}
				case *ast.CallExpr: // LookPath("git"), Command("git", …)
					if f, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 && slices.Contains([]string{"LookPath", "Command", "CommandContext"}, f.Sel.Name) {
						first = n.Args[0]
						if f.Sel.Name == "CommandContext" && len(n.Args) > 1 {
							first = n.Args[1]
						}
					}
				}
				lit, ok := first.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				if text, err := strconv.Unquote(lit.Value); err != nil || path.Base(text) != "git" {
					return true
				}
				found++
				if !slices.Contains(may, p.path()) {
					t.Errorf("%s: only package git may run git", fset.Position(lit.Pos()))
				}
				return true
			})
		}
	}
	if found == 0 {
		t.Error("nothing was found, not even what may run git: this test shows nothing")
	}
}
