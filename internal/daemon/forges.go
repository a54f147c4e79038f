package daemon

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/internal/forge/login"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
)

// wireForges makes what speaks to forges, and what knows who is signed in to
// them.
func (a *app) wireForges(cfg *config.Source) {
	hosts := func() []string { return slices.Sorted(maps.Keys(cfg.Current().Forge)) }
	a.logins = login.New(login.Config{
		File: a.daemon.Paths().Logins(), Forge: func() login.Forge { return a.forges }, Hosts: hosts,
		Env: api.Env{"HOME": os.Getenv("HOME"), "PATH": os.Getenv("PATH")},
		New: func() { a.pulls.NudgeAll() },
		Log: a.daemon.Log(), Now: fault.Now,
	})
	a.forges = github.NewClients(github.Options{
		Tokens: a.logins, Hosts: hosts, Agent: "hf/" + version.Short(), Now: fault.Now,
		Settings: func(host string) github.Settings { return github.Settings(cfg.Current().Forge[host]) },
	})
}

// remoteLogin signs a caller's git in to a remote over https, when the remote is
// on a forge that they are signed in to.
func (a *app) remoteLogin(ctx context.Context, address string, env api.Env) *git.Login {
	scheme, _, _ := strings.Cut(address, "://")
	r, ok := forge.ParseRemote(address, a.forges.IsForge)
	if !ok || scheme != "https" {
		return nil
	}
	c, err := a.logins.Credential(ctx, r.Host, env)
	if err != nil {
		return nil // whoever git asks may know better
	}
	return &git.Login{Host: r.Host, User: "x-access-token", Password: string(c.Token)}
}

// auth is who is signed in, as the API shows it.
type auth struct {
	*login.Keeper
	alive context.Context //nolint:containedctx // of sign-ins, which outlive the request that begins one
}

func (l auth) Begin(ctx context.Context, request string, in api.AuthLogin) (api.AuthFlow, error) {
	return l.Keeper.Begin(ctx, l.alive, request, in)
}

// memory is what one build of hfd hands to the next, that is on no disk.
type memory struct {
	Tasks  json.RawMessage `json:"tasks"`
	Logins json.RawMessage `json:"logins"`
}

func (a *app) Handoff() []byte {
	b, err := json.Marshal(memory{Tasks: a.tasks.Handoff(), Logins: a.logins.Handoff()})
	if err != nil {
		return a.tasks.Handoff() // both are JSON, so this cannot be
	}
	return b
}

// remember takes over what the build before knew. One from before there were
// logins gave only what belongs to tasks.
func (a *app) remember(ctx context.Context, b []byte) {
	var m memory
	if json.Unmarshal(b, &m) != nil || m.Logins == nil {
		m = memory{Tasks: b}
	}
	a.tasks.Adopt(m.Tasks)
	a.logins.Adopt(ctx, m.Logins)
}
