package stack_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/pkg/api"
)

// forged is a lab whose remote is on a fake GitHub.
type forged struct {
	*lab
	hub   *forgetest.Hub
	repo  *forgetest.Repo
	token string
	known map[string]string // the commits of the remote's branches, as hf knows them
}

func newForged(t testing.TB) *forged {
	t.Helper()
	m := newBareLab(t, gitSpice(t))
	f := &forged{lab: m, hub: forgetest.New(t, forgetest.Options{}), known: map[string]string{}}
	f.token = f.hub.Token("ada")
	var err error
	if f.repo, err = f.hub.CreateRepo("acme/demo", forgetest.Settings{}); err != nil {
		t.Fatal(err)
	}
	m.write("home/.gitconfig", m.read("home/.gitconfig")+f.hub.GitConfig())
	m.run("repo", "remote", "add", "origin", f.repo.SSH())
	m.run("repo", "fetch", "-q", "origin")
	m.run("repo", "reset", "-q", "--hard", "origin/main")
	m.write("repo/shared", "one\ntwo\nthree\n")
	m.run("repo", "add", "-A")
	m.run("repo", "commit", "-qm", "shared")
	m.run("repo", "push", "-q", "origin", "main")
	if err := m.eng.Init(t.Context(), m.in(), "main", "origin"); err != nil {
		t.Fatal(err)
	}
	return f
}

// submit submits with what hf knows of the remote, and learns what it did.
func (f *forged) submit(req stack.SubmitRequest) ([]stack.Submitted, error) {
	f.Helper()
	req.URL, req.APIURL = "https://github.com", f.hub.URL()
	if req.Token == "" {
		req.Token = f.token
	}
	req.Lease = func(_ context.Context, _, _, name string) (string, error) { return f.known[name], nil }
	req.Done = func(_ context.Context, s stack.Submitted) error {
		if s.Commit != "" {
			f.known[s.Branch] = s.Commit
		}
		return nil
	}
	return f.eng.Submit(f.Context(), f.in(), req)
}

// did wants what came of each branch.
func (f *forged) did(req stack.SubmitRequest, want ...string) []stack.Submitted {
	f.Helper()
	out, err := f.submit(req)
	if err != nil {
		f.Fatal(err)
	}
	var got []string
	for _, s := range out {
		got = append(got, s.Branch+" "+s.Did)
	}
	if !slices.Equal(got, want) {
		f.Errorf("did %q, want %q", got, want)
	}
	return out
}

func (f *forged) pull(n int) forgetest.Pull {
	f.Helper()
	p, err := f.repo.Pull(n)
	if err != nil {
		f.Fatal(err)
	}
	return p
}

func TestScenario12Submit(t *testing.T) {
	t.Parallel()
	f := newForged(t)
	f.stack("a", "b")
	yes, no := true, false
	both := []string{"a", "b"}
	f.did(stack.SubmitRequest{Branches: both, DryRun: true}, "a would-create", "b would-create")
	if pulls, err := f.repo.Pulls(); err != nil || len(pulls) > 0 {
		t.Errorf("a dry run made %v, %v", pulls, err)
	}
	f.did(stack.SubmitRequest{Branches: both, UpdateOnly: true}, "a skipped", "b skipped")
	out := f.did(stack.SubmitRequest{Branches: both, Draft: &yes, Labels: []string{"stacked"}}, "a created", "b created")
	if out[1].Number != 2 || out[1].URL != "https://github.com/acme/demo/pull/2" || out[1].Commit != f.tip("b") {
		t.Errorf("%+v", out)
	}
	if p := f.pull(2); p.Base != "a" || p.Head != "b" || !p.Draft || p.HeadOid != f.tip("b") {
		t.Errorf("%+v", p)
	}
	if c := f.state().Branches["b"].Change; c == nil || c.Number != 2 {
		t.Errorf("%+v", c)
	}
	if up := f.run("repo", "rev-parse", "--abbrev-ref", "b@{upstream}"); up != "origin/b" {
		t.Errorf("the upstream of b is %s", up)
	}
	f.did(stack.SubmitRequest{Branches: both}, "a up-to-date", "b up-to-date")
	f.commit("wt-a", "more", "more\n")
	if _, err := f.submit(stack.SubmitRequest{Branches: []string{"b"}}); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("submitting what is not restacked: %v", err)
	}
	f.restack(stack.RestackRequest{}, "a up_to_date", "b restacked")
	f.did(stack.SubmitRequest{Branches: both, Draft: &no}, "a updated", "b updated")
	if p := f.pull(2); p.Draft || p.HeadOid != f.tip("b") {
		t.Errorf("%+v", p)
	}
	f.tidy()
}

// Nobody's push is ever written over, though git's own lease would let it.
func TestScenario12LostUpdate(t *testing.T) {
	t.Parallel()
	f := newForged(t)
	f.stack("a")
	f.did(stack.SubmitRequest{Branches: []string{"a"}}, "a created")
	theirs, err := f.repo.Commit("bob", "a", "theirs", "x\n")
	if err != nil {
		t.Fatal(err)
	}
	f.commit("wt-a", "mine", "mine\n")
	lost := func(why string) {
		t.Helper()
		_, err := f.submit(stack.SubmitRequest{Branches: []string{"a"}})
		if !api.IsCode(err, api.CodeConflict) {
			t.Errorf("%s: %v", why, err)
		}
		if at, err := f.repo.Tip("a"); err != nil || at != theirs {
			t.Errorf("%s: the push of somebody else is gone", why)
		}
	}
	lost("not fetched")
	f.run("repo", "fetch", "-q")
	lost("fetched in the background")
	// Taken over, and known to hf: then it is right.
	f.run("wt-a", "rebase", "-q", "origin/a")
	f.known["a"] = theirs
	f.did(stack.SubmitRequest{Branches: []string{"a"}}, "a updated")
	if err := f.repo.DeleteBranch("a"); err != nil {
		t.Fatal(err)
	}
	f.commit("wt-a", "mine", "still mine\n")
	if _, err := f.submit(stack.SubmitRequest{Branches: []string{"a"}}); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("a branch that somebody has deleted: %v", err)
	}
	// A branch of the same name that hf never saw.
	if _, err := f.repo.Commit("bob", "b", "theirs", "x\n"); err != nil {
		t.Fatal(err)
	}
	f.branch("b", "main")
	if _, err := f.submit(stack.SubmitRequest{Branches: []string{"b"}}); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("a branch that is there already: %v", err)
	}
}

func TestScenario12Failures(t *testing.T) {
	t.Parallel()
	f := newForged(t)
	f.stack("a")
	f.run("repo", "branch", "empty")
	f.track("empty", "main")
	for _, c := range []struct {
		what  string
		fault forgetest.FaultKind
		req   stack.SubmitRequest
		code  api.Code
	}{
		{"no token", "", stack.SubmitRequest{Branches: []string{"a"}, Token: "none"}, api.CodeUnauthorized},
		{"trunk", "", stack.SubmitRequest{Branches: []string{"main"}}, api.CodeInvalid},
		{"unknown", "", stack.SubmitRequest{Branches: []string{"x"}}, api.CodeNotFound},
		{"empty", "", stack.SubmitRequest{Branches: []string{"empty"}}, api.CodeConflict},
		{"401", forgetest.FaultUnauthorized, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeUnauthorized},
		{"403", forgetest.FaultForbidden, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeUnauthorized},
		{"404", forgetest.FaultNotFound, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeNotFound},
		{"429", forgetest.FaultTooMany, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeLimit},
		{"rate limit", forgetest.FaultSecondary, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeLimit},
		{"500", forgetest.FaultServer, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeUnavailable},
		{"502", forgetest.FaultGateway, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeUnavailable},
		{"truncated", forgetest.FaultTruncate, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeUnavailable},
		{"dropped", forgetest.FaultDrop, stack.SubmitRequest{Branches: []string{"a"}}, api.CodeUnavailable},
	} {
		if c.fault != "" {
			f.hub.Fail(forgetest.Fault{Kind: c.fault})
		}
		out, err := f.submit(c.req)
		f.hub.Heal()
		if !api.IsCode(err, c.code) {
			t.Errorf("%s: %v, want %s", c.what, err, c.code)
		}
		if len(out) != 1 || out[0].Error == nil || out[0].Commit != "" {
			t.Errorf("%s: %+v", c.what, out)
		}
	}
	if err := f.hub.Offline(true); err != nil {
		t.Fatal(err)
	}
	if out, err := f.submit(stack.SubmitRequest{Branches: []string{"a"}}); err == nil || !out[0].Error.Retryable {
		t.Errorf("offline: %v", err)
	}
	if err := f.hub.Offline(false); err != nil {
		t.Fatal(err)
	}
	// The request is carried out and its answer lost: nothing is made twice.
	f.hub.Fail(forgetest.Fault{Kind: forgetest.FaultDrop, Match: "createPullRequest", Times: 1, Late: true})
	if _, err := f.submit(stack.SubmitRequest{Branches: []string{"a"}}); err == nil {
		t.Error("no error though the answer was lost")
	}
	if _, err := f.submit(stack.SubmitRequest{Branches: []string{"a"}}); err != nil {
		t.Error(err)
	}
	if pulls, err := f.repo.Pulls(); err != nil || len(pulls) != 1 {
		t.Errorf("%v, %v", pulls, err)
	}
}

// A server that never answers.
func TestScenario12Hang(t *testing.T) {
	t.Parallel()
	f := newForged(t)
	f.stack("a")
	f.eng = stack.New(stack.Options{Git: f.git, Scratch: f.path("scratch"), Limits: stack.Limits{Submit: time.Second}})
	f.hub.Fail(forgetest.Fault{Kind: forgetest.FaultHang})
	if _, err := f.submit(stack.SubmitRequest{Branches: []string{"a"}}); !api.IsCode(err, api.CodeTimeout) {
		t.Errorf("%v", err)
	}
	f.hub.Heal()
	f.track("a", "main")
}

// The repository's own configuration has no say in where the token goes.
func TestScenario14TokenStaysHome(t *testing.T) {
	t.Parallel()
	f := newForged(t)
	f.stack("a")
	evil := forgetest.New(t, forgetest.Options{})
	for key, value := range map[string]string{
		"spice.forge.github.apiUrl": evil.URL(), "spice.forge.github.url": evil.URL(), "spice.shorthand.branch": "!env >" + f.path("stolen"),
		"url." + evil.URL() + "/.insteadOf": "git@github.com:", "credential.helper": "!env >" + f.path("stolen"), "http.proxy": evil.URL(), "core.sshCommand": "env >" + f.path("stolen") + "; false",
	} {
		f.run("repo", "config", key, value)
	}
	f.did(stack.SubmitRequest{Branches: []string{"a"}}, "a created")
	if evil.Count("") > 0 || f.exists("stolen") {
		t.Errorf("%d requests went elsewhere", evil.Count(""))
	}
	if !f.hub.Saw(f.token, "graphql") {
		t.Error("the token was not used at all")
	}
}
