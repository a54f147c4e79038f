package server

import (
	"context"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// Importer adds repositories of a forge.
type Importer interface {
	Importable(ctx context.Context, in api.ListImport) (api.ImportPage, error)
	Import(ctx context.Context, request string, in api.ImportRepos) ([]task.Repo, error)
}

func (s *server) listImport(r *request) (api.ImportPage, error) {
	in, err := body[api.ListImport](r)
	if err != nil {
		return api.ImportPage{}, err
	}
	if in.Workspace, err = r.workspace(in.Workspace); err != nil {
		return api.ImportPage{}, err
	}
	page, err := s.cfg.Importer.Importable(r.Context(), in)
	page.Schema, page.Repos = api.Schema, some(page.Repos)
	return page, err
}

func (s *server) importRepos(r *request) (api.RepoList, error) {
	in, err := body[api.ImportRepos](r)
	if err != nil {
		return api.RepoList{}, err
	}
	if in.Workspace, err = r.workspace(in.Workspace); err != nil {
		return api.RepoList{}, err
	}
	list, err := s.cfg.Importer.Import(r.Context(), r.id, in)
	return api.RepoList{Schema: api.Schema, Repos: each(list, s.view.repo)}, err
}
