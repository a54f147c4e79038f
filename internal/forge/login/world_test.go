package login_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/internal/forge/login"
	"github.com/hf-dev/hf/pkg/api"
)

// hangs is how long a test waits for what should happen soon.
const hangs = 30 * time.Second

// world is a keeper that signs in to a fake GitHub: as github.com and as
// ghe.corp.
type world struct {
	*testing.T
	hub    *forgetest.Hub
	home   string
	keeper *login.Keeper
	fresh  atomic.Int32 // how often a token was new
	forges *github.Clients
	alive  context.Context //nolint:containedctx // of sign-ins
	die    context.CancelFunc
}

func newWorld(t *testing.T, device forgetest.DeviceOptions) *world {
	t.Helper()
	w := &world{T: t, hub: forgetest.New(t, forgetest.Options{Device: device, Web: "self"}), home: t.TempDir()}
	w.begin()
	return w
}

// begin starts a keeper, as another hfd would.
func (w *world) begin() {
	hosts := func() []string { return []string{"ghe.corp"} }
	w.alive, w.die = context.WithCancel(w.Context())
	keeper := login.New(login.Config{
		File: w.file(), Forge: func() login.Forge { return w.forges }, Hosts: hosts,
		Env: api.Env{"HOME": w.home, "PATH": os.Getenv("PATH")},
		New: func() { w.fresh.Add(1) },
		Log: slog.New(slog.NewTextHandler(w.Output(), nil)), Now: time.Now,
	})
	w.keeper = keeper
	w.forges = github.NewClients(github.Options{
		Tokens: keeper, Hosts: hosts, Agent: "hf/test", Now: time.Now, Connect: hangs, Limit: hangs,
		Settings: func(string) github.Settings {
			return github.Settings{API: w.hub.URL(), Web: w.hub.URL(), ClientID: "client"}
		},
	})
	die := w.die
	w.Cleanup(func() {
		die()
		keeper.Close()
	})
}

// restart kills hfd and starts it again.
func (w *world) restart() {
	w.die()
	w.keeper.Close()
	w.forges.Close()
	w.begin()
}

func (w *world) file() string { return filepath.Join(w.home, "state", "logins.json") }

// env is the variables of a caller.
func (w *world) env(more ...string) api.Env {
	env := api.Env{"HOME": w.home, "PATH": filepath.Join(w.home, "bin") + ":" + os.Getenv("PATH")}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return env
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) write(path, content string, mode os.FileMode) {
	w.Helper()
	path = filepath.Join(w.home, path)
	w.must(os.MkdirAll(filepath.Dir(path), 0o700))
	w.must(os.WriteFile(path, []byte(content), mode))
	w.must(os.Chmod(path, mode))
}

// wants checks which token is used for a host.
func (w *world) wants(host string, env api.Env, source forge.Source, token string) {
	w.Helper()
	c, err := w.keeper.Credential(w.Context(), host, env)
	w.must(err)
	if c.Source != source || string(c.Token) != token {
		w.Errorf("the token of %s is %q from %s, want %q from %s", host, string(c.Token), c.Source, token, source)
	}
}

func (w *world) fails(err error, code api.Code) *api.Error {
	w.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != code {
		w.Fatalf("error = %v, want %s", err, code)
	}
	return e
}

func (w *world) nobody(host string, env api.Env) {
	w.Helper()
	_, err := w.keeper.Credential(w.Context(), host, env)
	w.fails(err, api.CodeUnauthorized)
}
