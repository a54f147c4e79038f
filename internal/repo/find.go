package repo

import (
	"context"
	"fmt"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/repoconfig"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// List returns the repositories of a workspace by name.
func (s *Service) List(ctx context.Context, workspace string) (repos []task.Repo, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		repos, err = tx.Repos(workspace)
		return err
	})
	return repos, err
}

// Resolve finds a known repository by its name, id, directory or remote, or by
// the caller's directory when ref is "". It starts no process. What is not known
// to the workspace is api.CodeNotFound; a directory that is in no repository at
// all is api.CodeInvalid.
func (s *Service) Resolve(ctx context.Context, workspace, ref, cwd string) (found *task.Repo, err error) {
	err = s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		found, err = resolve(tx, workspace, ref, cwd)
		return err
	})
	return found, err
}

func resolve(tx Tx, workspace, ref, cwd string) (*task.Repo, error) {
	repos, err := tx.Repos(workspace)
	if err != nil {
		return nil, err
	}
	for i, r := range repos {
		if ref != "" && (r.Name == ref || r.ID == ref) {
			return &repos[i], nil
		}
	}
	if path, ok := localPath(ref, cwd); ok {
		return byPath(repos, path)
	}
	key := RemoteKey(ref)
	for i, r := range repos {
		if key != "" && RemoteKey(r.Remote) == key {
			return &repos[i], nil
		}
	}
	return nil, &api.Error{
		Code: api.CodeNotFound, Message: fmt.Sprintf("no repo %q in this workspace", ref),
		Hint: "hf repo list shows them; hf repo add adds one",
	}
}

func byPath(repos []task.Repo, path string) (*task.Repo, error) {
	at, err := git.Discover(path)
	if err != nil {
		return nil, err
	}
	for i, r := range repos {
		if r.GitDir == at.GitDir {
			return &repos[i], nil
		}
	}
	return nil, &api.Error{
		Code: api.CodeNotFound, Message: fmt.Sprintf("%s is not a repo of this workspace", at.Top),
		Hint: "hf repo add adds it",
	}
}

// Remove forgets a repository. A checkout of the user's is never touched. A
// clone of hf's own goes with it when nothing in it is only there; otherwise it
// stays, and kept says why.
func (s *Service) Remove(ctx context.Context, request, workspace, ref string) (kept string, err error) {
	var r *task.Repo
	var shared, done bool
	err = s.cfg.Store.Update(ctx, func(tx Tx) (err error) {
		if done, err = replay(tx, request, &kept); done || err != nil {
			return err
		}
		if r, err = resolve(tx, workspace, ref, ""); err != nil {
			return err
		}
		if r.Tasks > 0 {
			return &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("repo %s has %d live tasks", r.Name, r.Tasks),
				Hint: "hf kill ends them",
			}
		}
		if err := tx.DeleteRepo(r.ID); err != nil {
			return err
		}
		others, err := tx.Repos("")
		if err != nil {
			return err
		}
		for _, other := range others {
			shared = shared || (other.ID != r.ID && other.GitDir == r.GitDir)
		}
		if _, err = tx.Event(api.EventRepoChanged, r.Workspace, "", View(*r, "")); err != nil {
			return err
		}
		return remember(tx, request, "")
	})
	if err != nil || done || !r.Managed || r.Path == "" || shared {
		return kept, err
	}
	kept, err = s.cfg.Git.RemoveClone(ctx, git.Repo{Top: r.Path, GitDir: r.GitDir}, s.cfg.Dir)
	if err != nil {
		// The repository is forgotten either way; its files are only in the way.
		s.cfg.Log.Warn("remove clone", "path", r.Path, "err", err)
		return fmt.Sprintf("%s stays: %v", r.Path, err), nil
	}
	return kept, nil
}

// TrustState shows a repository's own commands, as its default branch has them,
// and whether the user allowed them.
func (s *Service) TrustState(ctx context.Context, workspace, ref string) (api.RepoTrust, error) {
	r, cfg, err := s.load(ctx, workspace, ref)
	if err != nil {
		return api.RepoTrust{}, err
	}
	state := trustView(r, cfg)
	if cfg.Hash == "" {
		return state, nil
	}
	err = s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		state.Trusted, err = tx.Trusted(r.ID, cfg.Hash)
		return err
	})
	return state, err
}

// Trust allows a repository's own commands while they are exactly those with
// the given hash.
func (s *Service) Trust(ctx context.Context, request, workspace, ref, hash string) (api.RepoTrust, error) {
	r, cfg, err := s.load(ctx, workspace, ref)
	if err != nil {
		return api.RepoTrust{}, err
	}
	state := trustView(r, cfg)
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		if done, err := replay(tx, request, &state); done || err != nil {
			return err
		}
		if hash == "" || hash != cfg.Hash {
			return &api.Error{
				Code: api.CodeConflict, Message: fmt.Sprintf("%s of %s is not what you looked at any more", repoconfig.File, r.Name),
				Hint: fmt.Sprintf("look at it again: hf repo trust %s", r.Name),
			}
		}
		if err := tx.Trust(r.ID, hash); err != nil {
			return err
		}
		state.Trusted = true
		return remember(tx, request, state)
	})
	return state, err
}

func trustView(r *task.Repo, cfg repoconfig.Config) api.RepoTrust {
	return api.RepoTrust{
		Repo: r.Name, File: repoconfig.File, Hash: cfg.Hash,
		Setup: cfg.Setup, Teardown: cfg.Teardown, Content: cfg.Content,
	}
}

// load reads a repository's settings from its default branch.
func (s *Service) load(ctx context.Context, workspace, ref string) (*task.Repo, repoconfig.Config, error) {
	r, err := s.Resolve(ctx, workspace, ref, "")
	if err != nil {
		return nil, repoconfig.Config{}, err
	}
	if r.State != api.RepoReady {
		return nil, repoconfig.Config{}, &api.Error{
			Code: api.CodeConflict, Message: fmt.Sprintf("repo %s is not ready: %s", r.Name, r.State), Retryable: r.State == api.RepoCloning,
		}
	}
	at := git.Repo{Top: r.Path, GitDir: r.GitDir}
	branch, err := s.cfg.Git.DefaultBranch(ctx, at)
	if err != nil {
		return nil, repoconfig.Config{}, err
	}
	commit, err := s.cfg.Git.StartPoint(ctx, at, branch, true)
	if err != nil {
		return nil, repoconfig.Config{}, err
	}
	cfg, err := repoconfig.Load(ctx, s.cfg.Git.Tree(at), commit)
	return r, cfg, err
}
