package pull_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/pull"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang is after how long a test that waits has failed.
const hang = 20 * time.Second

type adapter struct{ *store.Store }

func (a adapter) Update(ctx context.Context, fn func(pull.Tx) error) error {
	return a.Store.Update(ctx, func(tx *store.Tx) error { return fn(tx) })
}

func (a adapter) View(ctx context.Context, fn func(pull.Tx) error) error {
	return a.Store.View(ctx, func(tx *store.Tx) error { return fn(tx) })
}

// remotes is a git whose repositories have remotes by their paths.
type remotes map[string]map[string]string

func (r remotes) Remote(_ context.Context, repo git.Repo) (name, url string, err error) {
	return "origin", r[repo.Top]["origin"], nil
}

func (r remotes) Remotes(_ context.Context, repo git.Repo) (map[string]string, error) {
	return r[repo.Top], nil
}

type rest = forge.Client

// hub is a forge in memory that answers as the contract says. Only what the
// service asks is there.
type hub struct {
	rest // nothing asks for it

	mu       sync.Mutex
	pulls    map[string]map[int]forge.PullRequest // by OWNER/NAME
	renamed  map[string]string
	fail     map[string]error // by OWNER/NAME
	signedIn bool
	requests map[string]int // by OWNER/NAME
	polls    chan string    // gets the OWNER/NAME of each, where not nil
	budget   forge.Budget
}

func newHub() *hub {
	return &hub{
		pulls: map[string]map[int]forge.PullRequest{}, renamed: map[string]string{}, fail: map[string]error{},
		requests: map[string]int{}, signedIn: true, budget: forge.Budget{Limit: 5000, Remaining: 4990, ResetAt: time.Unix(2e9, 0)},
	}
}

func (h *hub) IsForge(host string) bool { return host == forge.DefaultHost }

func (h *hub) Client(context.Context, string, api.Env) (forge.Client, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.signedIn {
		return nil, &api.Error{Code: api.CodeUnauthorized, Message: "nobody is signed in to github.com", Hint: "`hf auth login`"}
	}
	return h, nil
}

func (h *hub) now(r forge.Repository) forge.Repository {
	if name, ok := h.renamed[r.Name]; ok {
		r.Name = name
	}
	return r
}

func (h *hub) Poll(_ context.Context, ask forge.Poll) (out forge.Polled, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.now(ask.Repository)
	name := r.FullName()
	h.requests[name]++
	out = forge.Polled{Repository: r, Requests: 1, Budget: h.budget, Cursor: "c"}
	defer func() {
		if h.polls != nil {
			select {
			case h.polls <- name:
			default:
			}
		}
	}()
	if err := h.fail[name]; err != nil {
		return out, err
	}
	for _, number := range slices.Sorted(maps.Keys(h.pulls[name])) {
		p := h.pulls[name][number]
		stamp, known := ask.Known[number]
		open := p.State == api.PullRequestOpen
		if open {
			out.Open = append(out.Open, number)
		}
		if open && (!known || stamp != p.Stamp) || !open && known {
			if len(out.Changed) == forge.PollBatch {
				out.More = true
				continue
			}
			out.Changed = append(out.Changed, p)
		}
	}
	for number := range ask.Known {
		if _, ok := h.pulls[name][number]; !ok {
			out.Gone = append(out.Gone, number)
		}
	}
	if len(out.Changed) > 0 {
		out.Requests++
		h.requests[name]++
	}
	return out, nil
}

func (h *hub) PullRequestsOf(_ context.Context, r forge.Repository, branch string) (out []forge.PullRequest, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests[r.FullName()]++
	for _, p := range h.pulls[r.FullName()] {
		if p.HeadBranch == branch && !p.CrossRepo {
			out = append(out, p)
		}
	}
	return out, nil
}

// set changes a pull request, and makes it where there is none.
func (h *hub) set(name string, number int, change func(*forge.PullRequest)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pulls[name] == nil {
		h.pulls[name] = map[int]forge.PullRequest{}
	}
	p, ok := h.pulls[name][number]
	if !ok {
		owner, _, _ := strings.Cut(name, "/")
		p = forge.PullRequest{
			Number: number, URL: fmt.Sprintf("https://github.com/%s/pull/%d", name, number), Title: fmt.Sprintf("Title %d", number),
			State: api.PullRequestOpen, HeadBranch: fmt.Sprintf("branch-%d", number), HeadOwner: owner, HeadCommit: "c0ffee", BaseBranch: "main",
			Checks: forge.Checks{State: api.ChecksNone}, Review: forge.Review{Decision: api.ReviewNone}, CreatedAt: time.Now(),
		}
	}
	change(&p)
	p.UpdatedAt = time.Now().Add(time.Second)
	p.Stamp += "+"
	h.pulls[name][number] = p
}

func (h *hub) change(fn func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fn()
}

func (h *hub) asked(name string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.requests[name]
}

type fixture struct {
	*testing.T
	store *store.Store
	hub   *hub
	git   remotes
	pulls *pull.Service
	stop  func()
}

// newFixture has the repo "r", which is acme/demo, with the task "t1" on the
// branch "feature". It is looked at only when a test asks.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, hub: newHub(), git: remotes{}}
	var err error
	if f.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "hf.db"), store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.store.Close() })
	f.repo("r", "acme/demo")
	f.task("t1", "r", "feature")
	return f
}

func (f *fixture) repo(id, name string) {
	f.Helper()
	f.git["/"+id] = map[string]string{"origin": "git@github.com:" + name + ".git"}
	f.update(func(tx *store.Tx) error {
		if err := tx.EnsureWorkspace("default"); err != nil {
			return err
		}
		return tx.PutRepo(&task.Repo{ID: id, Workspace: "default", Name: id, Path: "/" + id, GitDir: "/" + id + "/.git", State: api.RepoReady, CreatedAt: time.Now()})
	})
}

func (f *fixture) task(id, repo, branch string) {
	f.Helper()
	f.update(func(tx *store.Tx) error {
		return tx.PutTask(&task.Task{
			ID: id, Workspace: "default", RepoID: repo, Title: "Task " + id, Branch: branch, Base: "main",
			Lifecycle: api.LifecycleReady, Activity: api.ActivityIdle, CreatedAt: time.Now(),
		})
	})
}

// start runs a service, as a daemon does.
func (f *fixture) start(every time.Duration) {
	f.Helper()
	f.pulls = pull.New(pull.Config{
		Store: adapter{f.store}, Git: f.git, Clients: f.hub, Every: func() time.Duration { return every },
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	ctx, cancel := context.WithCancel(f.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.pulls.Run(ctx) }()
	f.stop = sync.OnceFunc(func() { cancel(); <-done })
	f.Cleanup(f.stop)
}

func (f *fixture) look(repo string) error {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), hang)
	defer cancel()
	return f.pulls.Look(ctx, repo)
}

func (f *fixture) mustLook() {
	f.Helper()
	if err := f.look("r"); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) update(fn func(*store.Tx) error) {
	f.Helper()
	if err := f.store.Update(f.Context(), fn); err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) view(fn func(*store.Tx) error) {
	f.Helper()
	if err := f.store.View(f.Context(), fn); err != nil {
		f.Fatal(err)
	}
}

// shown is what lists show of a task's pull request; ok is false while nothing
// is known.
func (f *fixture) shown(id string) (p api.PullRequestSummary, has, known bool) {
	f.Helper()
	f.view(func(tx *store.Tx) error {
		t, err := tx.Task(id)
		if err == nil {
			p, has = t.Pull.Get()
			known = !t.Pull.IsZero()
		}
		return err
	})
	return p, has, known
}

// history is what `hf history` says of pull requests of tasks.
func (f *fixture) history() (lines []string) {
	f.Helper()
	f.view(func(tx *store.Tx) error {
		events, err := tx.History(task.HistoryFilter{Workspace: "default", Limit: 1000})
		for i := range events {
			if events[i].Kind == api.EventPullRequestChanged {
				lines = append(lines, events[i].Words())
			}
		}
		return err
	})
	return lines
}

func (f *fixture) poll() api.ForgePoll {
	f.Helper()
	for _, p := range f.pulls.Polls() {
		if p.Repo == "r" {
			return p
		}
	}
	f.Fatal("nobody looked at the repo")
	return api.ForgePoll{}
}

func TestWhatHappensToAPullRequestIsShownAndInHistory(t *testing.T) {
	f := newFixture(t)
	f.start(0)
	f.mustLook()
	if _, has, known := f.shown("t1"); has || !known {
		t.Errorf("without a pull request: has %v, known %v", has, known)
	}
	steps := []struct {
		change func(p *forge.PullRequest)
		line   string
	}{
		{func(p *forge.PullRequest) { p.HeadBranch, p.Draft = "feature", true }, "pull request #7: opened as a draft: Title 7"},
		{func(p *forge.PullRequest) { p.Checks.State = api.ChecksPending }, "pull request #7: checks run"},
		{func(p *forge.PullRequest) {
			p.Checks = forge.Checks{State: api.ChecksFail, Runs: []forge.CheckRun{
				{Name: "lint", State: api.ChecksFail}, {Name: "test", Workflow: "ci", State: api.ChecksFail}, {Name: "ok", State: api.ChecksPass},
			}}
		}, "pull request #7: checks failed: lint, ci / test"},
		{func(p *forge.PullRequest) { p.Checks = forge.Checks{State: api.ChecksPass} }, "pull request #7: checks passed"},
		{func(p *forge.PullRequest) { p.Draft = false }, "pull request #7: ready for review"},
		{func(p *forge.PullRequest) { p.Review.Decision, p.Unresolved = api.ReviewChangesRequested, 2 }, "pull request #7: changes requested, 2 unresolved review threads"},
		{func(p *forge.PullRequest) { p.Unresolved, p.Mergeable = 0, forge.MergeableNo }, "pull request #7: it conflicts with its base"},
		{func(p *forge.PullRequest) { p.Title = "Another" }, ""},
		{func(p *forge.PullRequest) { p.Review.Decision, p.Mergeable = api.ReviewApproved, forge.MergeableYes }, "pull request #7: approved"},
		{func(p *forge.PullRequest) { p.State = api.PullRequestClosed }, "pull request #7: closed on github.com without being merged"},
	}
	var want []string
	for i, s := range steps {
		f.hub.set("acme/demo", 7, s.change)
		f.mustLook()
		if s.line != "" {
			want = append(want, s.line)
		}
		if got := f.history(); !slices.Equal(got, want) {
			t.Fatalf("step %d: history\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		f.hub.mu.Lock()
		p := f.hub.pulls["acme/demo"][7]
		f.hub.mu.Unlock()
		got, has, _ := f.shown("t1")
		if !has || got.Number != 7 || got.State != p.Shown() || got.Checks != p.Checks.State || got.Review != p.Review.Decision || got.URL != p.URL || got.Draft != p.Draft {
			t.Errorf("step %d: the task shows %+v", i, got)
		}
	}
	f.view(func(tx *store.Tx) error {
		tk, err := tx.Task("t1")
		if err != nil {
			return err
		}
		if status, reason := task.Shown(tk); status != api.StatusIdle || reason != "#7 closed; `hf archive t1` parks it" {
			t.Errorf("shown as %s (%s)", status, reason)
		}
		rows, err := tx.PullRequests("r")
		if err == nil && (len(rows) != 1 || rows[0].Task != "t1" || rows[0].Title != "Another") {
			t.Errorf("rows %+v", rows)
		}
		return err
	})
}

func TestMergedWhileNobodyLooked(t *testing.T) {
	f := newFixture(t)
	f.hub.set("acme/demo", 7, func(p *forge.PullRequest) { p.HeadBranch = "feature" })
	f.start(0)
	f.mustLook()
	f.stop()
	f.hub.set("acme/demo", 7, func(p *forge.PullRequest) {
		p.State, p.MergedAt, p.MergeCommit = api.PullRequestMerged, time.Now(), "beef"
	})
	f.start(0)
	f.mustLook()
	if p, _, _ := f.shown("t1"); p.State != api.PullRequestMerged {
		t.Errorf("the task shows %+v", p)
	}
	if got := f.history(); got[len(got)-1] != "pull request #7: merged on github.com" {
		t.Errorf("history %q", got)
	}

	// Another was made and merged while no daemon ran.
	f.stop()
	f.task("t2", "r", "second")
	f.update(func(tx *store.Tx) error {
		tk, err := tx.Task("t2")
		if err != nil {
			return err
		}
		tk.Unpushed = new(0)
		return tx.PutTask(tk)
	})
	f.hub.set("acme/demo", 3, func(p *forge.PullRequest) { // of an earlier branch of that name
		p.HeadBranch, p.State = "second", api.PullRequestMerged
	})
	f.hub.change(func() {
		p := f.hub.pulls["acme/demo"][3]
		p.UpdatedAt = time.Now().Add(-time.Hour)
		f.hub.pulls["acme/demo"][3] = p
	})
	f.hub.set("acme/demo", 8, func(p *forge.PullRequest) { p.HeadBranch, p.State = "second", api.PullRequestMerged })
	f.start(0)
	f.mustLook()
	if p, _, _ := f.shown("t2"); p.Number != 8 || p.State != api.PullRequestMerged {
		t.Errorf("the task shows %+v", p)
	}
}

func TestFiftyOpenPullRequestsCostTwoRequestsAndOneWhenNothingChanged(t *testing.T) {
	f := newFixture(t)
	for n := 1; n <= 50; n++ {
		f.hub.set("acme/demo", n, func(*forge.PullRequest) {})
	}
	f.start(0)
	f.await(func() bool { return len(f.pulls.Polls()) == 1 })
	if n := f.hub.asked("acme/demo"); n > 2 {
		t.Errorf("%d requests at first", n)
	}
	if p := f.poll(); p.PullsKnown != 50 || p.Requests > 2 || p.Remaining != 4990 || p.Limit != 5000 || p.Name != "acme/demo" || p.Error != nil {
		t.Errorf("poll %+v", p)
	}
	before, events := f.hub.asked("acme/demo"), f.lastSeq()
	f.mustLook()
	if n := f.hub.asked("acme/demo") - before; n != 1 {
		t.Errorf("%d requests when nothing changed", n)
	}
	if f.lastSeq() != events {
		t.Error("nothing changed, and there is an event")
	}
	if got := f.history(); len(got) != 0 {
		t.Errorf("pull requests of others are in the history: %q", got)
	}
}

func (f *fixture) lastSeq() (seq int64) {
	f.view(func(tx *store.Tx) (err error) {
		seq, err = tx.LastSeq()
		return err
	})
	return seq
}

func TestMoreThanABatchIsAskedForInParts(t *testing.T) {
	f := newFixture(t)
	for n := 1; n <= 120; n++ {
		f.hub.set("acme/demo", n, func(p *forge.PullRequest) {
			if n == 120 {
				p.HeadBranch = "feature"
			}
		})
	}
	f.start(0)
	for range 3 {
		f.mustLook()
	}
	if p, has, _ := f.shown("t1"); !has || p.Number != 120 || f.poll().PullsKnown != 120 {
		t.Errorf("the task shows %+v, %d are known", p, f.poll().PullsKnown)
	}
}

func TestFailuresMakeWhatIsShownStale(t *testing.T) {
	f := newFixture(t)
	f.hub.set("acme/demo", 7, func(p *forge.PullRequest) { p.HeadBranch = "feature" })
	f.start(0)
	f.mustLook()
	for _, code := range []api.Code{api.CodeForge, api.CodeNotFound, api.CodeUnauthorized, api.CodeTimeout, api.CodeLimit} {
		f.hub.change(func() { f.hub.fail["acme/demo"] = &api.Error{Code: code, Message: "no"} })
		if err := f.look("r"); !api.IsCode(err, code) {
			t.Errorf("look: %v", err)
		}
		p, _, _ := f.shown("t1")
		if seen := f.poll().SeenAt; !p.Stale || seen == nil || p.ObservedAt.Before(seen.Truncate(time.Microsecond)) || p.State != api.PullRequestOpen {
			t.Errorf("%s: %+v, seen at %v", code, p, seen)
		}
		if e := f.poll().Error; e == nil || e.Code != code {
			t.Errorf("%s: the poll says %v", code, e)
		}
		f.hub.change(func() { delete(f.hub.fail, "acme/demo") })
		f.mustLook()
		if p, _, _ := f.shown("t1"); p.Stale || f.poll().Error != nil {
			t.Errorf("after %s: %+v", code, p)
		}
	}
	if got := f.history(); len(got) != 1 {
		t.Errorf("failures are in the history: %q", got)
	}
}

// await waits for what follows a look by itself.
func (f *fixture) await(done func() bool) {
	f.Helper()
	for end := time.Now().Add(hang); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			f.Fatal("it does not come")
		}
	}
}

func TestALookThatCannotBeNoted(t *testing.T) {
	f := newFixture(t)
	s := pull.New(pull.Config{Store: adapter{f.store}, Git: f.git, Clients: f.hub, Every: func() time.Duration { return 0 }, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	s.Disable(&api.Error{Code: api.CodeReadOnly, Message: "no"})
	if err := s.Look(t.Context(), "r"); !api.IsCode(err, api.CodeReadOnly) {
		t.Errorf("look: %v", err)
	}
}

func TestARepoThatFailsHoldsUpNoOther(t *testing.T) {
	f := newFixture(t)
	f.repo("s", "acme/other")
	f.task("t2", "s", "fix")
	f.hub.fail["acme/demo"] = &api.Error{Code: api.CodeForge, Message: "502"}
	f.hub.set("acme/other", 1, func(p *forge.PullRequest) { p.HeadBranch = "fix" })
	f.start(0)
	if err := f.look("r"); !api.IsCode(err, api.CodeForge) {
		t.Errorf("look: %v", err)
	}
	if err := f.look("s"); err != nil {
		t.Fatal(err)
	}
	if p, has, _ := f.shown("t2"); !has || p.Number != 1 {
		t.Errorf("the other shows %+v", p)
	}
}

func TestItLooksByItselfAndWaitsForALimitToBeOver(t *testing.T) {
	f := newFixture(t)
	f.hub.polls = make(chan string, 100)
	f.start(time.Second)
	next := func() {
		f.Helper()
		select {
		case <-f.hub.polls:
		case <-time.After(hang):
			f.Fatal("nobody looks")
		}
	}
	next()
	next() // by itself
	until := time.Now().Add(time.Hour)
	f.hub.change(func() {
		f.hub.fail["acme/demo"] = &forge.LimitError{Until: until, Err: &api.Error{Code: api.CodeLimit, Message: "secondary"}}
	})
	f.await(func() bool { p := f.poll(); return p.Error != nil && p.NextAt != nil && !p.NextAt.Before(until) })
	f.hub.change(func() { clear(f.hub.fail) })
	f.pulls.Nudge("r")
	f.await(func() bool { return f.poll().Error == nil })
}

func TestARenamedRepositoryIsFollowed(t *testing.T) {
	f := newFixture(t)
	f.start(0)
	f.mustLook()
	f.hub.change(func() { f.hub.renamed["demo"] = "new" })
	f.hub.set("acme/new", 4, func(p *forge.PullRequest) { p.HeadBranch = "feature" })
	f.mustLook()
	f.mustLook()
	if name := f.poll().Name; name != "acme/new" {
		t.Errorf("it is called %s", name)
	}
	if p, has, _ := f.shown("t1"); !has || p.Number != 4 {
		t.Errorf("the task shows %+v", p)
	}
}

func TestForks(t *testing.T) {
	f := newFixture(t)
	// Somebody's fork has a branch of the task's name.
	f.hub.set("acme/demo", 1, func(p *forge.PullRequest) { p.HeadBranch, p.HeadOwner, p.CrossRepo = "feature", "stranger", true })
	// This checkout is of a fork.
	f.repo("s", "me/demo")
	f.git["/s"]["upstream"] = "https://github.com/acme/demo"
	f.task("t2", "s", "mine")
	f.hub.set("acme/demo", 2, func(p *forge.PullRequest) { p.HeadBranch, p.HeadOwner, p.CrossRepo = "mine", "me", true })
	f.start(0)
	f.mustLook()
	if err := f.look("s"); err != nil {
		t.Fatal(err)
	}
	if p, has, known := f.shown("t1"); has || !known {
		t.Errorf("a stranger's pull request became the task's: %+v", p)
	}
	if p, has, _ := f.shown("t2"); !has || p.Number != 2 {
		t.Errorf("of a fork: %+v", p)
	}
	f.view(func(tx *store.Tx) error {
		rows, err := tx.PullRequestsOf("r", "stranger:feature")
		if err == nil && len(rows) != 1 {
			t.Errorf("rows %+v", rows)
		}
		return err
	})
}

func TestAPullRequestThatIsThereNoMore(t *testing.T) {
	f := newFixture(t)
	f.hub.set("acme/demo", 7, func(p *forge.PullRequest) { p.HeadBranch = "feature" })
	f.start(0)
	f.mustLook()
	f.hub.change(func() { delete(f.hub.pulls["acme/demo"], 7) })
	f.mustLook()
	if _, has, known := f.shown("t1"); has || !known {
		t.Error("the task still shows it")
	}
	if got := f.history(); got[len(got)-1] != "pull request #7: it is there no more" {
		t.Errorf("history %q", got)
	}
}

func TestATaskOnABranchThatHasAPullRequest(t *testing.T) {
	f := newFixture(t)
	f.hub.set("acme/demo", 7, func(p *forge.PullRequest) { p.HeadBranch = "later" })
	f.start(0)
	f.mustLook()
	f.task("t2", "r", "later")
	f.mustLook()
	if p, has, _ := f.shown("t2"); !has || p.Number != 7 {
		t.Errorf("the task shows %+v", p)
	}
}

func TestWithoutAForgeOrALoginNothingIsAsked(t *testing.T) {
	f := newFixture(t)
	f.git["/r"]["origin"] = "/srv/demo.git"
	f.start(0)
	if err := f.look("r"); !api.IsCode(err, api.CodeConflict) {
		t.Errorf("look: %v", err)
	}
	if polls := f.pulls.Polls(); len(polls) != 0 {
		t.Errorf("polls %+v", polls)
	}
	f.stop()
	f.git["/r"]["origin"] = "https://github.com/acme/demo"
	f.hub.signedIn = false
	f.start(0)
	if err := f.look("r"); !api.IsCode(err, api.CodeUnauthorized) {
		t.Errorf("look: %v", err)
	}
	if p := f.poll(); p.Error == nil || p.Error.Code != api.CodeUnauthorized {
		t.Errorf("poll %+v", p)
	}
	if n := f.hub.asked("acme/demo"); n != 0 {
		t.Errorf("%d requests", n)
	}
	f.hub.change(func() { f.hub.signedIn = true })
	f.pulls.NudgeAll()
	f.await(func() bool { return f.poll().Error == nil })
}

func TestWhatHfDidItselfIsShownAtOnceAndIsNoNewsLater(t *testing.T) {
	f := newFixture(t)
	f.start(0)
	f.mustLook()
	f.hub.set("acme/demo", 7, func(p *forge.PullRequest) { p.HeadBranch = "feature" })
	made := f.hub.pulls["acme/demo"][7]
	place := pull.Place{At: forge.Repository{Host: "github.com", Owner: "acme", Name: "demo"}, Own: "acme", Remote: "origin"}
	if err := f.pulls.Note(t.Context(), "r", place, made); err != nil {
		t.Fatal(err)
	}
	if p, has, _ := f.shown("t1"); !has || p.Number != 7 {
		t.Errorf("the task shows %+v", p)
	}
	f.mustLook()
	if got := f.history(); len(got) != 1 {
		t.Errorf("history %q", got)
	}
	// One that ended before anybody looked is told of.
	f.hub.set("acme/demo", 8, func(p *forge.PullRequest) { p.HeadBranch = "feature" })
	made = f.hub.pulls["acme/demo"][8]
	f.hub.set("acme/demo", 8, func(p *forge.PullRequest) { p.State = api.PullRequestClosed })
	if err := f.pulls.Note(t.Context(), "r", place, made); err != nil {
		t.Fatal(err)
	}
	f.mustLook()
	if got := f.history(); got[len(got)-1] != "pull request #8: closed on github.com without being merged" {
		t.Errorf("history %q", got)
	}
	f.view(func(tx *store.Tx) error {
		events, err := tx.Events(0, "t1", 0)
		var e api.PullRequestEvent
		if err == nil {
			err = json.Unmarshal(events[0].Data, &e)
		}
		if e.Was != nil || e.Now.Number != 7 || e.Head != "c0ffee" || e.Branch != "feature" {
			t.Errorf("event %+v", e)
		}
		return err
	})
}
