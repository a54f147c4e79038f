// Package worktree provides sandboxes that are git worktrees on this machine.
// They keep tasks apart from one another and from the user's checkout, but are
// no wall: an agent in one can do whatever its user can.
package worktree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/pkg/api"
)

// Name is what the provider is called.
const Name = "worktree"

// marker is a file in git's directory of a worktree that says that Create came
// to its end.
const marker = "hf-ready"

// Options configures a Provider.
type Options struct {
	Git *git.Runner  // required
	Dir string       // required: absolute; the worktrees are below it
	Log *slog.Logger // nil = none
}

// Provider makes worktrees below a directory.
type Provider struct {
	git  *git.Runner
	root string
	log  *slog.Logger
}

// New returns a provider.
func New(o Options) *Provider {
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Provider{git: o.Git, root: filepath.Clean(o.Dir), log: log}
}

// Name implements sandbox.Provider.
func (p *Provider) Name() string { return Name }

// Capabilities implements sandbox.Provider.
func (p *Provider) Capabilities() sandbox.Capabilities {
	return sandbox.Capabilities{Isolation: "none", Local: true}
}

// Path returns the directory of a spec's sandbox:
// <dir>/<repository>/<slug>-<task>. Nothing in it comes from the name
// of a branch.
func (p *Provider) Path(spec sandbox.Spec) (string, error) {
	if !regexp.MustCompile(`^[a-z0-9]{1,40}$`).MatchString(spec.Task) {
		return "", fmt.Errorf("worktree: %q is not the id of a task", spec.Task)
	}
	root, err := p.realRoot()
	if err != nil {
		return "", err
	}
	dir := spec.Task
	if slug := git.Slug(spec.Slug); slug != "" {
		dir = slug + "-" + spec.Task
	}
	repo := git.Slug(strings.TrimSuffix(filepath.Base(spec.Repo), ".git"))
	if repo == "" {
		repo = "repo"
	}
	return filepath.Join(root, repo, dir), nil
}

// realRoot is the directory as git will record it: without symbolic links.
func (p *Provider) realRoot() (string, error) {
	if err := os.MkdirAll(p.root, 0o700); err != nil {
		return "", fmt.Errorf("make directory of worktrees: %w", err)
	}
	root, err := filepath.EvalSymlinks(p.root)
	if err != nil {
		return "", fmt.Errorf("find directory of worktrees: %w", err)
	}
	return root, nil
}

// Probe implements sandbox.Provider. It starts no process.
func (p *Provider) Probe(_ context.Context, spec sandbox.Spec) (sandbox.Sandbox, bool, error) {
	path, err := p.Path(spec)
	if err != nil {
		return sandbox.Sandbox{}, false, err
	}
	w, ok := p.git.Worktree(repoOf(spec), path)
	if !ok || !w.Ready || !exists(filepath.Join(w.GitDir, marker)) || !exists(filepath.Join(path, ".git")) {
		return sandbox.Sandbox{}, false, nil
	}
	return sandbox.Sandbox{Spec: spec, Path: path}, true, nil
}

// Create implements sandbox.Provider: it adds the worktree and copies the
// ignored files that the user's checkout lists in .worktreeinclude. The user's
// checkout is only read.
func (p *Provider) Create(ctx context.Context, spec sandbox.Spec, progress func(string)) (sandbox.Sandbox, error) {
	path, err := p.Path(spec)
	if err != nil {
		return sandbox.Sandbox{}, err
	}
	if progress == nil {
		progress = func(string) {}
	}
	if sb, ok, err := p.Probe(ctx, spec); ok || err != nil {
		return sb, err
	}
	repo := repoOf(spec)
	progress("checking out " + spec.Branch)
	w, err := p.git.WorktreeAdd(ctx, repo, path, spec.Branch)
	if err != nil {
		return sandbox.Sandbox{}, err
	}
	done := filepath.Join(w.GitDir, marker)
	if !exists(done) {
		if err := fault.Around("sandbox.include", func() error { return p.include(ctx, repo, path, progress) }); err != nil {
			return sandbox.Sandbox{}, err
		}
		if err := fault.Around("sandbox.ready", func() error { return os.WriteFile(done, nil, 0o600) }); err != nil {
			return sandbox.Sandbox{}, fmt.Errorf("finish worktree: %w", err)
		}
	}
	return sandbox.Sandbox{Spec: spec, Path: path}, nil
}

func (p *Provider) include(ctx context.Context, repo git.Repo, path string, progress func(string)) error {
	patterns, err := git.IncludePatterns(repo.Top)
	if err != nil || len(patterns) == 0 {
		return err
	}
	files, err := p.git.Included(ctx, repo, repo.Top, patterns)
	if err != nil || len(files) == 0 {
		return err
	}
	progress(fmt.Sprintf("copying %d files of %s", len(files), git.IncludeFile))
	return copyFiles(ctx, repo.Top, path, files)
}

// Wrap implements sandbox.Provider: a command runs as it is, in the worktree.
func (p *Provider) Wrap(sb sandbox.Sandbox, cmd sandbox.Command) (api.Command, error) {
	if len(cmd.Argv) == 0 || cmd.Argv[0] == "" {
		return api.Command{}, &api.Error{Code: api.CodeInvalid, Message: "no command given"}
	}
	if cmd.Dir != "" && !filepath.IsLocal(cmd.Dir) {
		return api.Command{}, &api.Error{Code: api.CodeInvalid, Message: fmt.Sprintf("%q is not below the sandbox", cmd.Dir)}
	}
	return api.Command{Argv: cmd.Argv, Dir: filepath.Join(sb.Path, cmd.Dir), Env: cmd.Env}, nil
}

// Destroy implements sandbox.Provider: the worktree is moved to the trash. Work
// that nobody saved to git.SavedRef of the task, because the daemon died before
// it knew of the worktree, is saved here.
func (p *Provider) Destroy(ctx context.Context, sb sandbox.Sandbox) error {
	path, err := p.Path(sb.Spec)
	if err != nil {
		return err
	}
	if sb.Path != "" && filepath.Clean(sb.Path) != path {
		return fmt.Errorf("worktree: %s is not the directory of task %s", sb.Path, sb.Task)
	}
	repo, ref := repoOf(sb.Spec), git.SavedRef(sb.Task)
	w, registered := p.git.Worktree(repo, path)
	if registered && w.Ready && exists(path) {
		_, err := p.git.ResolveCommit(ctx, repo, ref)
		if api.IsCode(err, api.CodeNotFound) {
			saved, err := p.git.Salvage(ctx, w, ref)
			if err != nil {
				return err
			}
			p.log.InfoContext(ctx, "saved work before removing a worktree", "task", sb.Task, "saved", saved.String())
		} else if err != nil {
			return err
		}
	}
	if registered && !w.Ready { // nobody has worked in it
		return p.drop(ctx, repo, path)
	}
	return p.trash(ctx, sb, path, registered)
}

// drop removes a worktree that was never complete.
func (p *Provider) drop(ctx context.Context, repo git.Repo, path string) error {
	root, err := p.realRoot()
	if err != nil {
		return err
	}
	if err := p.sweep(root); err != nil {
		return err
	}
	err = p.git.TakeWorktree(ctx, repo, git.WorktreeTake{Path: path, Under: root, Trash: filepath.Join(root, doomed, filepath.Base(path))})
	if err != nil {
		return err
	}
	return p.sweep(root)
}

func repoOf(spec sandbox.Spec) git.Repo { return git.Repo{Top: spec.Repo, GitDir: spec.GitDir} }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
