package github_test

import (
	"strings"
	"testing"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/forge/forgetest"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/pkg/api"
)

func TestCreateAndChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	ctx := t.Context()
	tip, err := w.repo.Commit("ada", "feat", "feat.txt", "x")
	w.must(err)
	p, err := w.client.CreatePullRequest(ctx, w.at, forge.NewPullRequest{Title: "Feat", Body: "what\nwhy", Head: "feat", Base: "main", Draft: true})
	w.must(err)
	if p.Number == 0 || p.ID == "" || p.Stamp == "" || p.Title != "Feat" || p.Body != "what\nwhy" || p.Author != "ada" || p.Shown() != api.PullRequestDraft ||
		p.HeadBranch != "feat" || p.HeadOwner != "acme" || p.HeadCommit != tip || p.BaseBranch != "main" || p.CrossRepo ||
		p.URL != "https://github.com/acme/demo/pull/1" || p.Checks.State != api.ChecksNone || p.Review.Decision != api.ReviewNone {
		t.Errorf("created %+v", p)
	}
	_, err = w.client.CreatePullRequest(ctx, w.at, forge.NewPullRequest{Title: "Again", Head: "feat", Base: "main"})
	w.wants(err, api.CodeExists, false)
	_, err = w.client.CreatePullRequest(ctx, w.at, forge.NewPullRequest{Title: "Nothing", Head: "nothing", Base: "main"})
	w.wants(err, api.CodeInvalid, false)

	found, err := w.client.PullRequestsOf(ctx, w.at, "feat")
	w.must(err)
	same(t, "of feat", numbers(found), []int{p.Number})

	for _, draft := range []bool{true, false, false, true, false} {
		w.must(w.client.SetDraft(ctx, w.at, p.Number, draft))
		if got := w.one(p.Number); got.Draft != draft {
			t.Errorf("draft = %v, want %v", got.Draft, draft)
		}
	}
	_, err = w.repo.Commit("ada", "other", "o.txt", "x")
	w.must(err)
	title, base, empty := "Better", "other", ""
	p, err = w.client.UpdatePullRequest(ctx, w.at, p.Number, forge.PullRequestChange{Title: &title, Body: &empty, Base: &base})
	w.must(err)
	if p.Title != title || p.Body != "" || p.BaseBranch != base {
		t.Errorf("updated %+v", p)
	}
	w.must(w.client.ClosePullRequest(ctx, w.at, p.Number))
	if got := w.one(p.Number); got.State != api.PullRequestClosed {
		t.Errorf("state = %s", got.State)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	ctx := t.Context()
	n := w.pull("feat")
	head := w.one(n).HeadCommit
	_, err := w.client.Merge(ctx, w.at, n, forge.Merge{Method: api.MergeSquash, Expected: strings.Repeat("1", 40)})
	if e := w.wants(err, api.CodeConflict, false); !strings.Contains(e.Message, "somebody pushed") {
		t.Errorf("message = %s", e.Message)
	}
	// The answer gets lost, and what was asked for is done.
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultDrop, Match: "/merge", Late: true, Times: 1})
	ask := forge.Merge{Method: api.MergeSquash, Expected: head, Title: "Feat (#1)", Body: "why"}
	_, err = w.client.Merge(ctx, w.at, n, ask)
	w.wants(err, api.CodeForge, true)
	merged, err := w.client.Merge(ctx, w.at, n, ask)
	w.must(err)
	if p := w.one(n); p.State != api.PullRequestMerged || p.MergeCommit != merged.Commit || merged.Commit == "" {
		t.Errorf("merged %+v as %+v", p, merged)
	}

	// Any way that is allowed.
	w.must(w.repo.Set(func(s *forgetest.Settings) { s.NoSquash = true }))
	n = w.pull("two")
	merged, err = w.client.Merge(ctx, w.at, n, forge.Merge{Expected: w.one(n).HeadCommit})
	w.must(err)
	if merged.Method != api.MergeCommit || merged.Commit == "" {
		t.Errorf("merged by %+v", merged)
	}
	n = w.pull("three")
	_, err = w.client.Merge(ctx, w.at, n, forge.Merge{Method: api.MergeSquash, Expected: w.one(n).HeadCommit})
	w.wants(err, api.CodeConflict, false)
	_, err = w.repo.Commit("bob", "main", "three.txt", "other")
	w.must(err)
	_, err = w.client.Merge(ctx, w.at, n, forge.Merge{Method: api.MergeCommit, Expected: w.one(n).HeadCommit})
	w.wants(err, api.CodeConflict, false)
}

func TestAutoMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	ctx := t.Context()
	n := w.pull("feat")
	ask := forge.Merge{Method: api.MergeSquash, Expected: w.one(n).HeadCommit}
	w.wants(w.client.EnableAutoMerge(ctx, w.at, n, ask), api.CodeConflict, false) // it can be merged at once
	w.must(w.repo.Set(func(s *forgetest.Settings) { s.RequiredChecks = []string{"test"} }))
	w.must(w.client.EnableAutoMerge(ctx, w.at, n, ask))
	if !w.one(n).AutoMerge {
		t.Error("auto-merge is not on")
	}
	w.must(w.client.EnableAutoMerge(ctx, w.at, n, ask))
	w.must(w.client.DisableAutoMerge(ctx, w.at, n))
	w.must(w.client.DisableAutoMerge(ctx, w.at, n))
	if w.one(n).AutoMerge {
		t.Error("auto-merge is on")
	}
	w.must(w.client.EnableAutoMerge(ctx, w.at, n, ask))
	w.must(w.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "success"}))
	if p := w.one(n); p.State != api.PullRequestMerged {
		t.Errorf("state = %s", p.State)
	}
}

func TestConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	ctx := t.Context()
	n := w.pull("feat")
	w.must(w.repo.Review(n, "bob", forgetest.Review{State: "CHANGES_REQUESTED", Body: "please", Threads: []forgetest.Thread{
		{Path: "feat.txt", Line: 1, Body: "why?"}, {Path: "feat.txt", Line: 1, Body: "and this?"},
	}}))
	w.must(w.repo.Comment(n, "bob", "hello"))
	said, err := w.client.Comment(ctx, w.at, n, "hi `bob`")
	w.must(err)
	if said.ID == "" || said.Author != "ada" || said.URL == "" || said.At.IsZero() {
		t.Errorf("said %+v", said)
	}
	c, err := w.client.Conversation(ctx, w.at, n)
	w.must(err)
	if len(c.Threads) != 2 || c.More {
		t.Fatalf("conversation = %+v", c)
	}
	if got := c.Threads[0]; got.Path != "feat.txt" || got.Line != 1 || got.Resolved || got.URL == "" || len(got.Comments) != 1 || got.Comments[0].Author != "bob" || got.Comments[0].Body != "why?" {
		t.Errorf("thread = %+v", got)
	}
	if len(c.Reviews) != 1 || c.Reviews[0].Body != "please" || c.Reviews[0].At.IsZero() {
		t.Errorf("reviews = %+v", c.Reviews)
	}
	if len(c.Comments) != 2 || c.Comments[0].Body != "hello" || c.Comments[1].Body != "hi `bob`" {
		t.Errorf("comments = %+v", c.Comments)
	}
	w.must(w.repo.ResolveThreads(n, "ada"))
	c, err = w.client.Conversation(ctx, w.at, n)
	w.must(err)
	if !c.Threads[0].Resolved {
		t.Error("the thread is not resolved")
	}
}

// Logs come from another host by a redirect, which must not see the token.
func TestJobLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{})
	ctx := t.Context()
	n := w.pull("feat")
	w.must(w.repo.SetCheck("feat", forgetest.Check{Name: "test", Conclusion: "failure", Log: strings.Repeat("a line\n", 5000) + "it broke here\n"}))
	job := w.one(n).Checks.Failing()[0].JobID
	log, err := w.client.JobLog(ctx, w.at, job, 100)
	w.must(err)
	if !log.Truncated || len(log.Text) > 100 || !strings.HasPrefix(log.Text, "a line\n") || !strings.HasSuffix(log.Text, "it broke here\n") {
		t.Errorf("log = %q", log.Text)
	}
	whole, err := w.client.JobLog(ctx, w.at, job, 1<<20)
	w.must(err)
	if whole.Truncated || len(whole.Text) != 5000*7+14 {
		t.Errorf("%d bytes, truncated %v", len(whole.Text), whole.Truncated)
	}
	if !w.hub.Saw(w.token, "/logs") || w.hub.Count("/_blob") != 2 {
		t.Fatal("the log did not come by a redirect")
	}
	if w.hub.Saw(w.token, "/_blob") {
		t.Error("the token followed the redirect to another host")
	}
	_, err = w.client.JobLog(ctx, w.at, 99999, 100)
	w.wants(err, api.CodeNotFound, false)
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, forgetest.Options{}, func(o *github.Options) { o.Page = 3 })
	ctx := t.Context()
	who, err := w.client.Whoami(ctx)
	w.must(err)
	if who.Login != "ada" || len(who.Scopes) != 3 || who.Scopes[0] != "repo" {
		t.Errorf("who = %+v", who)
	}
	// A token that is no user's: REST does not say whose.
	w.hub.Fail(forgetest.Fault{Kind: forgetest.FaultForbidden, Match: "GET /user", Times: 1})
	if who, err = w.client.Whoami(ctx); err != nil || who.Login != "ada" {
		t.Errorf("who = %+v, %v", who, err)
	}
	info, err := w.client.Repository(ctx, w.at)
	w.must(err)
	if !info.Repository.Same(w.at) || info.DefaultBranch != "main" || info.CloneURL == "" || info.SSHURL == "" || !info.AutoMerge || !info.CanPush || len(info.Methods) != 3 || info.Methods[0] != api.MergeSquash {
		t.Errorf("info = %+v", info)
	}
	for i := range 5 {
		_, err := w.hub.CreateRepo("many/"+name(i), forgetest.Settings{Private: i == 3, Members: []string{"ada"}})
		w.must(err)
		if i == 0 {
			w.hub.Organization("many", "ada")
		}
	}
	names := map[string]bool{}
	cursor, pages := "", 0
	for {
		page, err := w.client.Repositories(ctx, "many", cursor)
		w.must(err)
		for _, r := range page.Repositories {
			names[r.Repository.Name] = r.Private
		}
		pages++
		if cursor = page.Next; cursor == "" {
			if page.Total != 5 {
				t.Errorf("total = %d", page.Total)
			}
			break
		}
	}
	if pages != 2 || len(names) != 5 || !names[name(3)] || names[name(4)] {
		t.Errorf("%d repositories on %d pages", len(names), pages)
	}
	_, err = w.hub.CreateRepo("ada/own", forgetest.Settings{Private: true})
	w.must(err)
	page, err := w.client.Repositories(ctx, "ADA", "")
	w.must(err)
	if len(page.Repositories) != 1 || !page.Repositories[0].Private || page.Repositories[0].Repository.FullName() != "ada/own" {
		t.Errorf("own = %+v", page.Repositories)
	}
	_, err = w.hub.CreateRepo("bob/his", forgetest.Settings{})
	w.must(err)
	page, err = w.client.Repositories(ctx, "bob", "")
	w.must(err)
	if len(page.Repositories) != 1 {
		t.Errorf("bob's = %+v", page.Repositories)
	}
	_, err = w.client.Repositories(ctx, "nobody", "")
	w.wants(err, api.CodeNotFound, false)
	_, err = w.client.Repositories(ctx, "../user", "")
	w.wants(err, api.CodeInvalid, false)
}
