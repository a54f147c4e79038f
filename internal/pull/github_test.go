package pull_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/internal/pull"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// onGitHub is a fixture whose forge is a fake GitHub that is spoken to over HTTP.
type onGitHub struct {
	*fixture
	server *forgetest.Hub
	repo   *forgetest.Repo
	token  string

	mu  sync.Mutex
	now time.Time
}

func (g *onGitHub) Credential(_ context.Context, host string, _ api.Env) (forge.Credential, error) {
	return forge.Credential{Host: host, Token: forge.Secret(g.token), Source: "GH_TOKEN"}, nil
}

func (g *onGitHub) Refused(forge.Credential) {}

func (g *onGitHub) SignedIn(string) bool { return false }

func (g *onGitHub) clock() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.now
}

// pass lets time go by.
func (g *onGitHub) pass(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now = g.now.Add(d)
}

func newOnGitHub(t *testing.T) *onGitHub {
	t.Helper()
	g := &onGitHub{fixture: newFixture(t), now: time.Now()}
	g.server = forgetest.New(t, forgetest.Options{Now: g.clock})
	g.token = g.server.Token("ada")
	var err error
	if g.repo, err = g.server.CreateRepo("acme/demo", forgetest.Settings{}); err != nil {
		t.Fatal(err)
	}
	return g
}

// watch runs a service as a new daemon does.
func (g *onGitHub) watch() {
	g.Helper()
	clients := github.NewClients(github.Options{
		Tokens: g, Agent: "hf/test", Now: g.clock, Connect: hang, Limit: hang, Hosts: func() []string { return nil },
		Settings: func(string) github.Settings { return github.Settings{API: g.server.URL()} },
	})
	g.pulls = pull.New(pull.Config{
		Store: adapter{g.store}, Git: g.git, Clients: clients, Every: func() time.Duration { return 0 },
		Log: slog.New(slog.DiscardHandler), Now: g.clock,
	})
	ctx, cancel := context.WithCancel(g.Context())
	done := make(chan struct{})
	go func() { defer close(done); g.pulls.Run(ctx) }()
	g.stop = sync.OnceFunc(func() { cancel(); <-done; clients.Close() })
	g.Cleanup(g.stop)
}

// open makes pull requests of branches that all are at one commit.
func (g *onGitHub) open(branches ...string) {
	g.Helper()
	tip, err := g.repo.Commit("ada", "work", "work.txt", "x")
	if err != nil {
		g.Fatal(err)
	}
	var refs strings.Builder
	for _, b := range branches {
		fmt.Fprintf(&refs, "create refs/heads/%s %s\n", b, tip)
	}
	err = xec.Run(g.Context(), xec.Cmd{Argv: []string{"git", "update-ref", "--stdin"}, Dir: g.repo.Path(), Env: os.Environ(), Stdin: strings.NewReader(refs.String())})
	if err != nil {
		g.Fatal(err)
	}
	for _, b := range branches {
		if _, err := g.repo.OpenPull("ada", forgetest.Pull{Head: b, Base: "main", Title: "Add " + b}); err != nil {
			g.Fatal(err)
		}
	}
}

// cost is how many requests a look takes.
func (g *onGitHub) cost() int {
	g.Helper()
	g.server.Forget()
	g.mustLook()
	return len(g.server.Requests())
}

// firstCost is what the look takes that a daemon begins with by itself.
func (g *onGitHub) firstCost() int {
	g.Helper()
	g.server.Forget()
	g.pass(time.Minute)
	begun := g.clock()
	g.watch()
	g.await(func() bool {
		polls := g.pulls.Polls()
		return len(polls) == 1 && polls[0].PolledAt != nil && !polls[0].PolledAt.Before(begun)
	})
	return len(g.server.Requests())
}

func TestWhatAPollCostsOnGitHub(t *testing.T) {
	g := newOnGitHub(t)
	branches := []string{"feature"}
	for n := range 49 {
		branches = append(branches, fmt.Sprintf("other-%d", n))
	}
	g.open(branches...)
	if n := g.firstCost(); n > 2 {
		t.Errorf("the first look at 50 open pull requests takes %d requests", n)
	}
	if n := g.cost(); n != 1 {
		t.Errorf("a look that finds nothing new takes %d requests", n)
	}
	if p := g.poll(); p.PullsKnown != 50 || p.Limit != 5000 || p.Remaining >= 5000 || p.ResetAt == nil {
		t.Errorf("poll %+v", p)
	}
	if err := g.repo.SetCheck("feature", forgetest.Check{Name: "test", Conclusion: "failure"}); err != nil {
		t.Fatal(err)
	}
	if n := g.cost(); n > 2 {
		t.Errorf("a look that finds failing checks takes %d requests", n)
	}
	if p, _, _ := g.shown("t1"); p.Checks != api.ChecksFail {
		t.Errorf("the task shows %+v", p)
	}
	if n := g.cost(); n != 1 {
		t.Errorf("a look after that takes %d requests", n)
	}
	// Another daemon knows all but what changed since.
	g.stop()
	if n := g.firstCost(); n > 2 {
		t.Errorf("the first look of the next daemon takes %d requests", n)
	}
	if lines := g.history(); len(lines) != 2 {
		t.Errorf("history %q", lines)
	}
}

func TestALifeOnGitHub(t *testing.T) {
	g := newOnGitHub(t)
	g.open("feature")
	g.watch()
	g.mustLook()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		g.pass(time.Second)
		g.mustLook()
	}
	must(g.repo.SetCheck("feature", forgetest.Check{Name: "test"}))
	must(g.repo.SetCheck("feature", forgetest.Check{Name: "test", Conclusion: "success"}))
	must(g.repo.Review(1, "bob", forgetest.Review{State: "CHANGES_REQUESTED", Body: "no", Threads: []forgetest.Thread{{Path: "work.txt", Line: 1, Body: "why?"}}}))
	must(g.repo.ResolveThreads(1, "bob"))
	must(g.repo.Review(1, "bob", forgetest.Review{State: "APPROVED"}))
	must(g.repo.Rename("acme/renamed"))
	must(g.repo.Merge(1, "bob", "squash"))
	want := []string{
		"opened: Add feature", "checks run", "checks passed", "changes requested, 1 unresolved review threads", "approved", "merged on github.com",
	}
	got := g.history()
	for i, line := range got {
		got[i] = strings.TrimPrefix(line, "pull request #1: ")
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("history\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if p := g.poll(); p.Name != "acme/renamed" || p.PullsKnown != 0 {
		t.Errorf("poll %+v", p)
	}
	g.view(func(tx *store.Tx) error {
		rows, err := tx.PullRequests("r")
		if err == nil && (len(rows) != 1 || rows[0].MergedAt == nil || rows[0].MergeCommit == "" || rows[0].Reviewers[0].Login != "bob") {
			t.Errorf("rows %+v", rows)
		}
		return err
	})
}

func TestGitHubFails(t *testing.T) {
	g := newOnGitHub(t)
	g.open("feature")
	g.watch()
	g.mustLook()
	for kind, code := range map[forgetest.FaultKind]api.Code{
		forgetest.FaultUnauthorized: api.CodeUnauthorized, forgetest.FaultForbidden: api.CodeUnauthorized, forgetest.FaultNotFound: api.CodeNotFound,
		forgetest.FaultServer: api.CodeForge, forgetest.FaultGateway: api.CodeForge, forgetest.FaultUnavailable: api.CodeForge,
		forgetest.FaultTruncate: api.CodeForge, forgetest.FaultGarbage: api.CodeForge, forgetest.FaultDrop: api.CodeForge,
		forgetest.FaultTooMany: api.CodeLimit, forgetest.FaultSecondary: api.CodeLimit, forgetest.FaultExhausted: api.CodeLimit,
	} {
		g.server.Fail(forgetest.Fault{Kind: kind})
		if err := g.look("r"); !api.IsCode(err, code) {
			t.Errorf("%s: %v", kind, err)
		}
		p, has, _ := g.shown("t1")
		if !has || !p.Stale || p.State != api.PullRequestOpen {
			t.Errorf("%s: the task shows %+v", kind, p)
		}
		if e := g.poll().Error; e == nil || e.Code != code || e.Message == "" {
			t.Errorf("%s: the poll says %+v", kind, e)
		}
		g.server.Heal()
		if code == api.CodeLimit { // nothing is sent before it is over
			g.server.Forget()
			if err := g.look("r"); !api.IsCode(err, code) || len(g.server.Requests()) != 0 {
				t.Errorf("%s: within the limit %v, %d requests", kind, err, len(g.server.Requests()))
			}
		}
		g.pass(2 * time.Hour)
		g.mustLook()
		if p, _, _ := g.shown("t1"); p.Stale {
			t.Errorf("after %s: the task shows %+v", kind, p)
		}
	}
	if lines := g.history(); len(lines) != 1 {
		t.Errorf("history %q", lines)
	}
}
