// Package lifecycle is the life of the hfd process: it takes over the lock and
// the listener its starter handed it, answers hello before anything else,
// opens the application, serves it, mends its socket, becomes a newer build in
// place, drains and ends. What the application does is not its business.
package lifecycle

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/hf-dev/hf/internal/rundir"
	"github.com/hf-dev/hf/pkg/api"
)

// App is what the daemon serves.
type App interface {
	// Handler serves every route but hello, backend, stop and upgrade, which
	// must be answered whatever becomes of the application. It is asked for
	// once.
	Handler() http.Handler
	// Sessions counts live agents.
	Sessions() int
	// Busy reports whether there is work that an idle exit would interrupt.
	Busy() bool
	// Park brings the work to a boundary at which the process may be replaced,
	// and starts none until Resume. It returns when that is so, or an error
	// and then nothing is parked.
	Park(ctx context.Context) error
	// Resume undoes Park, when the process was not replaced after all.
	Resume()
	// Handoff is what the next build needs to know that is on no disk. It is
	// asked for after Park.
	Handoff() []byte
	// Close ends the application. Requests have been drained.
	Close(ctx context.Context) error
}

// Snapshotter is an App that can copy its database for a newer build to try
// its migrations on.
type Snapshotter interface {
	Snapshot(ctx context.Context, path string) error
}

// Noticer is an App that may have something to say to everybody who asks for
// anything: lines that a person should see, none most of the time.
type Noticer interface {
	Notices() []string
}

// Open makes the application. It runs while hello is answered and every other
// request waits. Its error, an *api.Error where a person should see it, is the
// answer to them all.
type Open func(ctx context.Context, d *Daemon) (App, error)

// Config is what a daemon is made of. All fields are required.
type Config struct {
	Paths   rundir.Paths
	Environ []string // this process's variables: the next build gets the same
	Build   int64
	Version string
	Open    Open

	// Settings hold from the first hello on, before Open has returned.
	Settings Settings
}

// Settings is what a configuration may adjust. The zero value is not useful:
// begin with DefaultSettings.
type Settings struct {
	Idle     time.Duration // exit after so long without a client, a session or work; 0 = never
	LogSize  int64         // bytes of a log file before the next one is begun
	LogFiles int           // how many old ones are kept
	LogLevel slog.Level
	// Env is what Hello.Env asks clients for. Every hello asks it, so it must
	// answer at once.
	Env func() []string
}

// DefaultSettings is what holds until the application says otherwise.
func DefaultSettings() Settings {
	return Settings{
		Idle: 30 * time.Minute, LogSize: 10 << 20, LogFiles: 3,
		Env: func() []string { return []string{"PATH", "HOME"} },
	}
}

// Daemon is one running hfd. The application gets it when it is opened: the
// methods from Paths to Upgrade are for it.
type Daemon struct {
	cfg     Config
	self    rundir.Record // what the lock file says; guarded by mu
	started time.Time
	handoff handoff
	umask   int // of the process that started the first build

	log      *slog.Logger
	logLevel *slog.LevelVar
	logFile  *logFile

	flights *flights
	clients clients
	server  *http.Server

	mu       sync.Mutex
	listener *gatedListener // nil while nothing is accepted
	socket   socketID

	app      App          // set once opened is closed, unless openErr is
	handler  http.Handler // the application's
	openErr  error        // set once opened is closed
	opened   chan struct{}
	stop     chan struct{} // closed when somebody asked for the end
	stopOnce sync.Once
	closed   chan struct{} // closed when the application is closed
	replace  chan candidate
	upgrades upgrader
	exe      string        // where this program was started from
	hash     func() string // of its content
}

// Paths are the daemon's files.
func (d *Daemon) Paths() rundir.Paths { return d.cfg.Paths }

// Log is the daemon's log.
func (d *Daemon) Log() *slog.Logger { return d.log }

// Umask is the file mode mask of the user's shell: the daemon's own is 077,
// which is not what a repository's files are to be made with.
func (d *Daemon) Umask() int { return d.umask }

// Handoff is what the application of the build before this one in the same
// process left, nil for a fresh process.
func (d *Daemon) Handoff() []byte { return d.handoff.App }

// Replaced is the build that this one took the place of in the same process,
// and whether there was one.
func (d *Daemon) Replaced() (build int64, ok bool) { return d.handoff.From, d.handoff.Upgrades > 0 }

// SetPhase tells clients how far the daemon is, such as api.PhaseMigrating.
func (d *Daemon) SetPhase(phase string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.self.Phase = phase
	if err := d.cfg.Paths.Save(d.self, lockFile{}); err != nil {
		d.log.Error("write the lock record", "error", err)
	}
}

func (d *Daemon) phase() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.self.Phase
}

// Hello says who this is. It waits for nothing.
func (d *Daemon) Hello() api.Hello {
	return api.Hello{
		ProtoMin: api.ProtoMin, ProtoMax: api.ProtoMax, Level: api.Level,
		Build: d.cfg.Build, Version: d.cfg.Version, PID: d.pid(), Phase: d.phase(), Env: d.cfg.Settings.Env(),
	}
}

// Stop ends the daemon gracefully. It returns at once, or with Wait when the
// application is closed. Agents and their holders go on.
func (d *Daemon) Stop(ctx context.Context, in api.Stop) error {
	if f := flightOf(ctx); f != nil {
		f.exempt() // the drain must not wait for the request that asked for it
	}
	// Whoever asks after the answer to this asks the daemon that follows, which
	// knows what this one was stopped for.
	d.flights.refuse()
	d.stopOnce.Do(func() { close(d.stop) })
	if !in.Wait {
		return nil
	}
	select {
	case <-d.closed:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
