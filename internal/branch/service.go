package branch

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/pkg/api"
)

const (
	every = 5 * time.Second
	// gather is how long after a change a repository is looked at: git changes
	// several refs one after another.
	gather = 30 * time.Millisecond
	// share is how many times as long as a look took none is begun after it, but
	// no longer than restLimit.
	share     = 3
	restLimit = 2 * time.Second
	// looks is how many repositories are looked at at a time.
	looks = 2
)

// Service looks at the branches of repositories.
type Service struct {
	cfg     Config
	changed chan struct{} // tasks did
	slots   chan struct{}
	watch   *watcher

	mu     sync.Mutex
	places map[string]*poller // those that are looked at by themselves
}

// poller looks at one repository until its context ends.
type poller struct {
	place *place
	moved chan struct{} // a ref did
	tasks chan struct{} // are others
	stop  context.CancelFunc
	done  chan struct{}
}

// New returns a service. It looks at nothing before Run.
func New(cfg Config) *Service {
	cfg.Every = cmp.Or(cfg.Every, every)
	if cfg.Rebased == nil {
		cfg.Rebased = func(context.Context, string) {}
	}
	return &Service{cfg: cfg, changed: make(chan struct{}, 1), slots: make(chan struct{}, looks), places: map[string]*poller{}}
}

// TasksChanged tells that there may be other tasks than before, or that one has
// another branch or base.
func (s *Service) TasksChanged() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Run looks at the repositories of live tasks until ctx ends.
func (s *Service) Run(ctx context.Context) {
	if s.watch == nil {
		s.watch = newWatcher(s.cfg.Log)
	}
	var all sync.WaitGroup
	all.Go(s.watch.run)
	defer all.Wait()
	defer s.watch.close()
	defer s.stopAll()
	tick := time.NewTicker(6 * s.cfg.Every) // in case nobody told
	defer tick.Stop()
	for {
		if err := s.follow(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("find the repositories of tasks", "err", err)
		}
		select {
		case <-s.changed:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) stopAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.places {
		p.stop()
		<-p.done
	}
	clear(s.places)
}

// follow begins to look at repositories that have live tasks now, and ends with
// those that have none.
func (s *Service) follow(ctx context.Context) error {
	var tasks []task.Task
	err := s.cfg.Store.View(ctx, func(tx Tx) (err error) {
		tasks, err = tx.Tasks(task.Filter{})
		return err
	})
	if err != nil {
		return err
	}
	want := map[string]bool{}
	for i := range tasks {
		if live(&tasks[i]) {
			want[tasks[i].RepoID] = true
		}
	}
	for _, p := range s.change(ctx, want) {
		p.stop()
		<-p.done
		p.place.stopWatching()
		s.watch.watch(p.moved, nil) // whoever looked last may have begun again
		// A last look, so that no row names a task that is over.
		if err := s.look(ctx, p.place, false); err != nil && ctx.Err() == nil {
			s.cfg.Log.Debug("look at branches a last time", "repo", p.place.id, "err", err)
		}
	}
	return nil
}

// change begins with repositories that are new, and returns those that are to
// end.
func (s *Service) change(ctx context.Context, want map[string]bool) (over []*poller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range s.places {
		if want[id] {
			wake(p.tasks)
			continue
		}
		delete(s.places, id)
		over = append(over, p)
	}
	for id := range want {
		if s.places[id] == nil {
			s.places[id] = s.begin(ctx, id)
		}
	}
	return over
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *Service) begin(ctx context.Context, id string) *poller {
	ctx, stop := context.WithCancel(ctx)
	p := &poller{place: newPlace(id), moved: make(chan struct{}, 1), tasks: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	p.place.watch = func(dirs []string) { s.watch.watch(p.moved, dirs) }
	go func() {
		defer close(p.done)
		s.poll(ctx, p)
	}()
	return p
}

// poll looks at a repository at once, whenever one of its refs moves, and every
// few seconds whether one did.
func (s *Service) poll(ctx context.Context, p *poller) {
	defer s.watch.watch(p.moved, nil)
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	said := ""
	for told := true; ; {
		began := time.Now()
		if err := s.lookInTurn(ctx, p.place, told); err != nil && ctx.Err() == nil {
			said = s.say(ctx, p.place.id, said, err)
		} else if err == nil {
			said = ""
		}
		rest := min(share*time.Since(began), restLimit)
		select {
		case <-p.moved:
			if told = pause(ctx, max(gather, rest)); !told {
				return
			}
			select {
			case <-p.moved: // this look sees that, too
			default:
			}
		case <-p.tasks:
			told = false
		case <-tick.C:
			told = false
		case <-ctx.Done():
			return
		}
	}
}

// lookInTurn waits until not too many others look.
func (s *Service) lookInTurn(ctx context.Context, p *place, told bool) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return s.look(ctx, p, told)
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// say tells once of a repository that cannot be looked at, and returns what it
// said. One that is not there is missed where somebody wants something of it.
func (s *Service) say(ctx context.Context, id, said string, err error) string {
	text := err.Error()
	if text == said {
		return said
	}
	if errors.Is(err, fs.ErrNotExist) {
		s.cfg.Log.Info("a repository is not where it was", "repo", id, "err", err)
		return text
	}
	s.cfg.Log.Warn("look at branches", "repo", id, "err", err)
	warning := *asError(err)
	err = s.cfg.Store.Update(ctx, func(tx Tx) error {
		repo, err := tx.Repo(id)
		if err != nil {
			return err
		}
		warning.Message = "what is shown of the branches of " + repo.Name + " may be old: " + text
		_, err = tx.Event(api.EventWarning, repo.Workspace, "", warning)
		return err
	})
	if err != nil && ctx.Err() == nil {
		s.cfg.Log.Warn("tell of a repository that cannot be looked at", "repo", id, "err", err)
	}
	return text
}

// Look brings what is known of a repo's branches up to date now.
func (s *Service) Look(ctx context.Context, id string) error {
	s.mu.Lock()
	p := s.places[id]
	s.mu.Unlock()
	if p != nil {
		return s.look(ctx, p.place, true)
	}
	return s.look(ctx, newPlace(id), true)
}
