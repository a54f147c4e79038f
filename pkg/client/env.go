package client

import (
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Env picks from environ, a list of NAME=value, what the patterns of a Hello
// ask for. A pattern is a name, or the beginning of names with a * after it.
// Where a name comes twice the last one counts, as for a process.
func Env(patterns, environ []string) api.Env {
	env := api.Env{}
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if ok && name != "" && matchAny(patterns, name) {
			env[name] = value
		}
	}
	return env
}

func matchAny(patterns []string, name string) bool {
	for _, p := range patterns {
		prefix, wild := strings.CutSuffix(p, "*")
		if p == name || wild && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
