package complete

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hf-dev/hf/internal/cli/factory"
	"github.com/hf-dev/hf/internal/sanitize"
	"github.com/hf-dev/hf/pkg/client"
)

// BranchesHere completes by the branches of the checkout that the person is in.
// Those of another repo are not known here. Only names of files are read: hf
// runs no git.
func BranchesHere(*factory.Factory) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		dir, err := os.Getwd()
		if repo := cmd.Flags().Lookup("repo"); err != nil || repo != nil && repo.Changed {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, name := range branches(gitDir(dir)) {
			if sanitize.Line(name) == name {
				names = append(names, name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// gitDir finds the directory that the branches of a checkout are in, "" where
// there is none. A worktree has a file that leads there.
func gitDir(dir string) string {
	at := filepath.Join(dir, ".git")
	st, err := os.Stat(at)
	switch {
	case err != nil && dir == filepath.Dir(dir):
		return ""
	case err != nil:
		return gitDir(filepath.Dir(dir))
	case st.IsDir():
		return at
	}
	own, ok := strings.CutPrefix(firstLine(at), "gitdir: ")
	if !ok {
		return ""
	}
	own = below(dir, own)
	return below(own, firstLine(filepath.Join(own, "commondir")))
}

func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func firstLine(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

// branches lists the branches of a git directory: those with a file of their
// own, and the packed ones.
func branches(dir string) []string {
	const heads = "refs/heads/"
	if dir == "" {
		return nil
	}
	var names []string
	root := filepath.Join(dir, heads)
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error { // what cannot be read is not completed
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".lock") {
			names = append(names, strings.TrimPrefix(path, root+"/"))
		}
		return nil
	})
	if f, err := os.Open(filepath.Join(dir, "packed-refs")); err == nil {
		defer func() { _ = f.Close() }()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if _, ref, _ := strings.Cut(lines.Text(), " "); strings.HasPrefix(ref, heads) {
				names = append(names, strings.TrimPrefix(ref, heads))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Options completes by the answers that the agent offers: to the request that
// is named behind the task, or to all that are open.
func Options(f *factory.Factory) Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return ask(cmd, f, func(ctx context.Context, c *client.Client) (out []string) {
			requests, err := c.Permissions(ctx, factory.Task(args[0]))
			if err != nil {
				return nil
			}
			for i := range requests {
				if len(args) > 1 && requests[i].ID != args[1] {
					continue
				}
				for _, o := range requests[i].Options {
					out = append(out, described(o.ID, o.Name))
				}
			}
			return out
		})
	}
}
