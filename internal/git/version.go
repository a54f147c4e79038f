package git

import (
	"bytes"
	"context"
	"strings"
)

// Version is the version of the git that the runner found, such as 2.39.5. A
// git that is missing or too old is an *api.Error.
func (r *Runner) Version(ctx context.Context) (string, error) {
	if err := r.check(ctx); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := r.exec(ctx, "/", call{args: []string{"version"}, stdout: &out}); err != nil {
		return "", err
	}
	return strings.TrimPrefix(strings.TrimSpace(out.String()), "git version "), nil
}

// ExecPath is where git keeps its own programs, and looks for those of others.
func (r *Runner) ExecPath(ctx context.Context) (string, error) {
	if err := r.check(ctx); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := r.exec(ctx, "/", call{args: []string{"--exec-path"}, stdout: &out}); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}
