package stack

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// MinVersion is the oldest git-spice that hf is made for.
const MinVersion = "0.26"

// minMajor and minMinor are MinVersion's.
const minMajor, minMinor = 0, 26

const (
	// Variable names the git-spice to use.
	Variable = "HF_GIT_SPICE_BIN"
	install  = "install it from https://abhinav.github.io/git-spice/start/install/, or name it in " + Variable
	module   = "go.abhg.dev/gs" // what a binary that was built from source says of itself
	// proveLimit bounds how long a program may take to say what it is: a few
	// milliseconds, unless the machine has much else to do.
	proveLimit = 10 * time.Second
)

// Program is a git-spice that has proven to be it.
type Program struct {
	Path    string
	Version string // such as v0.26.0; "dev" where a build does not know its own
	Hint    string // what to do about one that is older than MinVersion
}

// Program finds the git-spice that an environment means: what HF_GIT_SPICE_BIN
// names, else git-spice in PATH, else what `git spice` runs. It never tries gs,
// which is Ghostscript on most machines. Without one the error says how to get
// it.
func (e *Engine) Program(ctx context.Context, env []string) (Program, error) {
	if wanted := getenv(env, Variable); wanted != "" {
		path, err := xec.LookPath(wanted, env)
		if err != nil {
			return Program{}, missing(fmt.Sprintf("%s names %s, which is no program", Variable, wanted))
		}
		return e.prove(ctx, path, env)
	}
	var paths []string
	if path, err := xec.LookPath("git-spice", env); err == nil {
		paths = append(paths, path)
	}
	if dir, err := e.git.ExecPath(ctx); err == nil {
		if path, err := xec.LookPath(filepath.Join(dir, "git-spice"), env); err == nil {
			paths = append(paths, path)
		}
	}
	first := error(missing("git-spice is not installed"))
	for i, path := range paths {
		p, err := e.prove(ctx, path, env)
		if err == nil {
			return p, nil
		}
		if i == 0 {
			first = err
		}
	}
	return Program{}, first
}

var versionLine = regexp.MustCompile(`^git-spice (\S+)`)

// prove asks a program whether it is git-spice, once for each state of its file.
func (e *Engine) prove(ctx context.Context, path string, env []string) (Program, error) {
	key, err := fileKey(path)
	if err != nil {
		return Program{}, missing(path + " cannot be read")
	}
	e.mu.Lock()
	p, ok := e.programs[key]
	e.mu.Unlock()
	if ok {
		return p, nil
	}
	limited, cancel := context.WithTimeout(ctx, e.limits.Prove)
	defer cancel()
	out, err := xec.Output(limited, xec.Cmd{Argv: []string{path, "version"}, Dir: "/", Env: plainEnv(env)})
	if ctx.Err() != nil {
		return Program{}, context.Cause(ctx)
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	m := versionLine.FindSubmatch(line)
	switch {
	case limited.Err() != nil:
		return Program{}, missing(fmt.Sprintf("%s did not say within %s whether it is git-spice", path, e.limits.Prove))
	case err != nil || m == nil:
		return Program{}, missing(path + " is not git-spice" + ghostscript(out, err))
	}
	p = Program{Path: path, Version: string(m[1])}
	if p.Version == "dev" {
		p.Version = builtVersion(path)
	}
	if older(p.Version) {
		p.Hint = fmt.Sprintf("git-spice %s is older than %s, which hf is made for: %s", p.Version, MinVersion, install)
	}
	e.mu.Lock()
	e.programs[key] = p
	e.mu.Unlock()
	return p, nil
}

// ghostscript explains the program that people have under git-spice's old name.
func ghostscript(out []byte, err error) string {
	said := string(out)
	if x, ok := errors.AsType[*xec.Error](err); ok {
		said += x.Stderr
	}
	if strings.Contains(said, "Ghostscript") || strings.Contains(said, "Unrecoverable error") {
		return " but Ghostscript, which uses the name gs, too"
	}
	return ""
}

// builtVersion is what the Go toolchain wrote into a binary that was built from
// source, or "dev".
func builtVersion(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "dev"
	}
	version := ""
	if info.Main.Path == module {
		version = info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			version = dep.Version
		}
	}
	if version == "" || version == "(devel)" {
		return "dev"
	}
	return version
}

// older reports whether a version is known and below MinVersion.
func older(version string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(strings.TrimPrefix(version, "v"), "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major < minMajor || major == minMajor && minor < minMinor
}

// fileKey tells one state of a program from another.
func fileKey(path string) (string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	key := fmt.Sprint(path, "\x00", st.ModTime().UnixNano(), st.Size())
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		key += fmt.Sprint(" ", sys.Ino)
	}
	return key, nil
}

// plainEnv is what a program needs to run at all: no token, nothing of git's.
func plainEnv(env []string) []string {
	out := []string{"LC_ALL=C", "NO_COLOR=1"}
	for _, name := range []string{"HOME", "PATH", "TMPDIR", "XDG_CONFIG_HOME"} {
		if v := getenv(env, name); v != "" {
			out = append(out, name+"="+v)
		}
	}
	return out
}

func getenv(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

func missing(what string) *api.Error {
	return &api.Error{Code: api.CodeNotFound, Message: what + ": stack actions need git-spice", Hint: install}
}
