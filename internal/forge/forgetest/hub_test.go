package forgetest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cli/go-gh/v2/pkg/api"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

// toHub sends what is for the API of github.com to a hub.
type toHub struct{ hub *url.URL }

func (t toHub) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == "api.github.com" {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = t.hub.Scheme, t.hub.Host
	}
	return http.DefaultTransport.RoundTrip(r)
}

func clientOptions(t *testing.T, hub *forgetest.Hub, token string) api.ClientOptions {
	t.Helper()
	u, err := url.Parse(hub.URL())
	if err != nil {
		t.Fatal(err)
	}
	return api.ClientOptions{Host: "github.com", AuthToken: token, Transport: toHub{u}, LogIgnoreEnv: true}
}

func graphQL(t *testing.T, hub *forgetest.Hub, token string) *api.GraphQLClient {
	t.Helper()
	c, err := api.NewGraphQLClient(clientOptions(t, hub, token))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func rest(t *testing.T, hub *forgetest.Hub, token string) *api.RESTClient {
	t.Helper()
	c, err := api.NewRESTClient(clientOptions(t, hub, token))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// desk is a person's clone of a repository of a hub.
type desk struct {
	t     *testing.T
	hub   *forgetest.Hub
	repo  *forgetest.Repo
	token string
	dir   string
	env   []string
}

func newDesk(t *testing.T, s forgetest.Settings, o forgetest.Options) *desk {
	t.Helper()
	d := &desk{t: t, hub: forgetest.New(t, o)}
	d.token = d.hub.Token("ada")
	repo, err := d.hub.CreateRepo("acme/demo", s)
	d.check(err)
	d.repo = repo
	home := t.TempDir()
	config := "[core]\n\tfsync = none\n[user]\n\tname = Ada\n\temail = ada@users.noreply.github.com\n" + d.hub.GitConfig()
	d.check(os.WriteFile(filepath.Join(home, ".gitconfig"), []byte(config), 0o600))
	d.env = []string{
		"HOME=" + home, "PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C", "EDITOR=true",
		"GITHUB_API_URL=" + d.hub.URL(), "GITHUB_TOKEN=" + d.token, "GIT_SPICE_SECRET_BACKEND=file", "NO_COLOR=1",
	}
	d.dir = home
	d.git("clone", "-q", repo.SSH(), "demo")
	d.dir = filepath.Join(home, "demo")
	return d
}

func (d *desk) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) tryRun(argv ...string) (string, error) {
	cmd := exec.CommandContext(d.t.Context(), argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = d.dir, d.env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

func (d *desk) run(argv ...string) string {
	d.t.Helper()
	out, err := d.tryRun(argv...)
	if err != nil {
		d.t.Fatalf("%q: %v\n%s", argv, err, out)
	}
	return out
}

func (d *desk) git(args ...string) string {
	d.t.Helper()
	return d.run(append([]string{"git"}, args...)...)
}

// commit makes a branch on another with one commit.
func (d *desk) commit(branch, on, path, text string) {
	d.t.Helper()
	d.git("checkout", "-q", "-b", branch, on)
	d.change(path, text)
}

func (d *desk) change(path, text string) {
	d.t.Helper()
	d.check(os.WriteFile(filepath.Join(d.dir, path), []byte(text), 0o600))
	d.git("add", path)
	d.git("commit", "-q", "-m", "Change "+path)
}

func (d *desk) pull(n int) forgetest.Pull {
	d.t.Helper()
	p, err := d.repo.Pull(n)
	d.check(err)
	return p
}

// ask queries GraphQL and decodes data strictly: exactly what was asked for.
func (d *desk) ask(query string, vars map[string]any, into any) {
	d.t.Helper()
	var raw json.RawMessage
	d.check(graphQL(d.t, d.hub, d.token).DoWithContext(d.t.Context(), query, vars, &raw))
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		d.t.Fatalf("%v in %s", err, raw)
	}
}

func TestPullRequestFollowsItsBranches(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	d.commit("feat", "main", "a.txt", "a\n")
	d.git("push", "-q", "origin", "feat")
	n, err := d.repo.OpenPull("ada", forgetest.Pull{Head: "feat", Base: "main", Title: "A"})
	d.check(err)
	if p := d.pull(n); p.HeadOid != d.git("rev-parse", "HEAD") || p.State != "OPEN" || p.Merge != "CLEAN" {
		t.Errorf("%+v", p)
	}
	d.change("a.txt", "b\n")
	d.git("push", "-q", "origin", "feat")
	if p := d.pull(n); p.HeadOid != d.git("rev-parse", "HEAD") {
		t.Errorf("%+v", p)
	}
}

// The answer has what was asked for and no more, whatever the form of the question.
func TestGraphQL(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	for _, branch := range []string{"one", "two", "three"} {
		_, err := d.repo.Commit("ada", branch, branch+".txt", branch)
		d.check(err)
		_, err = d.repo.OpenPull("ada", forgetest.Pull{Head: branch, Title: "Pull " + branch})
		d.check(err)
	}
	d.check(d.repo.SetCheck("two", forgetest.Check{Name: "test", Conclusion: "failure", Log: "boom"}))
	d.check(d.repo.SetStatus("two", forgetest.Status{Context: "deploy", State: "success"}))
	d.check(d.repo.Review(2, "bob", forgetest.Review{State: "CHANGES_REQUESTED", Threads: []forgetest.Thread{{Path: "two.txt", Line: 1, Body: "why?"}}}))

	type context struct {
		Typename   string `json:"__typename"`
		Name       string `json:"name"`
		Conclusion string `json:"conclusion"`
		Context    string `json:"context"`
	}
	var got struct {
		RateLimit  struct{ Cost, Remaining int }
		Repository struct {
			PullRequests struct {
				TotalCount int
				PageInfo   struct {
					HasNextPage bool
					EndCursor   string
				}
				Nodes []struct {
					Number         int
					ReviewDecision *string
					Commits        struct {
						Nodes []struct {
							Commit struct {
								StatusCheckRollup *struct {
									State    string
									Contexts struct{ Nodes []context }
								}
							}
						}
					}
					ReviewThreads struct {
						Nodes []struct {
							IsResolved bool
							Path       string
							Line       int
							Comments   struct{ Nodes []struct{ Body string } }
						}
					}
				}
			}
			Second struct{ Title, Mergeable string }
		}
	}
	d.ask(`query Pulls($owner: String!, $name: String!, $n: Int!, $states: [PullRequestState!]) {
		rateLimit { cost remaining }
		repository(owner: $owner, name: $name) {
			pullRequests(first: $n, states: $states, orderBy: {field: CREATED_AT, direction: ASC}) {
				totalCount pageInfo { hasNextPage endCursor }
				nodes { ...facts }
			}
			second: pullRequest(number: 2) { title mergeable }
		}
	}
	fragment facts on PullRequest {
		number reviewDecision
		commits(last: 1) { nodes { commit { statusCheckRollup { state contexts(first: 20) { nodes {
			__typename ... on CheckRun { name conclusion } ... on StatusContext { context }
		} } } } } }
		reviewThreads(first: 20) { nodes { isResolved path line comments(first: 5) { nodes { body } } } }
	}`, map[string]any{"owner": "acme", "name": "demo", "n": 2, "states": []string{"OPEN"}}, &got)
	pulls := got.Repository.PullRequests
	if pulls.TotalCount != 3 || len(pulls.Nodes) != 2 || !pulls.PageInfo.HasNextPage || got.Repository.Second.Title != "Pull two" || got.Repository.Second.Mergeable != "MERGEABLE" {
		t.Errorf("%+v", got)
	}
	two := pulls.Nodes[1]
	rollup := two.Commits.Nodes[0].Commit.StatusCheckRollup
	if rollup.State != "FAILURE" || len(rollup.Contexts.Nodes) != 2 || rollup.Contexts.Nodes[0].Name != "test" || rollup.Contexts.Nodes[1].Typename != "StatusContext" {
		t.Errorf("%+v", rollup)
	}
	if pulls.Nodes[0].Commits.Nodes[0].Commit.StatusCheckRollup != nil || pulls.Nodes[0].ReviewDecision != nil {
		t.Errorf("%+v", pulls.Nodes[0])
	}
	if threads := two.ReviewThreads.Nodes; *two.ReviewDecision != "CHANGES_REQUESTED" || len(threads) != 1 || threads[0].IsResolved || threads[0].Comments.Nodes[0].Body != "why?" {
		t.Errorf("%+v", two)
	}
	if got.RateLimit.Cost != 1 || got.RateLimit.Remaining != 4999 {
		t.Errorf("%+v", got.RateLimit)
	}
}

// What does not change is free to ask about again, and what is renamed is found.
func TestRESTCostsNothingWhenNothingChanged(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	get := func(path, tag string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.hub.URL()+path, nil)
		d.check(err)
		req.Header.Set("Authorization", "token "+d.token)
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		resp, err := http.DefaultClient.Do(req)
		d.check(err)
		resp.Body.Close()
		return resp
	}
	first := get("/api/v3/repos/acme/demo/pulls?state=all", "")
	if first.StatusCode != 200 || first.Header.Get("X-Ratelimit-Remaining") != "4999" {
		t.Fatal(first.Status, first.Header)
	}
	tag := first.Header.Get("Etag")
	if same := get("/repos/acme/demo/pulls?state=all", tag); same.StatusCode != 304 || same.Header.Get("X-Ratelimit-Remaining") != "4999" {
		t.Error(same.Status, same.Header)
	}
	_, err := d.repo.Commit("ada", "feat", "a.txt", "a")
	d.check(err)
	_, err = d.repo.OpenPull("ada", forgetest.Pull{Head: "feat", Title: "Feat"})
	d.check(err)
	if changed := get("/repos/acme/demo/pulls?state=all", tag); changed.StatusCode != 200 || changed.Header.Get("X-Ratelimit-Remaining") != "4998" {
		t.Error(changed.Status, changed.Header)
	}
	d.check(d.repo.Rename("acme/new"))
	var r struct {
		FullName string `json:"full_name"`
	}
	d.check(rest(t, d.hub, d.token).DoWithContext(t.Context(), http.MethodGet, "repos/acme/demo", nil, &r))
	if r.FullName != "acme/new" || d.hub.Count("GET /repositories/") != 1 {
		t.Errorf("%+v, %v", r, d.hub.Requests())
	}
}

func TestPageOfAPullRequest(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{Web: "self"})
	_, err := d.repo.Commit("ada", "feat", "a.txt", "a")
	d.check(err)
	n, err := d.repo.OpenPull("ada", forgetest.Pull{Head: "feat", Title: "<b>Feat"})
	d.check(err)
	for address, want := range map[string]string{d.pull(n).URL: "&lt;b&gt;Feat #1", d.repo.HTTP()[:len(d.repo.HTTP())-4] + "/pull/2": "404 page not found"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		d.check(err)
		resp, err := http.DefaultClient.Do(req)
		d.check(err)
		text, err := io.ReadAll(resp.Body)
		d.check(err)
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: %s", address, text)
		}
	}
}
