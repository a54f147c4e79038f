package pull

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	// longest is the longest pause after failures.
	longest = 15 * time.Minute
	// again is the pause before the rest of what changed is asked for.
	again = time.Second
	// rounds bounds how often the rest is asked for in a row.
	rounds = 40
	// noteEvery is how often it is stored how a look went when it went as before.
	noteEvery = 10 * time.Minute
	// lookLimit bounds one look.
	lookLimit = 2 * time.Minute
)

// errNoForge says that a repo's remote is on no forge.
var errNoForge = errors.New("no forge")

// question is somebody's who waits for a look.
type question struct {
	env  api.Env // of the caller; nil for nobody's
	done chan error
}

// watch looks at the pull requests of one repo. All but the channel and what
// the lock guards belongs to run.
type watch struct {
	s      *Service
	repo   task.Repo
	cancel context.CancelFunc
	poked  chan struct{}

	mu    sync.Mutex
	asked []question // that wait for a look which begins from now on

	stamp    string         // of the configuration that said where pull requests are; "" = look anew
	found    Place          // what it said; zero for no forge
	place    Place          // found, or where that has moved to
	known    map[int]string // the stamps of open ones
	cursor   string
	seen     bool     // it was looked at by this daemon
	tasks    string   // what the projection was made for
	strays   []string // branches whose pull requests may have ended unseen
	sent     bool     // the look asked the forge
	failures int
	more     int // looks in a row that there was more after
	stale    bool
	poll     api.ForgePoll
	noted    time.Time
	notedAs  api.ForgePoll
}

func newWatch(ctx context.Context, s *Service, r task.Repo) (*watch, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{s: s, repo: r, cancel: cancel, poked: make(chan struct{}, 1), poll: api.ForgePoll{Repo: r.ID}}
	if p, ok := s.polls[r.ID]; ok { // the caller holds the lock
		w.poll = p
		w.notedAs = p
	}
	return w, ctx
}

// run looks until ctx ends.
func (w *watch) run(ctx context.Context) {
	defer w.answer(errors.New("hfd looks at this repo no more"))
	for {
		waiting := w.take()
		var env api.Env
		for _, q := range waiting {
			if q.env != nil {
				env = q.env
			}
		}
		err := w.look(ctx, env)
		wait := w.wait(err)
		if ctx.Err() == nil {
			w.tell(ctx, err, wait)
		}
		for _, q := range waiting {
			q.done <- err
		}
		if !w.sleep(ctx, wait) {
			return
		}
	}
}

// sleep waits for the time of the next look, 0 for never, or for somebody who
// asks. It reports whether there is to be one.
func (w *watch) sleep(ctx context.Context, wait time.Duration) bool {
	var due <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-due:
		return true
	case <-w.poked:
		w.stamp = "" // what is asked for is looked at from the ground up
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *watch) poke() {
	select {
	case w.poked <- struct{}{}:
	default:
	}
}

// ask has the repo looked at, and whoever asks told how that went.
func (w *watch) ask(q question) {
	w.mu.Lock()
	w.asked = append(w.asked, q)
	w.mu.Unlock()
	w.poke()
}

func (w *watch) take() []question {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := w.asked
	w.asked = nil
	return asked
}

func (w *watch) answer(err error) {
	for _, q := range w.take() {
		q.done <- err
	}
}

// look asks the forge once and projects the answer.
func (w *watch) look(ctx context.Context, env api.Env) error {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	w.sent = false
	if err := w.find(ctx); err != nil {
		return err
	}
	client, err := w.s.cfg.Clients.Client(ctx, w.place.At.Host, env)
	if err != nil {
		return err
	}
	if err := w.remember(ctx); err != nil {
		return err
	}
	w.sent = true
	found, err := client.Poll(ctx, forge.Poll{Repository: w.place.At, Known: w.known, Cursor: w.cursor})
	now := w.s.cfg.Now().UTC()
	w.poll.PolledAt, w.poll.Requests = &now, found.Requests
	w.budget(found.Budget)
	if err != nil {
		return err
	}
	if !found.Repository.IsZero() && !found.Repository.Same(w.place.At) {
		w.s.cfg.Log.Info("a repository has another name", "was", w.place.At.String(), "now", found.Repository.String())
		w.moved(found.Repository)
	}
	more := w.stray(ctx, client, &found)
	w.poll.Requests = found.Requests
	w.poll.SeenAt = &now
	return w.project(ctx, found, more)
}

// moved follows a repository to its new name.
func (w *watch) moved(to forge.Repository) {
	if w.place.Own == w.place.At.Owner {
		w.place.Own = to.Owner
	}
	w.place.At = to
}

// find says where the repo's pull requests are. It starts no process while the
// repository's configuration is as it was.
func (w *watch) find(ctx context.Context) error {
	stamp := stampOf(w.repo.GitDir)
	if w.stamp == "" || stamp != w.stamp {
		p, _, err := Find(ctx, w.s.cfg.Git, w.s.cfg.Clients.IsForge, &w.repo)
		if err != nil {
			return fmt.Errorf("find the forge of %s: %w", w.repo.Name, err)
		}
		if p != w.found {
			w.found, w.place = p, p
			w.known, w.cursor, w.seen = nil, "", false
		}
		w.stamp = stamp
	}
	if w.found.At.IsZero() {
		return errNoForge
	}
	return nil
}

// stampOf is another text when the configuration of a repository is another.
func stampOf(gitDir string) string {
	info, err := os.Stat(filepath.Join(gitDir, "config"))
	if err != nil {
		return "none"
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

// remember makes the open pull requests that are stored the known ones, with the
// stamps they had: what ended while nobody looked is told of, whoever stored it.
func (w *watch) remember(ctx context.Context) error {
	return w.s.cfg.Store.View(ctx, func(tx Tx) error {
		rows, err := tx.PullRequests(w.repo.ID)
		if err != nil {
			return err
		}
		known := make(map[int]string, len(rows))
		for i := range rows {
			if !rows[i].Ended() {
				known[rows[i].Number] = w.known[rows[i].Number]
				w.stale = w.stale || rows[i].Stale
			}
		}
		w.known = known
		if w.seen {
			return nil
		}
		return w.findStrays(tx, rows)
	})
}

// project stores what was found where that changes anything.
func (w *watch) project(ctx context.Context, found forge.Polled, more []forge.PullRequest) error {
	n := &news{repo: w.repo.ID, gone: found.Gone, whole: !found.More, first: !w.seen}
	now := w.s.cfg.Now().UTC()
	for _, list := range [][]forge.PullRequest{found.Changed, more} {
		for i := range list {
			n.changed = append(n.changed, convert(&list[i], w.place.Own, now))
		}
	}
	tasks, err := w.taskSet(ctx)
	if err != nil {
		return err
	}
	if len(n.changed) > 0 || len(n.gone) > 0 || tasks != w.tasks || !w.seen {
		if err := w.s.apply(ctx, n); err != nil {
			return err
		}
	}
	if n.whole {
		w.tasks, w.seen = tasks, true
	}
	w.cursor = found.Cursor
	for _, p := range found.Changed {
		if p.State == api.PullRequestOpen {
			w.known[p.Number] = p.Stamp
		} else {
			delete(w.known, p.Number)
		}
	}
	for _, number := range found.Gone {
		delete(w.known, number)
	}
	w.poll.PullsKnown = len(w.known)
	w.more++
	if !found.More {
		w.more = 0
	}
	if w.stale {
		if err := w.s.markStale(ctx, w.repo.ID, false, now); err != nil {
			return err
		}
		w.stale = false
	}
	return nil
}

// taskSet says in one text which tasks the repo has, on which branches.
func (w *watch) taskSet(ctx context.Context) (set string, err error) {
	err = w.s.cfg.Store.View(ctx, func(tx Tx) error {
		tasks, err := tasksOf(tx, w.repo.ID)
		for i := range tasks {
			set += tasks[i].ID + " " + tasks[i].Branch + "\n"
		}
		return err
	})
	return set, err
}

func (w *watch) budget(b forge.Budget) {
	if b.Limit > 0 {
		w.poll.Limit, w.poll.Remaining = b.Limit, b.Remaining
		w.poll.ResetAt = nil
		if !b.ResetAt.IsZero() {
			at := b.ResetAt.UTC()
			w.poll.ResetAt = &at
		}
	}
}

// wait says how long to wait after a look, 0 for until somebody asks.
func (w *watch) wait(err error) time.Duration {
	every := w.s.cfg.Every()
	if every <= 0 {
		return 0
	}
	every = max(every, time.Second)
	switch {
	case err == nil && w.more > 0 && w.more < rounds:
		return again
	case err == nil, errors.Is(err, errNoForge):
		w.failures = 0
		return every
	case !w.sent && api.IsCode(err, api.CodeUnauthorized):
		return every // it costs nothing to see whether somebody has signed in
	}
	w.failures++
	if until, ok := forge.RetryAt(err); ok {
		return max(until.Sub(w.s.cfg.Now()), time.Second) + time.Duration(rand.Int64N(int64(time.Second)))
	}
	pause := every << min(w.failures-1, 10)
	if pause > longest || pause <= 0 {
		pause = longest
	}
	pause = max(pause, every)
	return pause + time.Duration(rand.Int64N(int64(pause/10)+1))
}

// tell says how a look went: to whoever asks, in the log when it is news, and
// on what is shown when that may be old now.
func (w *watch) tell(ctx context.Context, err error, wait time.Duration) {
	if errors.Is(err, errNoForge) {
		w.s.forget(w.repo.ID)
		return
	}
	had := w.poll.Error
	w.poll.Host, w.poll.Name, w.poll.Error, w.poll.NextAt = w.place.At.Host, w.place.At.FullName(), nil, nil
	if wait > 0 {
		next := w.s.cfg.Now().UTC().Add(wait)
		w.poll.NextAt = &next
	}
	if err != nil {
		w.poll.Error = asError(err)
		if had == nil || had.Code != w.poll.Error.Code {
			w.s.cfg.Log.Warn("look at pull requests", "repo", w.repo.Name, "at", w.place.At.String(), "err", err)
		}
		if !w.stale {
			if err := w.grewStale(ctx); err != nil && ctx.Err() == nil {
				w.s.cfg.Log.Warn("note that pull requests may be old", "repo", w.repo.Name, "err", err)
			}
		}
	}
	w.s.note(w.poll)
	if now := w.s.cfg.Now(); changedPoll(&w.notedAs, &w.poll) || now.Sub(w.noted) > noteEvery {
		err := w.s.cfg.Store.Update(ctx, func(tx Tx) error { return tx.PutForgePoll(&w.poll) })
		if err != nil && ctx.Err() == nil {
			w.s.cfg.Log.Warn("note how a look at pull requests went", "repo", w.repo.Name, "err", err)
		}
		w.noted, w.notedAs = now, w.poll
	}
}

func (w *watch) grewStale(ctx context.Context) error {
	var seen time.Time
	if w.poll.SeenAt != nil {
		seen = *w.poll.SeenAt
	}
	if err := w.s.markStale(ctx, w.repo.ID, true, seen); err != nil {
		return err
	}
	w.stale = true
	return nil
}

// changedPoll reports whether a look went so that it is worth a write.
func changedPoll(a, b *api.ForgePoll) bool {
	if (a.Error == nil) != (b.Error == nil) || a.Error != nil && *a.Error != *b.Error {
		return true
	}
	return a.Host != b.Host || a.Name != b.Name || a.PullsKnown != b.PullsKnown || a.Limit != b.Limit
}

// asError is what an error says to a person.
func asError(err error) *api.Error {
	if e, ok := errors.AsType[*api.Error](err); ok {
		return e
	}
	return &api.Error{Code: api.CodeForge, Message: err.Error(), Retryable: true}
}
