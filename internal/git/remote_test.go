package git_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/pkg/api"
)

func contextWithTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}

func TestFetchBringsOneBranchAndNothingElse(t *testing.T) {
	f := newFixture(t)
	f.git(".", "clone", "-q", "--bare", "repo", "origin.git")
	f.git("repo", "remote", "add", "origin", f.path("origin.git"))
	f.git(".", "clone", "-q", "origin.git", "colleague")
	f.write("colleague/new", "x")
	f.git("colleague", "add", "new")
	f.git("colleague", "commit", "-qm", "new")
	f.git("colleague", "tag", "v1")
	f.git("colleague", "push", "-q", "--tags", "origin", "main", "main:other")
	before := f.git("repo", "config", "--local", "--list") + f.git("repo", "status", "--porcelain")
	if err := f.run.Fetch(t.Context(), f.repo, "main", f.env); err != nil {
		t.Fatal(err)
	}
	if got, want := f.git("repo", "for-each-ref", "--format=%(refname)"), "refs/heads/main\nrefs/remotes/origin/main"; got != want {
		t.Errorf("refs:\n%s\nwant:\n%s", got, want)
	}
	if got, want := f.git("repo", "rev-parse", "origin/main"), f.git("colleague", "rev-parse", "HEAD"); got != want {
		t.Errorf("fetched %s, want %s", got, want)
	}
	if after := f.git("repo", "config", "--local", "--list") + f.git("repo", "status", "--porcelain"); after != before {
		t.Errorf("the fetch changed\n%s\nto\n%s", before, after)
	}
	if _, err := os.Stat(f.path("repo/.git/FETCH_HEAD")); err == nil {
		t.Error("the fetch wrote FETCH_HEAD")
	}
}

func TestFetchWithoutARemoteIsNothing(t *testing.T) {
	f := newFixture(t)
	if err := f.run.Fetch(t.Context(), f.repo, "main", nil); err != nil {
		t.Error(err)
	}
}

func TestFetchErrors(t *testing.T) {
	f := newFixture(t)
	f.git("repo", "remote", "add", "origin", f.path("missing.git"))
	wantCode(t, f.run.Fetch(t.Context(), f.repo, "main", nil), api.CodeNotFound)
	f.git("repo", "remote", "set-url", "origin", "https://127.0.0.1:1/x")
	wantCode(t, f.run.Fetch(t.Context(), f.repo, "main", nil), api.CodeGit)
	wantCode(t, f.run.Fetch(t.Context(), f.repo, "--upload-pack=x", nil), api.CodeInvalid)
}

func TestCloneAppearsWhole(t *testing.T) {
	f := newFixture(t)
	f.git(".", "clone", "-q", "--bare", "repo", "origin.git")
	dest := f.path("clones/host/owner/name")
	f.write("clones/host/owner/name.partial/junk", "of an interrupted clone")
	var said []string
	repo, err := f.run.Clone(t.Context(), "file://"+f.path("origin.git"), dest, nil, f.env, func(s string) { said = append(said, s) })
	if err != nil {
		t.Fatal(err)
	}
	if repo.Top != dest || repo.GitDir != filepath.Join(dest, ".git") {
		t.Errorf("clone = %+v", repo)
	}
	if len(said) == 0 || !strings.Contains(strings.Join(said, "\n"), "Receiving objects: 100%") {
		t.Errorf("progress = %q", said)
	}
	if branch, err := f.run.DefaultBranch(t.Context(), repo); err != nil || branch != "main" {
		t.Errorf("default branch = %q, %v", branch, err)
	}
	if entries, err := os.ReadDir(filepath.Dir(dest)); err != nil || len(entries) != 1 {
		t.Errorf("beside the clone: %v, %v", entries, err)
	}
	if again, err := f.run.Clone(t.Context(), "file:///nowhere", dest, nil, f.env, nil); err != nil || again != repo {
		t.Errorf("cloning again = %+v, %v", again, err)
	}
}

func TestCloneThatFailsLeavesNothing(t *testing.T) {
	f := newFixture(t)
	f.git(".", "init", "-q", "--bare", "empty.git")
	for url, code := range map[string]api.Code{
		"file://" + f.path("missing.git"): api.CodeNotFound,
		"file://" + f.path("empty.git"):   api.CodeConflict,
		"ext::sh -c true":                 api.CodeInvalid,
		"--upload-pack=touch x":           api.CodeNotFound,
	} {
		_, err := f.run.Clone(t.Context(), url, f.path("clones/x"), nil, f.env, nil)
		wantCode(t, err, code)
		if said := err.Error(); !strings.HasPrefix(url, "-") && (!strings.Contains(said, url) || strings.Contains(said, "clones/x") || strings.Contains(said, "\n")) {
			t.Errorf("it says %q", said)
		}
		if entries, _ := os.ReadDir(f.path("clones")); len(entries) != 0 {
			t.Errorf("%s left %v", url, entries)
		}
	}
}

// The HEAD of a remote may name a branch that is not there.
func TestCloneOfARemoteWhoseHeadIsNowhere(t *testing.T) {
	f := newFixture(t)
	f.git(".", "clone", "-q", "--bare", "repo", "origin.git")
	f.git("origin.git", "symbolic-ref", "HEAD", "refs/heads/nowhere")
	repo, err := f.run.Clone(t.Context(), "file://"+f.path("origin.git"), f.path("clones/x"), nil, f.env, nil)
	if err != nil {
		t.Fatal(err)
	}
	if branch, err := f.run.DefaultBranch(t.Context(), repo); err != nil || branch != "main" {
		t.Errorf("default branch = %q, %v; want the usual one", branch, err)
	}
	f.git("clones/x", "update-ref", "-d", "refs/remotes/origin/main")
	for _, name := range []string{"one", "two"} {
		f.git("clones/x", "update-ref", "refs/remotes/origin/"+name, f.git("repo", "rev-parse", "HEAD"))
	}
	_, err = f.run.DefaultBranch(t.Context(), repo)
	wantCode(t, err, api.CodeNotFound)
	if !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("it says %q", err)
	}
}

func TestRemoveCloneKeepsWhatIsOnlyThere(t *testing.T) {
	for name, work := range map[string]func(f *fixture, repo git.Repo){
		"branch": func(f *fixture, _ git.Repo) { f.git("clones/x", "commit", "-q", "--allow-empty", "-m", "only here") },
		"saved work": func(f *fixture, _ git.Repo) {
			f.git("clones/x", "update-ref", git.SavedRef("t1"), f.git("clones/x", "commit-tree", "-m", "x", "HEAD^{tree}"))
		},
		"file": func(f *fixture, _ git.Repo) { f.write("clones/x/notes", "x") },
		"worktree": func(f *fixture, repo git.Repo) {
			if err := f.run.CreateBranch(f.Context(), repo, "t", "main"); err != nil {
				f.Fatal(err)
			}
			if _, err := f.run.WorktreeAdd(f.Context(), repo, f.path("data/t"), "t"); err != nil {
				f.Fatal(err)
			}
		},
		"": nil,
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			repo, err := f.run.Clone(t.Context(), "file://"+f.path("repo/.git"), f.path("clones/x"), nil, f.env, nil)
			if err != nil {
				t.Fatal(err)
			}
			if work != nil {
				work(f, repo)
			}
			kept, err := f.run.RemoveClone(t.Context(), repo, f.path("clones"))
			if err != nil || (kept != "") != (work != nil) {
				t.Errorf("kept %q, %v", kept, err)
			}
			if _, err := os.Stat(f.path("clones/x")); (err == nil) != (work != nil) {
				t.Errorf("the clone: %v", err)
			}
			if _, err := f.run.RemoveClone(t.Context(), f.repo, f.path("clones")); err == nil {
				t.Error("a repository of the user's was removed")
			}
		})
	}
}

// A password in the address of a remote reaches the server, and no file, no
// argument and no message of hf's.
func TestPasswordOfARemoteIsNotWrittenDown(t *testing.T) {
	f := newFixture(t)
	const secret = "pass%word-in-the-address"
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		seen = append(seen, user+":"+password)
		for _, path := range filesOf("/proc/[0-9]*/cmdline") {
			if b, _ := os.ReadFile(path); strings.Contains(string(b), "word-in-the-address") {
				t.Errorf("it is an argument: %q", b)
			}
		}
		mu.Unlock()
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	address := func(user string) string {
		return strings.Replace(server.URL, "://", "://"+user+"@", 1) + "/o/n"
	}
	for _, user := range []string{"user:" + url.PathEscape(secret), url.PathEscape(secret)} {
		f.git("repo", "config", "remote.origin.url", address(user))
		err := f.run.Fetch(t.Context(), f.repo, "main", nil)
		wantCode(t, err, api.CodeUnauthorized)
		if said := err.Error(); strings.Contains(said, "word-in") || !strings.Contains(said, server.URL+"/o/n") {
			t.Errorf("it says %q", said)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(seen, "user:"+secret) {
		t.Errorf("the server saw %q", seen)
	}
	err := filepath.WalkDir(f.path("."), func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(path, f.path("repo")) {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), "word-in-the-address") {
			t.Errorf("it stands in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func filesOf(pattern string) []string {
	files, _ := filepath.Glob(pattern)
	return files
}
