package agent

import (
	"context"
	"encoding/json"
	"fmt"
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

// signedIn says whether the agent has credentials, and which; nil = it cannot be
// told without starting it. A key in the caller's shell is none: the agent gets
// only what the configuration names.
func (p *Profile) signedIn(caller []string) (in *bool, by string) {
	yes, no := true, false
	if p.Name == Demo && p.Builtin {
		return &yes, "needs none"
	}
	env := p.given(caller)
	d := &p.detect
	for _, name := range p.KeyVars {
		if value(env, name) != "" {
			return &yes, name
		}
	}
	for _, file := range d.credentials {
		if hasEntries(file, env) {
			return &yes, "login"
		}
	}
	if len(d.credentials) == 0 || runtime.GOOS == "darwin" { // there they may be in the keychain
		return nil, ""
	}
	for _, hint := range d.elsewhere {
		if value(env, hint) != "" || strings.ContainsRune(hint, '/') && exists(hint, env) {
			return nil, ""
		}
	}
	return &no, ""
}

// given is the environment as the agent gets it, as far as its credentials go.
func (p *Profile) given(caller []string) []string {
	env := slices.DeleteFunc(slices.Clone(caller), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(p.KeyVars, name)
	})
	for name, v := range p.Env {
		if from, ok := strings.CutPrefix(v, "$"); ok {
			v = value(caller, strings.Trim(from, "{}"))
		}
		env = append(env, name+"="+v)
	}
	return env
}

// howToSignIn says how to sign in with the program, or to have hf give it a key.
func (p *Profile) howToSignIn() string {
	if p.SignIn == "" || len(p.KeyVars) == 0 {
		return p.SignIn
	}
	key := p.KeyVars[0]
	return fmt.Sprintf("%s Or give it a key of your shell: env = { %s = \"$%s\" } below [agents.%s] in the configuration.", p.SignIn, key, key, p.Name)
}

// hasEntries reports whether a file is there and says anything: programs leave
// an empty list when one signs out.
func hasEntries(pattern string, env []string) bool {
	b, err := os.ReadFile(expand(pattern, env))
	if err != nil {
		return false
	}
	var entries map[string]json.RawMessage
	if json.Unmarshal(b, &entries) == nil {
		return len(entries) > 0
	}
	return len(b) > 0
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
