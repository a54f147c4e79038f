package server_test

import (
	"context"

	"github.com/hf-dev/hf/pkg/api"
)

type auths struct{ *world }

func (w auths) Status(_ context.Context, in api.AuthQuery) (api.AuthList, error) {
	return api.AuthList{Accounts: []api.AuthAccount{{Host: in.Host}}}, w.note("auth " + in.Host)
}

func (w auths) Begin(_ context.Context, request string, in api.AuthLogin) (api.AuthFlow, error) {
	return api.AuthFlow{ID: "f1", Host: in.Host}, w.note("login " + request + " " + in.Host)
}

func (w auths) Flow(_ context.Context, id string) (api.AuthFlow, error) {
	return api.AuthFlow{ID: id}, w.note("flow " + id)
}

func (w auths) Store(_ context.Context, in api.AuthStore) (api.AuthAccount, error) {
	return api.AuthAccount{Host: in.Host}, w.note("store " + in.Host + " " + in.Token)
}

func (w auths) Token(_ context.Context, in api.AuthQuery) (api.AuthSecret, error) {
	return api.AuthSecret{Host: in.Host, Token: "t"}, w.note("token " + in.Host)
}

func (w auths) Logout(_ context.Context, in api.AuthLogout) (api.AuthLoggedOut, error) {
	return api.AuthLoggedOut{Host: in.Host}, w.note("logout " + in.Host)
}

func (w auths) Saw(env api.Env) {
	if len(env) > 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, env)
	}
}
