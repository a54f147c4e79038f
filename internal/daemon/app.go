package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/hf-dev/hf/internal/branch"
	"github.com/hf-dev/hf/internal/change"
	"github.com/hf-dev/hf/internal/config"
	"github.com/hf-dev/hf/internal/daemon/lifecycle"
	"github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/internal/forge/github"
	"github.com/hf-dev/hf/internal/forge/login"
	"github.com/hf-dev/hf/internal/git"
	"github.com/hf-dev/hf/internal/held"
	"github.com/hf-dev/hf/internal/operation"
	"github.com/hf-dev/hf/internal/pull"
	"github.com/hf-dev/hf/internal/repo"
	"github.com/hf-dev/hf/internal/sandbox"
	"github.com/hf-dev/hf/internal/sandbox/worktree"
	"github.com/hf-dev/hf/internal/server"
	"github.com/hf-dev/hf/internal/session"
	"github.com/hf-dev/hf/internal/stack"
	"github.com/hf-dev/hf/internal/store"
	"github.com/hf-dev/hf/internal/task"
	"github.com/hf-dev/hf/internal/terminal"
	"github.com/hf-dev/hf/internal/version"
	"github.com/hf-dev/hf/pkg/api"
)

// adoptLimit bounds how long the daemon reads journals before it answers. What
// is not adopted by then is adopted while it serves.
const adoptLimit = 5 * time.Second

// app is all hfd does for its user, wired together.
type app struct {
	daemon    *lifecycle.Daemon
	source    *config.Source
	recovery  *recovery
	rebuilt   bool // by this daemon: what is shown of tasks may be old
	agents    registry
	provider  string       // of tasks that name none, unless the configuration does
	sweep     func() error // deletes what an earlier daemon began to
	store     *store.Store
	git       *git.Runner
	repos     *repo.Service
	logins    *login.Keeper
	forges    *github.Clients
	sessions  *session.Manager
	terminals *terminal.Keeper
	tasks     *task.Service
	changes   *change.Service
	stacks    *stack.Engine
	branches  *branch.Service
	pulls     *pull.Service
	runner    *operation.Runner[*store.Tx]
	handler   http.Handler

	space  chan struct{}   // the disk has room again
	ctx    context.Context // of all that goes on by itself
	cancel context.CancelFunc
	group  *errgroup.Group
}

// open makes the application of a daemon. What it began is ended when it fails.
func open(ctx context.Context, d *lifecycle.Daemon, cfg *config.Source) (_ lifecycle.App, err error) {
	paths, log := d.Paths(), d.Log()
	d.SetPhase(api.PhaseMigrating)
	a := &app{daemon: d, source: cfg, recovery: &recovery{database: paths.Database()}, space: make(chan struct{}, 1)}
	a.store, a.recovery.rec, err = openStore(ctx, paths, store.Options{
		Backups: paths.Backups(), Sessions: paths.Sessions(), Reserve: store.ReserveSize, OnSpace: a.onSpace, Log: log, Now: fault.Now,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	group, ctx := errgroup.WithContext(ctx)
	a.ctx, a.cancel, a.group = ctx, cancel, group
	defer func() {
		if err != nil {
			_ = a.Close(context.WithoutCancel(ctx))
		}
	}()
	if err := a.wire(ctx, cfg); err != nil {
		return nil, err
	}
	return a, a.begin(ctx)
}

// wire makes the services and gives each what it needs of the others.
func (a *app) wire(ctx context.Context, cfg *config.Source) error {
	paths, log := a.daemon.Paths(), a.daemon.Log()
	hf, err := beside("hf")
	if err != nil {
		return err
	}
	hfd, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	umask := a.daemon.Umask()
	a.git = git.New(git.Options{Views: paths.GitViews(), Umask: &umask, Log: log})
	a.wireForges(cfg)
	a.repos = repo.New(repo.Config{Store: repoStore{a.store}, Git: a.git, Dir: paths.Repos(), Forges: a.forges, Login: a.remoteLogin, Log: log, Now: fault.Now})
	socket := func(name string) string {
		path, err := paths.HolderSocket(name)
		if err != nil {
			log.Error("find a place for a holder's socket", "err", err)
		}
		return path
	}
	journalMax := cfg.Current().Backend.JournalMax
	a.sessions = session.New(ctx, session.Config{
		Store: sessionStore{a.store}, HF: hf, Dir: paths.Sessions(), Socket: socket, Umask: umask, JournalMax: journalMax, Log: log, Now: fault.Now,
		QuietAfter: func(agent string) time.Duration { return cfg.Current().QuietFor(agent) },
	})
	a.terminals = terminal.New(ctx, terminal.Config{
		HF: hf, Dir: paths.Terminals(), Socket: socket, Umask: umask, Log: log,
		Ended: func(ctx context.Context, task string, how *api.ExitEvent) { a.tasks.TerminalEnded(ctx, task, how) },
	})
	a.agents = registry{source: cfg, demo: []string{hfd, "demo-agent"}}
	worktrees := worktree.New(worktree.Options{Git: a.git, Dir: paths.Worktrees(), Log: log})
	a.provider, a.sweep = worktrees.Name(), worktrees.Sweep
	a.tasks = task.NewService(task.Config{
		Store: taskStore{a.store}, Git: a.git, Repos: a.repos,
		Sandboxes: map[string]sandbox.Provider{worktrees.Name(): worktrees},
		Sessions:  a.sessions, Terminals: a.terminals, Agents: a.agents,
		Runner:  func() task.Runner { return a.runner },
		Configs: repoConfigs{a.git},
		Commands: held.Commands{
			HF: hf, Dir: paths.Commands(), Socket: socket, Umask: umask, JournalMax: journalMax, Parking: isParking,
		},
		Track:    func(ctx context.Context, id string, env api.Env) error { return a.changes.TrackTask(ctx, id, env) },
		MayBegin: a.mayBegin,
		Files:    paths.Files(),
		Settings: func() task.Settings { return taskSettings(cfg.Current(), worktrees.Name()) },
		Log:      log, Now: fault.Now,
	})
	a.stacks = stack.New(stack.Options{Git: a.git, Scratch: paths.Scratch(), Log: log})
	a.branches = branch.New(branch.Config{
		Store: branchStore{a.store}, Git: a.git, Stacks: a.stacks, Worktrees: paths.Worktrees(), Rebased: a.refreshOne, Log: log, Now: fault.Now,
	})
	a.wirePulls(cfg)
	a.remember(ctx, a.daemon.Handoff())
	a.changes = change.NewService(change.Config{
		Store: changeStore{a.store}, Git: a.git, Stacks: a.stacks, Sessions: a.sessions, Tasks: a.tasks, Repos: a.repos,
		Runner:     func() change.Runner { return a.runner },
		Login:      a.remoteLogin,
		Forge:      a.repoForge,
		Submission: a.submission,
		Scratch:    paths.Scratch(),
		Settings:   func() change.Settings { return changeSettings(cfg.Current()) },
		Pulls:      a.pulls,
		Look:       a.branches.Look,
		Draft:      func() bool { return cfg.Current().PullRequest.Draft },
		IsSecret:   config.HoldsSecret, Log: log, Now: fault.Now,
	})
	a.runner = operation.New(operation.Config[*store.Tx]{Store: a.store, Plans: slices.Concat(
		operation.Lift(a.tasks.Plans(), func(tx *store.Tx) task.Tx { return tx }),
		operation.Lift(a.changes.Plans(), func(tx *store.Tx) change.Tx { return tx }),
	), Log: log, Now: fault.Now})
	a.handler = server.New(server.Config{
		Log: log, Version: version.Version(),
		Tasks: a.tasks, Landings: a.changes, Changes: a.changes, Sessions: talks{a.tasks, a.sessions}, Events: eventStore{a.store}, Repos: repos{a.repos},
		Branches:   branches{a.branches, a.repos},
		Workspaces: workspaces{a.store, cfg}, Agents: a.agents, Backend: backend{a}, Doctor: doctor{a, a.agents}, Database: database{a},
		Auth: auth{a.logins, ctx}, Pulls: a.pulls, PullMaker: a.changes, Importer: a.repos,
		Preferences: func() api.Preferences { return preferences(cfg.Current()) },
		Isolation:   func(string) string { return worktrees.Capabilities().Isolation },
	})
	return nil
}

// sandboxesEvery is how often hf looks whether sandboxes are where it left them.
const sandboxesEvery = 30 * time.Second

func (a *app) lookAtSandboxes(ctx context.Context) {
	tick := time.NewTicker(sandboxesEvery)
	defer tick.Stop()
	for {
		if err := a.tasks.LookAtAll(ctx); err != nil && ctx.Err() == nil {
			a.daemon.Log().Warn("look at sandboxes", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// begin takes up what an earlier daemon left and starts what goes on by itself.
func (a *app) begin(ctx context.Context) error {
	log := a.daemon.Log()
	if a.store.Snapshot() { // nothing that goes on by itself could be recorded
		a.pulls.Disable(&api.Error{Code: api.CodeReadOnly, Message: "what hfd sees of pull requests cannot be noted: its state directory cannot be written"})
		a.group.Go(func() error { a.awaitWritable(ctx); return nil })
		return nil
	}
	if err := a.recover(ctx); err != nil {
		return err
	}
	events := eventStore{a.store}
	if err := a.noteUpgrade(ctx); err != nil {
		return err
	}
	seq, err := events.reactedTo(ctx)
	if err != nil {
		return err
	}
	if err := fault.Point("daemon.opened"); err != nil {
		return err
	}
	if err := a.changes.Resume(ctx); err != nil {
		return err
	}
	adopting, done := context.WithTimeout(ctx, adoptLimit)
	defer done()
	if err := a.sessions.Adopt(adopting); err != nil {
		return err
	}
	fault.Pass("daemon.adopted")
	if err := a.terminals.Adopt(); err != nil {
		return err
	}
	if err := a.tasks.AdoptTerminals(ctx); err != nil {
		log.Error("take up the terminals of agents", "err", err)
	}
	if err := a.tasks.SweepFiles(ctx); err != nil {
		log.Warn("look for left files of messages", "err", err)
	}
	if err := a.runner.Start(ctx); err != nil {
		return err
	}
	if err := a.repos.Start(ctx); err != nil {
		return err
	}
	react := reactions{
		events: events, refresh: a.tasks.Refresh, check: a.tasks.StartCheck, start: a.tasks.StartPending,
		branches: a.branches.TasksChanged, stacks: a.changes.React, pulls: followPulls(a.pulls), land: a.changes.Follow, log: log,
	}
	a.group.Go(func() error { react.run(ctx, seq); return nil })
	a.group.Go(func() error { a.lookAtSandboxes(ctx); return nil })
	a.group.Go(func() error { a.branches.Run(ctx); return nil })
	a.group.Go(func() error { a.pulls.Run(ctx); return nil })
	copies := backups{store: a.store, dir: a.daemon.Paths().Backups(), settings: func() config.Backup { return a.source.Current().Backup }, log: log}
	a.group.Go(func() error { copies.run(ctx); return nil })
	a.group.Go(func() error {
		if err := a.sweep(); err != nil {
			log.Warn("delete what an earlier daemon began to", "err", err)
		}
		return nil
	})
	a.group.Go(func() error {
		if err := errors.Join(a.tasks.StartAllPending(ctx), a.tasks.StartChecks(ctx)); err != nil && ctx.Err() == nil {
			log.Error("go on with what waits for an agent or a check", "err", err)
		}
		return nil
	})
	a.group.Go(func() error { a.goOn(ctx); return nil })
	if a.rebuilt {
		if err := a.tasks.StartUnheard(ctx); err != nil {
			return err
		}
		a.group.Go(func() error { a.refreshAll(ctx); return nil })
	}
	return nil
}

// refreshAll looks anew at what every task changed.
func (a *app) refreshAll(ctx context.Context) {
	tasks, _, err := a.tasks.List(ctx, task.Filter{})
	if err != nil {
		a.daemon.Log().Error("look at the tasks anew", "err", err)
	}
	for i := range tasks {
		a.refreshOne(ctx, tasks[i].ID)
	}
}

// refreshOne looks anew at what a task changed.
func (a *app) refreshOne(ctx context.Context, id string) {
	if err := a.tasks.Refresh(ctx, id); err != nil && ctx.Err() == nil {
		a.daemon.Log().Debug("look at a task anew", "task", id, "err", err)
	}
}

// goOn retries what a full disk stopped, each time there is space again: also
// when it came back while no daemon ran.
func (a *app) goOn(ctx context.Context) {
	for {
		if a.store.Condition() == api.DatabaseOK {
			if err := a.tasks.RetryFull(ctx); err != nil && ctx.Err() == nil {
				a.daemon.Log().Error("go on with what a full disk stopped", "err", err)
			}
		}
		select {
		case <-a.space:
		case <-ctx.Done():
			return
		}
	}
}

// noteUpgrade puts an upgrade in place into the history.
func (a *app) noteUpgrade(ctx context.Context) error {
	from, ok := a.daemon.Replaced()
	if !ok {
		return nil
	}
	return a.store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Event(api.EventBackendUpgraded, "", "", api.BackendUpgrade{From: from, Build: version.Build(), Version: version.Short()})
		return err
	})
}

func (a *app) Handler() http.Handler { return a.handler }

func (a *app) Sessions() int { return a.sessions.Live() + len(a.terminals.Tasks()) }

// Busy reports whether an operation or a sign-in is in progress.
func (a *app) Busy() bool { return a.runner.Busy() || a.repos.Busy() || a.logins.Busy() }

func (a *app) Park(ctx context.Context) error {
	if err := a.runner.Park(ctx); err != nil {
		a.Resume()
		return fmt.Errorf("park operations: %w", err)
	}
	return nil
}

func (a *app) Resume() {
	if err := a.runner.Resume(a.ctx); err != nil {
		a.daemon.Log().Error("resume operations", "err", err)
	}
}

// Snapshot copies the database for a newer build to try its migrations on.
func (a *app) Snapshot(ctx context.Context, path string) error { return a.store.Backup(ctx, path) }

func (a *app) Close(context.Context) error {
	a.cancel()
	if a.runner != nil {
		a.runner.Close()
	}
	if a.repos != nil {
		a.repos.Close()
	}
	if a.sessions != nil {
		a.sessions.Close()
	}
	if a.terminals != nil {
		a.terminals.Close()
	}
	if a.logins != nil {
		a.logins.Close()
		a.forges.Close()
	}
	_ = a.group.Wait() // its goroutines return no errors
	if a.git != nil {
		_ = a.git.Close()
	}
	return a.store.Close()
}

// beside finds the binary of that name in this binary's directory, so that the
// pair is always of one build.
func beside(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return filepath.Join(filepath.Dir(self), name), nil
}
