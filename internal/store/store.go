// Package store keeps hf's durable state in one SQLite file. It holds the only
// SQL of the project.
//
// One goroutine owns the one connection that writes. Updates that wait at the
// same time share a commit, each in a savepoint of its own, so that a failing
// one undoes only itself. Reads run beside it on connections that cannot
// write. Nothing else in the process may open the file: closing any descriptor
// of it would drop SQLite's locks.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/hf-dev/hf/migrations"
	"github.com/hf-dev/hf/pkg/api"
)

// requestLife is how long the answer of a mutating request is remembered.
const requestLife = 7 * 24 * time.Hour

// Options are what Open may need to know beyond the file.
type Options struct {
	Backups  string           // directory for the copy made before an upgrade; "" = "backups" beside the file
	Sessions string           // directory of the sessions' journals: something in it proves that the database existed; "" = not looked at
	Reserve  int64            // bytes kept back for when the disk is full; 0 = none
	OnSpace  func()           // called when the database can be written again; nil = nobody
	Now      func() time.Time // nil = time.Now
	Log      *slog.Logger     // nil = none
}

// Store is an open database. All methods may be called from any goroutine.
type Store struct {
	path string
	now  func() time.Time
	log  *slog.Logger

	writeDB *sql.DB
	readDB  *sql.DB
	writer  *conn
	readers chan *conn // idle; its capacity is their number

	requests chan *request
	closing  chan struct{}
	stopped  chan struct{} // the writing goroutine returned
	close    sync.Once

	background   sync.WaitGroup
	spaceOnce    sync.Once
	lookForSpace chan struct{}
	reserve      int64
	onSpace      func()
	commits      atomic.Int64 // since it was opened
	frozen       atomic.Bool

	mark     *os.File // see mark.go; with what follows it belongs to the writing goroutine
	marked   int64
	warned   bool
	names    names  // of the open files; set once
	snapshot bool   // of a directory that cannot be written: path is a copy
	source   string // the file itself

	mu        sync.Mutex
	watchers  map[chan struct{}]struct{}
	condition api.DatabaseState
}

// errClosed answers calls after Close.
var errClosed = &api.Error{Code: api.CodeUnavailable, Message: "the database is closed", Retryable: true}

// Open opens the database at path, creating it if there is none, and brings
// its schema up to date. It returns an *api.Error with CodeCorrupt for a
// damaged or missing one, see Mend, and CodeSchemaNewer for one of a newer hf;
// in both cases it has changed nothing. In a directory that cannot be written
// it opens a copy, of which only View is of use. ctx bounds the opening only.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	opts = opts.complete(path)
	if isReadOnly(TryWriting(filepath.Dir(path))) {
		return openSnapshot(ctx, path, opts)
	}
	s, err := open(ctx, path, opts, migrations.FS)
	if isFull(err) && os.Remove(reservePath(path)) == nil {
		s, err = open(ctx, path, opts, migrations.FS)
	}
	if err == nil {
		s.keepReserve()
	}
	return s, err
}

func open(ctx context.Context, path string, opts Options, schema fs.FS) (_ *Store, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	opts = opts.complete(path)
	if err := checkFiles(path, opts, schema); err != nil {
		return nil, err
	}
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("open database: %w", classify(err))
	}
	s := newStore(path, opts)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeFiles())
		}
	}()
	log := logOf(path)
	if s.writeDB, err = openDB(path); err != nil {
		return nil, err
	}
	if s.readDB, err = openDB(path, "query_only(1)"); err != nil {
		return nil, err
	}
	if s.writer, err = connect(ctx, s.writeDB); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, describe(err, path, opts, log))
	}
	if err := s.prepare(ctx, opts, schema); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, describe(err, path, opts, log))
	}
	s.names = namesOf(path)
	for range cap(s.readers) {
		s.readers <- &conn{}
	}
	go s.write(context.WithoutCancel(ctx))
	return s, nil
}

// complete fills in what was left open.
func (o Options) complete(path string) Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Backups == "" {
		o.Backups = filepath.Join(filepath.Dir(path), "backups")
	}
	return o
}

func newStore(path string, opts Options) *Store {
	return &Store{
		path:         path,
		source:       path,
		now:          opts.Now,
		log:          opts.Log,
		readers:      make(chan *conn, max(4, runtime.NumCPU())),
		requests:     make(chan *request),
		closing:      make(chan struct{}),
		stopped:      make(chan struct{}),
		lookForSpace: make(chan struct{}, 1),
		reserve:      opts.Reserve,
		onSpace:      opts.OnSpace,
		watchers:     make(map[chan struct{}]struct{}),
		condition:    api.DatabaseOK,
	}
}

// prepare looks whether the file is whole, brings the schema up to date and
// forgets what is too old to be needed.
func (s *Store) prepare(ctx context.Context, opts Options, schema fs.FS) error {
	if err := checkVersion(ctx, s.writer, schema); err != nil {
		return err
	}
	// A file of unusual size is looked at when something gave reason to.
	if suspected(s.path) || fileSize(s.path) <= quickCheckSize {
		if err := quickCheck(ctx, s.writer); err != nil {
			return err
		}
		_ = os.Remove(s.path + suspectSuffix)
	}
	if err := s.checkMark(ctx); err != nil {
		return err
	}
	if err := dropParts(opts.Backups); err != nil {
		s.log.Warn("remove unfinished copies of the database", "error", err)
	}
	if err := migrate(ctx, s.writer, schema, func(from int) error {
		name := fmt.Sprintf("hf-schema-%d-%s.db", from, s.now().UTC().Format(stampMicros))
		return s.backup(ctx, filepath.Join(opts.Backups, name))
	}); err != nil {
		return err
	}
	old := s.now().Add(-requestLife)
	_, err := s.writer.exec(ctx, `DELETE FROM requests WHERE created_at < ?`, micros{&old})
	return err
}

// openDB describes how to reach the file; it does not open it yet.
func openDB(path string, pragmas ...string) (*sql.DB, error) {
	query := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{
		"busy_timeout(5000)", // first: the next one may have to wait
		"journal_mode(WAL)",
		"synchronous(FULL)", // NORMAL loses acknowledged commits in a power cut
		"foreign_keys(1)",
		"temp_store(MEMORY)", // the journals of savepoints would be files
	}, pragmas...) {
		query.Add("_pragma", p)
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	return db, nil
}

// Close ends the store. Updates that have begun are finished first; later
// calls fail.
func (s *Store) Close() error {
	var err error
	s.close.Do(func() {
		close(s.closing)
		<-s.stopped
		s.background.Wait()
		for range cap(s.readers) {
			err = errors.Join(err, (<-s.readers).close())
		}
		err = errors.Join(err, s.closeFiles(), s.closeMark())
		if s.snapshot {
			err = errors.Join(err, os.RemoveAll(filepath.Dir(s.path)))
		}
	})
	return err
}

// closeFiles closes the writer last, because the last connection of all
// folds the write-ahead log into the file.
func (s *Store) closeFiles() error {
	var err error
	if s.readDB != nil {
		err = errors.Join(err, s.readDB.Close())
	}
	if s.writer != nil {
		err = errors.Join(err, s.writer.close())
	}
	if s.writeDB != nil {
		err = errors.Join(err, s.writeDB.Close())
	}
	return err
}

// Path returns the absolute path of the database file.
func (s *Store) Path() string { return s.source }

// View runs fn on one consistent snapshot. Its Tx fails on writes. Cancelling
// ctx interrupts it.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) (err error) {
	var c *conn
	select {
	case c = <-s.readers:
	case <-s.closing:
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { s.readers <- c }()
	if c.Conn == nil {
		if c, err = connect(ctx, s.readDB); err != nil {
			return fmt.Errorf("read database: %w", classify(err))
		}
	}
	// A BEGIN that is given up may have been carried out: the next one on this
	// connection would fail, and every one after it. It waits for nobody.
	if _, err := c.exec(context.WithoutCancel(ctx), "BEGIN"); err != nil {
		_ = c.close() // it may be in a transaction: the next reader opens another
		c = &conn{}
		return fmt.Errorf("read database: %w", classify(err))
	}
	defer func() {
		if _, endErr := c.exec(context.WithoutCancel(ctx), "ROLLBACK"); endErr != nil {
			_ = c.close() // it cannot be used again: the next reader opens another
			c = &conn{}
		}
	}()
	return protect(fn, &Tx{ctx: ctx, conn: c, now: s.now, reads: true})
}

// Watch returns a channel that can be received from after a commit that
// appended events; several commits may be one wake-up. The caller ends it by
// cancel.
func (s *Store) Watch() (wake <-chan struct{}, cancel func()) {
	ch := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers[ch] = struct{}{}
	return ch, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, ch)
	}
}

func (s *Store) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ch := range s.watchers {
		select {
		case ch <- struct{}{}:
		default: // it has not looked since the last time
		}
	}
}
