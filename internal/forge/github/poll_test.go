package github_test

import (
	"testing"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/pkg/api"
)

func TestPollTellsOfEveryChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	n := w.pull("feat")
	found := w.poll(forge.Poll{}, 1)
	same(t, "changed", numbers(found.Changed), []int{n})
	seen := known(nil, found)

	for _, step := range []struct {
		name string
		do   func() error
		want func(p forge.PullRequest) bool
	}{
		{
			"a check begins", func() error { return w.repo.SetCheck("feat", forgetest.Check{Name: "test"}) },
			func(p forge.PullRequest) bool { return p.Checks.State == api.ChecksPending && p.Checks.Pending == 1 },
		},
		{"it fails", func() error {
			return w.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "failure", Title: "2 failed", Log: "boom"})
		}, func(p forge.PullRequest) bool {
			failing := p.Checks.Failing()
			return p.Checks.State == api.ChecksFail && len(failing) == 1 && failing[0].FullName() == "CI / test" && failing[0].JobID > 0 &&
				failing[0].Result == "failure" && failing[0].Summary == "2 failed"
		}},
		{
			"another fails, too", func() error {
				return w.repo.SetStatus("feat", forgetest.Status{Context: "lint", State: "error", Description: "bad", URL: "https://ci"})
			},
			func(p forge.PullRequest) bool {
				failing := p.Checks.Failing()
				return len(failing) == 2 && failing[1].Name == "lint" && failing[1].URL == "https://ci" && failing[1].JobID == 0
			},
		},
		{"both pass", func() error {
			if err := w.repo.SetStatus("feat", forgetest.Status{Context: "lint", State: "success"}); err != nil {
				return err
			}
			return w.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "success"})
		}, func(p forge.PullRequest) bool {
			return p.Checks.State == api.ChecksPass && p.Checks.Total == 2 && p.Checks.Passed == 2
		}},
		{"a review asks for changes", func() error {
			return w.repo.Review(n, "bob", forgetest.Review{State: "CHANGES_REQUESTED", Body: "no", Threads: []forgetest.Thread{{Path: "feat.txt", Line: 1, Body: "why?"}}})
		}, func(p forge.PullRequest) bool {
			return p.Review.Decision == api.ReviewChangesRequested && p.Unresolved == 1 && len(p.Review.Reviewers) == 1 && p.Review.Reviewers[0] == forge.Reviewer{Login: "bob", State: api.ReviewChangesRequested}
		}},
		{
			"the thread is resolved", func() error { return w.repo.ResolveThreads(n, "ada") },
			func(p forge.PullRequest) bool { return p.Unresolved == 0 },
		},
		{"it is approved, and commented after that", func() error {
			if err := w.repo.Review(n, "bob", forgetest.Review{State: "APPROVED"}); err != nil {
				return err
			}
			return w.repo.Review(n, "bob", forgetest.Review{State: "COMMENTED", Body: "nice"})
		}, func(p forge.PullRequest) bool {
			return p.Review.Decision == api.ReviewApproved && p.Review.Reviewers[0].State == api.ReviewApproved
		}},
		{
			"somebody pushes", func() error { _, err := w.repo.Commit("bob", "feat", "more.txt", "x"); return err },
			func(p forge.PullRequest) bool { return p.Checks.State == api.ChecksNone },
		},
		{
			"the base gets in the way", func() error { _, err := w.repo.Commit("bob", "main", "feat.txt", "other"); return err },
			func(p forge.PullRequest) bool { return p.Mergeable == forge.MergeableNo },
		},
		{
			"it is closed", func() error { return w.repo.Close(n, "bob") },
			func(p forge.PullRequest) bool { return p.State == api.PullRequestClosed },
		},
	} {
		w.must(step.do())
		found := w.poll(forge.Poll{Known: seen}, 2)
		if len(found.Changed) != 1 || !step.want(found.Changed[0]) {
			t.Fatalf("%s: changed = %+v", step.name, found.Changed)
		}
		seen = known(seen, found)
		if len(seen) == 0 {
			break
		}
		if again := w.poll(forge.Poll{Known: seen}, 1); len(again.Changed) != 0 || !same2(again.Open, n) {
			t.Fatalf("%s: told twice: %+v", step.name, again)
		}
	}
	if len(seen) != 0 {
		t.Errorf("open = %v", seen)
	}
}

func same2(open []int, n int) bool { return len(open) == 1 && open[0] == n }

// The budget of a look: 50 open pull requests are looked at by at
// most two requests, and by one when nothing changed.
func TestPollOfFifty(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	w.pullMany(0, 50)
	found := w.poll(forge.Poll{}, 1)
	if len(found.Changed) != 50 || len(found.Open) != 50 || found.More {
		t.Fatalf("changed %d, open %d, more %v", len(found.Changed), len(found.Open), found.More)
	}
	if found.Budget.Limit != 5000 || found.Budget.Remaining >= 5000 || found.Budget.ResetAt.IsZero() || found.Budget.Cost < 1 {
		t.Errorf("budget = %+v", found.Budget)
	}
	seen := known(nil, found)
	none := w.poll(forge.Poll{Known: seen}, 1)
	if len(none.Changed) != 0 {
		t.Errorf("%d changed", len(none.Changed))
	}
	t.Logf("for all: %d points; for nothing changed: %d points", found.Budget.Cost, none.Budget.Cost)
	if none.Budget.Cost > 2 {
		t.Errorf("nothing changed, and that costs %d of the rate limit", none.Budget.Cost)
	}
	w.must(w.repo.SetCheck("many", forgetest.Check{Name: "test", Conclusion: "success"})) // all are at its commit
	found = w.poll(forge.Poll{Known: seen}, 2)
	if len(found.Changed) != 50 || found.More {
		t.Errorf("changed %d, more %v", len(found.Changed), found.More)
	}

	// More than a request can bring comes with the next poll.
	w.pullMany(50, 60)
	if found = w.poll(forge.Poll{}, 1); len(found.Changed) != forge.PollBatch || !found.More {
		t.Fatalf("changed %d, more %v", len(found.Changed), found.More)
	}
	seen = known(nil, found)
	if found = w.poll(forge.Poll{Known: seen}, 2); len(found.Changed) != 10 || len(found.Open) != 60 || found.More {
		t.Fatalf("changed %d, open %d, more %v", len(found.Changed), len(found.Open), found.More)
	}
	if found = w.poll(forge.Poll{Known: known(seen, found)}, 1); len(found.Changed) != 0 {
		t.Errorf("changed %d", len(found.Changed))
	}
}

// With nothing open, asking costs nothing of the rate limit.
func TestPollOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	found := w.poll(forge.Poll{}, 2)
	if found.Cursor == "" {
		t.Fatal("there is no cursor")
	}
	before := found.Budget.Remaining
	for range 3 {
		found = w.poll(forge.Poll{Cursor: found.Cursor}, 1)
		if r := w.hub.Requests()[0]; r.Status != 304 || r.Cost != 0 {
			t.Errorf("asked by %+v", r)
		}
	}
	if found.Budget.Remaining != before {
		t.Errorf("budget went from %d to %d", before, found.Budget.Remaining)
	}
	n := w.pull("feat")
	found = w.poll(forge.Poll{Cursor: found.Cursor}, 2)
	same(t, "changed", numbers(found.Changed), []int{n})
	w.must(w.repo.Merge(n, "bob", "squash"))
	found = w.poll(forge.Poll{Known: known(nil, found)}, 2)
	if p := found.Changed[0]; p.State != api.PullRequestMerged || p.MergeCommit == "" || p.MergedAt.IsZero() || len(found.Open) != 0 {
		t.Errorf("merged: %+v, open %v", p, found.Open)
	}
	found = w.poll(forge.Poll{Cursor: found.Cursor}, 2)
	if len(found.Changed) != 0 || found.Cursor == "" {
		t.Errorf("after the merge: %+v", found)
	}
	w.poll(forge.Poll{Cursor: found.Cursor}, 1)
}

func TestPollOfARenamedRepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	n := w.pull("feat")
	seen := known(nil, w.poll(forge.Poll{}, 1))
	w.must(w.repo.Rename("acme/new"))
	for _, ask := range []forge.Poll{{Known: seen}, {}} {
		found := w.poll(ask, 1)
		if found.Repository.FullName() != "acme/new" {
			t.Errorf("repository = %v", found.Repository)
		}
		same(t, "open", found.Open, []int{n})
	}
	// REST follows, too, with the method that it began with.
	title := "Renamed"
	p, err := w.client.UpdatePullRequest(t.Context(), w.at, n, forge.PullRequestChange{Title: &title})
	w.must(err)
	if p.Title != title {
		t.Errorf("title = %q", p.Title)
	}
	info, err := w.client.Repository(t.Context(), w.at)
	w.must(err)
	if info.Repository.FullName() != "acme/new" || info.DefaultBranch != "main" {
		t.Errorf("info = %+v", info)
	}
}

func TestPollOfWhatDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	n := w.pull("feat")
	found := w.poll(forge.Poll{Known: map[int]string{n: "", 77: "x"}}, 2)
	same(t, "gone", found.Gone, []int{77})
	same(t, "changed", numbers(found.Changed), []int{n})
	pulls, err := w.client.PullRequests(t.Context(), w.at, []int{n, 77})
	w.must(err)
	same(t, "pulls", numbers(pulls), []int{n})
	nowhere := forge.Repository{Host: "github.com", Owner: "acme", Name: "none"}
	_, err = w.client.Poll(t.Context(), forge.Poll{Repository: nowhere, Known: map[int]string{1: "x"}})
	w.wants(err, api.CodeNotFound, false)
	_, err = w.client.Poll(t.Context(), forge.Poll{Repository: nowhere})
	w.wants(err, api.CodeNotFound, false)
	_, err = w.client.Repository(t.Context(), nowhere)
	w.wants(err, api.CodeNotFound, false)
	w.wants(w.client.SetDraft(t.Context(), w.at, 77, true), api.CodeNotFound, false)
	_, err = w.client.Conversation(t.Context(), w.at, 77)
	w.wants(err, api.CodeNotFound, false)
}

// A hundred checks and more: the failing ones are all named.
func TestManyChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	n := w.pull("feat")
	for i := range 120 {
		w.must(w.repo.SetCheck("feat", forgetest.Check{Name: "ok-" + name(i), Conclusion: "success"}))
	}
	p := w.one(n)
	if p.Checks.State != api.ChecksPass || p.Checks.Total != 120 || p.Checks.Passed != 120 {
		t.Errorf("checks = %v of %d", p.Checks.State, p.Checks.Total)
	}
	w.must(w.repo.SetCheck("feat", forgetest.Check{Name: "zz", Conclusion: "timed_out"}))
	p = w.one(n)
	if failing := p.Checks.Failing(); p.Checks.State != api.ChecksFail || p.Checks.Total != 121 || len(failing) != 1 || failing[0].Name != "zz" {
		t.Errorf("checks = %v of %d, failing %v", p.Checks.State, p.Checks.Total, failing)
	}
}

func TestSlowMergeable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{SlowMergeable: true})
	n := w.pull("feat")
	first := w.poll(forge.Poll{}, 1)
	if first.Changed[0].Mergeable != forge.MergeableUnknown {
		t.Fatalf("mergeable = %s", first.Changed[0].Mergeable)
	}
	found := w.poll(forge.Poll{Known: known(nil, first)}, 2)
	if len(found.Changed) != 1 || found.Changed[0].Number != n || found.Changed[0].Mergeable != forge.MergeableYes {
		t.Errorf("changed = %+v", found.Changed)
	}
}
