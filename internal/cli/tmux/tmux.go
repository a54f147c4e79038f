// Package tmux opens windows in the tmux that hf runs in, and writes text that
// tmux shows as it is.
package tmux

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"

	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/internal/xec"
)

const (
	nameWidth = 30 // columns of a window's name
	limit     = 5 * time.Second
)

// Escape makes tmux show text as it is: # begins its formats.
func Escape(s string) string { return strings.ReplaceAll(s, "#", "##") }

// Inside reports whether a process with these variables runs in tmux.
func Inside(environ []string) bool { return lookUp(environ, "TMUX") != "" }

// Open opens a window behind the current one that runs argv. What tells hf its
// own places comes with it: tmux has variables of its own.
func Open(ctx context.Context, environ []string, name string, argv []string) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	name = displaywidth.TruncateString(sanitize.Line(name), nameWidth, "…")
	words := []string{"tmux", "new-window", "-d", "-n", Escape(name)}
	for _, kv := range environ {
		if mine(kv) {
			words = append(words, "-e", kv)
		}
	}
	words = append(append(words, "--"), argv...)
	return xec.Run(ctx, xec.Cmd{Argv: words, Env: environ})
}

// mine reports whether a variable says where hf's files are or how it behaves.
// Those that tell which task a process belongs to do not hold for the window.
func mine(kv string) bool {
	name, _, _ := strings.Cut(kv, "=")
	if name == "HF_TASK" || name == "HF_BRANCH" {
		return false
	}
	return strings.HasPrefix(name, "HF_") || strings.HasPrefix(name, "XDG_")
}

func lookUp(environ []string, name string) string {
	for _, kv := range slices.Backward(environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
