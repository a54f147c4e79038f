package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/pkg/api"
)

// hub starts a fake GitHub, which the user's configuration names.
func (m *machine) hub() *forgetest.Hub {
	m.t.Helper()
	h := forgetest.New(m.t, forgetest.Options{Web: "self"})
	m.writeConfig(fmt.Sprintf("[forge.\"github.com\"]\napi = %q\nweb = %q\nclient_id = \"app\"\n", h.URL(), h.URL()))
	return h
}

// shell runs hf from another shell, with more variables.
func (m *machine) shell(env []string, args ...string) result {
	m.t.Helper()
	before := m.env
	defer func() { m.env = before }()
	m.env = append(slices.Clone(before), env...)
	return m.try(args...)
}

// signedIn is who hf says is signed in.
func (m *machine) signedIn() []api.AuthAccount {
	m.t.Helper()
	return decode[[]api.AuthAccount](m, m.try("auth", "status", "--json").out)
}

// A token that was given to hf is in the file that is for it and nowhere else,
// and is there after every end of hfd, whoever starts it again.
func TestLoginOutlivesTheDaemon(t *testing.T) {
	m := newMachine(t)
	h := m.hub()
	token := h.Token("ada")
	watch := watchArguments(token)
	if r := m.try("auth", "status"); r.code != 4 {
		t.Fatalf("nobody is signed in: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := m.tryIn(t.Context(), "gho_wrong\n", "auth", "login", "--with-token"); r.code != 4 || strings.Contains(r.err, "gho_wrong") {
		t.Errorf("a wrong token: exit %d\n%s", r.code, r.err)
	}
	if r := m.tryIn(t.Context(), token+"\n", "auth", "login", "--with-token"); r.code != 0 || !strings.Contains(r.out, "as ada") || strings.Contains(r.out+r.err, token) {
		t.Fatalf("login: exit %d\n%s%s", r.code, r.out, r.err)
	}
	m.killDaemon()
	if got := m.signedIn(); len(got) != 1 || got[0].User != "ada" || got[0].Source != "hf" || got[0].Valid == nil || !*got[0].Valid {
		t.Errorf("after a crash: %+v", got)
	}
	if got := m.hf("auth", "token"); got != token+"\n" {
		t.Errorf("token = %q", got)
	}
	m.hf("db", "backup", filepath.Join(m.dir, "state", "copy.db"))
	m.idle(m.create("say: hello"))
	if r := m.try("doctor"); !strings.Contains(r.out, "signed in by hf auth login") {
		t.Errorf("doctor does not know:\n%s", r.out)
	}
	logins := filepath.Join(m.dir, "state", "logins.json")
	if found := m.holding(token); len(found) != 1 || found[0] != logins {
		t.Errorf("the token stands in %q", found)
	}
	if info, err := os.Stat(logins); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, line := range watch() {
		t.Errorf("it is an argument: %q", line)
	}
	m.hf("auth", "logout")
	if r := m.try("auth", "token"); r.code != 4 || len(m.holding(token)) > 0 {
		t.Errorf("after the logout: exit %d, found in %q", r.code, m.holding(token))
	}
}

// The token of a shell is remembered for others and for work in the background,
// in memory only: an upgrade hands it on, a crash ends it.
func TestTokenOfAShellIsRemembered(t *testing.T) {
	m := newMachine(t)
	h := m.hub()
	token := h.Token("ada")
	if r := m.shell([]string{"GH_TOKEN=" + token}, "auth", "status"); r.code != 0 || !strings.Contains(r.out, "in GH_TOKEN") {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if got := m.hf("auth", "token"); got != token+"\n" {
		t.Errorf("from another shell: %q", got)
	}
	m.install(newBuild)
	m.hf("list")
	m.until("the new build serves", time.Minute, func() bool { return m.backend().Build == newBuild })
	if got := m.hf("auth", "token"); got != token+"\n" {
		t.Errorf("after an upgrade: %q", got)
	}
	if found := m.holding(token); len(found) > 0 {
		t.Errorf("the token stands in %q", found)
	}
	m.killDaemon()
	if r := m.try("auth", "token"); r.code != 4 {
		t.Errorf("after a crash: exit %d, %q", r.code, r.out)
	}
}

// hfd waits for the code, also when nobody else does; and when hfd is killed,
// whoever waits is told, and nothing is half.
func TestDeviceFlowOutlivesTheClient(t *testing.T) {
	m := newMachine(t)
	h := m.hub()
	wait := func(what string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := h.Await(ctx, func(r forgetest.Request) bool { return r.Is(what) }); err != nil {
			t.Fatal(err)
		}
	}
	begin := func() (*exec.Cmd, *strings.Builder) {
		t.Helper()
		h.Forget()
		cmd := exec.CommandContext(t.Context(), filepath.Join(m.dir, "bin", "hf"), "auth", "login", "--no-browser")
		var said strings.Builder
		cmd.Dir, cmd.Env, cmd.Stderr = m.repo, m.env, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait("POST /login/oauth/access_token")
		return cmd, &said
	}
	cmd, said := begin()
	m.killDaemon()
	if err := cmd.Wait(); err == nil || !strings.Contains(said.String(), "nothing was stored") {
		t.Errorf("hfd was killed: %v, said %q", err, said)
	}
	if got := m.signedIn(); len(got) != 0 {
		t.Errorf("accounts = %+v", got)
	}

	cmd, said = begin()
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 130 || !strings.Contains(said.String(), "goes on waiting") {
		t.Errorf("interrupted: %v, said %q", err, said)
	}
	if err := h.Authorize("", "ada"); err != nil {
		t.Fatal(err)
	}
	m.until("ada is signed in", time.Minute, func() bool {
		got := m.signedIn()
		return len(got) == 1 && got[0].User == "ada" && got[0].Source == "hf"
	})
}

// A repository's own configuration, which every agent in it can write, says
// nothing of where a token goes and what is run.
func TestTokenDoesNotFollowTheRepository(t *testing.T) {
	m := newMachine(t)
	h := m.hub()
	token := h.Token("ada")
	if _, err := h.CreateRepo("acme/demo", forgetest.Settings{}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var caught []string
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		caught = append(caught, fmt.Sprintf("%s %s %q", r.Method, r.URL, r.Header.Get("Authorization")))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer evil.Close()
	home := filepath.Join(m.dir, "home")
	if err := os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(h.GitConfig()), 0o600); err != nil {
		t.Fatal(err)
	}
	m.repo = filepath.Join(m.dir, "demo")
	if err := os.Mkdir(m.repo, 0o755); err != nil {
		t.Fatal(err)
	}
	m.git("clone", "-q", "git@github.com:acme/demo.git", ".")
	m.env = append(m.env, "GH_TOKEN="+token)
	if at := os.Getenv("HF_TEST_GIT_SPICE"); at != "" {
		m.env = append(m.env, "HF_GIT_SPICE_BIN="+at)
	}
	id := m.create("write a.txt: hello\ncommit: Add a", "--permission", "all", "--branch", "feat")
	m.idle(id)
	// From here on: the agent's own git would obey.
	planted := filepath.Join(m.dir, "planted")
	program := fmt.Sprintf("touch %s; exit 1", planted)
	for key, value := range map[string]string{
		"spice.forge.github.url": evil.URL, "spice.forge.github.apiUrl": evil.URL, "spice.shorthand.log": "!" + program, "spice.shorthand.branch": "!" + program,
		"github.api": evil.URL, "hub.host": "evil.example", "http.proxy": evil.URL, "https.proxy": evil.URL,
		"url." + evil.URL + "/.insteadOf": "git@github.com:", "url." + evil.URL + "/p/.pushInsteadOf": "git@github.com:",
		"remote.origin.pushurl": evil.URL + "/acme/demo.git", "remote.origin.proxy": evil.URL,
		"core.sshCommand": program, "credential.helper": "!" + program, "core.fsmonitor": program, "core.hooksPath": m.dir,
	} {
		m.git("config", key, value)
	}
	if r := m.try("pr", "create", id); r.code != 0 || !h.Saw(token, "POST /repos/acme/demo/pulls") {
		t.Errorf("pr create: exit %d\n%s%s\n%v", r.code, r.out, r.err, h.Requests())
	}
	if r := m.try("pr", "status", id); !strings.Contains(r.out, "#1") {
		t.Errorf("pr status: exit %d\n%s%s", r.code, r.out, r.err)
	}
	for _, args := range [][]string{{"push", id}, {"sync", id}, {"stack"}, {"stack", "submit", id}, {"stack", "sync"}, {"repo", "overview"}, {"merge", id, "--squash"}} {
		r := m.try(args...)
		t.Logf("hf %s: exit %d\n%s", strings.Join(args, " "), r.code, r.err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, c := range caught {
		t.Errorf("where the repository said: %s", c)
	}
	if _, err := os.Stat(planted); err == nil {
		t.Error("a program of the repository's ran")
	}
	if p := h.Requests(); !slices.ContainsFunc(p, func(r forgetest.Request) bool { return r.Is("repository") }) {
		t.Error("nothing was polled")
	}
}
