package git

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Audit lists what a repository has set that plain git would act on and hf does
// not: keys of its own configuration that name a program or rewrite a URL, and
// hooks. A person who runs git there gets all of it, so a change of this list
// while an agent worked is worth a warning. Entries are sorted.
func (r *Runner) Audit(ctx context.Context, repo Repo) ([]string, error) {
	if err := r.check(ctx); err != nil {
		return nil, err
	}
	if _, err := r.view(ctx, repo.GitDir); err != nil {
		return nil, err
	}
	files := []string{filepath.Join(repo.GitDir, "config"), filepath.Join(repo.GitDir, "config.worktree")}
	trees, err := r.Worktrees(repo)
	if err != nil {
		return nil, err
	}
	for _, w := range trees {
		files = append(files, filepath.Join(w.GitDir, "config.worktree"))
	}
	var found []string
	for _, file := range files {
		if !isFile(file) {
			continue
		}
		var out bytes.Buffer
		err := r.exec(ctx, r.scratchDir(), call{
			args: []string{"config", "--file", file, "--no-includes", "--list", "-z"}, stdout: &out,
			env: []string{"GIT_CEILING_DIRECTORIES=" + filepath.Dir(r.scratchDir())},
		})
		if err != nil {
			return nil, failed("read "+file, err)
		}
		for _, entry := range lines(out.Bytes()) {
			key, value, _ := strings.Cut(string(entry), "\n")
			if dangerousKey(key) {
				found = append(found, key+"="+value)
			}
		}
	}
	hooks, err := os.ReadDir(filepath.Join(repo.GitDir, "hooks"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, hook := range hooks {
		if !strings.HasSuffix(hook.Name(), ".sample") {
			found = append(found, "hooks/"+hook.Name())
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// dangerousKey reports whether plain git may run a program or go to another
// address because of a key. Git lower-cases sections and names, not what is
// between them.
func dangerousKey(key string) bool {
	section, rest, _ := strings.Cut(key, ".")
	name := rest[strings.LastIndexByte(rest, '.')+1:]
	switch section {
	case "include", "includeif", "filter", "merge", "diff", "difftool", "mergetool", "alias", "credential", "url", "pager", "hook", "gpg", "trailer", "man", "browser", "interactive", "sequence", "ssh", "protocol":
		return true
	case "core":
		return slices.Contains([]string{
			"hookspath", "fsmonitor", "sshcommand", "gitproxy", "editor", "pager", "askpass", "attributesfile",
			"worktree", "alternaterefscommand",
		}, name)
	case "extensions":
		return name == "worktreeconfig"
	case "remote":
		return slices.Contains([]string{"uploadpack", "receivepack", "vcs", "proxy", "pushurl"}, name)
	case "http":
		return true
	case "submodule":
		return name == "update"
	case "uploadpack", "receive", "tar", "sendemail", "init", "gc":
		return true
	}
	return false
}
