// Package trust asks a person to allow a repository's own commands.
package trust

import (
	"context"
	"fmt"
	"strings"

	"github.com/hf-dev/hf/internal/cli/render"
	"github.com/hf-dev/hf/internal/iostreams"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/api"
)

// Truster shows a repository's own commands and allows them.
type Truster interface {
	RepoTrust(ctx context.Context, repo string) (api.RepoTrust, error)
	TrustRepo(ctx context.Context, repo, hash string) (api.RepoTrust, error)
}

// Show prints the commands, and the file that holds them, in full: every
// variable it sets is trusted with it.
func Show(io *iostreams.IOStreams, t api.RepoTrust) error {
	st := io.ErrStyle()
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s:\n\n%s\n", st.Bold(sanitize.Line(t.File)), st.Bold(sanitize.Line(t.Repo)), render.Indent("    ", sanitize.Text(t.Content)))
	for _, part := range []struct {
		name     string
		commands []string
	}{{"setup", t.Setup}, {"teardown", t.Teardown}} {
		for _, c := range part.commands {
			fmt.Fprintf(&b, "%s command: %s\n", part.name, sanitize.Exact(c))
		}
	}
	_, err := fmt.Fprint(io.Err, b.String())
	return err
}

// Ask shows the commands and asks whether to allow exactly these. It reports
// whether they are allowed now.
func Ask(ctx context.Context, c Truster, io *iostreams.IOStreams, repo string) (bool, error) {
	t, err := c.RepoTrust(ctx, repo)
	if err != nil || t.Trusted {
		return t.Trusted, err
	}
	if err := Show(io, t); err != nil {
		return false, err
	}
	ok, err := io.Confirm("Allow hf to run these commands on this machine?")
	if err != nil || !ok {
		return false, err
	}
	t, err = c.TrustRepo(ctx, repo, t.Hash)
	return t.Trusted, err
}
