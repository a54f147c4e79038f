package login_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/pkg/api"
)

func TestSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.DeviceOptions{})
	w.nobody("github.com", w.env())
	stored := w.hub.Token("ada")
	_, err := w.keeper.Store(t.Context(), api.AuthStore{Host: "github.com", Token: stored + "\n", Env: w.env()})
	w.must(err)
	w.wants("github.com", w.env(), forge.SourceStore, stored)
	w.write(".config/gh/hosts.yml", "github.com:\n    user: ada\n    oauth_token: gho_fromgh\n    git_protocol: ssh\n", 0o600)
	w.wants("github.com", w.env(), forge.SourceGH, "gho_fromgh")
	w.wants("github.com", w.env("GITHUB_TOKEN", "t2"), "GITHUB_TOKEN", "t2")
	w.wants("github.com", w.env("GITHUB_TOKEN", "t2", "GH_TOKEN", "t1"), "GH_TOKEN", "t1")

	if n := w.fresh.Load(); n != 3 { // stored, and two of the variables
		t.Errorf("a token was new %d times", n)
	}

	// Work in the background, and somebody from another shell.
	w.wants("github.com", nil, "GH_TOKEN", "t1")
	w.wants("github.com", w.env(), forge.SourceGH, "gho_fromgh")
	w.must(os.Remove(filepath.Join(w.home, ".config/gh/hosts.yml")))
	w.wants("github.com", w.env(), forge.SourceStore, stored)
	_, err = w.keeper.Logout(t.Context(), api.AuthLogout{Host: "github.com"})
	w.must(err)
	w.nobody("github.com", nil)
}

// A token of github.com is not for another host, nor the other way round.
func TestTokensStayWithTheirHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.DeviceOptions{})
	w.nobody("ghe.corp", w.env("GH_TOKEN", "public", "GITHUB_TOKEN", "public"))
	w.nobody("ghe.corp", nil)
	env := w.env("GH_TOKEN", "public", "GH_ENTERPRISE_TOKEN", "corp")
	w.wants("github.com", env, "GH_TOKEN", "public")
	w.wants("acme.ghe.com", env, "GH_TOKEN", "public")
	w.wants("ghe.corp", env, "GH_ENTERPRISE_TOKEN", "corp")

	// A host that only a remote names gets none, whatever there is.
	for _, host := range []string{"evil.example", "acme.ghe.com"} {
		if w.forges.IsForge(host) {
			t.Errorf("%s is a forge", host)
		}
		_, err := w.forges.Client(t.Context(), host, env)
		w.fails(err, api.CodeInvalid)
	}
	for _, host := range []string{"github.com", "ghe.corp", "GitHub.com"} {
		if !w.forges.IsForge(host) {
			t.Errorf("%s is no forge", host)
		}
	}
	w.write(".config/gh/hosts.yml", "other.corp:\n    oauth_token: gho_other\n", 0o600)
	if !w.forges.IsForge("other.corp") {
		t.Error("a host that gh is signed in to is no forge")
	}
}

// Where gh keeps its token in a keyring, it is asked, and without the variables
// that it would answer with.
func TestKeyringOfGH(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.DeviceOptions{})
	w.write(".config/gh/hosts.yml", "github.com:\n    user: ada\n    users:\n        ada:\n", 0o600)
	w.nobody("github.com", w.env()) // there is no gh
	if _, err := w.keeper.Credential(t.Context(), "ghe.corp", w.env()); err == nil {
		t.Error("somebody is signed in")
	}
	w = newWorld(t, forgetest.DeviceOptions{})
	w.write("gh/hosts.yml", "github.com:\n    user: ada\n", 0o600)
	asked := filepath.Join(w.home, "asked")
	w.write("bin/gh", fmt.Sprintf("#!/bin/sh\necho \"$@\" >> %s\n[ -z \"$GH_TOKEN$GITHUB_TOKEN$GH_ENTERPRISE_TOKEN\" ] || exit 9\n[ -d \"$GH_CONFIG_DIR\" ] && echo gho_keyring\n", asked), 0o700)
	env := w.env("GH_CONFIG_DIR", filepath.Join(w.home, "gh"), "GH_ENTERPRISE_TOKEN", "x")
	for range 3 {
		w.wants("github.com", env, forge.SourceGH, "gho_keyring")
		w.wants("github.com", nil, forge.SourceGH, "gho_keyring")
	}
	b, err := os.ReadFile(asked)
	w.must(err)
	if string(b) != "auth token --hostname github.com\n" {
		t.Errorf("gh was asked %q", b)
	}
	// With a token at hand gh is left alone.
	w.wants("github.com", w.env("GH_CONFIG_DIR", filepath.Join(w.home, "gh"), "GH_TOKEN", "t"), "GH_TOKEN", "t")
}

// A remembered token that is not accepted makes way for what is behind it.
func TestRefusedTokenMakesWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.DeviceOptions{})
	good, bad := w.hub.Token("ada"), w.hub.Token("bob")
	_, err := w.keeper.Store(t.Context(), api.AuthStore{Host: "github.com", Token: good, Env: w.env()})
	w.must(err)
	w.keeper.Saw(w.env("GH_TOKEN", bad))
	w.wants("github.com", nil, "GH_TOKEN", bad)
	w.hub.Revoke(bad)
	c, err := w.forges.Client(t.Context(), "github.com", nil)
	w.must(err)
	_, err = c.Whoami(t.Context())
	w.fails(err, api.CodeUnauthorized)
	w.wants("github.com", nil, forge.SourceStore, good)
	// Who names it is told of it, instead of silently being somebody else.
	c, err = w.forges.Client(t.Context(), "github.com", w.env("GH_TOKEN", bad))
	w.must(err)
	_, err = c.Whoami(t.Context())
	if e := w.fails(err, api.CodeUnauthorized); !strings.Contains(e.Message, "GH_TOKEN") {
		t.Errorf("message = %s", e.Message)
	}
}

func TestStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.DeviceOptions{})
	ctx := t.Context()
	token := w.hub.Token("ada")
	for _, bad := range []string{"", "a b", "x\x00y", strings.Repeat("x", 5000)} {
		_, err := w.keeper.Store(ctx, api.AuthStore{Host: "github.com", Token: bad})
		w.fails(err, api.CodeInvalid)
	}
	_, err := w.keeper.Store(ctx, api.AuthStore{Host: "github.com", Token: "gho_wrong"})
	if e := w.fails(err, api.CodeUnauthorized); !strings.Contains(e.Hint, "nothing was stored") || strings.Contains(e.Message, "wrong") {
		t.Errorf("error = %+v", e)
	}
	_, err = w.keeper.Store(ctx, api.AuthStore{Host: "https://github.com", Token: token})
	w.fails(err, api.CodeInvalid)
	if _, err := os.Stat(w.file()); err == nil {
		t.Error("something was stored")
	}
	account, err := w.keeper.Store(ctx, api.AuthStore{Host: "GitHub.com", Token: token})
	w.must(err)
	if account.User != "ada" || account.Host != "github.com" || len(account.Scopes) == 0 || account.Valid == nil || !*account.Valid {
		t.Errorf("account = %+v", account)
	}
	info, err := os.Stat(w.file())
	w.must(err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v", info.Mode())
	}
	// It is read anew when somebody changes it, and closed when somebody opened it.
	b, err := os.ReadFile(w.file())
	w.must(err)
	w.write("state/logins.json", strings.Replace(string(b), token, "gho_changed", 1), 0o644)
	w.wants("github.com", w.env(), forge.SourceStore, "gho_changed")
	if info, err = os.Stat(w.file()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
	// It survives every hfd.
	w.restart()
	w.wants("github.com", nil, forge.SourceStore, "gho_changed")
	// What cannot be understood is told, and not written over.
	for _, content := range []string{"{", `{"schema":9}`} {
		w.write("state/logins.json", content, 0o600)
		_, err := w.keeper.Credential(ctx, "github.com", w.env())
		w.fails(err, api.CodeUnauthorized)
		_, err = w.keeper.Store(ctx, api.AuthStore{Host: "github.com", Token: token})
		w.fails(err, api.CodeUnauthorized)
		if b, _ := os.ReadFile(w.file()); string(b) != content {
			t.Errorf("%q became %q", content, b)
		}
	}
	w.wants("github.com", w.env("GH_TOKEN", "t"), "GH_TOKEN", "t")
}

func TestStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.DeviceOptions{})
	ctx := t.Context()
	none, err := w.keeper.Status(ctx, api.AuthQuery{Env: w.env()})
	w.must(err)
	if len(none.Accounts) != 0 {
		t.Errorf("accounts = %+v", none.Accounts)
	}
	ada, bob, eve := w.hub.Token("ada"), w.hub.Token("bob"), w.hub.Token("eve")
	_, err = w.keeper.Store(ctx, api.AuthStore{Host: "github.com", Token: ada})
	w.must(err)
	w.write(".config/gh/hosts.yml", "github.com:\n    oauth_token: "+bob+"\n", 0o600)
	w.hub.Revoke(bob)
	got, err := w.keeper.Status(ctx, api.AuthQuery{Env: w.env("GH_ENTERPRISE_TOKEN", eve)})
	w.must(err)
	if len(got.Accounts) != 3 {
		t.Fatalf("accounts = %+v", got.Accounts)
	}
	gh, hf, corp := got.Accounts[0], got.Accounts[1], got.Accounts[2]
	if gh.Source != "gh" || !gh.Active || gh.Valid == nil || *gh.Valid || gh.Error == nil {
		t.Errorf("gh = %+v", gh)
	}
	if hf.Source != "hf" || hf.Active || hf.User != "ada" || !*hf.Valid || hf.Error != nil {
		t.Errorf("hf = %+v", hf)
	}
	if corp.Host != "ghe.corp" || corp.Source != "GH_ENTERPRISE_TOKEN" || corp.User != "eve" || !corp.Active {
		t.Errorf("corp = %+v", corp)
	}
	// What cannot be asked is not known.
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultServer})
	got, err = w.keeper.Status(ctx, api.AuthQuery{Host: "ghe.corp", Env: w.env("GH_ENTERPRISE_TOKEN", eve)})
	w.must(err)
	if len(got.Accounts) != 1 || got.Accounts[0].Valid != nil || got.Accounts[0].Error.Code != api.CodeForge {
		t.Errorf("accounts = %+v", got.Accounts)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.DeviceOptions{})
	ctx := t.Context()
	_, err := w.keeper.Logout(ctx, api.AuthLogout{Host: "github.com", Env: w.env()})
	w.fails(err, api.CodeNotFound)
	_, err = w.keeper.Store(ctx, api.AuthStore{Host: "github.com", Token: w.hub.Token("ada")})
	w.must(err)
	_, err = w.keeper.Store(ctx, api.AuthStore{Host: "ghe.corp", Token: w.hub.Token("bob")})
	w.must(err)
	w.write(".config/gh/hosts.yml", "github.com:\n    oauth_token: gho_x\n", 0o600)
	out, err := w.keeper.Logout(ctx, api.AuthLogout{Host: "github.com", Env: w.env()})
	w.must(err)
	if len(out.Forgotten) != 1 || out.Forgotten[0] != "hf" || len(out.Remaining) != 1 || out.Remaining[0] != "gh" {
		t.Errorf("out = %+v", out)
	}
	_, err = w.keeper.Logout(ctx, api.AuthLogout{Host: "github.com", Env: w.env()})
	if e := w.fails(err, api.CodeNotFound); !strings.Contains(e.Hint, "gh auth logout") {
		t.Errorf("hint = %s", e.Hint)
	}
	c, err := w.keeper.Credential(ctx, "ghe.corp", w.env())
	w.must(err)
	if c.Source != forge.SourceStore {
		t.Error("the other host was forgotten, too")
	}
}

func TestTokensPrintAsStars(t *testing.T) {
	t.Parallel()
	c := forge.Credential{Host: "h", Token: "gho_secret", Source: "GH_TOKEN"}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprint(c.Token), string(b)} {
		if strings.Contains(s, "secret") {
			t.Errorf("printed: %s", s)
		}
	}
}
