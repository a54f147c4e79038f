package forgetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/cli/go-gh/v2/pkg/api"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

// statusOf is the status of an answer that is an error.
func statusOf(err error) int {
	if e, ok := errors.AsType[*api.HTTPError](err); ok {
		return e.StatusCode
	}
	return 0
}

func TestFaults(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	ask := func(ctx context.Context) error {
		return rest(t, d.hub, d.token).DoWithContext(ctx, http.MethodGet, "repos/acme/demo", nil, &struct{}{})
	}
	for kind, status := range map[forgetest.FaultKind]int{
		forgetest.FaultUnauthorized: 401, forgetest.FaultForbidden: 403, forgetest.FaultNotFound: 404, forgetest.FaultTooMany: 429,
		forgetest.FaultSecondary: 403, forgetest.FaultExhausted: 403, forgetest.FaultServer: 500, forgetest.FaultGateway: 502, forgetest.FaultUnavailable: 503,
		forgetest.FaultTruncate: 0, forgetest.FaultGarbage: 0, forgetest.FaultDrop: 0,
	} {
		d.hub.Fail(forgetest.Fault{Kind: kind, Match: "GET /repos/acme/demo", Times: 1, Skip: 1})
		d.check(ask(t.Context()))
		if err := ask(t.Context()); err == nil || statusOf(err) != status {
			t.Errorf("%s: %v", kind, err)
		}
		if err := ask(t.Context()); err != nil {
			t.Errorf("after %s: %v", kind, err)
		}
	}
	d.hub.Fail(forgetest.Fault{Kind: forgetest.FaultHang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	d.hub.Heal()
	d.hub.Fail(forgetest.Fault{Kind: forgetest.FaultSlow, Delay: time.Millisecond})
	d.check(ask(t.Context()))
}

// An answer that is lost does not undo what was done.
func TestLateFault(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	n := d.open("feat", "main", "a.txt")
	d.hub.Fail(forgetest.Fault{Kind: forgetest.FaultDrop, Match: "/merge", Late: true, Times: 1})
	err := rest(t, d.hub, d.token).DoWithContext(t.Context(), http.MethodPut, "repos/acme/demo/pulls/1/merge", strings.NewReader(`{}`), nil)
	if err == nil || d.pull(n).State != "MERGED" {
		t.Errorf("%v, %+v", err, d.pull(n))
	}
}

func TestBudget(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	d.hub.Spend(d.token, 1)
	client, rs := graphQL(t, d.hub, d.token), rest(t, d.hub, d.token)
	ask := func() error { return client.DoWithContext(t.Context(), `{ viewer { login } }`, nil, &struct{}{}) }
	d.check(ask())
	d.refuses(ask(), "API rate limit exceeded")
	d.check(rs.DoWithContext(t.Context(), http.MethodGet, "user", nil, &struct{}{}))
	if err := rs.DoWithContext(t.Context(), http.MethodGet, "user", nil, &struct{}{}); statusOf(err) != 403 {
		t.Error(err)
	}
	var limits struct {
		Resources map[string]struct{ Remaining, Limit int }
	}
	d.check(rs.DoWithContext(t.Context(), http.MethodGet, "rate_limit", nil, &limits))
	if l := limits.Resources["graphql"]; l.Remaining != 0 || l.Limit != 5000 {
		t.Error(limits)
	}
}

func TestTokens(t *testing.T) {
	d := newDesk(t, forgetest.Settings{Private: true, Members: []string{"ada"}}, forgetest.Options{})
	for _, tt := range []struct {
		token  string
		status int
	}{{d.token, 0}, {d.hub.Token("eve"), 404}, {"wrong", 401}} {
		err := rest(t, d.hub, tt.token).DoWithContext(t.Context(), http.MethodGet, "repos/acme/demo", nil, &struct{}{})
		if statusOf(err) != tt.status {
			t.Errorf("%v, want %d", err, tt.status)
		}
	}
	readOnly := d.hub.ReadOnlyToken("ada")
	d.refuses(graphQL(t, d.hub, readOnly).DoWithContext(t.Context(), `mutation { closePullRequest(input: {pullRequestId: "x"}) { clientMutationId } }`, nil, &struct{}{}), "not accessible")
	d.hub.Revoke(d.token)
	if err := graphQL(t, d.hub, d.token).DoWithContext(t.Context(), `{ viewer { login } }`, nil, &struct{}{}); statusOf(err) != 401 {
		t.Error(err)
	}
	if !d.hub.Saw(readOnly, "POST /graphql") || d.hub.Saw(readOnly, "/repos") || !d.hub.Saw("wrong", "") {
		t.Error("who was seen where is wrong")
	}
	if text, err := json.Marshal(d.hub.Requests()); err != nil || strings.Contains(string(text), d.token) {
		t.Error("the log has a token", err)
	}
}

// The log of a job is on another host, which must not get the token.
func TestLogsOfAJob(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	d.open("feat", "main", "a.txt")
	d.check(d.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "failure", Log: "boom\n"}))
	var runs struct {
		CheckRuns []struct{ ID int } `json:"check_runs"`
	}
	rs := rest(t, d.hub, d.token)
	d.check(rs.DoWithContext(t.Context(), http.MethodGet, "repos/acme/demo/commits/feat/check-runs", nil, &runs))
	path := fmt.Sprintf("repos/acme/demo/actions/jobs/%d/logs", runs.CheckRuns[0].ID)
	resp, err := rs.RequestWithContext(t.Context(), http.MethodGet, path, nil)
	d.check(err)
	text, err := io.ReadAll(resp.Body)
	d.check(err)
	if string(text) != "boom\n" || d.hub.Saw(d.token, "/_blob") || d.hub.Count("/_blob") != 1 {
		t.Errorf("%q, %+v", text, d.hub.Requests())
	}
}

func TestOrganisationsComeInPages(t *testing.T) {
	hub := forgetest.New(t, forgetest.Options{})
	hub.Organization("acme", "ada")
	for i := range 5 {
		if _, err := hub.CreateRepo(fmt.Sprintf("acme/r%d", i), forgetest.Settings{Private: i == 0}); err != nil {
			t.Fatal(err)
		}
	}
	for who, want := range map[string]int{"ada": 5, "eve": 4} {
		rs, path, got := rest(t, hub, hub.Token(who)), "orgs/acme/repos?per_page=2", 0
		for path != "" {
			resp, err := rs.RequestWithContext(t.Context(), http.MethodGet, path, nil)
			if err != nil {
				t.Fatal(err)
			}
			var page []struct{ Name string }
			if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
				t.Fatal(err)
			}
			got += len(page)
			path = ""
			for link := range strings.SplitSeq(resp.Header.Get("Link"), ", ") {
				if address, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
					u, err := url.Parse(address[1:])
					if err != nil {
						t.Fatal(err)
					}
					path = strings.TrimPrefix(u.RequestURI(), "/")
				}
			}
		}
		if got != want {
			t.Errorf("%s sees %d, want %d", who, got, want)
		}
	}
}

func TestDeviceFlow(t *testing.T) {
	hub := forgetest.New(t, forgetest.Options{Device: forgetest.DeviceOptions{Interval: time.Nanosecond}})
	post := func(path string, form url.Values) url.Values {
		form.Set("client_id", "hf")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hub.URL()+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		out, err := url.ParseQuery(string(text))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	begin := func() (device, user string) {
		v := post("/login/device/code", url.Values{"scope": {"repo read:org"}})
		return v.Get("device_code"), v.Get("user_code")
	}
	ask := func(device string) url.Values {
		return post("/login/oauth/access_token", url.Values{"device_code": {device}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}})
	}
	wants := func(got url.Values, problem string) {
		t.Helper()
		if got.Get("error") != problem {
			t.Errorf("%v, want %s", got, problem)
		}
	}
	device, user := begin()
	wants(ask(device), "authorization_pending")
	if err := hub.Authorize(user, "ada"); err != nil {
		t.Fatal(err)
	}
	got := ask(device)
	var me struct{ Login string }
	if err := rest(t, hub, got.Get("access_token")).DoWithContext(t.Context(), http.MethodGet, "user", nil, &me); err != nil || me.Login != "ada" {
		t.Error(me, err, got)
	}
	wants(ask(device), "incorrect_device_code")

	device, user = begin()
	if err := hub.Deny(user); err != nil {
		t.Fatal(err)
	}
	wants(ask(device), "access_denied")
	device, user = begin()
	if err := hub.Expire(user); err != nil {
		t.Fatal(err)
	}
	wants(ask(device), "expired_token")
	wants(post("/login/oauth/access_token", url.Values{"device_code": {device}}), "unsupported_grant_type")
}

// A client that does not wait is told to.
func TestDeviceFlowSlowsDown(t *testing.T) {
	hub := forgetest.New(t, forgetest.Options{Device: forgetest.DeviceOptions{Interval: time.Hour}})
	post := func(path, body string) (out map[string]any) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hub.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	code := post("/login/device/code", `{"client_id": "hf"}`)["device_code"]
	question := fmt.Sprintf(`{"client_id": "hf", "device_code": %q, "grant_type": "urn:ietf:params:oauth:grant-type:device_code"}`, code)
	first, second := post("/login/oauth/access_token", question), post("/login/oauth/access_token", question)
	if first["error"] != "authorization_pending" || second["error"] != "slow_down" || second["interval"] != 3605.0 {
		t.Error(first, second)
	}
}

// git over http, as remotes of https are.
func TestGitOverHTTP(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	u, err := url.Parse(d.repo.HTTP())
	d.check(err)
	d.git("clone", "-q", u.String(), "../public")
	d.commit("feat", "main", "a.txt", strings.Repeat("long\n", 500_000)) // more than git sends in one piece
	if out, err := d.tryRun("git", "push", "-q", u.String(), "feat"); err == nil {
		t.Error("anybody may push", out)
	}
	u.User = url.UserPassword("x-access-token", d.token)
	d.git("push", "-q", u.String(), "feat")
	if tip, err := d.repo.Tip("feat"); err != nil || tip != d.git("rev-parse", "feat") {
		t.Error(tip, err)
	}
	d.check(d.repo.Set(func(s *forgetest.Settings) { s.Private = true }))
	if out, err := d.tryRun("git", "ls-remote", d.repo.HTTP()); err == nil {
		t.Error("anybody may read", out)
	}
}

func TestGitOverSSH(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	d.check(d.repo.Rename("acme/new-name"))
	d.git("ls-remote", "git@github.com:acme/demo.git")
	d.git("ls-remote", "ssh://git@ghe.example.com/Acme/New-Name.git")
	if out, err := d.tryRun("git", "ls-remote", "git@github.com:acme/nothing.git"); err == nil || !strings.Contains(out, "Repository not found") {
		t.Error(out, err)
	}
	d.check(d.hub.Offline(true))
	if out, err := d.tryRun("git", "fetch"); err == nil || !strings.Contains(out, "Connection refused") {
		t.Error(out, err)
	}
	d.check(d.hub.Offline(false))
	d.git("fetch", "-q")
}
