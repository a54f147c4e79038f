package pull

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/forge"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

// restEvery is how often it is looked for repos to look at where pull requests
// are only looked at when somebody asks.
const restEvery = time.Minute

// Service looks at pull requests and keeps what it sees.
type Service struct {
	cfg  Config
	wake chan struct{} // the set of repos may be another

	mu      sync.Mutex
	watches map[string]*watch
	polls   map[string]api.ForgePoll
	asked   map[string]time.Time  // repos that somebody wanted to see, and until when they are looked at for that
	waiting map[string][]question // who asked for a look at a repo that nobody looks at yet
	off     error                 // why nothing is looked at
}

// New returns a service. Run makes it look.
func New(cfg Config) *Service {
	return &Service{
		cfg: cfg, wake: make(chan struct{}, 1), watches: map[string]*watch{}, polls: map[string]api.ForgePoll{},
		asked: map[string]time.Time{}, waiting: map[string][]question{},
	}
}

// Run looks at the pull requests of every repo that has live tasks, or open pull
// requests that are known, or that somebody asked for, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	if err := s.recall(ctx); err != nil && ctx.Err() == nil {
		s.cfg.Log.Error("read what is known of pull requests", "err", err)
	}
	var group sync.WaitGroup
	defer group.Wait()
	for {
		wanted, err := s.wanted(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("find the repos whose pull requests to look at", "err", err)
		}
		if err == nil {
			s.follow(ctx, &group, wanted)
		}
		timer := time.NewTimer(s.pause())
		select {
		case <-timer.C:
		case <-s.wake:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// pause is for how long the set of repos is taken for the same.
func (s *Service) pause() time.Duration {
	if every := s.cfg.Every(); every > 0 {
		return max(every, time.Second)
	}
	return restEvery
}

// recall takes up what an earlier daemon saw, so that it is there before the
// first look.
func (s *Service) recall(ctx context.Context) error {
	var polls []api.ForgePoll
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		polls, err = tx.ForgePolls()
		return err
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range polls {
		p.NextAt, p.Requests = nil, 0
		s.polls[p.Repo] = p
	}
	return err
}

// wanted returns the repos to look at, by id.
func (s *Service) wanted(ctx context.Context) (map[string]task.Repo, error) {
	out := map[string]task.Repo{}
	err := s.cfg.Store.View(ctx, func(tx Tx) error {
		repos, err := tx.Repos("")
		if err != nil {
			return err
		}
		open, err := tx.ReposWithPulls()
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range repos {
			asked := s.asked[r.ID].After(s.cfg.Now())
			if r.State == api.RepoReady && (r.Tasks > 0 || open[r.ID] || asked) {
				out[r.ID] = r
			}
		}
		return nil
	})
	return out, err
}

// follow starts and ends looking, so that it is done for the wanted repos.
func (s *Service) follow(ctx context.Context, group *sync.WaitGroup, wanted map[string]task.Repo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, w := range s.watches {
		if _, ok := wanted[id]; !ok {
			w.cancel()
			delete(s.watches, id)
			delete(s.polls, id)
		}
	}
	for id, r := range wanted {
		if s.watches[id] != nil {
			continue
		}
		w, watching := newWatch(ctx, s, r)
		s.watches[id] = w
		w.asked = s.waiting[id]
		delete(s.waiting, id)
		group.Go(func() { w.run(watching) })
	}
	for id, waiting := range s.waiting {
		for _, q := range waiting {
			q.done <- &api.Error{Code: api.CodeConflict, Message: "this repo is not there, or not cloned yet", Hint: "`hf repo list` shows the repos"}
		}
		delete(s.waiting, id)
	}
}

// askedFor is for how long a repo is looked at because somebody asked.
const askedFor = 10 * time.Minute

// Look looks at a repo's pull requests now, and waits until that is done.
func (s *Service) Look(ctx context.Context, repo string) error { return s.lookFor(ctx, repo, nil) }

func (s *Service) lookFor(ctx context.Context, repo string, env api.Env) error {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	q := question{env: env, done: make(chan error, 1)}
	s.mu.Lock()
	if s.off != nil {
		defer s.mu.Unlock()
		return s.off
	}
	s.asked[repo] = s.cfg.Now().Add(askedFor)
	if w := s.watches[repo]; w != nil {
		w.ask(q)
	} else {
		s.waiting[repo] = append(s.waiting[repo], q)
	}
	s.mu.Unlock()
	s.Wake()
	select {
	case err := <-q.done:
		if errors.Is(err, errNoForge) {
			return NoForge()
		}
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// NoForge is what a person is told who wants a pull request of a repo that has
// none.
func NoForge() *api.Error {
	return &api.Error{
		Code: api.CodeConflict, Message: "the repository's remote is on no forge that hf knows, so it has no pull requests",
		Hint: "`git remote -v` shows where it is; `hf auth login --host HOST` makes a GitHub Enterprise host known",
	}
}

// Disable makes every wish for a look end in an error: Run is not to be called.
func (s *Service) Disable(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = why
}

// Wake says that a repo or a task came, or went.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Nudge has a repo looked at soon: hf itself just did something to its pull
// requests.
func (s *Service) Nudge(repo string) {
	s.mu.Lock()
	w := s.watches[repo]
	s.mu.Unlock()
	if w != nil {
		w.poke()
		return
	}
	s.Wake()
}

// NudgeAll is Nudge for every repo: somebody signed in.
func (s *Service) NudgeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.watches {
		w.poke()
	}
}

// Polls returns how the last look at each repo with a forge went, by host and
// name.
func (s *Service) Polls() []api.ForgePoll {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]api.ForgePoll, 0, len(s.polls))
	for _, p := range s.polls {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b api.ForgePoll) int {
		return compare([3]string{a.Host, a.Name, a.Repo}, [3]string{b.Host, b.Name, b.Repo})
	})
	return out
}

func compare(a, b [3]string) int {
	return slices.Compare(a[:], b[:])
}

// Note takes what hf itself just saw of pull requests, so that what it did is
// shown at once and is no news to the next look.
func (s *Service) Note(ctx context.Context, repo string, p Place, pulls ...forge.PullRequest) error {
	n := &news{repo: repo}
	for i := range pulls {
		n.changed = append(n.changed, convert(&pulls[i], p.Own, s.cfg.Now().UTC()))
	}
	return s.apply(ctx, n)
}

// note keeps how a look went, for whoever asks.
func (s *Service) note(p api.ForgePoll) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.polls[p.Repo] = p
}

// forget is note for a repo without a forge.
func (s *Service) forget(repo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.polls, repo)
}
