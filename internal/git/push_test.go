package git_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

// shared is a fixture with a remote, a colleague's clone of it, and a worktree
// with a commit of its own.
func shared(t *testing.T) (f *fixture, via git.Via, tree string) {
	t.Helper()
	f = newFixture(t)
	f.git(".", "clone", "-q", "--bare", "repo", "origin.git")
	f.git("repo", "remote", "add", "origin", f.path("origin.git"))
	f.git(".", "clone", "-q", "origin.git", "colleague")
	tree = f.worktree("task")
	f.commit(tree, "work")
	return f, git.Via{Remote: "origin", Env: f.env}, tree
}

// commit makes a commit with a file of that name, and returns it.
func (f *fixture) commit(tree, name string) string {
	f.Helper()
	rel, err := filepath.Rel(f.dir, tree)
	if err != nil {
		f.Fatal(err)
	}
	f.write(filepath.Join(rel, name), name+"\n")
	f.git(rel, "add", name)
	f.git(rel, "commit", "-qm", name)
	return f.git(rel, "rev-parse", "HEAD")
}

func (f *fixture) pushes(via git.Via, branch, commit, expected string) error {
	return f.run.Push(f.Context(), f.repo, git.Push{Via: via, Branch: branch, Commit: commit, Expected: expected})
}

// onRemote is the commit that the remote has a branch at.
func (f *fixture) onRemote(branch string) string {
	f.Helper()
	return f.git("origin.git", "for-each-ref", "--format=%(objectname)", "refs/heads/"+branch)
}

func TestPushMakesAndMovesABranch(t *testing.T) {
	f, via, tree := shared(t)
	first := f.git("repo", "rev-parse", "task")
	if _, exists, err := f.run.RemoteBranch(t.Context(), f.repo, via, "task"); err != nil || exists {
		t.Fatalf("before: exists %v, %v", exists, err)
	}
	if err := f.pushes(via, "task", first, ""); err != nil {
		t.Fatal(err)
	}
	f.git("repo", "-C", tree, "commit", "-q", "--amend", "-m", "other words")
	second := f.git("repo", "rev-parse", "task")
	if err := f.pushes(via, "task", second, first); err != nil {
		t.Fatal(err)
	}
	at, exists, err := f.run.RemoteBranch(t.Context(), f.repo, via, "task")
	if err != nil || !exists || at != second || f.onRemote("task") != second {
		t.Errorf("the remote has %s (%v, %v), want %s", at, exists, err, second)
	}
	if got := f.git("repo", "rev-parse", "origin/task"); got != second {
		t.Errorf("origin/task is %s, want %s", got, second)
	}
	for commit, want := range map[string]bool{first: true, second: true, f.git("repo", "rev-parse", "main"): false} {
		if got, err := f.run.PushedFromHere(t.Context(), f.repo, "origin", "task", commit); err != nil || got != want {
			t.Errorf("PushedFromHere(%s) = %v, %v, want %v", commit, got, err, want)
		}
	}
}

// What a background fetch brought makes git's own lease worthless: hf says which
// commit it expects.
func TestPushOverwritesNothingElse(t *testing.T) {
	f, via, tree := shared(t)
	first := f.git("repo", "rev-parse", "task")
	if err := f.pushes(via, "task", first, ""); err != nil {
		t.Fatal(err)
	}
	f.git("colleague", "fetch", "-q")
	f.git("colleague", "switch", "-q", "task")
	theirs := f.commit(f.path("colleague"), "theirs")
	f.git("colleague", "push", "-q", "origin", "task")
	f.git("repo", "-C", tree, "commit", "-q", "--amend", "-m", "other words")
	ours := f.git("repo", "rev-parse", "task")
	if err := f.pushes(via, "task", ours, first); !errors.Is(err, git.ErrMoved) {
		t.Errorf("pushed over a commit of somebody else: %v", err)
	}
	f.git("repo", "fetch", "-q")
	if err := f.pushes(via, "task", ours, first); !errors.Is(err, git.ErrMoved) {
		t.Errorf("pushed over a commit of somebody else after a fetch: %v", err)
	}
	if err := f.pushes(via, "task", ours, ""); !errors.Is(err, git.ErrMoved) {
		t.Errorf("pushed over a branch that was not to be there: %v", err)
	}
	if err := f.pushes(via, "gone", ours, first); !errors.Is(err, git.ErrMoved) {
		t.Errorf("pushed a branch that was to be there: %v", err)
	}
	if got := f.onRemote("task"); got != theirs {
		t.Errorf("the remote has %s, want %s", got, theirs)
	}
	if got, err := f.run.PushedFromHere(t.Context(), f.repo, "origin", "task", theirs); err != nil || got {
		t.Errorf("PushedFromHere of theirs = %v, %v", got, err)
	}
}

func TestPushThatTheRemoteRefuses(t *testing.T) {
	f, via, _ := shared(t)
	f.write("origin.git/hooks/pre-receive", "#!/bin/sh\necho no pushes on Fridays >&2\nexit 1\n")
	if err := os.Chmod(f.path("origin.git/hooks/pre-receive"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := f.pushes(via, "task", "task", "")
	wantCode(t, err, api.CodeConflict)
	if !strings.Contains(err.Error(), "pre-receive hook declined") {
		t.Errorf("err = %v", err)
	}
}

func TestPushRunsNoHook(t *testing.T) {
	f, via, _ := shared(t)
	f.write("repo/.git/hooks/pre-push", "#!/bin/sh\ntouch "+f.path("ran")+"\n")
	if err := os.Chmod(f.path("repo/.git/hooks/pre-push"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := f.pushes(via, "task", "task", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.path("ran")); err == nil {
		t.Error("the hook ran")
	}
}

func TestPushNamesAreNoOptions(t *testing.T) {
	f, via, _ := shared(t)
	wantCode(t, f.pushes(via, "--mirror", "task", ""), api.CodeInvalid)
	wantCode(t, f.pushes(git.Via{Remote: "--exec=x"}, "task", "task", ""), api.CodeInvalid)
	wantCode(t, f.pushes(git.Via{Remote: "nowhere"}, "task", "task", ""), api.CodeNotFound)
}

func TestFetchBranch(t *testing.T) {
	f, via, _ := shared(t)
	f.git("colleague", "switch", "-qc", "other")
	want := f.commit(f.path("colleague"), "theirs")
	f.git("colleague", "push", "-q", "origin", "other")
	got, err := f.run.FetchBranch(t.Context(), f.repo, via, "other")
	if err != nil || got != want {
		t.Errorf("fetched %s, %v, want %s", got, err, want)
	}
	for history, commits := range map[string]map[string]bool{
		want:   {f.git("repo", "rev-parse", "main"): true, want: true, "task": false, strings.Repeat("1", 40): false},
		"task": {want: false},
	} {
		for commit, in := range commits {
			if got, err := f.run.Contains(t.Context(), f.repo, history, commit); err != nil || got != in {
				t.Errorf("Contains(%s, %s) = %v, %v, want %v", history, commit, got, err, in)
			}
		}
	}
}

func TestSetUpstream(t *testing.T) {
	f, _, _ := shared(t)
	if err := f.run.SetUpstream(t.Context(), f.repo, "task", "origin"); err != nil {
		t.Fatal(err)
	}
	if got := f.git("repo", "config", "branch.task.remote") + " " + f.git("repo", "config", "branch.task.merge"); got != "origin refs/heads/task" {
		t.Errorf("upstream is %q", got)
	}
	f.git("repo", "config", "branch.task.merge", "refs/heads/other")
	if err := f.run.SetUpstream(t.Context(), f.repo, "task", "origin"); err != nil {
		t.Fatal(err)
	}
	if got := f.git("repo", "config", "branch.task.merge"); got != "refs/heads/other" {
		t.Errorf("the user's upstream became %q", got)
	}
}

// gate is a remote over HTTP that notes who knocks.
type gate struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		g.mu.Lock()
		g.seen = append(g.seen, user+":"+password)
		g.mu.Unlock()
		w.Header().Set("WWW-Authenticate", `Basic realm="here"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) host() string { return strings.TrimPrefix(g.URL, "http://") }

func (g *gate) told(secret string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Contains(strings.Join(g.seen, " "), secret)
}

func TestLoginGoesToItsHostOnly(t *testing.T) {
	f := newFixture(t)
	home, other := newGate(t), newGate(t)
	login := &git.Login{Host: home.host(), User: "x-access-token", Password: "s3cret"}
	for name, g := range map[string]*gate{"home": home, "other": other} {
		f.git("repo", "remote", "add", name, g.URL+"/acme/demo.git")
		_, _, err := f.run.RemoteBranch(t.Context(), f.repo, git.Via{Remote: name, Env: f.env, Login: login}, "main")
		wantCode(t, err, api.CodeUnauthorized)
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error tells: %v", err)
		}
	}
	if !home.told("x-access-token:s3cret") {
		t.Errorf("its host was not told: %q", home.seen)
	}
	if other.told("s3cret") {
		t.Error("another host was told")
	}
}

func TestPasswordOfTheAddressGoesFirst(t *testing.T) {
	f := newFixture(t)
	g := newGate(t)
	f.git("repo", "remote", "add", "origin", "http://me:mine@"+g.host()+"/acme/demo.git")
	login := &git.Login{Host: g.host(), User: "x-access-token", Password: "s3cret"}
	_, _, err := f.run.RemoteBranch(t.Context(), f.repo, git.Via{Remote: "origin", Env: f.env, Login: login}, "main")
	wantCode(t, err, api.CodeUnauthorized)
	if !g.told("me:mine") || g.told("s3cret") {
		t.Errorf("seen: %q", g.seen)
	}
}
