package github_test

import (
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/pkg/api"
)

// The network is the caller's, not that of the shell which started hfd.
func TestCallersProxy(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host+" "+r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	w := newWorld(t, forgetest.Options{}, at("https://ghe.invalid/api/v3"))
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY"} {
		asked = nil
		c, err := w.clients.With(forge.Credential{Host: "ghe.invalid", Token: "t", Network: api.Env{name: proxy.URL}})
		w.must(err)
		_, err = c.Whoami(t.Context())
		w.wants(err, api.CodeForge, true)
		same(t, name, asked, []string{"CONNECT ghe.invalid:443 "})
	}
	asked = nil
	c, err := w.clients.With(forge.Credential{Host: "ghe.invalid", Token: "t", Network: api.Env{"HTTPS_PROXY": proxy.URL, "NO_PROXY": ".invalid"}})
	w.must(err)
	_, err = c.Whoami(t.Context())
	w.wants(err, api.CodeForge, true)
	same(t, "with NO_PROXY", asked, nil)
}

func TestCallersCertificates(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"login":"ada"}`))
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of who does not trust it
	s.StartTLS()
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, forgetest.Options{}, at(s.URL))
	whoami := func(network api.Env) error {
		c, err := w.clients.With(forge.Credential{Host: "ghe.corp", Token: "t", Network: network})
		if err != nil {
			return err
		}
		_, err = c.Whoami(t.Context())
		return err
	}
	if e := w.wants(whoami(nil), api.CodeForge, true); !strings.Contains(e.Message, "certificate") {
		t.Errorf("message = %s", e.Message)
	}
	w.must(whoami(api.Env{"SSL_CERT_FILE": file}))
	w.wants(whoami(api.Env{"SSL_CERT_FILE": file + ".none"}), api.CodeForge, false)
}

// Clients of one account share what is known of its limits; others do not.
func TestAccountsAreApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultSecondary, Times: 1})
	w.wants(w.asks()["REST"](), api.CodeLimit, true)
	again, err := w.clients.Client(t.Context(), "github.com", nil)
	w.must(err)
	_, err = again.Whoami(t.Context())
	w.wants(err, api.CodeLimit, true)
	other, err := w.clients.With(forge.Credential{Host: "github.com", Token: forge.Secret(w.hub.Token("bob"))})
	w.must(err)
	who, err := other.Whoami(t.Context())
	w.must(err)
	if who.Login != "bob" {
		t.Errorf("who = %+v", who)
	}
	for i := range 70 { // tokens come and go
		_, err := w.clients.With(forge.Credential{Host: "github.com", Token: forge.Secret(name(i)), Network: api.Env{"NO_PROXY": name(i % 20)}})
		w.must(err)
	}
	_, err = w.clients.With(forge.Credential{Host: "a/b", Token: "t"})
	w.wants(err, api.CodeInvalid, false)
	bad := github.NewClients(github.Options{Tokens: w, Settings: func(string) github.Settings { return github.Settings{API: "http://example.com"} }})
	_, err = bad.With(forge.Credential{Host: "github.com", Token: "t"})
	w.wants(err, api.CodeInvalid, false)
}
