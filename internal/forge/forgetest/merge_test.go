package forgetest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/forge/forgetest"
)

// refuses wants an error with a text in it.
func (d *desk) refuses(err error, text string) {
	d.t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		d.t.Errorf("got %v, want %q", err, text)
	}
}

// open pushes a branch with commits to files and opens a pull request.
func (d *desk) open(branch, base string, paths ...string) int {
	d.t.Helper()
	d.git("checkout", "-q", "-b", branch, base)
	for _, path := range paths {
		d.change(path, branch+"\n")
	}
	d.git("push", "-q", "-u", "origin", branch)
	n, err := d.repo.OpenPull("ada", forgetest.Pull{Head: branch, Base: base, Title: "Add " + branch, Body: "Because."})
	d.check(err)
	return n
}

func TestMergeMakesRealCommits(t *testing.T) {
	for _, tt := range []struct {
		method, subject string
		commits         int
		author          string
	}{
		{"merge", "Merge pull request #1 from acme/feat", 3, "Bob"},
		{"squash", "Add feat (#1)", 1, "Ada"},
		{"rebase", "Change b.txt", 2, "Ada"},
	} {
		t.Run(tt.method, func(t *testing.T) {
			d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
			n := d.open("feat", "main", "a.txt", "b.txt")
			before, err := d.repo.Commit("eve", "main", "other.txt", "other\n")
			d.check(err)
			d.check(d.repo.Merge(n, "bob", tt.method))
			p := d.pull(n)
			d.git("fetch", "-q")
			if p.State != "MERGED" || p.MergeOid != d.git("rev-parse", "origin/main") || d.git("show", "-s", "--format=%s %an", p.MergeOid) != tt.subject+" "+tt.author {
				t.Errorf("%+v\n%s", p, d.git("log", "--format=%H %s %an", "origin/main"))
			}
			if got := d.git("rev-list", "--count", before+".."+p.MergeOid); got != fmt.Sprint(tt.commits) {
				t.Errorf("%s commits, want %d", got, tt.commits)
			}
			if got := d.git("ls-tree", "--name-only", p.MergeOid); got != "README.md\na.txt\nb.txt\nother.txt" {
				t.Error(got)
			}
			d.refuses(d.repo.Merge(n, "bob", tt.method), "not mergeable")
		})
	}
}

func TestMergeIsRefusedAsGitHubDoes(t *testing.T) {
	d := newDesk(t, forgetest.Settings{RequiredReviews: 1, RequiredChecks: []string{"test"}, NoRebase: true}, forgetest.Options{})
	n := d.open("feat", "main", "a.txt")
	merge := func() error { return d.repo.Merge(n, "bob", "squash") }
	d.refuses(d.repo.Merge(n, "bob", "rebase"), "Rebase merges are not allowed")
	d.refuses(merge(), `Required status check "test" is expected`)
	d.check(d.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "failure"}))
	d.refuses(merge(), `Required status check "test" is failing`)
	d.check(d.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "success"}))
	d.refuses(merge(), "At least 1 approving review")
	d.refuses(d.repo.Review(n, "ada", forgetest.Review{State: "APPROVED"}), "approve your own")
	d.check(d.repo.Review(n, "bob", forgetest.Review{State: "CHANGES_REQUESTED", Body: "no"}))
	d.refuses(merge(), "Changes have been requested")
	d.check(d.repo.Review(n, "bob", forgetest.Review{State: "APPROVED"}))
	if p := d.pull(n); p.Merge != "CLEAN" || p.Decision != "APPROVED" || p.Checks != "SUCCESS" {
		t.Errorf("%+v", p)
	}
	_, err := d.repo.Commit("eve", "main", "a.txt", "theirs\n")
	d.check(err)
	if p := d.pull(n); p.Merge != "DIRTY" {
		t.Errorf("%+v", p)
	}
	d.refuses(merge(), "merge conflicts")
	body := strings.NewReader(`{"merge_method": "squash", "sha": "` + strings.Repeat("0", 40) + `"}`)
	d.refuses(rest(t, d.hub, d.token).DoWithContext(t.Context(), http.MethodPut, "repos/acme/demo/pulls/1/merge", body, nil), "Head branch was modified")
}

// Pull requests go where their branches go.
func TestBranchesDecide(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	a := d.open("a", "main", "a.txt")
	b := d.open("b", "a", "b.txt")
	c := d.open("c", "main", "c.txt")
	_, err := d.repo.OpenPull("ada", forgetest.Pull{Head: "a", Base: "main", Title: "Again"})
	d.refuses(err, "already exists for acme:a")
	_, err = d.repo.OpenPull("ada", forgetest.Pull{Head: "main", Base: "a", Title: "Nothing"})
	d.refuses(err, "No commits between a and main")

	// Merged by a push.
	d.git("checkout", "-q", "main")
	d.git("merge", "-q", "--no-ff", "-m", "By hand", "a")
	d.git("push", "-q", "origin", "main")
	if p := d.pull(a); p.State != "MERGED" || p.MergeOid != d.git("rev-parse", "main") {
		t.Errorf("%+v", p)
	}
	// The branch of a merged one is deleted: what was on it moves.
	d.git("push", "-q", "origin", ":a")
	if p := d.pull(b); p.State != "OPEN" || p.Base != "main" {
		t.Errorf("%+v", p)
	}
	// Somebody replaces the head.
	tip, err := d.repo.ForcePush("eve", "c", "c.txt", "eve's\n")
	d.check(err)
	if p := d.pull(c); p.HeadOid != tip || p.State != "OPEN" {
		t.Errorf("%+v", p)
	}
	// The head goes.
	d.check(d.repo.DeleteBranch("c"))
	if p := d.pull(c); p.State != "CLOSED" {
		t.Errorf("%+v", p)
	}
	d.refuses(d.repo.Reopen(c, "ada"), "head branch was deleted")
	d.check(d.repo.Close(b, "ada"))
	d.check(d.repo.Reopen(b, "ada"))
	if p := d.pull(b); p.State != "OPEN" {
		t.Errorf("%+v", p)
	}
	// What a pull request was can be fetched for ever.
	d.git("fetch", "-q", "origin", fmt.Sprintf("refs/pull/%d/head", c))
	if got := d.git("rev-parse", "FETCH_HEAD"); got != tip {
		t.Error(got, tip)
	}
}

func TestAutoMerge(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{})
	n := d.open("feat", "main", "a.txt")
	var found struct {
		Repository struct{ PullRequest struct{ ID string } }
	}
	d.ask(`{ repository(owner: "acme", name: "demo") { pullRequest(number: 1) { id } } }`, nil, &found)
	enable := func() error {
		return graphQL(t, d.hub, d.token).DoWithContext(t.Context(), `mutation($id: ID!) {
			enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: SQUASH}) { pullRequest { autoMergeRequest { mergeMethod enabledBy { login } } } }
		}`, map[string]any{"id": found.Repository.PullRequest.ID}, nil)
	}
	d.refuses(enable(), "Auto merge is not allowed")
	d.check(d.repo.Set(func(s *forgetest.Settings) { s.AutoMerge, s.RequiredChecks = true, nil }))
	d.refuses(enable(), "clean status")
	d.check(d.repo.Set(func(s *forgetest.Settings) { s.RequiredChecks = []string{"test"} }))
	d.check(enable())
	if p := d.pull(n); !p.AutoMerge || p.State != "OPEN" || p.Merge != "BLOCKED" {
		t.Errorf("%+v", p)
	}
	d.check(d.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "success"}))
	if p := d.pull(n); p.State != "MERGED" {
		t.Errorf("%+v", p)
	}
}

func TestMergeabilityIsWorkedOutLater(t *testing.T) {
	d := newDesk(t, forgetest.Settings{}, forgetest.Options{SlowMergeable: true})
	d.open("feat", "main", "a.txt")
	var got []string
	for range 2 {
		var q struct {
			Repository struct{ PullRequest struct{ Mergeable string } }
		}
		d.ask(`{ repository(owner: "acme", name: "demo") { pullRequest(number: 1) { mergeable } } }`, nil, &q)
		got = append(got, q.Repository.PullRequest.Mergeable)
	}
	if !slices.Equal(got, []string{"UNKNOWN", "MERGEABLE"}) {
		t.Error(got)
	}
}
