// Package editor runs the editor of the person.
package editor

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/xec"
)

// Name is the person's editor: VISUAL, else EDITOR, else vi.
func Name(environ []string) string {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		for _, kv := range slices.Backward(environ) {
			if v, ok := strings.CutPrefix(kv, name+"="); ok && strings.TrimSpace(v) != "" {
				return v
			}
		}
	}
	return "vi"
}

// Run lets the person edit a file and waits until they are done.
func Run(ctx context.Context, environ []string, file string) error {
	err := xec.Foreground(ctx, xec.Cmd{
		// As git does: the variable may hold arguments, so a shell takes it apart.
		Argv: []string{"/bin/sh", "-c", Name(environ) + ` "$@"`, "editor", file},
		Env:  environ, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	})
	if err != nil {
		return fmt.Errorf("run the editor %s: %w", Name(environ), err)
	}
	return nil
}
