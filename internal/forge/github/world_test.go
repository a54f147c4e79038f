package github_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// hangs is how long a test waits for what should happen soon.
const hangs = 30 * time.Second

// world is a client that speaks to a fake GitHub.
type world struct {
	*testing.T
	hub     *forgetest.Hub
	repo    *forgetest.Repo
	at      forge.Repository
	token   string
	clients *github.Clients
	client  forge.Client

	mu      sync.Mutex
	now     time.Time
	refused []forge.Source
}

func (w *world) Credential(_ context.Context, host string, _ api.Env) (forge.Credential, error) {
	return forge.Credential{Host: host, Token: forge.Secret(w.token), Source: "GH_TOKEN"}, nil
}

func (w *world) Refused(c forge.Credential) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refused = append(w.refused, c.Source)
}

func (w *world) SignedIn(string) bool { return false }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// newWorld starts one with the repository acme/demo. The options may be adjusted.
func newWorld(t *testing.T, hub forgetest.Options, adjust ...func(*github.Options)) *world {
	t.Helper()
	w := &world{T: t, hub: forgetest.New(t, hub), now: time.Now(), at: forge.Repository{Host: "github.com", Owner: "acme", Name: "demo"}}
	w.token = w.hub.Token("ada")
	w.hub.Organization("acme", "ada", "bob")
	var err error
	w.repo, err = w.hub.CreateRepo("acme/demo", forgetest.Settings{AutoMerge: true})
	w.must(err)
	opts := github.Options{
		Tokens: w, Agent: "hf/test", Now: w.clock, Connect: hangs, Limit: hangs,
		Settings: func(string) github.Settings {
			return github.Settings{API: w.hub.URL(), Web: w.hub.URL(), ClientID: "client"}
		},
		Hosts: func() []string { return nil },
	}
	for _, f := range adjust {
		f(&opts)
	}
	w.clients = github.NewClients(opts)
	t.Cleanup(w.clients.Close)
	w.client, err = w.clients.Client(t.Context(), "github.com", nil)
	w.must(err)
	w.hub.Forget()
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// pull makes a pull request of a new branch with one commit.
func (w *world) pull(branch string) int {
	w.Helper()
	_, err := w.repo.Commit("ada", branch, branch+".txt", branch)
	w.must(err)
	n, err := w.repo.OpenPull("ada", forgetest.Pull{Head: branch, Base: "main", Title: "Add " + branch})
	w.must(err)
	return n
}

// pullMany makes pull requests of new branches that all are at one commit.
func (w *world) pullMany(from, to int) {
	w.Helper()
	tip, err := w.repo.Commit("ada", "many", "many.txt", "x")
	w.must(err)
	var refs strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&refs, "create refs/heads/%s %s\n", name(i), tip)
	}
	w.must(xec.Run(w.Context(), xec.Cmd{
		Argv: []string{"git", "update-ref", "--stdin"}, Dir: w.repo.Path(), Env: os.Environ(), Stdin: strings.NewReader(refs.String()),
	}))
	for i := from; i < to; i++ {
		_, err := w.repo.OpenPull("ada", forgetest.Pull{Head: name(i), Base: "main", Title: "Add " + name(i)})
		w.must(err)
	}
}

// poll looks once, and checks what that cost.
func (w *world) poll(ask forge.Poll, requests int) forge.Polled {
	w.Helper()
	ask.Repository = w.at
	w.hub.Forget()
	found, err := w.client.Poll(w.Context(), ask)
	w.must(err)
	if got := w.hub.Count(""); got != requests || found.Requests != requests {
		w.Errorf("the poll took %d requests and said %d, want %d: %v", got, found.Requests, requests, w.hub.Requests())
	}
	return found
}

// known is what who polls knows after a poll, from what it knew.
func known(before map[int]string, found forge.Polled) map[int]string {
	out := map[int]string{}
	for _, n := range found.Open {
		out[n] = before[n]
	}
	for _, p := range found.Changed {
		if p.State == api.PullRequestOpen {
			out[p.Number] = p.Stamp
		}
	}
	return out
}

func numbers(pulls []forge.PullRequest) []int {
	var out []int
	for _, p := range pulls {
		out = append(out, p.Number)
	}
	return out
}

func (w *world) one(number int) forge.PullRequest {
	w.Helper()
	found, err := w.client.PullRequests(w.Context(), w.at, []int{number})
	w.must(err)
	if len(found) != 1 {
		w.Fatalf("#%d: %d found", number, len(found))
	}
	return found[0]
}

// wants checks an error.
func (w *world) wants(err error, code api.Code, retryable bool) *api.Error {
	w.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != code || e.Retryable != retryable {
		w.Fatalf("error = %#v (%v), want %s, retryable %v", e, err, code, retryable)
	}
	if retryable && e.Hint == "" {
		w.Errorf("%v can be asked for again, and does not say so", e)
	}
	return e
}

func same[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func name(i int) string { return fmt.Sprintf("b%02d", i) }
