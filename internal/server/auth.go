package server

import "github.com/hf-dev/hf/pkg/api"

func (s *server) auth(r *request) (api.AuthList, error) {
	in, err := body[api.AuthQuery](r)
	if err != nil {
		return api.AuthList{}, err
	}
	return s.cfg.Auth.Status(r.Context(), in)
}

func (s *server) authLogin(r *request) (api.AuthFlow, error) {
	in, err := body[api.AuthLogin](r)
	if err != nil {
		return api.AuthFlow{}, err
	}
	return s.cfg.Auth.Begin(r.Context(), r.id, in)
}

func (s *server) authFlow(r *request) (api.AuthFlow, error) {
	return s.cfg.Auth.Flow(r.Context(), r.PathValue("flow"))
}

func (s *server) authStore(r *request) (api.AuthAccount, error) {
	in, err := body[api.AuthStore](r)
	if err != nil {
		return api.AuthAccount{}, err
	}
	return s.cfg.Auth.Store(r.Context(), in)
}

func (s *server) authToken(r *request) (api.AuthSecret, error) {
	in, err := body[api.AuthQuery](r)
	if err != nil {
		return api.AuthSecret{}, err
	}
	return s.cfg.Auth.Token(r.Context(), in)
}

func (s *server) authLogout(r *request) (api.AuthLoggedOut, error) {
	in, err := body[api.AuthLogout](r)
	if err != nil {
		return api.AuthLoggedOut{}, err
	}
	return s.cfg.Auth.Logout(r.Context(), in)
}
