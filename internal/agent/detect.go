package agent

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hf-dev/hf/internal/agent/demo"
	"github.com/hf-dev/hf/internal/xec"
)

const (
	// versionLimit bounds how long a program may take to print its version.
	versionLimit = 2 * time.Second
	// packageDepth is how far above its program a package's own file may be.
	packageDepth = 4
)

// version is the installed version, or "" when nothing says it.
func (p *Profile) version(ctx context.Context, path string, env []string) string {
	if p.Name == Demo && p.Builtin {
		return demo.Version
	}
	if v := packageVersion(path); v != "" {
		return v
	}
	if !p.detect.asksVersion {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, versionLimit)
	defer cancel()
	out, err := xec.Output(ctx, xec.Cmd{Argv: []string{path, "--version"}, Env: env, Grace: 100 * time.Millisecond})
	if err != nil {
		return ""
	}
	return versionIn(string(out))
}

// versionIn finds the version in what a program printed.
func versionIn(text string) string {
	return regexp.MustCompile(`\d+\.\d+(\.\d+)?([-+][0-9A-Za-z.-]+)?`).FindString(text)
}

// packageVersion reads the package file that a script installed by npm stands
// beside or below.
func packageVersion(path string) string {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	dir := filepath.Dir(target)
	for range packageDepth {
		if v := versionOf(filepath.Join(dir, "package.json")); v != "" {
			return v
		}
		if filepath.Base(dir) == "node_modules" {
			return ""
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

func versionOf(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	var p struct {
		Name    string          `json:"name"`
		Version string          `json:"version"`
		Bin     json.RawMessage `json:"bin"`
	}
	if json.Unmarshal(b, &p) != nil || p.Name == "" {
		return ""
	}
	return p.Version
}

// signedIn says whether the agent has credentials; nil = it cannot be told
// without starting it.
func (p *Profile) signedIn(env []string) *bool {
	yes, no := true, false
	if p.Name == Demo && p.Builtin {
		return &yes
	}
	d := &p.detect
	for _, file := range d.credentials {
		if exists(file, env) {
			return &yes
		}
	}
	for _, name := range p.KeyVars {
		if value(env, name) != "" || p.Env[name] != "" {
			return &yes
		}
	}
	if len(d.credentials) == 0 || d.neverKnown || runtime.GOOS == "darwin" { // there they may be in the keychain
		return nil
	}
	for _, hint := range d.elsewhere {
		if value(env, hint) != "" || p.Env[hint] != "" || strings.ContainsRune(hint, '/') && exists(hint, env) {
			return nil
		}
	}
	return &no
}

// exists reports whether the file of a pattern is there.
func exists(pattern string, env []string) bool {
	path := expand(pattern, env)
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return err == nil
}

// expand is the path of a pattern, "" when nothing says where it is.
func expand(pattern string, env []string) string {
	path := os.Expand(pattern, func(name string) string {
		name, other, _ := strings.Cut(name, ":-")
		if v := value(env, name); v != "" {
			return v
		}
		return other
	})
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home := value(env, "HOME")
		if home == "" {
			return ""
		}
		path = filepath.Join(home, rest)
	}
	return path
}

func value(env []string, name string) string {
	for _, entry := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			return v
		}
	}
	return ""
}
