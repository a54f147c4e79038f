package login

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/pkg/api"
)

// Forge is what signing in needs of a forge.
type Forge interface {
	With(c forge.Credential) (forge.Client, error)
	BeginDevice(ctx context.Context, host string, scopes []string, network api.Env) (forge.DeviceCode, error)
	PollDevice(ctx context.Context, code forge.DeviceCode, network api.Env) (forge.DeviceAnswer, error)
}

// Config is what a Keeper works with.
type Config struct {
	File  string          // of hf's own store
	Forge func() Forge    // which itself asks the Keeper for tokens
	Hosts func() []string // that the configuration names
	Env   api.Env         // of hfd itself, for work that nobody called for: HOME and PATH
	New   func()          // told of a token that was not known before; it must not wait
	Log   *slog.Logger
	Now   func() time.Time
}

// Keeper knows the tokens. It is safe for concurrent use.
type Keeper struct {
	cfg   Config
	store store
	gh    ghLogins

	running sync.WaitGroup // sign-ins

	mu     sync.Mutex
	caller api.Env // what the last callers had of what matters here
	flows  flows
}

// New returns a keeper. Resume takes up what a daemon before this one began.
func New(cfg Config) *Keeper {
	return &Keeper{cfg: cfg, store: store{path: cfg.File}, gh: ghLogins{now: cfg.Now}, caller: api.Env{}, flows: newFlows()}
}

// tokenVariables are where gh looks for a token of a host. Its order is gh's.
func tokenVariables(host string) []string {
	if host == forge.DefaultHost || strings.HasSuffix(host, ".ghe.com") {
		return []string{"GH_TOKEN", "GITHUB_TOKEN"}
	}
	return []string{"GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"}
}

// remembered are the variables of callers that are kept for work in the
// background.
func remembered() []string {
	return []string{
		"GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN",
		"PATH", "HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "GH_CONFIG_DIR",
		"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "SSL_CERT_FILE",
	}
}

// Saw keeps what a caller's variables say of signing in, in memory. A caller
// without a token takes away no earlier one's.
func (k *Keeper) Saw(env api.Env) {
	fresh := false
	k.mu.Lock()
	for _, name := range remembered() {
		if value := env[name]; value != "" {
			fresh = fresh || strings.HasSuffix(name, "_TOKEN") && k.caller[name] != value
			k.caller[name] = value
		}
	}
	k.mu.Unlock()
	if fresh {
		k.cfg.New()
	}
}

// background is the environment of work that nobody waits for.
func (k *Keeper) background() api.Env {
	k.mu.Lock()
	defer k.mu.Unlock()
	env := maps.Clone(k.cfg.Env)
	if env == nil {
		env = api.Env{}
	}
	maps.Copy(env, k.caller)
	return env
}

// Credential returns how to speak to a host for a caller; a nil env is work in
// the background.
func (k *Keeper) Credential(ctx context.Context, host string, env api.Env) (forge.Credential, error) {
	k.Saw(env)
	found, err := k.credentials(ctx, host, env)
	if len(found) > 0 {
		return found[0], nil
	}
	if err != nil {
		return forge.Credential{}, err
	}
	return forge.Credential{}, notSignedIn(host)
}

func notSignedIn(host string) error {
	return &api.Error{
		Code: api.CodeUnauthorized, Message: "nobody is signed in to " + host,
		Hint: fmt.Sprintf("hf auth login --host %s, or gh auth login, or set %s", host, tokenVariables(host)[0]),
	}
}

// credentials returns every way to speak to a host, the first one is used. An
// error is that of a source that could not be read, and the others are there.
func (k *Keeper) credentials(ctx context.Context, host string, env api.Env) ([]forge.Credential, error) {
	back := k.background()
	if env == nil {
		env = back
	}
	var out []forge.Credential
	add := func(token string, source forge.Source) {
		token = strings.TrimSpace(token)
		known := func(c forge.Credential) bool { return string(c.Token) == token && c.Source == source }
		if token != "" && !slices.ContainsFunc(out, known) {
			out = append(out, forge.Credential{Host: host, Token: forge.Secret(token), Source: source, Network: network(env)})
		}
	}
	for _, name := range tokenVariables(host) {
		add(env[name], forge.Source(name))
	}
	token, ghErr := k.gh.token(ctx, host, env, len(out) > 0)
	add(token, forge.SourceGH)
	entry, storeErr := k.store.get(host)
	add(entry.Token, forge.SourceStore)
	for _, name := range tokenVariables(host) {
		add(back[name], forge.Source(name))
	}
	if ghErr != nil {
		return out, ghErr
	}
	return out, storeErr
}

func network(env api.Env) api.Env {
	out := api.Env{}
	for _, name := range remembered() {
		if value := env[name]; value != "" && (strings.HasSuffix(strings.ToLower(name), "_proxy") || name == "SSL_CERT_FILE") {
			out[name] = value
		}
	}
	return out
}

// Refused forgets a token that a host does not accept, where it is only
// remembered: another may be there behind it.
func (k *Keeper) Refused(c forge.Credential) {
	k.cfg.Log.Warn("a token is not accepted", "host", c.Host, "source", c.Source)
	switch c.Source {
	case forge.SourceGH:
		k.gh.forget()
	case forge.SourceStore:
	default:
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.caller[string(c.Source)] == string(c.Token) {
			delete(k.caller, string(c.Source))
		}
	}
}

// SignedIn reports whether somebody signed in to a host by hf or gh. It looks
// into files and asks nobody. A variable does not say for which host it is.
func (k *Keeper) SignedIn(host string) bool {
	if entry, err := k.store.get(host); err == nil && entry.Token != "" {
		return true
	}
	hosts, err := k.gh.hosts(k.background())
	return err == nil && hosts[host] != nil
}

// Handoff returns what the next build in this process needs to know, which is on
// no disk: tokens of callers, and sign-ins in progress.
func (k *Keeper) Handoff() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, err := json.Marshal(handoff{Caller: k.caller, Flows: k.flows.handoff()})
	if err != nil {
		return nil // texts and times always marshal
	}
	return b
}

type handoff struct {
	Caller api.Env
	Flows  []flowRecord
}

// Adopt takes over what the build before this one knew. Sign-ins go on until ctx
// ends.
func (k *Keeper) Adopt(ctx context.Context, b []byte) {
	var h handoff
	if len(b) == 0 || json.Unmarshal(b, &h) != nil {
		return
	}
	k.mu.Lock()
	for name, value := range h.Caller {
		if k.caller[name] == "" {
			k.caller[name] = value
		}
	}
	k.mu.Unlock()
	for _, r := range h.Flows {
		k.takeUp(ctx, r)
	}
}
