package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// whoLimit bounds asking a forge who a token speaks for.
const whoLimit = 30 * time.Second

// host returns the one spelling of a host that somebody named.
func (k *Keeper) host(name string) (string, error) {
	host := forge.CanonicalHost(strings.TrimSpace(name))
	if !forge.ValidHost(host) {
		return "", &api.Error{
			Code: api.CodeInvalid, Message: fmt.Sprintf("%q is not the name of a host", name),
			Hint: "such as github.com, or that of a GitHub Enterprise server, without https://",
		}
	}
	return host, nil
}

// check asks the forge whose token it is. Whatever it says is the answer.
func (k *Keeper) check(ctx context.Context, c forge.Credential, active bool) api.AuthAccount {
	out := api.AuthAccount{Host: c.Host, Source: string(c.Source), Active: active}
	who, err := k.whoami(ctx, c)
	valid := err == nil
	if err == nil || api.IsCode(err, api.CodeUnauthorized) {
		out.Valid = &valid
	}
	if err != nil {
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			e = &api.Error{Code: api.CodeInternal, Message: err.Error()}
		}
		out.Error = e
		return out
	}
	out.User, out.Scopes = who.Login, who.Scopes
	if !who.ExpiresAt.IsZero() {
		out.ExpiresAt = &who.ExpiresAt
	}
	return out
}

func (k *Keeper) whoami(ctx context.Context, c forge.Credential) (forge.Account, error) {
	client, err := k.cfg.Forge().With(c)
	if err != nil {
		return forge.Account{}, err
	}
	return client.Whoami(ctx)
}

// keep stores a token.
func (k *Keeper) keep(c forge.Credential, a api.AuthAccount) error {
	err := k.store.change(func(all map[string]entry) {
		all[c.Host] = entry{User: a.User, Token: string(c.Token), Scopes: a.Scopes, AddedAt: k.cfg.Now().UTC()}
	})
	if err == nil {
		k.cfg.New()
	}
	return err
}

// Store keeps a token that a caller has, once the forge has accepted it.
func (k *Keeper) Store(ctx context.Context, in api.AuthStore) (api.AuthAccount, error) {
	k.Saw(in.Env)
	host, err := k.host(in.Host)
	if err != nil {
		return api.AuthAccount{}, err
	}
	token := strings.TrimSpace(in.Token)
	if token == "" || len(token) > 4<<10 || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return api.AuthAccount{}, &api.Error{
			Code: api.CodeInvalid, Message: "that is no token: one is a single word of printable characters", Hint: "nothing was stored",
		}
	}
	c := forge.Credential{Host: host, Token: forge.Secret(token), Source: forge.SourceStore, Network: network(in.Env)}
	account := k.check(ctx, c, true)
	if e := account.Error; e != nil {
		if e.Code == api.CodeUnauthorized {
			e.Message, e.Hint = host+" does not accept that token", "nothing was stored; is it for this host, and not expired?"
		}
		return api.AuthAccount{}, e
	}
	if err := k.keep(c, account); err != nil {
		return api.AuthAccount{}, err
	}
	account.Schema = api.Schema
	return account, nil
}

// Status says who is signed in where, and asks the forges whether they agree.
func (k *Keeper) Status(ctx context.Context, in api.AuthQuery) (api.AuthList, error) {
	k.Saw(in.Env)
	hosts, err := k.hosts(in)
	if err != nil {
		return api.AuthList{}, err
	}
	out := api.AuthList{Schema: api.Schema, Accounts: []api.AuthAccount{}}
	type one struct {
		credential forge.Credential
		active     bool
	}
	var all []one
	for _, host := range hosts {
		found, err := k.credentials(ctx, host, env(in.Env))
		if err != nil && len(found) == 0 {
			return out, err
		}
		for i, c := range found {
			all = append(all, one{c, i == 0})
		}
	}
	out.Accounts = make([]api.AuthAccount, len(all))
	var wg sync.WaitGroup
	for i, o := range all {
		wg.Go(func() { out.Accounts[i] = k.check(ctx, o.credential, o.active) })
	}
	wg.Wait()
	return out, context.Cause(ctx)
}

// env tells a caller without variables from work in the background.
func env(e api.Env) api.Env {
	if e == nil {
		return api.Env{}
	}
	return e
}

// hosts lists the hosts that a question is about.
func (k *Keeper) hosts(in api.AuthQuery) ([]string, error) {
	if in.Host != "" {
		host, err := k.host(in.Host)
		return []string{host}, err
	}
	hosts := append([]string{forge.DefaultHost}, k.cfg.Hosts()...)
	stored, err := k.store.hosts()
	if err != nil {
		return nil, err
	}
	hosts = append(hosts, stored...)
	known, err := k.gh.hosts(in.Env)
	if err != nil {
		k.cfg.Log.Warn("read gh's logins", "err", err)
	}
	for host := range known {
		hosts = append(hosts, host)
	}
	slices.Sort(hosts[1:])
	var out []string
	for _, host := range hosts {
		if !slices.Contains(out, host) && forge.ValidHost(host) {
			out = append(out, host)
		}
	}
	return out, nil
}

// Token returns the token that is used for a host.
func (k *Keeper) Token(ctx context.Context, in api.AuthQuery) (api.AuthSecret, error) {
	host, err := k.host(in.Host)
	if err != nil {
		return api.AuthSecret{}, err
	}
	c, err := k.Credential(ctx, host, env(in.Env))
	return api.AuthSecret{Host: host, Source: string(c.Source), Token: string(c.Token)}, err
}

// Logout forgets what hf itself knows of a host: what it stored, and what it
// remembers of callers. Others' logins are theirs.
func (k *Keeper) Logout(ctx context.Context, in api.AuthLogout) (api.AuthLoggedOut, error) {
	host, err := k.host(in.Host)
	if err != nil {
		return api.AuthLoggedOut{}, err
	}
	out := api.AuthLoggedOut{Host: host, Forgotten: []string{}}
	stored, err := k.store.get(host)
	if err != nil {
		return out, err
	}
	if stored.Token != "" {
		if err := k.store.change(func(all map[string]entry) { delete(all, host) }); err != nil {
			return out, err
		}
		out.Forgotten = append(out.Forgotten, string(forge.SourceStore))
	}
	for _, name := range tokenVariables(host) {
		if k.forget(name) && in.Env[name] == "" {
			out.Forgotten = append(out.Forgotten, name)
		}
	}
	left, err := k.credentials(ctx, host, env(in.Env))
	for _, c := range left {
		out.Remaining = append(out.Remaining, string(c.Source))
	}
	if len(out.Forgotten) == 0 && err == nil {
		return out, nothingStored(host, out.Remaining)
	}
	return out, err
}

func nothingStored(host string, others []string) error {
	e := &api.Error{Code: api.CodeNotFound, Message: "hf has stored no login for " + host, Hint: "hf auth status shows who is signed in"}
	if slices.Contains(others, string(forge.SourceGH)) {
		e.Hint = "gh has: gh auth logout --hostname " + host
	} else if len(others) > 0 {
		e.Hint = others[0] + " signs in: unset it"
	}
	return e
}

// forget drops a remembered variable.
func (k *Keeper) forget(name string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, ok := k.caller[name]
	delete(k.caller, name)
	return ok
}
