package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/hf-dev/hf"

// pkg is what `go list` says of a package.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	Doc        string
	GoFiles    []string
	Imports    []string
	Deps       []string
}

// path is the package's place in the module.
func (p pkg) path() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

// packages lists the module once for all tests.
var packages = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Dir,Doc,GoFiles,Imports,Deps", "./...")
	cmd.Dir = filepath.Join("..", "..")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, errors.New("go list: " + err.Error() + ": " + stderr.String())
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func listed(t *testing.T) []pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// matches reports whether a path is meant by a pattern.
func matches(pattern, path string) bool {
	above, deep := strings.CutSuffix(pattern, "/...")
	return path == above || deep && strings.HasPrefix(path, above+"/")
}

func anyMatches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, path) })
}

func TestWhoImportsWhom(t *testing.T) {
	for _, p := range listed(t) {
		i := slices.IndexFunc(rules(), func(r rule) bool { return matches(r.packages, p.path()) })
		if i < 0 {
			t.Errorf("%s is in no rule: say in rules_test.go what it may import", p.path())
			continue
		}
		for _, imported := range p.Imports {
			path, ours := strings.CutPrefix(imported, module+"/")
			if ours && !anyMatches(forAll(), path) && !anyMatches(rules()[i].may, path) {
				t.Errorf("%s must not import %s", p.path(), path)
			}
		}
	}
}

func TestWhoImportsWhatIsOutside(t *testing.T) {
	for _, p := range listed(t) {
		for _, imported := range p.Imports {
			for _, o := range outside() {
				if matches(o.what, imported) && !anyMatches(o.may, p.path()) {
					t.Errorf("%s must not import %s: %s", p.path(), imported, o.why)
				}
			}
		}
	}
}

func TestContractImportsOnlyTheStandardLibrary(t *testing.T) {
	for _, p := range listed(t) {
		if p.path() != "pkg/api" {
			continue
		}
		for _, d := range p.Deps {
			if strings.Contains(strings.Split(d, "/")[0], ".") {
				t.Errorf("pkg/api reaches %s", d)
			}
		}
	}
}

func TestWhatTheClientLinks(t *testing.T) {
	for _, p := range listed(t) {
		if p.path() != "cmd/hf" {
			continue
		}
		for _, d := range p.Deps {
			if anyMatches(unlinked(), d) {
				t.Errorf("hf links %s%s", d, chain(t, p.ImportPath, d))
			}
		}
		return
	}
	t.Error("there is no cmd/hf")
}

// chain says through which of our packages one reaches another.
func chain(t *testing.T, from, to string) string {
	t.Helper()
	byPath := map[string]pkg{}
	for _, p := range listed(t) {
		byPath[p.ImportPath] = p
	}
	out := ""
	for at := from; ; {
		p, ok := byPath[at]
		if !ok {
			return out + " (through " + strings.TrimPrefix(at, module+"/") + ")"
		}
		if slices.Contains(p.Imports, to) {
			return out + " (imported by " + p.path() + ")"
		}
		next := slices.IndexFunc(p.Imports, func(i string) bool { return slices.Contains(byPath[i].Deps, to) })
		if next < 0 {
			return out + " (through what " + p.path() + " imports)"
		}
		at = p.Imports[next]
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	for _, p := range listed(t) {
		if len(p.GoFiles) == 0 {
			continue // only tests
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(p.Doc, want) {
			t.Errorf("%s: its comment must begin with %q, and is %q", p.path(), want, p.Doc)
		}
	}
}

// TestOnlyMain finds what only a program's main may do: ending the process and
// making a context of nothing. What changes the process under everybody's feet
// is allowed to nobody.
func TestOnlyMain(t *testing.T) {
	inMain := []string{"os.Exit", "log.Fatal", "log.Fatalf", "context.Background"}
	nowhere := []string{"context.TODO", "slog.SetDefault"}
	for _, p := range listed(t) {
		for _, name := range p.GoFiles {
			main := p.Name == "main" && name == "main.go" && slices.Contains(strings.Split(p.path(), "/"), "cmd")
			path := filepath.Join(p.Dir, name)
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					if n.Name.Name == "init" && n.Recv == nil {
						t.Errorf("%s: no package may have an init", fset.Position(n.Pos()))
					}
				case *ast.SelectorExpr:
					x, ok := n.X.(*ast.Ident)
					if !ok {
						return true
					}
					what := x.Name + "." + n.Sel.Name
					if slices.Contains(nowhere, what) || slices.Contains(inMain, what) && !main {
						t.Errorf("%s: %s is not allowed here", fset.Position(n.Pos()), what)
					}
				}
				return true
			})
		}
	}
}

func TestMatches(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"a/b", "a/b", true},
		{"a/b", "a/b/c", false},
		{"a/...", "a", true},
		{"a/...", "a/b/c", true},
		{"a/...", "ab", false},
		{"a/...", "b/a", false},
	} {
		if got := matches(tt.pattern, tt.path); got != tt.want {
			t.Errorf("matches(%q, %q) = %v", tt.pattern, tt.path, got)
		}
	}
}
