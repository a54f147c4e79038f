// Package repoconfig reads .hf/config.toml, the settings a repository carries
// for the tasks that work on it. They hold commands, so hf runs them only after
// the user allowed exactly this content, which a hash names.
package repoconfig

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/hf-dev/hf/pkg/api"
)

// File is the path of the settings in a repository.
const File = ".hf/config.toml"

// maxSize is the largest file that is read, in bytes.
const maxSize = 64 << 10

// Config is what a repository asks for. The zero value asks for nothing.
type Config struct {
	Setup    []string          `toml:"setup"`    // shell commands for a new sandbox, in order
	Teardown []string          `toml:"teardown"` // shell commands before a sandbox is removed
	Env      map[string]string `toml:"env"`      // for every process of a task
	Content  string            `toml:"-"`        // the file itself
	Hash     string            `toml:"-"`        // of Content; "" when there is no file
}

// Empty reports whether the configuration asks for nothing that would need
// trust.
func (c Config) Empty() bool { return len(c.Setup) == 0 && len(c.Teardown) == 0 && len(c.Env) == 0 }

// Environ returns Env as sorted NAME=value.
func (c Config) Environ() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		out = append(out, name+"="+c.Env[name])
	}
	return out
}

// Hash names a content.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// Parse reads a file. Unknown keys are errors: a command that is silently left
// out is worse than one that is refused. Errors are *api.Error and name the line.
func Parse(content []byte) (Config, error) {
	if len(content) > maxSize {
		return Config{}, invalid(fmt.Sprintf("%s is larger than %d bytes", File, maxSize))
	}
	var c Config
	dec := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return Config{}, invalid(explain(err))
	}
	name := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	for _, key := range slices.Sorted(maps.Keys(c.Env)) {
		switch {
		case !name.MatchString(key), strings.ContainsRune(c.Env[key], 0):
			return Config{}, invalid(fmt.Sprintf("%s: %q cannot be an environment variable", File, key))
		case strings.HasPrefix(key, "HF_"):
			return Config{}, invalid(fmt.Sprintf("%s: %s: variables that begin with HF_ are hf's own", File, key))
		}
	}
	for _, commands := range [][]string{c.Setup, c.Teardown} {
		for _, command := range commands {
			if strings.TrimSpace(command) == "" || strings.ContainsRune(command, 0) {
				return Config{}, invalid(File + ": setup and teardown have an empty command")
			}
		}
	}
	c.Content, c.Hash = string(content), Hash(content)
	return c, nil
}

// explain says where and what in the words of the file, not of Go.
func explain(err error) string {
	if strict, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		first := strict.Errors[0]
		row, _ := first.Position()
		return fmt.Sprintf("%s:%d: unknown key %q; the keys are setup, teardown and [env]", File, row, strings.Join(first.Key(), "."))
	}
	if decode, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, _ := decode.Position()
		what := strings.TrimPrefix(decode.Error(), "toml: ")
		if strings.Contains(what, "cannot decode") || strings.Contains(what, "Go ") {
			what = fmt.Sprintf("%q has the wrong type: setup and teardown are lists of strings, [env] holds strings", strings.Join(decode.Key(), "."))
		}
		return fmt.Sprintf("%s:%d: %s", File, row, what)
	}
	return fmt.Sprintf("%s: %v", File, err)
}

func invalid(message string) error {
	return &api.Error{
		Code: api.CodeInvalid, Message: message, Hint: "correct the file on the branch tasks start from, then create the task again",
	}
}

// Tree reads files of commits.
type Tree interface {
	// ReadFile returns a file of a commit, and whether it is there.
	ReadFile(ctx context.Context, commit, path string, limit int) (content []byte, ok bool, err error)
}

// Load reads the settings of a commit, never of a work tree: what an agent
// changes in its own tree has no effect on its task. Without a file it returns
// the zero Config.
func Load(ctx context.Context, tree Tree, commit string) (Config, error) {
	content, ok, err := tree.ReadFile(ctx, commit, File, maxSize+1)
	if err != nil {
		return Config{}, fmt.Errorf("read %s: %w", File, err)
	}
	if !ok {
		return Config{}, nil
	}
	return Parse(content)
}
