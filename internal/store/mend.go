package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	points "github.com/hf-dev/hf/internal/fault"
	"github.com/hf-dev/hf/migrations"
	"github.com/hf-dev/hf/pkg/api"
)

// Damaged is the directory, beside the database, below which damaged files are
// set aside.
const Damaged = "damaged"

// recordFile, beside the database, tells what was done about a damaged one.
const recordFile = "recovery.json"

// files are the names, behind that of the database, of all that belongs to it.
func files() []string { return []string{"", "-wal", "-shm", "-journal", markSuffix, suspectSuffix} }

// OpenOrMend is Open for a daemon. A damaged or lost database is set aside with
// all that belongs to it, and its place is taken by the best that is left: the
// newest sound copy among the backups and the damaged file itself, else an empty
// one. The recovery, not nil then, is pending: what else is on disk is for the
// caller to add, who then calls Recovered. It is pending too where an earlier
// daemon died before that.
func OpenOrMend(ctx context.Context, path string, opts Options) (*Store, *api.Recovery, error) {
	s, err := Open(ctx, path, opts)
	if bad, ok := errors.AsType[*damage](err); ok {
		if err := mend(ctx, path, opts, bad); err != nil {
			return nil, nil, errors.Join(err, bad)
		}
		s, err = Open(ctx, path, opts)
	}
	if err != nil {
		return nil, nil, err
	}
	r, err := ReadRecovery(path)
	if err != nil {
		s.log.Error("read the record of a recovery", "error", err)
	}
	return s, r, nil
}

// RecordOf is the file that tells what was done about a damaged database.
func RecordOf(path string) string { return filepath.Join(filepath.Dir(path), recordFile) }

// ReadRecovery returns the record of the last recovery, nil where there is
// none.
func ReadRecovery(path string) (*api.Recovery, error) {
	b, err := os.ReadFile(RecordOf(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := new(api.Recovery)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("%s: %w", recordFile, err)
	}
	return r, nil
}

// WriteRecovery replaces the record for good, also across a power cut.
func WriteRecovery(path string, r *api.Recovery) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return WriteDurably(RecordOf(path), append(b, '\n'))
}

// WriteDurably puts a small file in its place whole or not at all, and for
// good.
func WriteDurably(to string, b []byte) error {
	if err := os.WriteFile(to+".new", b, 0o600); err != nil {
		return err
	}
	if err := syncPath(to + ".new"); err != nil {
		return err
	}
	if err := os.Rename(to+".new", to); err != nil {
		return err
	}
	return syncPath(filepath.Dir(to))
}

// mend can be interrupted anywhere: until the new database has its name there
// is none, which is damage for the next start.
func mend(ctx context.Context, path string, opts Options, bad *damage) error {
	opts = opts.complete(path)
	r, err := ReadRecovery(path)
	if err != nil || r == nil || !r.Pending {
		r = &api.Recovery{At: opts.Now().UTC(), What: bad.what, Pending: true}
		if r.Dir, err = newDir(filepath.Join(filepath.Dir(path), Damaged), r.At.Format(stamp)); err != nil {
			return fmt.Errorf("set the damaged database aside: %w", classify(err))
		}
		if err := WriteRecovery(path, r); err != nil {
			return fmt.Errorf("set the damaged database aside: %w", classify(err))
		}
	}
	opts.Log.Error("the database is damaged: setting it aside", "what", bad.what, "to", r.Dir)
	if err := points.Around("store.aside", func() error { return setAside(path, r.Dir, bad.log) }); err != nil {
		return fmt.Errorf("set the damaged database aside: %w", classify(err))
	}
	fresh := path + ".new"
	for _, end := range files() {
		_ = os.Remove(fresh + end)
	}
	defer func() { _ = os.RemoveAll(fresh + ".try") }()
	base, err := restoreBase(ctx, path, fresh, r.Dir, opts)
	if err != nil {
		return fmt.Errorf("rebuild the database: %w", classify(err))
	}
	r.Base, r.BaseAt = "", nil
	if base != nil {
		r.Base, r.BaseAt = base.origin, &base.made
	}
	opts.Log.Info("rebuilt the database", "from", r.Base)
	if err := WriteRecovery(path, r); err != nil {
		return fmt.Errorf("rebuild the database: %w", classify(err))
	}
	if err := points.Around("store.mend", func() error { return os.Rename(fresh, path) }); err != nil {
		return fmt.Errorf("rebuild the database: %w", classify(err))
	}
	return syncPath(filepath.Dir(path))
}

// newDir makes a directory of that name, or of that name and a number.
func newDir(parent, name string) (string, error) {
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		dir := filepath.Join(parent, name)
		if n > 1 {
			dir += fmt.Sprintf("-%d", n)
		}
		err := os.Mkdir(dir, 0o700)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
}

// setAside moves the database's files, the database first: without it the
// others mean nothing to SQLite.
func setAside(path, dir string, log []byte) error {
	for _, end := range files() {
		if err := moveInto(path+end, dir); err != nil {
			return err
		}
	}
	kept := filepath.Join(dir, filepath.Base(path)+"-wal")
	if int64(len(log)) > fileSize(kept) { // SQLite has shortened it meanwhile
		if err := os.WriteFile(kept+".before", log, 0o600); err != nil {
			return err
		}
	}
	return errors.Join(syncPath(dir), syncPath(filepath.Dir(path)))
}

// moveInto moves a file or directory, if there is one, into a directory of the
// same disk. Nothing that is there already is replaced.
func moveInto(from, dir string) error {
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	to := filepath.Join(dir, filepath.Base(from))
	for n := 1; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			return os.Rename(from, to)
		}
		to = fmt.Sprintf("%s.%d", filepath.Join(dir, filepath.Base(from)), n)
	}
}

// candidate is a copy that may become the base of a rebuilt database.
type candidate struct {
	path   string // of the file to read
	origin string // what it is for a person
	made   time.Time
	seq    int64 // of its newest event
}

// restoreBase makes the file fresh of the best candidate and returns that, or
// makes an empty database where there is none.
func restoreBase(ctx context.Context, path, fresh, dir string, opts Options) (*candidate, error) {
	own := Options{Now: opts.Now, Log: opts.Log, Backups: opts.Backups}
	candidates := findCandidates(ctx, path, fresh, dir, opts)
	for i := range candidates {
		c := &candidates[i]
		err := adopt(ctx, c.path, fresh)
		if err == nil {
			err = begin(ctx, fresh, own)
		}
		if err == nil {
			return c, nil
		}
		if isFull(err) {
			return nil, err
		}
		opts.Log.Warn("a copy of the database cannot be used", "copy", c.origin, "error", err)
		for _, end := range files() {
			_ = os.Remove(fresh + end)
		}
	}
	return nil, begin(ctx, fresh, own)
}

// findCandidates lists the copies that can be read at all, best first.
func findCandidates(ctx context.Context, path, fresh, dir string, opts Options) []candidate {
	var all []candidate
	for _, b := range listBackups(opts.Backups) {
		all = append(all, candidate{path: b, origin: b, made: backupTime(b)})
	}
	// The damaged one may be whole, and only old. Reading it would change it.
	bad := filepath.Join(dir, filepath.Base(path))
	if size, header, err := readHeader(bad); err == nil && checkSize(size, fileSize(bad+"-wal"), header) == "" {
		try := filepath.Join(fresh+".try", "hf.db")
		if err := copyPair(bad, try); err == nil {
			all = append(all, candidate{path: try, origin: bad, made: modTime(bad)})
		}
	}
	readable := all[:0]
	for _, c := range all {
		seq, err := peek(ctx, c.path)
		if err != nil {
			opts.Log.Warn("a copy of the database cannot be read", "copy", c.origin, "error", err)
			continue
		}
		c.seq = seq
		readable = append(readable, c)
	}
	slices.SortStableFunc(readable, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.seq, a.seq), b.made.Compare(a.made))
	})
	return readable
}

// peek returns how far a copy is. It refuses one of a newer schema.
func peek(ctx context.Context, path string) (seq int64, err error) {
	db, err := openCopy(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := connect(ctx, db)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := checkVersion(ctx, c, migrations.FS); err != nil {
		return 0, err
	}
	return lastAssigned(ctx, c)
}

// openCopy opens a backup as it is, and a copy that has a log of its own with
// that.
func openCopy(path string) (*sql.DB, error) {
	if fileSize(path+"-wal") > 0 {
		return openDB(path)
	}
	return openUntouched(path)
}

// adopt makes the file fresh of a copy that is sound.
func adopt(ctx context.Context, path, fresh string) (err error) {
	db, err := openCopy(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := connect(ctx, db)
	if err != nil {
		return err
	}
	err = quickCheck(ctx, c)
	if err = errors.Join(err, c.close()); err != nil {
		return err
	}
	return vacuum(ctx, db, fresh)
}

// begin brings a database up to date and lets its events go on behind all that
// were ever seen: those who follow them would miss the next ones otherwise.
func begin(ctx context.Context, path string, opts Options) error {
	s, err := open(ctx, path, opts, migrations.FS)
	if err != nil {
		return err
	}
	floor := opts.Now().UnixMilli() // more events than milliseconds there never were
	err = s.Update(ctx, func(tx *Tx) error {
		res, err := tx.exec(`UPDATE sqlite_sequence SET seq = max(seq + 1, ?) WHERE name = 'events'`, floor)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		_, err = tx.exec(`INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)`, floor)
		return err
	})
	return errors.Join(err, s.Close())
}

// copyPair copies a database that nobody has open, with its log.
func copyPair(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	for _, end := range []string{"", "-wal"} {
		err := copyPlain(from+end, to+end)
		if err != nil && (end == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

func copyPlain(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func modTime(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime().UTC()
}
