package repo_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/repo"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/xec"
	"github.com/hf-dev/hf/pkg/api"
)

// adapter is the real store as the service sees it.
type adapter struct{ *store.Store }

func (a adapter) Update(ctx context.Context, fn func(repo.Tx) error) error {
	return a.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (a adapter) View(ctx context.Context, fn func(repo.Tx) error) error {
	return a.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

type fixture struct {
	*testing.T
	dir   string
	env   []string
	git   *git.Runner
	store *store.Store
	repos *repo.Service
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, dir: dir, env: []string{"HOME=" + dir, "GIT_CONFIG_GLOBAL=" + dir + "/config", "GIT_CONFIG_NOSYSTEM=1", "PATH=" + os.Getenv("PATH")}}
	f.write("config", "[user]\n\tname = A User\n\temail = user@example.com\n[init]\n\tdefaultBranch = main\n")
	f.plain(".", "init", "-q", "checkout")
	f.write("checkout/README.md", "hello\n")
	f.write("checkout/.hf/config.toml", "setup = [\"make\"]\n")
	f.plain("checkout", "add", "-A")
	f.plain("checkout", "commit", "-qm", "first")
	f.plain(".", "clone", "-q", "--bare", "checkout", "srv/origin.git")
	f.git = git.New(git.Options{Env: f.env, Views: filepath.Join(dir, "views")})
	f.store, err = store.Open(t.Context(), filepath.Join(dir, "hf.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.store.Close() })
	f.repos = f.service()
	t.Cleanup(func() { f.repos.Close() })
	return f
}

// service starts another daemon's service on the same state.
func (f *fixture) service() *repo.Service {
	return repo.New(repo.Config{
		Store: adapter{f.store}, Git: f.git, Dir: filepath.Join(f.dir, "repos"), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

func (f *fixture) write(rel, text string) {
	f.Helper()
	p := filepath.Join(f.dir, rel)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		f.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) plain(rel string, args ...string) string {
	f.Helper()
	out, err := xec.Output(f.Context(), xec.Cmd{Argv: append([]string{"git"}, args...), Dir: filepath.Join(f.dir, rel), Env: f.env})
	if err != nil {
		f.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}

func (f *fixture) path(rel string) string { return filepath.Join(f.dir, rel) }

func (f *fixture) origin() string { return "file://" + f.path("srv/origin.git") }

func (f *fixture) add(in api.AddRepo) task.Repo {
	f.Helper()
	in.Workspace = "default"
	r, err := f.repos.Add(f.Context(), "", in)
	if err != nil {
		f.Fatal(err)
	}
	return r
}

// settled waits until a repository is not being cloned any more.
func (f *fixture) settled(name string) task.Repo {
	f.Helper()
	woken, stop := f.store.Watch()
	defer stop()
	for {
		r, err := f.repos.Resolve(f.Context(), "default", name, "")
		if err != nil {
			f.Fatal(err)
		}
		if r.State != api.RepoCloning {
			return *r
		}
		<-woken
	}
}

func wantCode(t *testing.T, err error, code api.Code) {
	t.Helper()
	e, ok := errors.AsType[*api.Error](err)
	if !ok || e.Code != code || e.Hint == "" {
		t.Errorf("err = %v, want code %s with a hint", err, code)
	}
}

func TestAddACheckoutHoweverItIsNamed(t *testing.T) {
	f := newFixture(t)
	f.plain("checkout", "remote", "add", "origin", "https://x:secret@github.com/Owner/name.git")
	f.plain("checkout", "worktree", "add", "-q", "-b", "other", f.path("linked"))
	if err := os.Symlink("checkout", f.path("link")); err != nil {
		t.Fatal(err)
	}
	first := f.add(api.AddRepo{Cwd: f.path("checkout/.hf")})
	if first.Path != f.path("checkout") || first.GitDir != f.path("checkout/.git") || first.Name != "checkout" || first.Managed ||
		first.State != api.RepoReady || first.DefaultBranch != "main" || first.Remote != "https://github.com/Owner/name" {
		t.Errorf("repo = %+v", first)
	}
	for _, in := range []api.AddRepo{
		{Cwd: f.path("linked")},
		{Spec: ".", Cwd: f.path("checkout")},
		{Spec: f.path("link")},
		{Spec: "../checkout/.hf", Cwd: f.path("srv")},
		{Spec: "checkout", Cwd: f.dir},
		{Spec: f.path("checkout/.git")},
		{Spec: "git@github.com:owner/name.git"}, // the remote of a known checkout
	} {
		if again := f.add(in); again.ID != first.ID {
			t.Errorf("%+v is another repo: %+v", in, again)
		}
	}
	list, err := f.repos.List(t.Context(), "default")
	if err != nil || len(list) != 1 {
		t.Errorf("list = %+v, %v", list, err)
	}
}

func TestAddRefusesWhatHfCannotWorkWith(t *testing.T) {
	f := newFixture(t)
	f.plain(".", "init", "-q", "empty")
	for spec, code := range map[string]api.Code{
		f.path("srv"):            api.CodeInvalid,
		f.path("missing"):        api.CodeInvalid,
		f.path("srv/origin.git"): api.CodeInvalid,
		f.path("empty"):          api.CodeConflict,
		"ext::sh -c true":        api.CodeInvalid,
		"word":                   api.CodeInvalid,
	} {
		_, err := f.repos.Add(t.Context(), "", api.AddRepo{Workspace: "default", Spec: spec})
		e, ok := errors.AsType[*api.Error](err)
		if !ok || e.Code != code {
			t.Errorf("Add(%q): %v, want code %s", spec, err, code)
		}
	}
	_, err := f.repos.Add(t.Context(), "", api.AddRepo{Workspace: "default", Spec: f.path("checkout"), Name: "../x"})
	wantCode(t, err, api.CodeInvalid)
	if list, err := f.repos.List(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("list = %+v, %v", list, err)
	}
}

func TestNamesAreUniqueInAWorkspace(t *testing.T) {
	f := newFixture(t)
	f.plain(".", "clone", "-q", "checkout", "a/Checkout")
	f.plain(".", "clone", "-q", "checkout", "b/checkout")
	var names []string
	for _, path := range []string{"checkout", "a/Checkout", "b/checkout"} {
		names = append(names, f.add(api.AddRepo{Spec: f.path(path)}).Name)
	}
	if !slices.Equal(names, []string{"checkout", "Checkout-2", "checkout-3"}) {
		t.Errorf("names = %q", names)
	}
	f.plain(".", "clone", "-q", "checkout", "c")
	_, err := f.repos.Add(t.Context(), "", api.AddRepo{Workspace: "default", Spec: f.path("c"), Name: "checkout"})
	wantCode(t, err, api.CodeExists)
	other, err := f.repos.Add(t.Context(), "", api.AddRepo{Workspace: "work", Spec: f.path("checkout")})
	if err != nil || other.Name != "checkout" || other.Workspace != "work" {
		t.Errorf("in another workspace: %+v, %v", other, err)
	}
}

func TestAddTwiceByTheSameRequestIsOneEffect(t *testing.T) {
	f := newFixture(t)
	in := api.AddRepo{Workspace: "default", Spec: f.path("checkout")}
	first, err := f.repos.Add(t.Context(), "r1", in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.repos.Remove(t.Context(), "r2", "default", "checkout"); err != nil {
		t.Fatal(err)
	}
	again, err := f.repos.Add(t.Context(), "r1", in)
	if err != nil || again.ID != first.ID {
		t.Errorf("again = %+v, %v", again, err)
	}
	if _, err := f.repos.Remove(t.Context(), "r2", "default", "checkout"); err != nil {
		t.Errorf("remove again: %v", err)
	}
	if list, err := f.repos.List(t.Context(), "default"); err != nil || len(list) != 0 {
		t.Errorf("list = %+v, %v", list, err)
	}
}

func TestAddAtOnceIsOneRepo(t *testing.T) {
	f := newFixture(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := f.repos.Add(t.Context(), "", api.AddRepo{Workspace: "default", Spec: f.path("checkout")}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := f.repos.List(t.Context(), "default"); err != nil || len(list) != 1 {
		t.Errorf("list = %+v, %v", list, err)
	}
}

func TestARemoteIsClonedInTheBackgroundAndTold(t *testing.T) {
	f := newFixture(t)
	if err := f.repos.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := f.add(api.AddRepo{Spec: f.origin()})
	if r.State != api.RepoCloning || !r.Managed || r.Name != "origin" || r.Remote != f.origin() {
		t.Errorf("accepted %+v", r)
	}
	if again := f.add(api.AddRepo{Spec: strings.TrimSuffix(f.origin(), ".git")}); again.ID != r.ID {
		t.Errorf("another spelling is another repo: %+v", again)
	}
	r = f.settled("origin")
	if r.State != api.RepoReady || r.DefaultBranch != "main" || !strings.HasPrefix(r.Path, f.path("repos")) || r.GitDir != filepath.Join(r.Path, ".git") {
		t.Errorf("cloned %+v", r)
	}
	var states []string
	err := f.store.View(t.Context(), func(tx *store.Tx) error {
		events, err := tx.Events(0, "", 100)
		for _, e := range events {
			var shown api.Repo
			if err := json.Unmarshal(e.Data, &shown); err != nil || e.Kind != api.EventRepoChanged {
				t.Errorf("event %+v: %v", e, err)
			}
			states = append(states, shown.State)
		}
		return err
	})
	if err != nil || states[0] != api.RepoCloning || states[len(states)-1] != api.RepoReady {
		t.Errorf("events told %q, %v", states, err)
	}
	// A clone is found from inside, and its name, id and remote.
	for _, ref := range []string{"origin", r.ID, f.origin(), r.Path} {
		if found, err := f.repos.Resolve(t.Context(), "default", ref, ""); err != nil || found.ID != r.ID {
			t.Errorf("Resolve(%q) = %+v, %v", ref, found, err)
		}
	}
}

func TestACloneThatFailsSaysWhyAndIsTriedAgain(t *testing.T) {
	f := newFixture(t)
	if err := f.repos.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.path("srv/origin.git"), f.path("srv/away.git")); err != nil {
		t.Fatal(err)
	}
	f.add(api.AddRepo{Spec: f.origin()})
	r := f.settled("origin")
	if r.State != api.RepoError || r.Reason == "" || r.Path != "" {
		t.Errorf("repo = %+v", r)
	}
	if err := os.Rename(f.path("srv/away.git"), f.path("srv/origin.git")); err != nil {
		t.Fatal(err)
	}
	if again := f.add(api.AddRepo{Spec: f.origin()}); again.ID != r.ID || again.State != api.RepoCloning {
		t.Errorf("again = %+v", again)
	}
	if r = f.settled("origin"); r.State != api.RepoReady || r.Reason != "" {
		t.Errorf("repo = %+v", r)
	}
}

func TestACloneGoesOnAfterTheDaemonDied(t *testing.T) {
	f := newFixture(t)
	r := f.add(api.AddRepo{Spec: f.origin()}) // not started: as if hfd died right after
	if r.State != api.RepoCloning || f.repos.Busy() {
		t.Fatalf("repo = %+v", r)
	}
	next := f.service()
	defer next.Close()
	if err := next.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r = f.settled("origin"); r.State != api.RepoReady {
		t.Errorf("repo = %+v", r)
	}
}

func TestResolveByDirectory(t *testing.T) {
	f := newFixture(t)
	f.plain("checkout", "worktree", "add", "-q", "-b", "other", f.path("linked"))
	_, err := f.repos.Resolve(t.Context(), "default", "", f.path("checkout"))
	wantCode(t, err, api.CodeNotFound)
	r := f.add(api.AddRepo{Spec: f.path("checkout")})
	for _, cwd := range []string{"checkout", "checkout/.hf", "linked"} {
		if found, err := f.repos.Resolve(t.Context(), "default", "", f.path(cwd)); err != nil || found.ID != r.ID {
			t.Errorf("in %s: %+v, %v", cwd, found, err)
		}
	}
	_, err = f.repos.Resolve(t.Context(), "default", "", f.path("srv"))
	wantCode(t, err, api.CodeInvalid)
	_, err = f.repos.Resolve(t.Context(), "other", "", f.path("checkout"))
	wantCode(t, err, api.CodeNotFound)
	_, err = f.repos.Resolve(t.Context(), "default", "owner/name", f.path("checkout"))
	wantCode(t, err, api.CodeNotFound)
}

// TestResolveStartsNoProcess is what makes an accepted task quick.
func TestResolveStartsNoProcess(t *testing.T) {
	f := newFixture(t)
	r := f.add(api.AddRepo{Spec: f.path("checkout")})
	f.git = git.New(git.Options{Path: "/nowhere/git", Env: f.env})
	if found, err := f.service().Resolve(t.Context(), "default", "", f.path("checkout/.hf")); err != nil || found.ID != r.ID {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestRemove(t *testing.T) {
	f := newFixture(t)
	if err := f.repos.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkout := f.add(api.AddRepo{Spec: f.path("checkout")})
	f.add(api.AddRepo{Spec: f.origin()})
	clone := f.settled("origin")

	err := f.store.Update(t.Context(), func(tx *store.Tx) error {
		return tx.PutTask(&task.Task{
			ID: "t1234567", Workspace: "default", RepoID: checkout.ID, Lifecycle: api.LifecycleReady, Branch: "b", CreatedAt: time.Now(),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.repos.Remove(t.Context(), "", "default", "checkout")
	wantCode(t, err, api.CodeConflict)

	if err := f.git.CreateBranch(t.Context(), git.Repo{Top: clone.Path, GitDir: clone.GitDir}, "work", "main"); err != nil {
		t.Fatal(err)
	}
	f.write("x", "")
	only := f.plain(".", "--git-dir="+clone.GitDir, "commit-tree", "-m", "only here", "main^{tree}")
	f.plain(".", "--git-dir="+clone.GitDir, "update-ref", "refs/heads/work", only)
	kept, err := f.repos.Remove(t.Context(), "", "default", "origin")
	if err != nil || !strings.Contains(kept, clone.Path) {
		t.Errorf("kept %q, %v", kept, err)
	}
	if _, err := os.Stat(clone.GitDir); err != nil {
		t.Error(err)
	}
	f.add(api.AddRepo{Spec: f.origin()})
	f.settled("origin")
	f.plain(".", "--git-dir="+clone.GitDir, "update-ref", "-d", "refs/heads/work")
	if kept, err := f.repos.Remove(t.Context(), "", "default", "origin"); err != nil || kept != "" {
		t.Errorf("kept %q, %v", kept, err)
	}
	if _, err := os.Stat(clone.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the clone is still there: %v", err)
	}
	if _, err := os.Stat(f.path("checkout/README.md")); err != nil {
		t.Error(err)
	}
	_, err = f.repos.Remove(t.Context(), "", "default", "origin")
	wantCode(t, err, api.CodeNotFound)
}

func TestACloneOfTwoWorkspacesStaysForTheOther(t *testing.T) {
	f := newFixture(t)
	if err := f.repos.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.add(api.AddRepo{Spec: f.origin()})
	r := f.settled("origin")
	if _, err := f.repos.Add(t.Context(), "", api.AddRepo{Workspace: "work", Spec: f.origin()}); err != nil {
		t.Fatal(err)
	}
	woken, stop := f.store.Watch()
	defer stop()
	for {
		other, err := f.repos.Resolve(t.Context(), "work", "origin", "")
		if err != nil {
			t.Fatal(err)
		}
		if other.State == api.RepoReady {
			if other.GitDir != r.GitDir {
				t.Errorf("cloned twice: %s and %s", other.GitDir, r.GitDir)
			}
			break
		}
		<-woken
	}
	if _, err := f.repos.Remove(t.Context(), "", "default", "origin"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.GitDir); err != nil {
		t.Errorf("the other workspace lost its clone: %v", err)
	}
}

func TestTrustIsOfOneContent(t *testing.T) {
	f := newFixture(t)
	f.add(api.AddRepo{Spec: f.path("checkout")})
	state, err := f.repos.TrustState(t.Context(), "default", "checkout")
	if err != nil || state.Trusted || !slices.Equal(state.Setup, []string{"make"}) || state.Content != "setup = [\"make\"]\n" {
		t.Fatalf("state = %+v, %v", state, err)
	}
	_, err = f.repos.Trust(t.Context(), "", "default", "checkout", "another hash")
	wantCode(t, err, api.CodeConflict)
	trusted, err := f.repos.Trust(t.Context(), "r1", "default", "checkout", state.Hash)
	if err != nil || !trusted.Trusted {
		t.Errorf("trust = %+v, %v", trusted, err)
	}
	if state, err = f.repos.TrustState(t.Context(), "default", "checkout"); err != nil || !state.Trusted {
		t.Errorf("state = %+v, %v", state, err)
	}
	f.write("checkout/.hf/config.toml", "setup = [\"rm -rf /\"]\n")
	if state, err = f.repos.TrustState(t.Context(), "default", "checkout"); err != nil || !state.Trusted {
		t.Errorf("the work tree counts: %+v, %v", state, err)
	}
	f.plain("checkout", "commit", "-qam", "changed")
	if state, err = f.repos.TrustState(t.Context(), "default", "checkout"); err != nil || state.Trusted || state.Setup[0] != "rm -rf /" {
		t.Errorf("the change is trusted: %+v, %v", state, err)
	}
}

func TestACheckoutWithoutARemote(t *testing.T) {
	f := newFixture(t)
	if got := f.add(api.AddRepo{Spec: f.path("checkout")}); got.Remote != "" {
		t.Errorf("its remote is %q", got.Remote)
	}
}

func TestARemoteMayBeADirectory(t *testing.T) {
	for _, relative := range []bool{false, true} {
		f := newFixture(t)
		remote := f.path("srv/origin.git")
		if relative {
			remote = "../srv/origin.git"
		}
		f.plain("checkout", "remote", "add", "origin", remote)
		if got := f.add(api.AddRepo{Spec: f.path("checkout")}); got.Remote != f.origin() {
			t.Errorf("the remote %s is %q, want %q", remote, got.Remote, f.origin())
		}
	}
}

func TestACheckoutWithoutARemoteHasNone(t *testing.T) {
	f := newFixture(t)
	if got := f.add(api.AddRepo{Spec: f.path("checkout")}); got.Remote != "" {
		t.Errorf("the remote is %q, want none", got.Remote)
	}
}
