package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// IncludeFile lists, in the syntax of .gitignore, the ignored files that a new
// worktree gets a copy of.
const IncludeFile = ".worktreeinclude"

// IncludePatterns reads the include file of a work tree; nil when it has none.
func IncludePatterns(workTree string) ([]string, error) {
	root, err := os.OpenRoot(workTree)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", IncludeFile, err)
	}
	defer func() { _ = root.Close() }()
	b, err := root.ReadFile(IncludeFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(workTree, IncludeFile), err)
	}
	return strings.Split(strings.TrimRight(string(b), "\r\n"), "\n"), nil
}

// Included lists the files of a work tree that git ignores and that patterns
// match, by git's own rules for both. Repositories inside the tree are left
// out.
func (r *Runner) Included(ctx context.Context, repo Repo, workTree string, patterns []string) ([]string, error) {
	in, err := worktreePlace(repo, workTree)
	if err != nil || len(patterns) == 0 {
		return nil, err
	}
	names, err := r.matching(ctx, in, strings.Join(patterns, "\n"))
	if err != nil || len(names) == 0 {
		return nil, err
	}
	// check-ignore refuses literal pathspecs; behind ./ no name is anything else.
	var out bytes.Buffer
	err = r.run(ctx, call{
		in: in, args: []string{"check-ignore", "-z", "--stdin"}, stdout: &out, env: []string{"GIT_LITERAL_PATHSPECS=0"},
		stdin: strings.NewReader("./" + strings.Join(names, "\x00./") + "\x00"),
	})
	if err != nil && exitCode(err) != 1 { // 1: none of them is ignored
		return nil, failed("match "+IncludeFile, err)
	}
	var ignored []string
	for _, name := range lines(out.Bytes()) {
		if !bytes.HasSuffix(name, []byte{'/'}) {
			ignored = append(ignored, strings.TrimPrefix(string(name), "./"))
		}
	}
	return ignored, nil
}
