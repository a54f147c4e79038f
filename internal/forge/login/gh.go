package login

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	ghconfig "github.com/cli/go-gh/v2/pkg/config"

	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	ghLimit   = 10 * time.Second // a keyring may ask its user
	keepToken = 10 * time.Minute // that gh told, which costs a process
	keepNone  = time.Minute
)

// ghLogins reads what gh knows. gh writes tokens into its file of hosts, or,
// where there is a keyring, only the host; then gh itself is asked.
type ghLogins struct {
	now func() time.Time

	mu    sync.Mutex
	files map[string]ghFile // by path
	told  map[string]ghTold // by path and host
}

type ghFile struct {
	info  fs.FileInfo
	hosts map[string]*ghHost
}

// ghHost is a host that gh knows.
type ghHost struct{ token string }

// ghTold is what gh answered.
type ghTold struct {
	token string
	until time.Time
}

// path is gh's file of hosts for a caller.
func (g *ghLogins) path(env api.Env) string {
	switch {
	case env["GH_CONFIG_DIR"] != "":
		return filepath.Join(env["GH_CONFIG_DIR"], "hosts.yml")
	case env["XDG_CONFIG_HOME"] != "":
		return filepath.Join(env["XDG_CONFIG_HOME"], "gh", "hosts.yml")
	case env["HOME"] != "":
		return filepath.Join(env["HOME"], ".config", "gh", "hosts.yml")
	}
	return ""
}

// hosts returns the hosts that gh knows, from memory while its file is the same.
func (g *ghLogins) hosts(env api.Env) (map[string]*ghHost, error) {
	path := g.path(env)
	if !filepath.IsAbs(path) {
		return nil, nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxStore {
		return nil, fmt.Errorf("gh's logins in %s cannot be read", path)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if f, ok := g.files[path]; ok && os.SameFile(f.info, info) && f.info.ModTime().Equal(info.ModTime()) && f.info.Size() == info.Size() {
		return f.hosts, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("gh's logins in %s cannot be read", path)
	}
	hosts := parseHosts(string(b))
	if g.files == nil || len(g.files) > 16 {
		g.files = map[string]ghFile{}
	}
	g.files[path] = ghFile{info, hosts}
	return hosts, nil
}

func parseHosts(content string) map[string]*ghHost {
	out := map[string]*ghHost{}
	cfg := ghconfig.ReadFromString(content)
	names, err := cfg.Keys(nil)
	if err != nil {
		return out
	}
	for _, name := range names {
		token, err := cfg.Get([]string{name, "oauth_token"})
		if err != nil {
			token = ""
		}
		out[strings.ToLower(name)] = &ghHost{token: token}
	}
	return out
}

// token returns the token of gh's login. With another one in hand, gh is not
// asked for one that only it can read.
func (g *ghLogins) token(ctx context.Context, host string, env api.Env, another bool) (string, error) {
	hosts, err := g.hosts(env)
	if err != nil {
		return "", &api.Error{Code: api.CodeUnauthorized, Message: err.Error(), Hint: "gh auth login --hostname " + host}
	}
	h := hosts[host]
	if h == nil || h.token != "" || another {
		if h == nil {
			return "", nil
		}
		return h.token, nil
	}
	key := g.path(env) + "\x00" + host
	g.mu.Lock()
	told, ok := g.told[key]
	g.mu.Unlock()
	if ok && g.now().Before(told.until) {
		return told.token, nil
	}
	token := g.ask(ctx, host, env)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	keep := keepToken
	if token == "" {
		keep = keepNone
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.told == nil || len(g.told) > 16 {
		g.told = map[string]ghTold{}
	}
	g.told[key] = ghTold{token, g.now().Add(keep)}
	return token, nil
}

// ask asks gh. It must not find a token in its variables: those were looked at.
func (g *ghLogins) ask(ctx context.Context, host string, env api.Env) string {
	ctx, cancel := context.WithTimeout(ctx, ghLimit)
	defer cancel()
	var environ []string
	for name, value := range env {
		if !strings.HasSuffix(name, "_TOKEN") {
			environ = append(environ, name+"="+value)
		}
	}
	slices.Sort(environ)
	environ = append(environ, "GH_PROMPT_DISABLED=1", "GH_NO_UPDATE_NOTIFIER=1", "NO_COLOR=1")
	out, err := xec.Output(ctx, xec.Cmd{Argv: []string{"gh", "auth", "token", "--hostname", host}, Env: environ, Dir: "/"})
	if err != nil {
		return "" // not there, or not signed in
	}
	return strings.TrimSpace(string(out))
}

// forget lets gh be asked again.
func (g *ghLogins) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = nil
}
