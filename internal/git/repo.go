package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hf-dev/hf/pkg/api"
)

// Repo names a repository.
type Repo struct {
	Top    string // a work tree of the user's: the main one where there is one
	GitDir string // the common git directory
}

// in is the place of commands on refs and objects.
func (repo Repo) in() place { return place{gitDir: repo.GitDir, common: repo.GitDir} }

// Discover finds the repository a path is in, from the file system alone: it
// starts no process. A path in a linked worktree finds the main work tree. Both
// directories come back absolute and without symbolic links.
func Discover(path string) (Repo, error) {
	repo, _, err := discover(path)
	return repo, err
}

// discover also returns the work tree that the path itself is in.
func discover(path string) (repo Repo, own string, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Repo{}, "", fmt.Errorf("find %s: %w", path, err)
	}
	dir, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return Repo{}, "", &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%s: no such directory", path)}
	}
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		dir = filepath.Dir(dir)
	}
	for {
		gitDir, found, err := gitDirOf(dir)
		switch {
		case err != nil:
			return Repo{}, "", err
		case found:
			repo, err := repoOf(dir, gitDir)
			return repo, dir, err
		case filepath.Base(dir) != ".git" && isGitDir(dir):
			return Repo{}, "", bareRepository(dir)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return Repo{}, "", notARepository(path)
		}
		dir = parent
	}
}

// gitDirOf reads the .git of a directory.
func gitDirOf(dir string) (gitDir string, found bool, err error) {
	dot := filepath.Join(dir, ".git")
	st, err := os.Stat(dot)
	if err != nil {
		return "", false, nil //nolint:nilerr // whatever it is, git would not take it either
	}
	if st.IsDir() {
		dir, err := filepath.EvalSymlinks(dot)
		return dir, err == nil && isGitDir(dir), nil
	}
	target, ok := readPointer(dot, "gitdir: ")
	if !ok {
		return "", false, nil
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	gitDir, err = filepath.EvalSymlinks(target)
	if err != nil {
		return "", false, &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%s points to %s, which does not exist", dot, target),
			Hint: "git worktree repair, run in the main checkout, may mend it",
		}
	}
	return gitDir, true, nil
}

func repoOf(dir, gitDir string) (Repo, error) {
	common := gitDir
	if target, ok := readPointer(filepath.Join(gitDir, "commondir"), ""); ok {
		if !filepath.IsAbs(target) {
			target = filepath.Join(gitDir, target)
		}
		var err error
		if common, err = filepath.EvalSymlinks(target); err != nil {
			return Repo{}, notARepository(dir)
		}
	}
	if !isGitDir(common) {
		return Repo{}, notARepository(dir)
	}
	repo := Repo{Top: dir, GitDir: common}
	if common != gitDir && filepath.Base(common) == ".git" {
		repo.Top = filepath.Dir(common)
	}
	return repo, nil
}

func readPointer(path, prefix string) (string, bool) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 8<<10 {
		return "", false
	}
	target, ok := strings.CutPrefix(strings.TrimRight(string(b), "\r\n"), prefix)
	return target, ok && target != ""
}

func isGitDir(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, "HEAD"))
	return err == nil && isDir(filepath.Join(dir, "objects")) && isDir(filepath.Join(dir, "refs"))
}

// Open finds the repository a path is in and checks that hf can work with it:
// it has a work tree and a commit.
func (r *Runner) Open(ctx context.Context, path string) (Repo, error) {
	repo, own, err := discover(path)
	if err != nil {
		return Repo{}, err
	}
	bare, err := r.line(ctx, repo.in(), "config", "--type=bool", "--default=false", "core.bare")
	if err != nil {
		return Repo{}, failed("open "+repo.Top, err)
	}
	if bare == "true" {
		if filepath.Join(own, ".git") == repo.GitDir {
			return Repo{}, bareRepository(repo.GitDir)
		}
		repo.Top = own // a linked worktree of a bare repository
	}
	if _, err := r.ResolveCommit(ctx, repo, "HEAD"); err == nil {
		return repo, nil
	}
	refs, err := r.output(ctx, repo.in(), "for-each-ref", "--count=1", "refs/heads", "refs/remotes")
	if err != nil {
		return Repo{}, failed("open "+repo.Top, err)
	}
	if len(refs) == 0 {
		return Repo{}, unborn(repo)
	}
	return repo, nil
}

// ResolveCommit returns the id of the commit a branch, tag or other revision
// names.
func (r *Runner) ResolveCommit(ctx context.Context, repo Repo, ref string) (string, error) {
	return r.resolve(ctx, repo.in(), ref)
}

func (r *Runner) resolve(ctx context.Context, in place, ref string) (string, error) {
	if ref == "" || ref[0] == '-' || strings.ContainsFunc(ref, isControl) {
		return "", unknownRef(ref)
	}
	id, err := r.line(ctx, in, "rev-parse", "--verify", "--quiet", ref+"^{commit}")
	switch {
	case exitCode(err) == 1, exitCode(err) == 128:
		return "", unknownRef(ref)
	case err != nil:
		return "", failed("resolve "+ref, err)
	}
	return id, nil
}

// StartPoint returns the commit a new branch starts from: of the branch on the
// remote when remote is set and it is there, else of the local branch, of the
// branch on the remote, or of any other revision of that name.
func (r *Runner) StartPoint(ctx context.Context, repo Repo, name string, remote bool) (string, error) {
	tracking := []string{"refs/remotes/origin/" + name}
	local := []string{"refs/heads/" + name}
	tries := slices.Concat(local, tracking, []string{name})
	switch {
	case name == "HEAD": // of the work tree, not of the remote
		tries = []string{name}
	case remote:
		tries = slices.Concat(tracking, local, []string{name})
	}
	for _, ref := range tries {
		id, err := r.ResolveCommit(ctx, repo, ref)
		if e, ok := errors.AsType[*api.Error](err); ok && e.Code == api.CodeNotFound {
			continue
		}
		return id, err
	}
	if _, err := r.ResolveCommit(ctx, repo, "HEAD"); err != nil {
		return "", unborn(repo)
	}
	return "", unknownRef(name)
}

// DefaultBranch returns the name of the branch that work starts from: the
// remote's default branch, else the configured one, main or master where it
// exists here or on the remote, else the one checked out, else the only one.
func (r *Runner) DefaultBranch(ctx context.Context, repo Repo) (string, error) {
	b, err := r.branches(ctx, repo)
	if err != nil {
		return "", err
	}
	if name := b.heads["origin"]; name != "" {
		return name, nil
	}
	if len(b.heads) == 1 {
		for _, name := range b.heads {
			return name, nil
		}
	}
	configured, err := r.line(ctx, repo.in(), "config", "--default=main", "init.defaultBranch")
	if err != nil {
		return "", failed("read init.defaultBranch", err)
	}
	usual := []string{configured, "main", "master"}
	for _, there := range []map[string]bool{b.local, b.remote} {
		for _, name := range usual {
			if there[name] {
				return name, nil
			}
		}
	}
	head, err := r.line(ctx, repo.in(), "symbolic-ref", "--quiet", "--short", "HEAD")
	if err != nil && exitCode(err) != 1 {
		return "", failed("read HEAD", err)
	}
	if b.local[head] || b.remote[head] {
		return head, nil
	}
	for _, there := range []map[string]bool{b.local, b.remote} {
		for name := range there {
			if len(there) == 1 {
				return name, nil
			}
		}
	}
	why := "HEAD is detached"
	if head != "" {
		why = fmt.Sprintf("there is no branch %q, which HEAD names", head)
	}
	return "", &api.Error{
		Code: api.CodeNotFound, Message: "the repository has no default branch: " + why,
		Hint: "name the branch or commit to start from with --base",
	}
}

// branches is what a repository has of them, by the names that they have where
// they come from.
type branches struct {
	local, remote map[string]bool
	heads         map[string]string // default branches, by remote
}

func (r *Runner) branches(ctx context.Context, repo Repo) (branches, error) {
	b := branches{local: map[string]bool{}, remote: map[string]bool{}, heads: map[string]string{}}
	out, err := r.output(ctx, repo.in(), "for-each-ref", "--format=%(refname) %(symref)", "refs/remotes", "refs/heads")
	if err != nil {
		return b, failed("list branches", err)
	}
	for line := range strings.Lines(string(out)) {
		ref, target, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name, ok := strings.CutPrefix(ref, "refs/heads/"); ok {
			b.local[name] = true
			continue
		}
		rest := strings.TrimPrefix(ref, "refs/remotes/")
		remote, isHead := strings.CutSuffix(rest, "/HEAD")
		if name, ok := strings.CutPrefix(target, "refs/remotes/"+remote+"/"); ok && isHead {
			b.heads[remote] = name
		} else if name, ok := strings.CutPrefix(rest, "origin/"); ok && !isHead {
			b.remote[name] = true
		}
	}
	return b, nil
}

// Remote returns the name and URL of the remote that hf fetches from: origin,
// else the only one. Both are "" when there is none.
func (r *Runner) Remote(ctx context.Context, repo Repo) (name, url string, err error) {
	urls, err := r.Remotes(ctx, repo)
	if err != nil {
		return "", "", err
	}
	if url, ok := urls["origin"]; ok {
		return "origin", url, nil
	}
	if len(urls) == 1 {
		for name, url := range urls {
			return name, url, nil
		}
	}
	return "", "", nil
}

// Remotes returns the URLs of the repository's remotes by their names: of one
// with several, the first.
func (r *Runner) Remotes(ctx context.Context, repo Repo) (map[string]string, error) {
	out, err := r.output(ctx, repo.in(), "config", "-z", "--get-regexp", `^remote\..*\.url$`)
	if exitCode(err) == 1 {
		return nil, nil
	}
	if err != nil {
		return nil, failed("list remotes", err)
	}
	urls := map[string]string{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		key, value, _ := strings.Cut(entry, "\n")
		remote := strings.TrimSuffix(strings.TrimPrefix(key, "remote."), ".url")
		if _, seen := urls[remote]; !seen {
			urls[remote] = value
		}
	}
	return urls, nil
}

// CheckIdentity reports whether git knows who the user is, so that a commit
// would work.
func (r *Runner) CheckIdentity(ctx context.Context, repo Repo) error {
	_, err := r.output(ctx, repo.in(), "var", "GIT_COMMITTER_IDENT")
	if exitCode(err) > 0 {
		return &api.Error{
			Code: api.CodeGit, Message: "git does not know who you are",
			Hint: "git config --global user.name NAME; git config --global user.email EMAIL",
		}
	}
	return err
}
