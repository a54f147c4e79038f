package server

import "github.com/hf-dev/hf/pkg/api"

func (s *server) repoOverview(r *request) (api.RepoOverview, error) {
	workspace, ref, err := r.repo()
	if err != nil {
		return api.RepoOverview{}, err
	}
	return s.cfg.Branches.Overview(r.Context(), workspace, ref)
}
